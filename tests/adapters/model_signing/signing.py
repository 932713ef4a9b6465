"""Signed manifests in the layouts of all releases; the signatures in them are not real, for nobody looks at them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def sha256(content: bytes) -> str:
    """Return a digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def statement(
    digests: Mapping[str, str], *, root: str | None = None, name: str = "v1.1", algorithm: str = "sha256"
) -> Any:
    """Return what is signed since 0.3."""
    rows = sorted(digests.items())
    whole = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in rows)).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": whole if root is None else root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": algorithm, "ignore_paths": ["model.sig", ".git"]},
            "resources": [{"name": path, "algorithm": algorithm, "digest": digest} for path, digest in rows],
        },
    }


def old_statement(digests: Mapping[str, str]) -> Any:
    """Return what was signed by 0.2: each file a subject."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": path,
                "digest": {"sha256": digest},
                "annotations": {"actual_hash_algorithm": "file-sha256"},
            }
            for path, digest in digests.items()
        ],
        "predicateType": "https://model_signing/Digests/v0.1",
        "predicate": {"unused": "Unused, just passed due to API requirements"},
    }


def bundle(stated: Any, *, material: Any = None) -> bytes:
    """Return a sigstore bundle around it."""
    payload = stated if isinstance(stated, bytes) else json.dumps(stated).encode()
    return json.dumps(
        {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material or {"publicKey": {"hint": "2dce0fd9902d5125a5a9270c61351662"}},
            "dsseEnvelope": {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": "bm90IHJlYWw="}],
            },
        }
    ).encode()


def write_version(
    root: Path, files: Mapping[str, bytes], *, model: str = "fraud-detector", version: str = "v1.1"
) -> Path:
    """Write the files of a version and their manifest; return the folder."""
    folder = root / model / version
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    stated = statement({path: sha256(content) for path, content in files.items()})
    (folder / "model.sig").write_bytes(bundle(stated))
    return folder
