"""What was signed: files and their digests, out of a sigstore bundle. The signature itself is not looked at."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.look import at, list_at, text_at

PREDICATE: Final = "model_signing/signature/"
OLD_PREDICATE: Final = "model_signing/Digests/"
"""Of 0.2: each file is a subject of its own."""
_IN_TOTO: Final = "application/vnd.in-toto+json"
_MOST_FILES: Final = 100_000
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-f]{2}){16,64}", re.IGNORECASE)
_URL_SAFE: Final = str.maketrans("-_", "+/")
_ITSELF: Final = "."


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of a version as they were signed."""

    model: str
    """What the signer's folder was called; not yet safe to show."""
    digests: dict[str, str]
    """By path, or `path:begin:end` for a part of one: `sha256:…`, in the order of the manifest."""
    root: str
    """One digest over all digests, in hexadecimal; empty in the oldest layout."""
    is_coherent: bool
    """False: the root digest is not that of these files."""
    ignored: tuple[str, ...]
    signed_by: str
    """`public key 2dce0fd9`, `certificate`: what would have to be verified; not yet safe to show."""

    @property
    def digest(self) -> str:
        """One digest of the whole: of the only file, or over the digests of all, which is a kind of its own."""
        if len(self.digests) == 1:
            return next(iter(self.digests.values()))
        return f"model-signing:{self.root}" if self.root else ""

    def sentences(self) -> Iterator[str]:
        """Yield what was read, and what of it does not fit together; not yet safe to show."""
        files = "1 file" if len(self.digests) == 1 else f"{len(self.digests)} files"
        made_with = f" (made with {self.signed_by})" if self.signed_by != "unknown" else ""
        yield f"manifest of {files} read, signature not verified{made_with}"
        if not self.is_coherent:
            yield "the signed digest of the whole is not that of the signed files"


def read_manifest(raw: bytes) -> Manifest:
    """Return the manifest in a bundle; raise `ValueError` with the reason when there is none."""
    bundle = parse_json(raw)
    envelope = at(bundle, "dsseEnvelope")
    envelope = envelope if isinstance(envelope, dict) else bundle
    payload = text_at(envelope, "payload")
    if not payload:
        raise ValueError("it is no signature of a model: it has no signed statement in it")
    if text_at(envelope, "payloadType") not in {_IN_TOTO, ""}:
        raise ValueError(f"it signs {text_at(envelope, 'payloadType')}, which is no in-toto statement")
    try:
        content = base64.b64decode(payload.translate(_URL_SAFE) + "=" * (-len(payload) % 4))
    except ValueError as error:
        raise ValueError("its payload is not base64") from error
    statement = parse_json(content)
    predicate = text_at(statement, "predicateType")
    signed_by = _signed_by(at(bundle, "verificationMaterial"))
    kind = predicate.partition("://")[2]
    if kind.startswith(OLD_PREDICATE):
        return _old(statement, signed_by)
    if not kind.startswith(PREDICATE):
        raise ValueError(f"it states {predicate or 'nothing'}, not the files of a model")
    return _new(statement, signed_by)


def _new(statement: Any, signed_by: str) -> Manifest:
    subjects = list_at(statement, "subject")
    subject = subjects[0] if subjects else None
    resources = at(statement, "predicate", "resources")
    rows = resources if isinstance(resources, list) else []
    if len(rows) > _MOST_FILES:
        raise ValueError(f"it has more than {_MOST_FILES} files")
    model = text_at(subject, "name")
    digests = {}
    for row in rows:
        name, digest = text_at(row, "name"), text_at(row, "digest")
        if name and _HEXADECIMAL.fullmatch(digest):
            # A file that was signed on its own is called '.': the name is that of the subject.
            name = model if name == _ITSELF and model else name
            digests[name] = f"{text_at(row, 'algorithm') or 'sha256'}:{digest.lower()}"
    if not digests or len(digests) < len(rows):
        raise ValueError("it has no files" if not rows else f"{len(rows) - len(digests)} of its files have no digest")
    root = text_at(subject, "digest", "sha256").lower()
    ignored = tuple(path for path in list_at(statement, "predicate", "serialization", "ignore_paths") if path)
    return Manifest(model, digests, root, _root_of(digests) == root, tuple(map(str, ignored)), signed_by)


def _old(statement: Any, signed_by: str) -> Manifest:
    subjects = at(statement, "subject")
    rows = subjects if isinstance(subjects, list) else []
    digests = {}
    for row in rows[:_MOST_FILES]:
        name, digest = text_at(row, "name"), text_at(row, "digest", "sha256")
        if name and _HEXADECIMAL.fullmatch(digest):
            # The digest stands under sha256 whatever it is; a note beside it says what it really is.
            actual = text_at(row, "annotations", "actual_hash_algorithm").removeprefix("file-") or "sha256"
            digests[name] = f"{actual}:{digest.lower()}"
    if not digests:
        raise ValueError("it has no files")
    return Manifest("", digests, "", True, (), signed_by)


def _root_of(digests: dict[str, str]) -> str:
    return hashlib.sha256(b"".join(bytes.fromhex(digest.rpartition(":")[2]) for digest in digests.values())).hexdigest()


def _signed_by(material: object) -> str:
    if hint := text_at(material, "publicKey", "hint"):
        return f"public key {hint[:16]}"
    if isinstance(material, dict):
        if "publicKey" in material:
            return "public key"
        if "certificate" in material or "x509CertificateChain" in material:
            return "certificate"
    return "unknown"
