"""A SQLite file of somebody else: read, and never touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.domain.errors import BackendError, BackendMalformed, BackendUnavailable
from modeltui.domain.lineage import Known, Unreadable
from modeltui.domain.names import ModelName
from modeltui.domain.text import SafeText
from tests.adapters.sql_registry.stage import FRAUD, ROWS, make_sqlite, opened, statements, told

# Databases on disk, locked and torn by other processes.
pytestmark = pytest.mark.broad


def state_of(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Everything in a directory, with the time at which it was written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}


async def look_at(path: Path) -> int:
    """Read all there is; return the number of models."""
    async with opened(path=path) as registry:
        models = (await registry.read_models()).models
        await registry.read_versions(FRAUD)
        await told(registry)
        await registry.probe()
        return len(models)


@pytest.mark.parametrize("mode", ["delete", "wal"])
async def test_reading_leaves_everything_as_it_was(tmp_path: Path, mode: str) -> None:
    """No companion files appear beside the file, in WAL mode neither, and not a byte of it changes."""
    path = make_sqlite(tmp_path / "registry.db", f"PRAGMA journal_mode = {mode};{SCHEMA}{ROWS}")
    before = state_of(tmp_path)
    assert set(before) == {"registry.db"}
    assert await look_at(path) == 2
    assert state_of(tmp_path) == before


async def test_reading_while_somebody_writes(tmp_path: Path) -> None:
    """In WAL mode a reader sees what is committed, and waits for nobody."""
    path = make_sqlite(tmp_path / "registry.db", f"PRAGMA journal_mode = wal;{SCHEMA}{ROWS}")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        async with opened(path=path) as registry:
            writer.execute("INSERT INTO models (name) VALUES ('committed')")
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT INTO models (name) VALUES ('not yet')")
            names = {model.name for model in (await registry.read_models()).models}
            assert "committed" in names
            assert "not yet" not in names
            writer.execute("COMMIT")
            assert "not yet" in {model.name for model in (await registry.read_models()).models}


def crashed(directory: Path, *, mode: str, companions: tuple[str, ...]) -> Path:
    """A registry as a writer leaves it that ends in the middle of a write, with these companion files."""
    original = make_sqlite(directory / "original.db", f"PRAGMA journal_mode = {mode};{SCHEMA}{ROWS}")
    left = directory / "left"
    left.mkdir()
    with closing(sqlite3.connect(original, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that what is not yet committed reaches the file
        writer.execute("INSERT INTO models (name) VALUES ('committed')")
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany("INSERT INTO models (name) VALUES (?)", [(f"m{number}" * 50,) for number in range(2_000)])
        for companion in ("", *companions):
            shutil.copy(f"{original}{companion}", left / f"registry.db{companion}")
        writer.execute("ROLLBACK")
    return left / "registry.db"


LEFT = {"a journal": ("delete", ("-journal",)), "a log without its index": ("wal", ("-wal",))}


@pytest.mark.parametrize(("mode", "companions"), LEFT.values(), ids=LEFT)
async def test_what_a_crashed_writer_left_is_not_repaired(
    tmp_path: Path, mode: str, companions: tuple[str, ...]
) -> None:
    """A file in the middle of a write is not finished by who only reads: the operator hears who can."""
    path = crashed(tmp_path, mode=mode, companions=companions)
    before = state_of(path.parent)
    async with opened(path=path) as registry:
        with pytest.raises(BackendUnavailable, match="left in the middle of a write") as caught:
            await registry.read_models()
    assert "open it once" in caught.value.remedy
    assert state_of(path.parent) == before


async def test_a_log_that_a_crashed_writer_left_is_read(tmp_path: Path) -> None:
    """A write-ahead log with its index is read up to what was committed, and neither is touched."""
    path = crashed(tmp_path, mode="wal", companions=("-wal", "-shm"))
    before = state_of(path.parent)
    async with opened(path=path) as registry:
        names = {model.name for model in (await registry.read_models()).models}
    assert names == {"committed", "empty", "fraud-detector"}
    assert state_of(path.parent) == before


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A path with a mistake in it costs a sentence with the path, and no empty file."""
    async with opened(path=tmp_path / "registry.db") as registry:
        with pytest.raises(BackendUnavailable, match=r"registry\.db cannot be read: no such file") as caught:
            await registry.read_models()
    assert "path" in caught.value.remedy
    assert state_of(tmp_path) == {}


BROKEN: dict[str, Callable[[Path], object]] = {
    "is empty": lambda path: path.write_bytes(b""),
    "is not a SQLite file": lambda path: path.write_text("name,version\nfraud,1\n" * 20),
    "is not a regular file": lambda path: path.mkdir(),
    "is damaged": lambda path: _damage(make_sqlite(path)),
}


@pytest.mark.parametrize(("says", "break_it"), BROKEN.items(), ids=BROKEN)
async def test_a_file_that_is_no_registry(tmp_path: Path, says: str, break_it: Callable[[Path], object]) -> None:
    """A file that is something else, or damaged, is told as such."""
    path = tmp_path / "registry.db"
    break_it(path)
    async with opened(path=path) as registry:
        with pytest.raises(BackendError, match=says) as caught:
            await registry.read_models()
    assert caught.value.remedy


def _damage(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[100:] = os.urandom(len(raw) - 100)
    path.write_bytes(raw)


async def test_a_pipe_instead_of_a_file(tmp_path: Path) -> None:
    """A named pipe does not make the program wait for ever."""
    os.mkfifo(tmp_path / "registry.db")
    async with opened(path=tmp_path / "registry.db") as registry:
        with pytest.raises(BackendUnavailable, match="not a regular file"):
            await registry.read_models()


@pytest.mark.broad
async def test_a_file_that_somebody_holds(tmp_path: Path) -> None:
    """A writer that holds the file costs a sentence after two seconds, not the program."""
    path = make_sqlite(tmp_path / "registry.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        async with opened(path=path) as registry:
            with pytest.raises(BackendUnavailable, match="locked by another program"):
                await registry.read_models()
            writer.execute("ROLLBACK")
            assert len((await registry.read_models()).models) == 2


async def test_a_question_without_an_end(tmp_path: Path) -> None:
    """A view that counts for ever is stopped when its time is over, and the next question is answered."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i), '1', 'x' FROM n"
    script = f"{SCHEMA}{ROWS}DROP TABLE pointers; CREATE VIEW pointers (model, name, version) AS {endless};"
    path = make_sqlite(tmp_path / "registry.db", script)
    async with opened(path=path, timeout_seconds=0.2) as registry:
        with pytest.raises(BackendUnavailable, match=r"did not answer within 0\.2 s"):
            await registry.read_models()
        statements(path, "DROP VIEW pointers")
        assert len((await registry.read_models()).models) == 2


async def test_a_file_that_was_replaced(tmp_path: Path) -> None:
    """A registry that is replaced as a whole, as a nightly copy is, is read anew at the next question."""
    path = make_sqlite(tmp_path / "registry.db")
    async with opened(path=path) as registry:
        assert len((await registry.read_models()).models) == 2
        copy = make_sqlite(tmp_path / "tonight.db", f"{SCHEMA}INSERT INTO models (name) VALUES ('only');")
        copy.replace(path)
        assert [model.name for model in (await registry.read_models()).models] == ["only"]


async def test_a_view_that_breaks_costs_its_own_table(tmp_path: Path) -> None:
    """A view over a table that was dropped makes its fields unreadable; the others are told."""
    script = f"{SCHEMA}{ROWS}ALTER TABLE facts RENAME TO all_facts; CREATE VIEW facts AS SELECT * FROM all_facts;"
    path = make_sqlite(tmp_path / "registry.db", script)
    statements(path, "DROP VIEW facts", "CREATE VIEW facts AS SELECT *, no_such(value) AS x FROM all_facts")
    async with opened(path=path) as registry:
        found = await told(registry)
    assert isinstance(found.run, Known)
    assert isinstance(found.metrics, Unreadable)
    assert "no_such" in found.metrics.reason


async def test_other_names(tmp_path: Path) -> None:
    """Tables and columns may have any name, words of SQL and signs of parameters included."""
    script = """
        CREATE TABLE "select ? %s from" ("the model" TEXT, "group" TEXT, "order""by" TEXT);
        INSERT INTO "select ? %s from" VALUES ('fraud-detector', '2', '1');
    """
    path = make_sqlite(tmp_path / "registry.db", script)
    columns = {"model_name": "the model", "active_version": "group", "fallback_version": 'order"by'}
    tables = {"active_models": {"name": "select ? %s from", "columns": columns}}
    async with opened(path=path, tables=_decoded(tables)) as registry:
        assert [version.id for version in await registry.read_versions(FRAUD)] == ["2", "1"]


async def test_a_table_that_is_not_used(tmp_path: Path) -> None:
    """A table that the operator sets aside is not looked at, although it is there."""
    path = make_sqlite(tmp_path / "registry.db")
    async with opened(path=path, tables=_decoded({"facts": {"used": False}})) as registry:
        assert "metrics" not in (await told(registry)).known_fields()


def _decoded(tables: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    from modeltui.adapters.sql_registry.options import TableOptions

    return {name: TableOptions(**options) for name, options in tables.items()}  # type: ignore[arg-type]


async def test_odd_bytes(tmp_path: Path) -> None:
    """Bytes that are no text, NULs and huge numbers in any column are shown somehow, and harm nothing."""
    path = make_sqlite(tmp_path / "registry.db")
    statements(
        path,
        "INSERT INTO versions (model, version, description, created_at, artifact_uri) VALUES (?, ?, ?, ?, ?)",
        given=[("fraud-detector", "2.0", b"\xff\xfe\x00", 10**18, 3.5)],
    )
    statements(
        path,
        "INSERT INTO facts VALUES ('fraud-detector', '2.0', 'parameters', ?, ?)",
        given=[("a\x00b", b"\xff"), ("n", 5), ("x", 0.1 + 0.2), ("big", 2**62)],
    )
    async with opened(path=path) as registry:
        assert (await registry.read_versions(FRAUD))[0].id == "2.0"
        parameters = (await told(registry, "2.0")).parameters
    assert isinstance(parameters, Known)
    values = {str(name): str(value) for name, value in parameters.value.items()}
    assert (
        values == {"a␀b": "\\u{fffd}", "n": "5", "x": "0.30000000000000004", "big": str(2**62)} or "�" in values["a␀b"]
    )


@pytest.mark.broad
async def test_ten_thousand_models_in_few_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of 10 000 models with 50 000 versions costs four statements, not one for each model."""
    path = make_sqlite(tmp_path / "registry.db", SCHEMA)
    models = [(f"model-{number}",) for number in range(10_000)]
    statements(path, "INSERT INTO models (name) VALUES (?)", given=models)
    versions = [(name, str(number)) for (name,) in models for number in range(8, 13)]
    statements(path, "INSERT INTO versions (model, version) VALUES (?, ?)", given=versions)
    statements(path, "INSERT INTO active_models VALUES (?, '12', '11', NULL)", given=models)
    asked = _counted(monkeypatch)
    async with opened(path=path) as registry:
        answer = await registry.read_models()
    assert len(answer.models) == 10_000
    assert {model.latest for model in answer.models} == {"12"}
    assert answer.warnings == ()
    assert len(asked) == 4


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from modeltui.adapters.sql_registry import sqlite

    asked: list[str] = []
    before = sqlite._SqliteSession.rows

    def rows(session: sqlite._SqliteSession, statement: str, parameters: tuple[object, ...] = ()) -> list[object]:
        asked.append(statement)
        return before(session, statement, parameters)  # type: ignore[return-value]

    monkeypatch.setattr(sqlite._SqliteSession, "rows", rows)
    return asked


async def test_more_rows_than_anybody_reads(tmp_path: Path) -> None:
    """A table larger than `most_rows` is cut, and the operator is told; a version with too many facts is unreadable."""
    path = make_sqlite(tmp_path / "registry.db")
    statements(path, "INSERT INTO models (name) VALUES (?)", given=[(f"m{number}",) for number in range(10)])
    facts = [("fraud-detector", "1.9", "parameters", f"p{number}", "1") for number in range(10)]
    statements(path, "INSERT INTO facts VALUES (?, ?, ?, ?, ?)", given=facts)
    async with opened(path=path, most_rows=8) as registry:
        answer = await registry.read_models()
        assert "the table models has more than 8 rows; the rest is left out" in answer.warnings
        found = await told(registry)
    assert isinstance(found.metrics, Unreadable)
    assert found.metrics.reason == "facts: it has more than 8 rows about this version"
    assert isinstance(found.parameters, Known)  # versions.provenance says some of it


async def test_more_parameters_than_are_read(tmp_path: Path) -> None:
    """A version with more parameters than are read says so: what is missing may be among the others."""
    path = make_sqlite(tmp_path / "registry.db")
    facts = [(f"p{number}",) for number in range(6_000)]
    statements(path, "INSERT INTO facts VALUES ('fraud-detector', '1.10', 'parameters', ?, '1')", given=facts)
    async with opened(path=path) as registry:
        parameters = (await told(registry, "1.10")).parameters
    assert isinstance(parameters, Known)
    assert len(parameters.value) == 5_000
    assert parameters.lacks == "facts: parameters has 6000 entries, of which 5000 are read"


async def test_a_registry_that_grows_is_followed(tmp_path: Path) -> None:
    """A new version is the latest at the next look, and a deleted one is gone."""
    path = make_sqlite(tmp_path / "registry.db")
    async with opened(path=path) as registry:
        await registry.read_models()
        statements(path, "INSERT INTO versions (model, version) VALUES ('fraud-detector', '1.11')")
        assert _latest(await registry.read_models()) == "1.11"
        statements(path, "DELETE FROM versions WHERE version = '1.11'")
        assert _latest(await registry.read_models()) == "1.10"
        with pytest.raises(BackendError, match=r"has no fraud-detector 1\.11"):
            await told(registry, "1.11")


def _latest(answer: object) -> object:
    models = {model.name: model for model in answer.models}  # type: ignore[attr-defined]
    return models[ModelName(SafeText("fraud-detector"))].latest


async def test_malformed_is_told_as_such(tmp_path: Path) -> None:
    """A file that is no database is malformed, not away: asking again will not help."""
    (tmp_path / "registry.db").write_text("no database" * 20)
    async with opened(path=tmp_path / "registry.db") as registry:
        with pytest.raises(BackendMalformed):
            await registry.read_models()
