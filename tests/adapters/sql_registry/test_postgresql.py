"""A real PostgreSQL as a registry: rights, locks, passwords and lost connections."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from modeltui.adapters.sql_registry.options import TableOptions
from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable
from modeltui.domain.lineage import Known, Unreadable
from tests.adapters.postgresql.wire import wire_to
from tests.adapters.sql_registry.stage import FRAUD, ROWS, make_postgresql, opened, told
from tests.servers.postgresql import PASSWORD, PostgresServer
from tests.servers.process import free_port


def reader(postgres: PostgresServer, url: str, *grants: str) -> dict[str, Any]:
    """Options of a user who may do just this."""
    schema = url.rpartition("%3D")[2]
    name = f"registry_reader_{schema}"
    postgres.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    for grant in (f"USAGE ON SCHEMA {schema}", *grants):
        postgres.run(f"GRANT {grant} TO {name}", url)
    return {"url": "env:REGISTRY_URL", "secret": url, "user": name}


async def test_a_table_without_the_right_to_read_it(postgres: PostgresServer) -> None:
    """A table that this user may not read makes its fields unreadable, with the server's words; the others are told."""
    made = make_postgresql(postgres)
    grants = ["SELECT ON models", "SELECT ON versions", "SELECT ON active_models", "SELECT ON data_snapshots"]
    async with opened(**reader(postgres, made["secret"], *grants)) as registry:
        answer = await registry.read_models()
        assert answer.warnings == ("the table pointers cannot be read: permission denied for table pointers",)
        found = await told(registry)
    assert isinstance(found.run, Known)
    assert isinstance(found.data_snapshots, Known)
    for fact in (found.metrics, found.approvals):
        assert isinstance(fact, Unreadable)
        assert "permission denied for table" in fact.reason


async def test_versions_without_the_right_to_read_them(postgres: PostgresServer) -> None:
    """Without a right to the table of versions, asking for them is refused, with what to grant."""
    made = make_postgresql(postgres)
    async with opened(**reader(postgres, made["secret"], "SELECT ON active_models")) as registry:
        assert len((await registry.read_models()).models) == 1
        with pytest.raises(BackendRefused, match="permission denied for table versions") as caught:
            await registry.read_versions(FRAUD)
    assert "GRANT SELECT" in caught.value.remedy


async def test_nothing_can_be_written(postgres: PostgresServer) -> None:
    """A view that writes when it is read is refused by the server: every transaction is read-only."""
    made = make_postgresql(postgres, f"{SCHEMA}{ROWS}CREATE TABLE seen (at TIMESTAMPTZ);")
    write = "BEGIN INSERT INTO seen VALUES (now()); RETURN 'written'; END"
    for statement in (
        f"CREATE FUNCTION write() RETURNS TEXT LANGUAGE plpgsql AS $${write}$$",
        "DROP TABLE pointers",
        "CREATE VIEW pointers AS SELECT 'fraud-detector' AS model, write() AS name, '1.9' AS version",
    ):
        postgres.run(statement, made["secret"])
    async with opened(**made) as registry:
        with pytest.raises(BackendError, match="read-only transaction"):
            await registry.read_models()
    assert postgres.run("SELECT count(*) FROM seen", made["secret"]) == [(0,)]


async def test_a_question_without_an_end(postgres: PostgresServer) -> None:
    """A view that takes for ever is stopped when its time is over; the next question is answered."""
    made = make_postgresql(postgres)
    postgres.run("ALTER TABLE pointers RENAME TO kept", made["secret"])
    postgres.run("CREATE VIEW pointers AS SELECT kept.* FROM kept, pg_sleep(30)", made["secret"])
    async with opened(**made, timeout_seconds=0.3) as registry:
        with pytest.raises(BackendUnavailable, match="took too long"):
            await registry.read_models()
        postgres.run("DROP VIEW pointers", made["secret"])
        assert len((await registry.read_models()).models) == 2


async def test_a_table_that_is_being_changed(postgres: PostgresServer) -> None:
    """A migration that holds a table costs a sentence, not the program."""
    import psycopg

    made = make_postgresql(postgres)
    with psycopg.connect(made["secret"]) as migration:
        migration.execute("LOCK TABLE versions IN ACCESS EXCLUSIVE MODE")
        async with opened(**made, timeout_seconds=0.3) as registry:
            with pytest.raises(BackendUnavailable):
                await registry.read_models()
        migration.rollback()


async def test_a_connection_that_died_unseen_is_replaced(postgres: PostgresServer) -> None:
    """A session that an administrator ended, or a firewall forgot, costs nothing."""
    made = make_postgresql(postgres)
    with wire_to(postgres.process.port) as wire:
        secret = made["secret"].replace(f":{postgres.process.port}/", f":{wire.port}/")
        async with opened(url="env:REGISTRY_URL", secret=secret) as registry:
            assert len((await registry.read_models()).models) == 2
            wire.cut_before = b"BEGIN"
            assert len((await registry.read_models()).models) == 2
            assert wire.cuts == 1


async def test_a_session_that_hangs_is_replaced(postgres: PostgresServer) -> None:
    """A session that takes the question and says nothing is given up in its time, and another one answers."""
    made = make_postgresql(postgres)
    async with opened(**made, timeout_seconds=0.5) as registry:
        assert len((await registry.read_models()).models) == 2
        began = time.monotonic()
        with frozen(postgres):
            assert len((await registry.read_models()).models) == 2
        assert 1.0 < time.monotonic() - began < 10.0


async def test_a_server_that_says_nothing(postgres: PostgresServer) -> None:
    """A server that hangs as a whole costs a sentence in its time, and is asked again when it goes on."""
    made = make_postgresql(postgres)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        secret = made["secret"].replace(f":{postgres.process.port}/", f":{silent.getsockname()[1]}/")
        async with opened(
            url="env:REGISTRY_URL", secret=f"{secret}&connect_timeout=2", timeout_seconds=0.5
        ) as registry:
            began = time.monotonic()
            with pytest.raises(BackendUnavailable, match="does not answer"):
                await registry.read_models()
            assert time.monotonic() - began < 10.0


@contextlib.contextmanager
def frozen(postgres: PostgresServer) -> Iterator[None]:
    """Stop the processes that serve the program, and let them go on."""
    rows = postgres.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'modeltui'")
    serving = [int(str(row[0])) for row in rows]
    for one in serving:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in serving:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@pytest.mark.parametrize("wrong", ["password", "user", "database", "port"])
async def test_a_wrong_address_is_told_without_its_password(postgres: PostgresServer, wrong: str) -> None:
    """Whatever is wrong with the address, the sentence says what to do and quotes no password."""
    made = make_postgresql(postgres)
    secret = made["secret"]
    match wrong:
        case "password":
            secret = secret.replace("correct%20horse", "battery-staple-9")
        case "user":
            secret = secret.replace("modeltui_tests", "nobody_here")
        case "database":
            secret = secret.replace("/postgres?", "/no_such_database?")
        case _:
            secret = secret.replace(f":{postgres.process.port}/", f":{free_port()}/")
    async with opened(url="env:REGISTRY_URL", secret=secret) as registry:
        with pytest.raises(BackendError, match="registry: the database") as caught:
            await registry.read_models()
    assert caught.value.remedy
    for text in (str(caught.value), repr(caught.value.__cause__)):
        assert "battery-staple-9" not in text
        assert "correct" not in text


async def test_names_in_capitals_and_other_schemas(postgres: PostgresServer) -> None:
    """A table may lie in another schema and have capitals, quoted or as the server folds them; JSONB does as well."""
    url = postgres.new_schema()
    schema = url.rpartition("%3D")[2]
    other = f"Other-{schema}"
    for statement in (
        f'CREATE SCHEMA "{other}"',
        f'CREATE TABLE "{other}"."Deployed ?%" ("Model" TEXT, live INTEGER, "%s" INTEGER, at DATE)',
        f"""INSERT INTO "{other}"."Deployed ?%" VALUES ('fraud-detector', 12, 11, '2026-01-16')""",
        "CREATE TABLE ModelVersions (model TEXT, version INTEGER, provenance JSONB)",
        """INSERT INTO ModelVersions VALUES ('fraud-detector', 12, '{"metrics": {"auc": 0.94}}')""",
    ):
        postgres.run(statement, url)
    columns = {"model_name": "model", "active_version": "live", "fallback_version": "%s", "last_updated": "at"}
    tables = {
        "active_models": TableOptions(name=f"{other}.Deployed ?%", columns=columns),
        "versions": TableOptions(name="ModelVersions"),
    }
    async with opened(url="env:REGISTRY_URL", secret=url, tables=tables) as registry:
        (model,) = (await registry.read_models()).models
        assert [(one.name, one.version) for one in model.pointers] == [("active", "12"), ("fallback", "11")]
        assert model.tags == (("last_updated", "2026-01-16"),)
        metrics = (await told(registry, "12")).metrics
    assert isinstance(metrics, Known)
    assert metrics.value == {"auc": 0.94}


async def test_the_probe_tells_server_and_clock(postgres: PostgresServer) -> None:
    """`doctor` shows the server's release, how far its clock is from ours, and which tables it found."""
    async with opened(**make_postgresql(postgres)) as registry:
        probe = await registry.probe()
    assert str(probe.version).startswith("PostgreSQL ")
    assert isinstance(probe.clock_offset_seconds, float)
    assert abs(probe.clock_offset_seconds) < 5.0
    assert [finding.ok for finding in probe.findings] == [True, True]
