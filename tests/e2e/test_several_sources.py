"""One version told by a folder, lineage events, a signed manifest and a bill of material: every voice is heard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modeltui.config.load import Options, load
from modeltui.domain.comparison.comparing import compare
from modeltui.domain.comparison.difference import Comparison, Difference, State
from modeltui.domain.fleet import Fleet
from modeltui.domain.lineage import FIELDS, Contradicted, Known, Provenance
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import SafeText
from modeltui.engine.observer import Observer
from modeltui.testing.faults import FaultServer, Reply
from modeltui.wiring.observing import open_observer
from tests.adapters.cyclonedx import bills
from tests.adapters.huggingface.hub import running_hub
from tests.adapters.model_signing import signing
from tests.adapters.openlineage import emitting
from tests.e2e.comparing import compared, fields
from tests.e2e.stage import run, write_config

pytestmark = pytest.mark.broad

MODEL = "fraud-detector"
NAME = ModelName(SafeText(MODEL))
V1, V2 = VersionId(SafeText("v1")), VersionId(SafeText("v2"))
WEIGHTS = {"v1": b"weights of v1", "v2": b"weights of v2"}
RUNS = {"v1": "3f5e83fa-3480-44ff-99c5-ff943904e501", "v2": "3f5e83fa-3480-44ff-99c5-ff943904e502"}
EXTRACTIONS = {"v1": "0176a8c2-fe01-7439-87e6-56a1a1b40201", "v2": "0176a8c2-fe01-7439-87e6-56a1a1b40202"}
SNAPSHOTS = {"v1": "2026-01-14", "v2": "2026-01-21"}
DAYS = {"v1": "2026-01-14T0", "v2": "2026-01-21T0"}
COMMITS = {"v1": "a" * 40, "v2": "b" * 40}
SOURCES: dict[str, dict[str, Any]] = {
    "registry": {"kind": "model-folder", "path": "models"},
    "lineage": {"kind": "openlineage", "files": ["lineage/*.jsonl"]},
    "signatures": {"kind": "model-signing", "path": "models"},
    "bills": {"kind": "cyclonedx", "path": "boms"},
}


def write_world(
    home: Path, *, metadata_commits: dict[str, str] = COMMITS, hashes: dict[str, str] | None = None
) -> None:
    """Write two versions, each told in part by each of the four sources."""
    for version, weights in WEIGHTS.items():
        folder = home / "models" / MODEL / version
        folder.mkdir(parents=True)
        (folder / "model.pt").write_bytes(weights)
        commit = metadata_commits.get(version)
        metadata = {"run_id": RUNS[version]} | ({"git_commit": commit[:12]} if commit else {})
        (folder / "metadata.json").write_text(json.dumps(metadata))
        (folder / "model.sig").write_bytes(signing.bundle(signing.statement({"model.pt": signing.sha256(weights)})))
        sha = (hashes or {}).get(version) or signing.sha256(weights)
        model = bills.model(version, hashes=[{"alg": "SHA-256", "content": sha}])
        bills.write(home / "boms" / MODEL / version / "bom.json", bills.bill(model))
        write_events(home, version)


def write_events(home: Path, version: str) -> None:
    """Append what the jobs said that made a version."""
    (home / "lineage").mkdir(exist_ok=True)
    day, snapshot = DAYS[version], SNAPSHOTS[version]
    sql = f"SELECT *\nFROM payments.transactions\nWHERE day < DATE '{snapshot}'\n"
    extraction = emitting.extraction(EXTRACTIONS[version], snapshot, f"{day}2", sql)
    training = emitting.training(RUNS[version], version, f"{day}3", snapshot, commit=COMMITS[version])
    emitting.write(home / "lineage" / "events.jsonl", *extraction, *training)


def config_of(home: Path, **others: dict[str, Any]) -> Path:
    """Write the configuration with the four sources, some of them replaced."""
    return write_config(home, {"team": {"sources": SOURCES | others}})


async def read(config: Path, version: VersionId = V2) -> Fleet:
    """Return the fleet after everybody was asked about one version."""
    async with open_observer(load(Options(config=str(config))), start_from_cache=False) as observer:
        await observer.look_once()
        await observer.read_provenance(NAME, version)
        return observer.fleet


def fact(comparison: Comparison, field: str) -> Difference:
    """Return one fact of a comparison."""
    return next(one for one in comparison.facts if one.field == field)


def source_of(provenance: Provenance, field: str) -> str:
    """Return who tells a field."""
    known = getattr(provenance, field)
    assert isinstance(known, Known), (field, known)
    return known.source


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the fleet has no event of its own
            await asyncio.sleep(0.005)


async def test_four_sources_tell_one_version(tmp_path: Path) -> None:
    """The folder knows the run, the events data and SQL, the manifest the files, the bill the libraries: all one."""
    write_world(tmp_path)
    fleet = await read(config_of(tmp_path))
    assert list(fleet.claims[NAME, V2]) == ["registry", "lineage", "signatures", "bills"]
    assert (NAME, V2) not in fleet.untold
    assert (NAME, V2) not in fleet.awaited
    told = fleet.provenance[NAME, V2]
    contradicted = [name for name in FIELDS if isinstance(getattr(told, name), Contradicted)]
    assert contradicted == []
    assert source_of(told, "run") == "registry"
    assert source_of(told, "extraction_query") == "lineage"
    assert isinstance(told.attestations, Known)
    assert "model-signing: all signed files are as signed" in told.attestations.value
    assert source_of(told, "requirements") == "bills"
    assert isinstance(told.artifact, Known)
    assert told.artifact.value.digest == f"sha256:{signing.sha256(WEIGHTS['v2'])}"
    assert isinstance(told.code, Known)
    assert told.code.value.commit == COMMITS["v2"], "the short commit of the folder is completed by the events"
    assert isinstance(told.data_snapshots, Known)
    names = {(one.name, one.digest) for one in told.data_snapshots.value}
    assert ("analytics.card_transactions", "2026-01-21") in names


async def test_what_changed_is_found_across_sources(tmp_path: Path) -> None:
    """Another snapshot by another query and another commit: each difference bears the name of who tells it."""
    write_world(tmp_path)
    found = await compared(config_of(tmp_path), MODEL, "v1", "v2")
    snapshot = fact(found.comparison, "data.analytics.card_transactions.digest")
    assert (snapshot.state, snapshot.a.value, snapshot.b.value) == (State.CHANGED, "2026-01-14", "2026-01-21")
    assert snapshot.a.claims[0].sources == ("lineage",)
    commit = fact(found.comparison, "code.commit")
    assert commit.state is State.CHANGED
    assert commit.b.claims[0].sources == ("registry", "lineage")
    assert fact(found.comparison, "query").state is State.CHANGED
    assert fact(found.comparison, "artifact.digest").b.claims[0].sources == ("registry", "signatures", "bills")
    assert fact(found.comparison, "environment.numpy").state is State.EQUAL
    first = fields(found.suspects())[0]
    assert first.startswith(("data.", "query", "code.")), fields(found.suspects())


async def test_another_commit_is_a_contradiction_that_nobody_resolves(tmp_path: Path) -> None:
    """The folder gives v2 the commit of v1, the events another: whether it changed depends on whom one believes."""
    write_world(tmp_path, metadata_commits=dict.fromkeys(COMMITS, COMMITS["v1"]))
    config = config_of(tmp_path)
    code = (await read(config)).provenance[NAME, V2].code
    assert isinstance(code, Contradicted)
    assert [(claim.source, claim.value.commit) for claim in code.claims] == [
        ("registry", COMMITS["v1"][:12]),
        ("lineage", COMMITS["v2"]),
    ]
    commit = fact((await compared(config, MODEL, "v1", "v2")).comparison, "code.commit")
    assert commit.state is State.NOT_COMPARABLE
    assert commit.b.is_contradicted
    assert {claim.sources for claim in commit.b.claims} == {("registry",), ("lineage",)}
    assert commit.why


async def test_what_changed_whoever_is_right_is_changed_and_contradicted(tmp_path: Path) -> None:
    """Both commits that are told of v2 differ from that of v1: changed either way, with both voices shown."""
    write_world(tmp_path, metadata_commits={"v1": COMMITS["v1"], "v2": "c" * 40})
    commit = fact((await compared(config_of(tmp_path), MODEL, "v1", "v2")).comparison, "code.commit")
    assert commit.state is State.CHANGED
    assert {claim.value for claim in commit.b.claims} == {"c" * 12, COMMITS["v2"]}


async def test_another_digest_is_a_contradiction_that_nobody_resolves(tmp_path: Path) -> None:
    """The bill of material of v2 names the bytes of v1; what was signed and lies in the folder is something else."""
    old, new = (signing.sha256(WEIGHTS[version]) for version in ("v1", "v2"))
    write_world(tmp_path, hashes={"v2": old})
    config = config_of(tmp_path)
    artifact = (await read(config)).provenance[NAME, V2].artifact
    assert isinstance(artifact, Contradicted)
    assert {claim.source: claim.value.digest for claim in artifact.claims} == {
        "registry": f"sha256:{new}",
        "signatures": f"sha256:{new}",
        "bills": f"sha256:{old}",
    }
    digest = fact((await compared(config, MODEL, "v1", "v2")).comparison, "artifact.digest")
    assert digest.state is State.NOT_COMPARABLE
    assert {claim.sources for claim in digest.b.claims} == {("registry", "signatures"), ("bills",)}


async def test_bytes_that_are_not_those_signed_are_named(tmp_path: Path) -> None:
    """Somebody exchanged the weights on disk: folder and manifest contradict each other, and the file is named."""
    write_world(tmp_path)
    (tmp_path / "models" / MODEL / "v2" / "model.pt").write_bytes(b"other weights")
    told = (await read(config_of(tmp_path))).provenance[NAME, V2]
    assert isinstance(told.artifact, Contradicted)
    assert isinstance(told.attestations, Known)
    assert "model-signing: hash mismatch for model.pt" in told.attestations.value


async def test_a_slow_source_is_awaited_while_the_others_are_there(tmp_path: Path) -> None:
    """The lineage server does not answer: what the others know is there at once, the wait is told, then the reason."""
    write_world(tmp_path)
    async with FaultServer() as server:
        server.answer_everything_else(Reply(b"{}", stall_before_headers_seconds=30.0))
        slow = {"kind": "openlineage", "server": {"url": server.url, "timeout_seconds": 1.5}}
        config = config_of(tmp_path, lineage=slow)
        async with open_observer(load(Options(config=str(config))), start_from_cache=False) as observer:
            await observer.look_once()
            async with asyncio.TaskGroup() as group:
                group.create_task(observer.read_comparison(NAME, V1, V2))
                await until(lambda: _have_answered(observer, {"registry", "signatures", "bills"}))
                fleet = observer.fleet
                assert fleet.awaited == {(NAME, V1): {"lineage"}, (NAME, V2): {"lineage"}}
                comparison = compare(fleet, NAME, V1, V2)
                assert comparison.awaited == ("lineage",)
                assert fact(comparison, "artifact.digest").state is State.CHANGED
            fleet = observer.fleet
            comparison = compare(fleet, NAME, V1, V2)
    assert fleet.awaited == {}
    assert "lineage" in fleet.untold[NAME, V2]
    assert comparison.awaited == ()
    assert any("lineage" in trouble for trouble in comparison.troubles), comparison.troubles
    assert fact(comparison, "artifact.digest").state is State.CHANGED
    assert fact(comparison, "environment.numpy").state is State.EQUAL


def _have_answered(observer: Observer, names: set[str]) -> bool:
    return all(set(observer.fleet.claims.get((NAME, version), {})) == names for version in (V1, V2))


async def test_a_source_that_is_down_comes_back(tmp_path: Path) -> None:
    """No event file is there: the rest is told, and why; when it is there and somebody looks again, all is told."""
    write_world(tmp_path)
    (tmp_path / "lineage").rename(tmp_path / "elsewhere")
    async with open_observer(load(Options(config=str(config_of(tmp_path)))), start_from_cache=False) as observer:
        await observer.look_once()
        await observer.read_provenance(NAME, V2)
        assert "no file matches" in observer.fleet.untold[NAME, V2][SafeText("lineage")]  # type: ignore[index]
        assert isinstance(observer.fleet.provenance[NAME, V2].requirements, Known)
        (tmp_path / "elsewhere").rename(tmp_path / "lineage")
        await observer.read_provenance(NAME, V2)
        assert (NAME, V2) not in observer.fleet.untold
        assert isinstance(observer.fleet.provenance[NAME, V2].extraction_query, Known)


async def test_a_hub_and_the_jobs_that_trained_tell_one_version(tmp_path: Path) -> None:
    """The Hub lists the tags of the model, the events say what trained each: one story over HTTP and a file.

    The commit of the model's repository is not that of the training code: told as such it contradicts the events.
    """
    write_world(tmp_path)
    with running_hub() as hub:
        for version, weights in WEIGHTS.items():
            files = {"model.safetensors": weights, "README.md": b"---\nlicense: mit\n---\n# Card\n"}
            hub.new(MODEL).commit(f"Train {version}", files, large=("model.safetensors",), tag=version)
        registry = {"kind": "huggingface", "url": hub.url, "repositories": [MODEL]}
        told = (await read(config_of(tmp_path, registry=registry))).provenance[NAME, V2]
        assert source_of(told, "run") == "lineage"
        assert isinstance(told.code, Known)
        assert told.code.value.commit == COMMITS["v2"]
        assert isinstance(told.artifact, Known)
        assert told.artifact.value.digest == f"sha256:{signing.sha256(WEIGHTS['v2'])}"
        assert [name for name in FIELDS if isinstance(getattr(told, name), Contradicted)] == []
        told = (await read(config_of(tmp_path, registry=registry | {"commit_is_code": True}))).provenance[NAME, V2]
        assert isinstance(told.code, Contradicted)


def test_the_command_shows_the_contradiction(tmp_path: Path) -> None:
    """`modeltui compare` says that the sources contradict each other; its object has what each of them says."""
    write_world(tmp_path, metadata_commits=dict.fromkeys(COMMITS, COMMITS["v1"]))
    config = str(config_of(tmp_path))
    done = run("--config", config, "compare", MODEL, "v1", "v2", "--plain")
    assert done.returncode == 0, done.stderr
    assert "sources contradict each other on the code of v2" in done.stdout
    done = run("--config", config, "compare", MODEL, "v1", "v2", "--json")
    assert done.returncode == 0, done.stderr
    for part in ("not-comparable", COMMITS["v1"][:12], COMMITS["v2"], "registry", "lineage"):
        assert part in done.stdout, part
