"""Signed manifests: what was signed, whether the files on disk are it, and that nobody claims a verified signature."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.model_signing import comparing
from modeltui.adapters.model_signing import provenance as model_signing
from modeltui.adapters.model_signing.provenance import NOTHING, Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.lineage import ABSENT, Artifact, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.provenance import ProvenanceSource
from modeltui.testing import provenance_contract
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.model_signing.signing import bundle, old_statement, sha256, statement, write_version

FRAUD = ModelName(SafeText("fraud-detector"))
V11 = VersionId(SafeText("v1.1"))
FILES = {"model.pt": b"weights", "tokenizer/vocab.json": b"{}"}

Open = Callable[..., AbstractAsyncContextManager[ProvenanceSource]]


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


@pytest.fixture
def signed(tmp_path: Path) -> Open:
    """Opens the source as the program does, over `models` in the test's folder."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[ProvenanceSource]:
        around = Surroundings(SourceName(SafeText("signatures")), SystemClock(), (), _no_secret, tmp_path)
        async with model_signing.connect(Options(path=Path("models"), **options), around) as source:
            yield source

    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of version 1.1, signed."""
    return write_version(tmp_path / "models", FILES)


async def read(source: ProvenanceSource, version: VersionId = V11) -> Provenance:
    return await source.read_provenance(FRAUD, version, Provenance())


def attested(told: Provenance) -> str:
    assert isinstance(told.attestations, Known)
    return "\n".join(told.attestations.value)


@pytest.mark.parametrize("check", provenance_contract.CHECKS, ids=provenance_contract.name_of)
async def test_contract(check: provenance_contract.Check, signed: Open, folder: Path) -> None:
    """Signed manifests keep the promises that every source of provenance gives."""
    async with signed() as source:
        await check(provenance_contract.Subject(source, FRAUD, V11))


async def test_a_manifest_tells_each_file_and_one_digest_of_all(signed: Open, folder: Path) -> None:
    """Each file with its SHA-256, the digest of the whole as a kind of its own, and no word of a verified signature."""
    async with signed() as source:
        told = await read(source)
    assert isinstance(told.files, Known)
    assert told.files.value == {path: f"sha256:{sha256(content)}" for path, content in FILES.items()}
    assert isinstance(told.artifact, Known)
    root = sha256(bytes.fromhex(sha256(b"weights")) + bytes.fromhex(sha256(b"{}")))
    assert told.artifact.value == Artifact(safe_text(str(folder), 1_000), safe_text(f"model-signing:{root}"))
    assert attested(told).splitlines() == [
        "model-signing: manifest of 2 files read, signature not verified (made with public key 2dce0fd9902d5125)",
        "model-signing: all files on disk are as signed",
    ]


async def test_the_digest_of_a_single_file_is_comparable_with_others(signed: Open, tmp_path: Path) -> None:
    """One file: its SHA-256 is the artifact's, so that a registry that says another contradicts it."""
    write_version(tmp_path / "models", {"model.pt": b"weights"})
    async with signed() as source:
        told = await read(source)
    assert isinstance(told.artifact, Known)
    assert told.artifact.value.digest == f"sha256:{sha256(b'weights')}"


async def test_a_changed_file_is_a_hash_mismatch(signed: Open, folder: Path) -> None:
    """One flipped byte: the file is named; the manifest still tells what was signed."""
    async with signed() as source:
        assert "mismatch" not in attested(await read(source))
        (folder / "model.pt").write_bytes(b"weighty")
        told = await read(source)
        assert "model-signing: hash mismatch for model.pt" in attested(told)
        assert "as signed" not in attested(told)
        assert isinstance(told.files, Known)
        assert told.files.value[SafeText("model.pt")] == f"sha256:{sha256(b'weights')}"


async def test_missing_and_added_files_are_told(signed: Open, folder: Path) -> None:
    """A signed file that is gone and one that was put beside it later are told; the signature and .git are not."""
    (folder / "model.pt").unlink()
    (folder / "evil.py").write_text("import os")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    async with signed() as source:
        told = attested(await read(source)).splitlines()[1:]
    assert told == [
        "model-signing: signed and missing on disk: model.pt",
        "model-signing: on disk and not signed: evil.py",
    ]


async def test_a_folder_that_cannot_be_looked_through_is_told(
    signed: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether everything on disk was signed nobody knows then: only the signed files are called as signed."""
    (folder / "hidden").mkdir()
    listed = os.scandir

    def refused(path: str) -> Any:
        if str(path).endswith("hidden"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    async with signed() as source:
        monkeypatch.setattr(os, "scandir", refused)
        told = attested(await read(source)).splitlines()[1:]
        monkeypatch.undo()
    assert told == [
        "model-signing: not looked through: hidden: permission denied",
        "model-signing: all signed files are as signed",
    ]


async def test_more_files_than_are_looked_through_are_told(
    signed: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the list of files ends before the files do, nobody says that all of them are as signed."""
    monkeypatch.setattr(comparing, "_MOST_LISTED", 2)
    async with signed() as source:
        told = attested(await read(source)).splitlines()[1:]
    assert told == [
        "model-signing: not looked through: files beyond the first 2",
        "model-signing: all signed files are as signed",
    ]


async def test_a_link_to_a_folder_is_told(signed: Open, folder: Path, tmp_path: Path) -> None:
    """A folder elsewhere was linked in beside the signed files: nobody signed what it holds."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "plugins").symlink_to(tmp_path / "elsewhere")
    async with signed() as source:
        assert "on disk and not signed: plugins" in attested(await read(source))


async def test_signatures_kept_apart_from_the_files_are_read_alone(signed: Open, folder: Path, tmp_path: Path) -> None:
    """Where the files are not here, the manifest is told and nothing is claimed of files."""
    (tmp_path / "models" / "signatures").mkdir()
    shutil.move(folder / "model.sig", tmp_path / "models" / "signatures" / "fraud-detector-v1.1.sig")
    async with signed(signature="signatures/{model}-{version}.sig", files="") as source:
        assert len(attested(await read(source)).splitlines()) == 1
    shutil.rmtree(folder)
    async with signed(signature="signatures/{model}-{version}.sig") as source:
        assert len(attested(await read(source)).splitlines()) == 1


async def test_a_pointer_of_git_lfs_stands_for_its_file(signed: Open, folder: Path) -> None:
    """T32: the weights were not fetched: the pointer names the digest, and that is compared."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 7\n"
    (folder / "model.pt").write_text(pointer.format(sha256(b"weights")))
    async with signed() as source:
        assert "all files on disk are as signed" in attested(await read(source))
        (folder / "model.pt").write_text(pointer.format(sha256(b"others")))
        assert "hash mismatch for model.pt" in attested(await read(source))


async def test_names_in_a_manifest_lead_nowhere(signed: Open, folder: Path, tmp_path: Path) -> None:
    """A manifest that names files outside, links out or odd names makes nobody read them."""
    secret = tmp_path / "secret"
    secret.write_text("s")
    (folder / "link").symlink_to(secret)
    digests = dict.fromkeys(("../../../secret", str(secret), "link", "a\0b", "tokenizer"), sha256(b"s"))
    (folder / "model.sig").write_bytes(bundle(statement(digests)))
    async with signed() as source:
        told = attested(await read(source))
    assert "mismatch" not in told
    assert "as signed" not in told
    assert told.count("it is a link that leads out of the folder") == 3
    assert "tokenizer: it is not a regular file" in told


async def test_the_layout_of_the_first_releases_is_read(signed: Open, folder: Path) -> None:
    """0.2 signed each file as a subject: the files are told and compared, and there is no digest of the whole."""
    digests = {path: sha256(content) for path, content in FILES.items()}
    certificate: Any = {"x509CertificateChain": {"certificates": []}}
    (folder / "model.sig").write_bytes(bundle(old_statement(digests), material=certificate))
    async with signed() as source:
        told = await read(source)
    assert isinstance(told.artifact, Known)
    assert told.artifact.value.digest is UNKNOWN
    assert isinstance(told.files, Known)
    assert set(told.files.value) == set(FILES)
    assert "(made with certificate)" in attested(told)
    assert "all files on disk are as signed" in attested(told)


async def test_a_file_signed_on_its_own_has_its_name(signed: Open, tmp_path: Path) -> None:
    """A single file was signed: the manifest calls it '.', we call it by its name."""
    folder = write_version(tmp_path / "models", {"model.pt": b"weights"})
    (folder / "model.sig").write_bytes(bundle(statement({".": sha256(b"weights")}, name="model.pt")))
    async with signed() as source:
        told = await read(source)
    assert isinstance(told.files, Known)
    assert told.files.value == {"model.pt": f"sha256:{sha256(b'weights')}"}
    assert "all files on disk are as signed" in attested(told)


async def test_parts_of_a_large_file_are_compared_one_by_one(signed: Open, folder: Path) -> None:
    """A manifest of shards: each part of a file against its bytes."""
    digests = {"model.pt:0:4": sha256(b"weig"), "model.pt:4:7": sha256(b"hts")}
    (folder / "model.sig").write_bytes(bundle(statement(digests)))
    (folder / "tokenizer" / "vocab.json").unlink()
    async with signed() as source:
        assert "all files on disk are as signed" in attested(await read(source))
        (folder / "model.pt").write_bytes(b"weigXXX")
        assert "hash mismatch for model.pt:4:7" in attested(await read(source))


async def test_a_manifest_that_contradicts_itself_is_told(signed: Open, folder: Path) -> None:
    """The signed digest of the whole is not that of the files listed: somebody edited one of the two."""
    (folder / "model.sig").write_bytes(bundle(statement({"model.pt": sha256(b"weights")}, root="ab" * 32)))
    async with signed() as source:
        assert "the signed digest of the whole is not that of the signed files" in attested(await read(source))


async def test_large_files_are_hashed_in_instalments(signed: Open, tmp_path: Path) -> None:
    """Without the time for all, it says how far it is; asked again it goes on, and in the end knows."""
    write_version(tmp_path / "models", {f"part-{number}": os.urandom(3_000_000) for number in range(3)})
    async with signed(hash_seconds=0) as source:
        assert "of 3 files compared with the disk so far" in attested(await read(source))
        for _ in range(20):
            told = attested(await read(source))
            if "all files on disk are as signed" in told:
                break
        assert "all files on disk are as signed" in told


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "no signed statement"),
        (b'{"messageSignature": {}}', "no signed statement"),
        (bundle({"predicateType": "https://slsa.dev/provenance/v1"}), "it states https://slsa.dev/provenance/v1"),
        (bundle(b"no json"), "not JSON"),
        (bundle(statement({})), "it has no files"),
        (bundle(statement({}) | {"predicate": {"resources": [{"name": "a"}]}}), "1 of its files have no digest"),
        (json.dumps({"dsseEnvelope": {"payload": "\u00fc!", "payloadType": ""}}).encode(), "not base64"),
    ],
)
async def test_what_is_no_manifest_is_unreadable_with_the_reason(
    signed: Open, folder: Path, content: bytes, says: str
) -> None:
    """Any other file in its place: the fields are unreadable, not absent, and say why."""
    (folder / "model.sig").write_bytes(content)
    async with signed() as source:
        told = await read(source)
    assert isinstance(told.files, Unreadable)
    assert says in told.files.reason
    provenance_contract.check_provenance("odd", told)


async def test_hostile_names_are_harmless(signed: Open, folder: Path) -> None:
    """Whatever a file in a manifest is called: nothing of it can move the cursor or hide."""
    digests = {f"{text} {number}": sha256(b"s") for number, text in enumerate(HOSTILE_TEXTS)}
    (folder / "model.sig").write_bytes(bundle(statement(digests)))
    async with signed() as source:
        provenance_contract.check_provenance("hostile", await read(source))


async def test_no_signature_is_absent_and_no_folder_is_a_failure(signed: Open, folder: Path, tmp_path: Path) -> None:
    """An unsigned version has no signature; a folder that is not mounted could have had one."""
    (folder / "model.sig").unlink()
    async with signed() as source:
        assert await read(source) == NOTHING
        assert NOTHING.files is ABSENT
        shutil.rmtree(tmp_path / "models")
        with pytest.raises(BackendUnavailable, match="no such file"):
            await read(source)


@pytest.mark.parametrize("template", ["/etc/{model}", "../{model}", "{model}/{stage}.sig", ""])
def test_templates_that_lead_elsewhere_are_refused(template: str) -> None:
    """A path outside of the folder, or a name that nobody fills in, is a mistake in the configuration."""
    with pytest.raises(ValueError, match=r"path|not known"):
        Options(path=Path("x"), signature=template)
