"""The real `model_signing` program signs; what we read of it is what it verifies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.model_signing import provenance as model_signing
from modeltui.adapters.model_signing.provenance import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from tests.adapters.model_signing.signing import sha256
from tests.servers.clients import MODEL_SIGNING, run_python

pytestmark = [pytest.mark.servers, pytest.mark.broad, pytest.mark.timeout(900)]

MAKE_KEYS = """
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
open(sys.argv[1], "wb").write(private)
open(sys.argv[2], "wb").write(public)
"""


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


async def read(root: Path) -> Provenance:
    around = Surroundings(SourceName(SafeText("signatures")), SystemClock(), (), _no_secret, root)
    async with model_signing.connect(Options(path=root), around) as source:
        model, version = ModelName(SafeText("fraud-detector")), VersionId(SafeText("v1.1"))
        return await source.read_provenance(model, version, Provenance())


async def test_what_the_real_program_signs_is_read(tmp_path: Path) -> None:
    """Three files are signed: each is told with its digest, all are as signed; tampering is seen by both of us."""
    folder = tmp_path / "fraud-detector" / "v1.1"
    (folder / "tokenizer").mkdir(parents=True)
    files = {"model.pt": b"weights" * 1000, "tokenizer/vocab.json": b"{}", "README.md": b"# card\n"}
    for path, content in files.items():
        (folder / path).write_bytes(content)
    private, public = tmp_path / "k.pem", tmp_path / "k.pub"
    run_python(MODEL_SIGNING, str(private), str(public), program=MAKE_KEYS)
    signature = folder / "model.sig"
    where = ("--signature", str(signature))
    keep = ("--ignore-paths", str(signature))
    sign = ("-m", "model_signing", "sign", "key", str(folder), "--private_key", str(private), *where, *keep)
    run_python(MODEL_SIGNING, *sign)
    verify = ("-m", "model_signing", "verify", "key", str(folder), "--public_key", str(public), *where, *keep)
    run_python(MODEL_SIGNING, *verify)
    told = await read(tmp_path)
    assert isinstance(told.files, Known)
    assert told.files.value == {path: f"sha256:{sha256(content)}" for path, content in files.items()}
    assert isinstance(told.attestations, Known)
    assert told.attestations.value[0].startswith("model-signing: manifest of 3 files read, signature not verified")
    assert told.attestations.value[1:] == ("model-signing: all files on disk are as signed",)
    (folder / "model.pt").write_bytes(b"weights" * 999)
    with pytest.raises(AssertionError, match=r"mismatch for 'model\.pt'"):
        run_python(MODEL_SIGNING, *verify)
    told = await read(tmp_path)
    assert isinstance(told.attestations, Known)
    assert "model-signing: hash mismatch for model.pt" in told.attestations.value
