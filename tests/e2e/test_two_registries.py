"""Two registries list the same model: what they say is one story, and where it is not, both are heard."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.config.load import Options, load
from modeltui.domain.comparison.difference import Difference, State
from modeltui.domain.lineage import Contradicted, Known
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import safe_text
from modeltui.wiring.observing import open_observer
from tests.e2e.comparing import compared, fields
from tests.e2e.stage import run, write_config
from tests.e2e.stories import STORIES
from tests.e2e.test_cause_in_folder import write_version
from tests.e2e.test_cause_in_sql import write_rows

pytestmark = pytest.mark.broad

MODEL = "fraud-detector"
STORY = next(story for story in STORIES if story.name == "parameter")


def two_registries(home: Path, in_folder: dict[str, Any], in_tables: dict[str, Any]) -> Path:
    """A folder and tables with two versions of one model; the second differs from the first as both are given."""
    for name, facts in (("1", {**STORY.base}), ("2", in_folder)):
        write_version(home / "models" / MODEL / name, {**facts, "artifact": {}})
    (home / "models" / MODEL / "latest").symlink_to("2")
    with closing(sqlite3.connect(home / "registry.db")) as connection:
        connection.executescript(SCHEMA)
        write_rows(connection.execute, MODEL, "1", _without_bytes(STORY.base))
        write_rows(connection.execute, MODEL, "2", _without_bytes(in_tables))
        connection.execute("INSERT INTO active_models VALUES (?, '1', NULL, NULL)", (MODEL,))
        connection.commit()
    sources = {
        "files": {"kind": "model-folder", "path": "models"},
        "tables": {"kind": "sql", "path": "registry.db"},
    }
    return write_config(home, {"team": {"sources": sources}})


def _without_bytes(facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "artifact"}


async def fact_of(config: Path, field: str) -> Difference:
    """One fact of the comparison of the two versions."""
    comparison = (await compared(config, MODEL, "1", "2")).comparison
    return next(fact for fact in comparison.facts if fact.field == field)


async def test_two_registries_that_agree_are_one(tmp_path: Path) -> None:
    """Versions that both registries tell alike are compared as if there were one: the same first suspect."""
    config = two_registries(tmp_path, STORY.changed, STORY.changed)
    found = await compared(config, MODEL, "1", "2")
    assert STORY.is_named_by(found.suspects()[0].field), fields(found.suspects())
    (claim,) = (await fact_of(config, "parameters.num_leaves")).b.claims
    assert (claim.value, set(claim.sources)) == ("511", {"files", "tables"})


async def test_a_contradiction_between_two_registries_is_shown(tmp_path: Path) -> None:
    """The folder says 511 leaves and the table 63: both stand there with their sources, and nothing is concluded."""
    config = two_registries(tmp_path, STORY.changed, {**STORY.changed, "parameters": STORY.base["parameters"]})
    leaves = await fact_of(config, "parameters.num_leaves")
    assert leaves.state is State.NOT_COMPARABLE
    assert [(claim.value, claim.sources) for claim in leaves.b.claims] == [("511", ("files",)), ("63", ("tables",))]
    assert [claim.value for claim in leaves.a.claims] == ["63"]
    rate = await fact_of(config, "parameters.learning_rate")
    assert rate.state is State.EQUAL


async def test_a_contradiction_does_not_hide_the_cause(tmp_path: Path) -> None:
    """What both tell alike is still the first suspect when they contradict each other about something else."""
    story = next(story for story in STORIES if story.name == "data-snapshot")
    config = two_registries(tmp_path, story.changed, {**story.changed, "owner": "somebody-else"})
    found = (await compared(config, MODEL, "1", "2")).suspects()
    assert story.is_named_by(found[0].field), fields(found)


async def test_the_fleet_knows_all_pointers_and_joins_what_is_said(tmp_path: Path) -> None:
    """A version that both list has one provenance, which names the contradiction and keeps what only one knows."""
    config = two_registries(tmp_path, STORY.changed, {**STORY.changed, "owner": "somebody-else"})
    model, version = ModelName(safe_text(MODEL)), VersionId(safe_text("2"))
    async with open_observer(load(Options(config=str(config))), start_from_cache=False) as observer:
        await observer.look_once()
        await observer.read_provenance(model, version)
        joined = observer.fleet.provenance[model, version]
    assert isinstance(joined.owner, Contradicted)
    assert {(claim.value, claim.source) for claim in joined.owner.claims} == {
        ("risk-ml@bank.example", "files"),
        ("somebody-else", "tables"),
    }
    assert isinstance(joined.artifact, Known)
    assert joined.artifact.source == "files"


def test_the_command_line_names_both(tmp_path: Path) -> None:
    """`modeltui compare` shows both values of a contradiction, in text and in JSON."""
    config = two_registries(tmp_path, STORY.changed, {**STORY.changed, "parameters": STORY.base["parameters"]})
    done = run("--config", str(config), "compare", MODEL, "1", "2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.dumps(json.loads(done.stdout))
    assert '"511"' in told
    assert "not-comparable" in told
    plain = run("--config", str(config), "compare", MODEL, "1", "2").stdout
    at = plain.index("num_leaves")
    assert "511" in plain[at : at + 400]
    assert "63" in plain[at : at + 400]


def folder_alone(home: Path, *versions: dict[str, str]) -> Path:
    """A folder with these versions, each given by its files."""
    for number, files in enumerate(versions, 1):
        directory = home / "models" / MODEL / str(number)
        directory.mkdir(parents=True)
        for name, text in {"model.pkl": "bytes", **files}.items():
            (directory / name).write_text(text)
    return write_config(home, {"team": {"sources": {"files": {"kind": "model-folder", "path": "models"}}}})


async def test_one_folder_that_contradicts_itself(tmp_path: Path) -> None:
    """What files of one version say differently is not comparable, by the names of the files; the rest is compared."""
    agreed, wants_more = {"requirements.txt": "pandas==2.2.3\nnumpy==2.1.3\n"}, "dependencies: [{pip: [pandas==3.0.1]}]"
    stated = json.dumps({"sha256": "ab" * 32})
    config = folder_alone(tmp_path, agreed, {**agreed, "conda.yaml": wants_more, "metadata.json": stated})
    pandas = await fact_of(config, "environment.pandas")
    assert pandas.state is State.NOT_COMPARABLE
    assert [(claim.value, claim.sources) for claim in pandas.b.claims] == [
        ("2.2.3", ("files (requirements.txt)",)),
        ("3.0.1", ("files (conda.yaml)",)),
    ]
    assert (await fact_of(config, "environment.numpy")).state is State.EQUAL
    assert (await fact_of(config, "artifact.digest")).state is State.NOT_COMPARABLE
    assert (await fact_of(config, "artifact.size")).state is State.EQUAL


async def test_a_contradiction_and_nothing_at_all(tmp_path: Path) -> None:
    """What two files of A say differently, and B's one file does not list, is only in A."""
    torn = {"requirements.txt": "pandas==2.2.3\n", "conda.yaml": "dependencies: [{pip: [pandas==3.0.1]}]"}
    config = folder_alone(tmp_path, torn, {"requirements.txt": "numpy==2.1.3\n"})
    assert (await fact_of(config, "environment.pandas")).state is State.ONLY_A
    assert (await fact_of(config, "environment.numpy")).state is State.ONLY_B


async def test_what_may_stand_in_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A package that B's readable file does not list may stand in the one that cannot be read: it is not gone."""
    half = {"requirements.txt": "numpy==2.1.3\n", "conda.yaml": "dependencies: ["}
    config = folder_alone(tmp_path, {"requirements.txt": "pandas==2.2.3\nnumpy==2.1.3\n"}, half)
    pandas = await fact_of(config, "environment.pandas")
    assert pandas.state is State.UNKNOWN
    assert "conda.yaml" in pandas.why
    assert (await fact_of(config, "environment.numpy")).state is State.EQUAL
