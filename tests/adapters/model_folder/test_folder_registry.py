"""A folder of models as an operator meets it: links, odd files, large weights."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.model_folder import registry as model_folder
from modeltui.adapters.model_folder.folder import Layout
from modeltui.adapters.model_folder.registry import ModelFolderRegistry, Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.lineage import ABSENT, Artifact, Known, Unreadable
from modeltui.domain.names import UNKNOWN, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.registry import Registry
from modeltui.testing import registry_contract
from modeltui.testing.hostile import HOSTILE_TEXTS

FRAUD = ModelName(SafeText("fraud-detector"))
Write = Callable[..., Path]


def vid(text: str) -> VersionId:
    return VersionId(safe_text(text))


def fold(root: Path, **options: Any) -> ModelFolderRegistry:
    around = Surroundings(SourceName(SafeText("folder")), SystemClock(), (), _no_secret, root)
    return ModelFolderRegistry(Options(path=root, **options), around)


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


def write_version(
    model: Path, name: str, *, weights: bytes | None = b"weights", metadata: object = None, requirements: str = ""
) -> Path:
    directory = model / name
    directory.mkdir(parents=True)
    if weights is not None:
        (directory / "model.pt").write_bytes(weights)
    if metadata is not None:
        raw = metadata if isinstance(metadata, str) else json.dumps(metadata)
        (directory / "metadata.json").write_text(raw, encoding="utf-8")
    if requirements:
        (directory / "requirements.txt").write_text(requirements, encoding="utf-8")
    return directory


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of the documentation: two models, links, metadata."""
    root = tmp_path / "models"
    facts = {
        "created_at": "2026-01-15T08:00:00Z",
        "created_by": "pipeline",
        "status": "approved",
        "git_commit": "3537881",
        "hyperparameters": {"learning_rate": 0.1, "tree": {"depth": 8}},
        "metrics": {"auc": 0.94, "segments": {"hk": {"auc": 0.91}}},
        "training_data": {"name": "transactions", "uri": "s3://lake/tx/2026-01-14", "digest": "36bf665f", "rows": 10},
        "python_version": "3.11.7",
        "approved_by": "m.chan",
    }
    write_version(root / FRAUD, "v1.9", metadata=facts, requirements="pandas==2.2.3\n")
    write_version(root / FRAUD, "v1.10", metadata=facts | {"git_commit": "99aa"}, requirements="pandas==2.3.3\n")
    write_version(root / "credit", "v1")
    (root / FRAUD / "latest").symlink_to("v1.10/")
    (root / FRAUD / "stable").symlink_to(root / FRAUD / "v1.9")
    return root


@pytest.fixture
async def registry(models: Path) -> AsyncIterator[Registry]:
    """The registry over it, opened as the program does."""
    around = Surroundings(SourceName(SafeText("folder")), SystemClock(), (), _no_secret, models.parent)
    async with model_folder.connect(Options(path=Path("models")), around) as opened:
        yield opened


@pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
async def test_contract(check: registry_contract.Check, registry: Registry) -> None:
    """A folder keeps the promises that every registry gives."""
    await check(registry)


async def test_links_are_pointers(registry: Registry) -> None:
    """`latest -> v1.10/` is a pointer, whether relative, absolute or with a slash, and 1.10 is newer than 1.9."""
    answer = await registry.read_models()
    fraud = next(model for model in answer.models if model.name == FRAUD)
    assert {(pointer.name, pointer.version) for pointer in fraud.pointers} == {("latest", "v1.10"), ("stable", "v1.9")}
    assert fraud.latest == "v1.10"
    assert answer.warnings == ()
    assert [(version.id, version.pointers) for version in await registry.read_versions(FRAUD)] == [
        ("v1.10", ("latest",)),
        ("v1.9", ("stable",)),
    ]


async def test_metadata_becomes_provenance(registry: Registry) -> None:
    """What metadata.json says under the usual names is shown under ours; what it does not say is absent."""
    found = await registry.read_provenance(FRAUD, vid("v1.9"))
    assert isinstance(found.code, Known)
    assert found.code.value.commit == "3537881"
    assert isinstance(found.parameters, Known)
    assert found.parameters.value == {"learning_rate": "0.1", "tree.depth": "8"}
    assert isinstance(found.metrics, Known)
    assert found.metrics.value == {"auc": 0.94}
    assert isinstance(found.segment_metrics, Known)
    assert found.segment_metrics.value == {"auc/hk": 0.91}
    assert isinstance(found.data_snapshots, Known)
    assert found.data_snapshots.value[0].rows == 10
    assert isinstance(found.requirements, Known)
    assert found.requirements.value == ("pandas==2.2.3",)
    assert isinstance(found.approvals, Known)
    assert found.approvals.value[0].by == "m.chan"
    assert isinstance(found.artifact, Known)
    assert found.artifact.value.digest == f"sha256:{sha256(b'weights').hexdigest()}"
    assert found.base_image is ABSENT
    version = (await registry.read_versions(FRAUD))[0]
    assert (version.created_at, version.created_by, version.state) == (1_768_464_000.0, "pipeline", "approved")


async def test_root_that_is_one_model(tmp_path: Path) -> None:
    """`models/v1.1/…` without a directory per model is one model, called like the folder or as configured."""
    write_version(tmp_path / "scoring", "v1.1")
    write_version(tmp_path / "scoring", "v1.2")
    (tmp_path / "scoring" / "latest").symlink_to("v1.1")
    assert [model.name for model in (await fold(tmp_path / "scoring").read_models()).models] == ["scoring"]
    named = fold(tmp_path / "scoring", layout=Layout.ONE_MODEL, model="credit")
    models = (await named.read_models()).models
    assert [(model.name, model.latest, len(model.pointers)) for model in models] == [("credit", "v1.2", 1)]


async def test_model_with_its_own_metadata_is_no_version(tmp_path: Path) -> None:
    """A model's own metadata.json beside its versions tells the owner and does not make it a version."""
    write_version(tmp_path / "fraud", "v1")
    (tmp_path / "fraud" / "metadata.json").write_text('{"owner": "risk", "kind": "ensemble"}', encoding="utf-8")
    models = (await fold(tmp_path).read_models()).models
    assert [(model.name, model.owner, model.kind) for model in models] == [("fraud", "risk", "ensemble")]


async def test_links_that_lead_nowhere(models: Path, tmp_path: Path) -> None:
    """Dangling, circular and escaping links are no pointers; each is named in a warning, and the rest stays (T33)."""
    outside = write_version(tmp_path / "elsewhere", "v9")
    model = models / FRAUD
    (model / "dangling").symlink_to("v7")
    (model / "one").symlink_to("two")
    (model / "two").symlink_to("one")
    (model / "itself").symlink_to("itself")
    (model / "out").symlink_to(outside)
    (model / "sideways").symlink_to("../credit/v1")
    (model / "notes.md").symlink_to("v1.9/metadata.json")
    answer = await fold(models).read_models()
    fraud = next(model for model in answer.models if model.name == FRAUD)
    assert {pointer.name for pointer in fraud.pointers} == {"latest", "stable"}
    warned = "\n".join(answer.warnings)
    for name in ("dangling", "one", "two", "itself", "out", "sideways"):
        assert f"link {name} " in warned
    assert len(await fold(models).read_versions(FRAUD)) == 2


async def test_link_to_a_link(models: Path) -> None:
    """`production -> latest -> v1.10` points at v1.10."""
    (models / FRAUD / "production").symlink_to("latest")
    fraud = next(model for model in (await fold(models).read_models()).models if model.name == FRAUD)
    assert ("production", "v1.10") in {(pointer.name, pointer.version) for pointer in fraud.pointers}


async def test_model_that_is_a_link_out_of_the_folder(models: Path, tmp_path: Path) -> None:
    """A model that is a link is not followed out of the folder; the operator is told (T33)."""
    write_version(tmp_path / "secret-models" / "leak", "v1")
    (models / "leak").symlink_to(tmp_path / "secret-models" / "leak")
    answer = await fold(models).read_models()
    assert "leak" not in {model.name for model in answer.models}
    assert any("leak is a link" in warning for warning in answer.warnings)


async def test_root_behind_a_link(models: Path, tmp_path: Path) -> None:
    """A folder that is itself reached over a link works, also for links inside that name it the short way."""
    (tmp_path / "short").symlink_to(models)
    (models / FRAUD / "absolute").symlink_to(tmp_path / "short" / FRAUD / "v1.9")
    fraud = next(model for model in (await fold(tmp_path / "short").read_models()).models if model.name == FRAUD)
    assert ("absolute", "v1.9") in {(pointer.name, pointer.version) for pointer in fraud.pointers}


async def test_lfs_pointer_instead_of_weights(models: Path) -> None:
    """A Git LFS pointer gives digest and size without the weights, and says that they are not here (T32)."""
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 987654321\n"
    path = write_version(models / FRAUD, "v2", weights=pointer.encode())
    artifact = await _artifact(fold(models), "v2")
    assert artifact == Artifact(
        safe_text((path / "model.pt").as_uri()), safe_text(f"sha256:{oid}"), 987654321, is_reachable=False
    )


@pytest.mark.parametrize("digest", ["d8e8fca2dc0f896fd7cb4cb0031ba249", "196a322c107c2572335158503c64bfba.dir"])
async def test_dvc_pointer_instead_of_weights(models: Path, digest: str) -> None:
    """A DVC pointer, of a file or a directory, gives the digest; the weights are not here (T31)."""
    path = write_version(models / FRAUD, "v2", weights=None)
    (path / "model.pt.dvc").write_text(f"outs:\n- md5: {digest}\n  size: 48211\n  path: model.pt\n", encoding="utf-8")
    artifact = await _artifact(fold(models), "v2")
    assert (artifact.digest, artifact.size_bytes, artifact.is_reachable) == (f"md5:{digest}", 48211, False)


async def test_several_weight_files_have_one_digest(models: Path) -> None:
    """Shards and tokenizer files have one digest together, which changes with any of them and with nothing else."""
    path = write_version(models / FRAUD, "v2", weights=None, metadata={"status": "new"})
    (path / "shards").mkdir()
    (path / "shards" / "a.bin").write_bytes(b"a")
    (path / "shards" / "b.bin").write_bytes(b"b")
    before = await _artifact(fold(models), "v2")
    (path / "metadata.json").write_text("{}", encoding="utf-8")
    assert await _artifact(fold(models), "v2") == before
    (path / "shards" / "b.bin").write_bytes(b"c")
    assert (await _artifact(fold(models), "v2")).digest != before.digest
    assert str(before.digest).startswith("sha256-of-2-files:")


async def test_digest_is_computed_once_per_state_of_a_file(models: Path) -> None:
    """Weights are hashed once; a changed file, even of the same size, is hashed again."""
    registry = fold(models)
    first = await _artifact(registry, "v1.9")
    hashed = registry.digests.bytes_hashed
    assert await _artifact(registry, "v1.9") == first
    assert registry.digests.bytes_hashed == hashed == len(b"weights")
    path = models / FRAUD / "v1.9" / "model.pt"
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(1, 1))
    assert (await _artifact(registry, "v1.9")).digest == f"sha256:{sha256(b'WEIGHTS').hexdigest()}"


async def test_large_weights_are_hashed_in_instalments(models: Path) -> None:
    """A file too large for one question is hashed on at the next; until then its digest is unknown, its size known."""
    weights = os.urandom(3 << 20)
    write_version(models / FRAUD, "v2", weights=weights)
    registry = fold(models, hash_seconds=0.0)
    digests = [(await _artifact(registry, "v2")).digest for _ in range(5)]
    assert digests[0] is UNKNOWN
    assert digests[-1] == f"sha256:{sha256(weights).hexdigest()}"
    assert registry.digests.bytes_hashed == len(weights)
    assert (await _artifact(registry, "v2")).size_bytes == len(weights)


async def test_file_changed_while_it_is_hashed(models: Path) -> None:
    """Instalments over a file that changed in between begin anew: no digest of two halves."""
    first, second = b"a" * (2 << 20), b"b" * (2 << 20)
    path = write_version(models / FRAUD, "v2", weights=first) / "model.pt"
    registry = fold(models, hash_seconds=0.0)
    await _artifact(registry, "v2")
    path.write_bytes(second)
    os.utime(path, ns=(1, 1))
    digests = [(await _artifact(registry, "v2")).digest for _ in range(4)]
    assert digests[-1] == f"sha256:{sha256(second).hexdigest()}"


async def test_weights_that_lead_out_of_the_folder(models: Path, tmp_path: Path) -> None:
    """Weights that are a link out of the folder are not opened; the rest of the version is shown (T33)."""
    (tmp_path / "passwd").write_text("root:x:0:0\n", encoding="utf-8")
    path = write_version(models / FRAUD, "v2", weights=None, metadata={"git_commit": "abc"})
    (path / "model.pt").symlink_to(tmp_path / "passwd")
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.artifact, Unreadable)
    assert "leads out of the folder" in found.artifact.reason
    assert isinstance(found.code, Known)


async def test_weights_in_a_shared_store_inside_the_folder(models: Path) -> None:
    """A link to a store of weights inside the folder is followed and hashed."""
    (models / ".store").mkdir()
    (models / ".store" / "blob").write_bytes(b"shared")
    path = write_version(models / FRAUD, "v2", weights=None)
    (path / "model.pt").symlink_to(models / ".store" / "blob")
    assert (await _artifact(fold(models), "v2")).digest == f"sha256:{sha256(b'shared').hexdigest()}"


async def test_pipe_instead_of_a_file(models: Path) -> None:
    """A named pipe does not make the program wait for ever."""
    path = write_version(models / FRAUD, "v2", weights=None)
    os.mkfifo(path / "metadata.json")
    os.mkfifo(path / "model.pt")
    found = await asyncio.wait_for(fold(models).read_provenance(FRAUD, vid("v2")), 5.0)
    assert isinstance(found.parameters, Unreadable)
    assert found.artifact == Unreadable(safe_text("metadata.json: it is not a regular file"), found.parameters.source)


BROKEN = {
    "half": '{"a": ',
    "list": "[1]",
    "text": "hello",
    "deep": "[" * 100_000,
    "empty": "",
    "large": '{"a": "' + "x" * (1 << 20) + '"}',
    "bytes": "\ufffd\ufffd",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
async def test_broken_metadata_costs_its_own_fields(models: Path, raw: str) -> None:
    """metadata.json that is no JSON object makes its fields unreadable, with the reason; weights still count."""
    write_version(models / FRAUD, "v2", metadata=raw, requirements="pandas==1.0")
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.parameters, Unreadable)
    assert "metadata.json" in found.parameters.reason
    assert isinstance(found.artifact, Known)
    assert isinstance(found.requirements, Known)
    assert len(await fold(models).read_versions(FRAUD)) == 3


async def test_no_metadata_is_absent_not_unreadable(models: Path) -> None:
    """A version without metadata.json has absent fields: the place is empty, nothing failed."""
    write_version(models / FRAUD, "v2")
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert found.parameters is ABSENT
    assert found.requirements is ABSENT


async def test_bare_nan_as_python_writes_it(models: Path) -> None:
    """`NaN` and `Infinity`, which Python's json.dump writes, are read as what they are (T14)."""
    write_version(models / FRAUD, "v2", metadata='{"metrics": {"auc": NaN, "loss": Infinity, "n": "many"}}')
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.metrics, Known)
    assert {name: repr(value) for name, value in found.metrics.value.items()} == {"auc": "nan", "loss": "inf"}


async def test_requirements_as_people_write_them(models: Path) -> None:
    """Comments go, continuations join; hashes, markers, `-r`, `-e` and addresses stay, without passwords (T34)."""
    written = (
        "# comment\r\n"
        "pandas==2.2.3 \\\r\n    --hash=sha256:aaa \\\r\n    --hash=sha256:bbb  # pinned\r\n"
        "-r base.txt\r\n-e git+https://bot:s3cr3tpass@git.example.com/x.git@v1#egg=x\r\n"
        'numpy>=1.26 ; python_version < "3.12"\r\n\r\n'
    )
    write_version(models / FRAUD, "v2", requirements=written)
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.requirements, Known)
    assert found.requirements.value == (
        "pandas==2.2.3 --hash=sha256:aaa --hash=sha256:bbb",
        "-r base.txt",
        "-e git+https://bot:•••@git.example.com/x.git@v1#egg=x",
        'numpy>=1.26 ; python_version < "3.12"',
    )


@pytest.mark.parametrize(
    "card",
    ["# Card\r\nNo front matter\r\n", "---\nlicense: [\n---\n# Card\n", "\ufeff# Card\n"],
    ids=["crlf", "yaml", "bom"],
)
async def test_card_as_people_write_it(models: Path, card: str) -> None:
    """A README.md without front matter, with broken YAML or with Windows line ends is shown as it is (T35)."""
    (write_version(models / FRAUD, "v2") / "README.md").write_bytes(card.encode())
    found = await fold(models).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.model_card, Known)
    assert "# Card" in found.model_card.value


async def test_secrets_are_masked(models: Path) -> None:
    """Passwords and tokens in parameters, tags and addresses never reach the screen; words of the trade do (T40)."""
    facts = {
        "params": {
            "db_password": "hunter2x",
            "max_tokens": 512,
            "pad_token": "[PAD]",
            "nested": {"api_key": "abc123xyz"},
        },
        "tags": {"note": "postgres://svc:hunter2x@db/prod"},
        "sql": "select 1 -- password=hunter2x",
        "dataset": {"name": "d", "uri": "https://s3.example/x?X-Amz-Signature=hunter2x"},
        "description": "token: hunter2x",
    }
    write_version(models / FRAUD, "v2", metadata=facts)
    registry = fold(models)
    found = await registry.read_provenance(FRAUD, vid("v2"))
    whole = repr(found) + repr(await registry.read_versions(FRAUD))
    assert "hunter2x" not in whole
    assert "abc123xyz" not in whole
    assert isinstance(found.parameters, Known)
    assert (found.parameters.value[SafeText("max_tokens")], found.parameters.value[SafeText("pad_token")]) == (
        "512",
        "[PAD]",
    )


async def test_hostile_names_and_values(tmp_path: Path) -> None:
    """Whatever stands in names of directories and in metadata, every promise of a registry holds."""
    for number, text in enumerate(HOSTILE_TEXTS.values()):
        name = text.encode("utf-8", "replace").decode().replace("/", "_").replace("\0", "")[:60].strip(". _") or "x"
        write_version(
            tmp_path / f"m{number}-{name}", f"v1-{name}"[:80], metadata={"tags": {text: text}, "params": {text: text}}
        )
    await registry_contract.every_text_is_safe(fold(tmp_path))
    await registry_contract.versions_come_newest_first(fold(tmp_path))


@pytest.mark.parametrize("name", ["../elsewhere", "..", ".", "", "fraud-detector/v1.9", "/etc"])
async def test_a_name_is_never_a_path(models: Path, tmp_path: Path, name: str) -> None:
    """A model or version called like a path leads nowhere."""
    write_version(tmp_path / "elsewhere", "v1")
    assert await fold(models).read_versions(ModelName(SafeText(name))) == ()
    with pytest.raises(BackendRefused):
        await fold(models).read_provenance(FRAUD, VersionId(SafeText(name)))


async def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A folder that is gone is an error with the path and what to do, and is found again when it is back."""
    registry = fold(tmp_path / "models")
    with pytest.raises(BackendUnavailable, match="models cannot be read") as caught:
        await registry.read_models()
    assert "mount" in caught.value.remedy
    write_version(tmp_path / "models" / "fraud", "v1")
    assert len((await registry.read_models()).models) == 1
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(BackendUnavailable):
        await registry.probe()


async def test_disk_that_hangs(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When earlier questions hang in a dead share, a further one is refused instead of taking one more thread."""
    registry, release, all_hang = fold(models), threading.Event(), threading.Barrier(5)
    monkeypatch.setattr(registry, "_models", lambda: all_hang.wait(30) >= 0 and release.wait(30))
    async with asyncio.TaskGroup() as group:
        hanging = [group.create_task(registry.read_models()) for _ in range(4)]
        await asyncio.to_thread(all_hang.wait, 30)
        with pytest.raises(BackendUnavailable, match="has not answered 4 earlier questions"):
            await registry.read_versions(FRAUD)
        release.set()
    assert all(task.done() for task in hanging)


async def test_own_names_in_metadata(models: Path) -> None:
    """A team with other names in metadata.json says so in the configuration."""
    write_version(models / FRAUD, "v2", metadata={"build": {"git": {"sha": "cafe"}}})
    found = await fold(models, keys={"code": "build.git.sha"}).read_provenance(FRAUD, vid("v2"))
    assert isinstance(found.code, Known)
    assert found.code.value.commit == "cafe"
    with pytest.raises(ValueError, match="there is no field 'cod'"):
        Options(path=models, keys={"cod": "x"})


async def test_pointer_is_moved_while_we_watch(models: Path) -> None:
    """A link that is replaced, as a release does it, is seen at the next reading."""
    registry = fold(models)
    await registry.read_models()
    new = models / FRAUD / ".latest"
    new.symlink_to("v1.9")
    new.replace(models / FRAUD / "latest")
    fraud = next(model for model in (await registry.read_models()).models if model.name == FRAUD)
    assert ("latest", "v1.9") in {(pointer.name, pointer.version) for pointer in fraud.pointers}


async def _artifact(registry: ModelFolderRegistry, version: str) -> Artifact:
    found = await registry.read_provenance(FRAUD, vid(version))
    assert isinstance(found.artifact, Known), found.artifact
    return found.artifact.value
