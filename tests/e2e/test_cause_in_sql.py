"""Tables of a team's own, in SQLite and in PostgreSQL: whatever one thing was changed is named first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.domain.comparison.difference import Comparison
from tests.e2e.comparing import Compared, compared, fields
from tests.e2e.stage import run, write_config
from tests.e2e.stories import MEMBER_CAUSE, MEMBERS, STORIES, Facts, Story, models, version_numbers
from tests.servers.postgresql import PASSWORD, PostgresServer

Execute = Callable[[str, tuple[Any, ...]], object]
"""Runs a statement with `?` for its parameters."""

DOCUMENT = "one document"
ROWS = "a row per fact"
SNAPSHOT_COLUMNS = ("name", "used_for", "digest", "uri", "row_count", "origin", "begins_at", "ends_at", "taken_at")
IN_COLUMNS = frozenset({"run", "artifact", "code", "registered", "data_snapshots", "approvals"})


def fill(execute: Execute, layout: str) -> None:
    """Write all stories, as one document for each version or as rows."""
    write = write_document if layout == DOCUMENT else write_rows
    for model, versions in models().items():
        execute("INSERT INTO models (name, owner) VALUES (?, ?)", (model, versions[0]["owner"]))
        active = ("INSERT INTO active_models VALUES (?, ?, ?, ?)", (model, "2", "1", "2026-02-20T10:00:00Z"))
        execute(*active)
        for number, facts in enumerate(versions, 1):
            write(execute, model, str(number), facts)
    for member, registered in MEMBERS.items():
        for name, facts in registered.items():
            write(execute, member, name, facts)


def write_document(execute: Execute, model: str, version: str, facts: Facts) -> None:
    """Write everything into the column `provenance`."""
    execute(
        "INSERT INTO versions (model, version, created_at, provenance) VALUES (?, ?, ?, ?)",
        (model, version, "2026-02-20T09:00:00Z", json.dumps(facts)),
    )


def write_rows(execute: Execute, model: str, version: str, facts: Facts) -> None:
    """Write each fact where the schema has its place."""
    artifact, code = facts.get("artifact", {}), facts.get("code", {})
    execute(
        "INSERT INTO versions (model, version, created_at, created_by, run, artifact_uri, artifact_digest,"
        " artifact_size_bytes, code_commit, code_repository, code_branch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(model, version, "2026-02-20T09:00:00Z", facts.get("registered"), facts.get("run")),
            *(artifact.get("uri"), artifact.get("digest"), artifact.get("size_bytes")),
            *(code.get("commit"), code.get("repository"), code.get("branch")),
        ),
    )
    for snapshot in facts.get("data_snapshots", ()):
        cells = tuple(snapshot.get("rows" if column == "row_count" else column) for column in SNAPSHOT_COLUMNS)
        marks = ", ".join("?" for _ in range(len(cells) + 2))
        execute(f"INSERT INTO data_snapshots VALUES ({marks})", (model, version, *cells))
    for approval in facts.get("approvals", ()):
        execute(
            "INSERT INTO approvals VALUES (?, ?, ?, ?, ?, NULL)",
            (model, version, approval["by"], approval["decision"], approval["at"]),
        )
    for field, value in facts.items():
        if field not in IN_COLUMNS:
            for name, text in named(value):
                execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", (model, version, field, name, text))


def named(value: Any) -> Iterator[tuple[str, str]]:
    """Name and value of each row that holds a fact; a model's inputs and outputs stay one text."""
    if isinstance(value, dict) and not any(isinstance(inner, list) for inner in value.values()):
        yield from ((name, str(inner)) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((str(number), str(inner)) for number, inner in enumerate(value))
    else:
        yield "", value if isinstance(value, str) else json.dumps(value)


def sqlite_config(home: Path, layout: str) -> Path:
    """A SQLite registry with all stories, and the configuration that names it."""
    with closing(sqlite3.connect(home / "registry.db")) as connection:
        connection.executescript(SCHEMA)
        fill(connection.execute, layout)
        connection.commit()
    return write_config(home, {"team": {"sources": {"registry": {"kind": "sql", "path": "registry.db"}}}})


@pytest.fixture(scope="module", params=[ROWS, DOCUMENT])
def sqlite_registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a SQLite registry, in each layout."""
    return sqlite_config(tmp_path_factory.mktemp("sqlite"), request.param)


@pytest.fixture(scope="module", params=[ROWS, DOCUMENT])
def postgresql_registry(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The configuration of a registry in a real PostgreSQL, read by a user who may only read."""
    import psycopg

    url = postgres.new_schema()
    schema = url.rpartition("%3D")[2]
    reader = f"reader_of_{schema}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        fill(lambda statement, given: connection.execute(statement.replace("?", "%s").encode(), given), request.param)
        grants = (
            f"GRANT USAGE ON SCHEMA {schema} TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}"
        )
        connection.execute(f"CREATE ROLE {reader} LOGIN PASSWORD '{PASSWORD}'; {grants}".encode())
    home = tmp_path_factory.mktemp("postgresql")
    (home / "password").write_text(PASSWORD)
    (home / "password").chmod(0o600)
    source = {
        "kind": "sql",
        "url": f"postgresql://127.0.0.1:{postgres.process.port}/postgres?sslmode=disable&options=-csearch_path%3D{schema}",
        "user": reader,
        "password": f"file:{home / 'password'}",
    }
    return write_config(home, {"team": {"sources": {"registry": source}}})


async def is_named_first(config: Path, story: Story) -> None:
    """Check one story in both directions."""
    a, b = version_numbers(story)
    for one, other in ((a, b), (b, a)):
        found = (await compared(config, story.model, str(one), str(other))).suspects()
        assert found, f"no suspect, although {story.what}"
        assert story.is_named_by(found[0].field), fields(found)


@pytest.mark.broad
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_what_was_changed_is_the_first_suspect_in_sqlite(sqlite_registry: Path, story: Story) -> None:
    """Two rows of a SQLite registry that differ in one thing: that thing is looked at first, from either side."""
    await is_named_first(sqlite_registry, story)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_what_was_changed_is_the_first_suspect_in_postgresql(postgresql_registry: Path, story: Story) -> None:
    """Two rows of a registry in PostgreSQL that differ in one thing: that thing is looked at first."""
    await is_named_first(postgresql_registry, story)


async def test_what_was_changed_in_a_member_is_named(postgresql_registry: Path) -> None:
    """An ensemble's member that was replaced is compared too, when the tables have it: its own cause is there."""
    found = await compared(postgresql_registry, "price-ensemble", "1", "2")
    (member,) = found.comparison.components
    assert (member.model, member.a, member.b) == ("price-gbm", "7", "8")
    assert isinstance(member.comparison, Comparison)
    assert fields(Compared(member.comparison).suspects())[0] == MEMBER_CAUSE


def test_what_was_changed_is_the_first_suspect_on_the_command_line(postgresql_registry: Path) -> None:
    """`modeltui compare --json` names the same thing first, out of PostgreSQL, in a process of its own."""
    story = next(story for story in STORIES if story.name == "harmed-segment")
    a, b = version_numbers(story)
    done = run("--config", str(postgresql_registry), "compare", story.model, str(a), str(b), "--json")
    assert done.returncode == 0, done.stderr
    assert story.is_named_by(json.loads(done.stdout)["suspects"][0]["field"]), done.stdout


@pytest.mark.broad
def test_pointers_of_the_table_name_versions(sqlite_registry: Path) -> None:
    """`compare fraud-detector fallback active` compares what the services fall back to with what they serve."""
    done = run("--config", str(sqlite_registry), "compare", "fraud-detector", "fallback", "active", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["suspects"][0]["field"].startswith("data.card_transactions"), done.stdout


@pytest.mark.broad
def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    """A file that was compared is byte for byte as before, and nothing lies beside it that was not there."""
    config = sqlite_config(tmp_path, ROWS)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    done = run("--config", str(config), "compare", "fraud-detector", "1", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
