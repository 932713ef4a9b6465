"""The tables that several operators share: who may what, and what is noticed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest

from modeltui.adapters.postgresql import Shared, open_shared, schema
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.approval import Decision
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.chain import Checkpoint
from modeltui.domain.names import Instant
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import SignedCheckpoint
from modeltui.testing.clock import VirtualClock
from modeltui.testing.shared_contract import ALICE, BOB, FRAUD, decision_at, entry_at, request_at
from tests.servers.postgresql import PASSWORD, PostgresServer

PLANS = [PlanId(SafeText(f"00000000-0000-4000-8000-{number:012d}")) for number in range(2)]
AT = Instant(1_767_268_800.0)


@dataclass
class Tables:
    """A database with five records in its journal."""

    shared: Shared
    url: str
    server: PostgresServer

    def changed(self, statement: str) -> None:
        """Change the journal as its owner can, past the trigger."""
        self.server.run(f"ALTER TABLE modeltui_journal DISABLE TRIGGER USER; {statement}", self.url)


@pytest.fixture
async def tables(postgres: PostgresServer) -> AsyncIterator[Tables]:
    """A shared database that is in use."""
    url = postgres.new_schema()
    async with open_shared(Secret(url), VirtualClock()) as shared:
        for number in range(4):
            await shared.journal.append(entry_at(AT, number))
        yield Tables(shared, url, postgres)


@pytest.mark.parametrize(
    ("statement", "seq", "says"),
    [
        (
            (
                "UPDATE modeltui_journal SET line = convert_to(replace(convert_from(line, 'UTF8'), 'alice', 'mallory'),"
                " 'UTF8') WHERE seq = 3"
            ),
            3,
            "record 3 was changed: it does not fit its own hash",
        ),
        ("DELETE FROM modeltui_journal WHERE seq = 3", 3, "record 3 is gone: record 4 stands in its place"),
        ("DELETE FROM modeltui_journal WHERE seq = 1", 1, "record 1 is gone: record 2 stands in its place"),
        (
            (
                "UPDATE modeltui_journal a SET line = b.line FROM modeltui_journal b"
                " WHERE (a.seq, b.seq) IN ((3, 4), (4, 3))"
            ),
            3,
            "record 4 stands where record 3 belongs",
        ),
        ("UPDATE modeltui_journal SET line = 'x' WHERE seq = 5", 5, "it is not a record"),
        ("UPDATE modeltui_journal SET seq = 7 WHERE seq = 5", 5, "record 5 is gone: record 7 stands in its place"),
    ],
)
async def test_every_change_of_the_journal_is_found(tables: Tables, statement: str, seq: int, says: str) -> None:
    """Whoever owns the tables can change them, and whoever verifies finds the first record that does not fit."""
    assert (await tables.shared.journal.verify()).is_whole
    tables.changed(statement)
    state = await tables.shared.journal.verify()
    assert (state.first_bad_seq, state.says) == (seq, says)


async def test_a_line_that_is_none_is_not_read(tables: Tables) -> None:
    """Reading goes on past a line that somebody broke; who verifies, or reads all that match, hears of it."""
    from modeltui.ports.journal import Query

    tables.changed("UPDATE modeltui_journal SET line = '\\xff' WHERE seq = 3")
    assert [record.seq for record in await tables.shared.journal.read(Query())] == [1, 2, 4, 5]
    page = await tables.shared.journal.page(Query(most=3))
    assert ([record.seq for record in page.records], page.unreadable) == ([1, 2], (3,))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modeltui_journal SET line = ''",
        "DELETE FROM modeltui_journal",
        "TRUNCATE modeltui_journal",
        "UPDATE modeltui_decisions SET decision = 'grant'",
        "DELETE FROM modeltui_decisions",
        "DELETE FROM modeltui_checkpoints",
    ],
)
async def test_what_is_written_stays(tables: Tables, statement: str) -> None:
    """A mistake in a console cannot change or delete what was written down, not even its owner's."""
    with pytest.raises(psycopg.Error, match="what is written here stays"):
        tables.server.run(statement, tables.url)


async def test_the_least_grants_are_enough(tables: Tables) -> None:
    """With the grants that the manual lists an operator does everything, and can change no record."""
    tables.server.run("DROP ROLE IF EXISTS operators; CREATE ROLE operators", tables.url)
    tables.server.run(
        f"DROP ROLE IF EXISTS op; CREATE ROLE op LOGIN PASSWORD '{PASSWORD}' IN ROLE operators", tables.url
    )
    grants = re.findall(r"GRANT [^;]+ TO operators;", schema.__doc__ or "")
    assert len(grants) == 5
    schema_name = tables.url.rpartition("%3D")[2]
    tables.server.run(f"GRANT USAGE ON SCHEMA {schema_name} TO operators; {' '.join(grants)}", tables.url)
    url = tables.url.replace("modeltui_tests:", "op:")
    clock = SystemClock()
    try:
        async with open_shared(Secret(url), clock) as shared:
            assert (await shared.journal.append(entry_at(AT, 9))).seq == 6
            assert (await shared.journal.verify()).is_whole
            checkpoint = await shared.journal.checkpoints.made_checkpoint()
            assert isinstance(checkpoint, Checkpoint)
            await shared.journal.checkpoints.keep_checkpoint(SignedCheckpoint(checkpoint.text()))
            assert len(await shared.journal.checkpoints.kept_checkpoints()) == 1
            request = request_at(clock.now())
            await shared.approvals.ask(request)
            await shared.approvals.decide(decision_at(clock.now(), request, Decision.DENY))
            assert await shared.approvals.pending() == ()
            lease = await shared.leases.take(FRAUD, ALICE, PLANS[0], ActionKind.ABORT, breaks_others=True)
            assert await shared.leases.renew(lease, "sending")
            await shared.leases.release(lease)
        for statement in (
            "UPDATE modeltui_journal SET line = ''",
            "DELETE FROM modeltui_journal",
            "TRUNCATE modeltui_journal",
            "ALTER TABLE modeltui_journal DISABLE TRIGGER USER",
            "UPDATE modeltui_requests SET document = ''",
            "DELETE FROM modeltui_decisions",
            "DELETE FROM modeltui_checkpoints",
            "DROP TABLE modeltui_journal",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                tables.server.run(statement, url)
    finally:
        tables.server.run("DROP OWNED BY operators; DROP ROLE op; DROP ROLE operators", tables.url)


async def test_who_may_not_write_is_told(tables: Tables) -> None:
    """A database that gives no right, or only takes questions, is told as such before anything is done."""
    tables.server.run(f"DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'", tables.url)
    schema_name = tables.url.rpartition("%3D")[2]
    tables.server.run(f"GRANT USAGE ON SCHEMA {schema_name} TO reader", tables.url)
    tables.server.run("GRANT SELECT ON modeltui_journal, modeltui_schema TO reader", tables.url)
    try:
        async with open_shared(Secret(tables.url.replace("modeltui_tests:", "reader:")), VirtualClock()) as shared:
            assert (await shared.journal.head())[0] == 5
            with pytest.raises(JournalUnavailable, match="does not give this user the right"):
                await shared.journal.append(entry_at(AT))
    finally:
        tables.server.run("DROP OWNED BY reader; DROP ROLE reader", tables.url)
    async with open_shared(Secret(f"{tables.url}%20-cdefault_transaction_read_only%3Don"), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="is read-only"):
            await shared.journal.append(entry_at(AT))


async def test_who_only_looks_changes_nothing(tables: Tables, postgres: PostgresServer) -> None:
    """A session that may only look reads everything, can write nothing, and makes no table where there is none."""
    async with open_shared(Secret(tables.url), VirtualClock(), read_only=True) as shared:
        assert (await shared.journal.verify()).records == 5
        assert (await shared.leases.held(), await shared.approvals.pending()) == ((), ())
        with pytest.raises(JournalUnavailable):
            await shared.journal.append(entry_at(AT))
        with pytest.raises(JournalUnavailable):
            await shared.leases.take(FRAUD, ALICE, PLANS[0], ActionKind.ABORT, breaks_others=True)
    empty = postgres.new_schema()
    async with open_shared(Secret(empty), VirtualClock(), read_only=True) as shared:
        with pytest.raises(JournalUnavailable, match="has no journal yet"):
            await shared.journal.head()
    assert postgres.run("SELECT count(*) FROM pg_class WHERE relnamespace = current_schema::regnamespace", empty) == [
        (0,)
    ]


async def test_another_version_of_the_tables_is_left_alone(tables: Tables) -> None:
    """Tables of a version to come are neither used nor changed."""
    tables.server.run("UPDATE modeltui_schema SET format = 2", tables.url)
    async with open_shared(Secret(tables.url), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="has tables of another version than 1"):
            await shared.journal.append(entry_at(AT))


async def test_a_database_in_another_encoding_is_refused(postgres: PostgresServer) -> None:
    """A database that cannot hold every character is told before a record is lost in it."""
    postgres.run("DROP DATABASE IF EXISTS latin")
    postgres.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    async with open_shared(Secret(postgres.url("latin")), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="is not encoded in UTF-8"):
            await shared.journal.head()


async def test_many_who_come_first_make_the_tables_once(postgres: PostgresServer) -> None:
    """Operators who are the first in the same moment all find the tables made."""
    for _ in range(5):
        url = postgres.new_schema()
        async with open_shared(Secret(url), VirtualClock()) as one, open_shared(Secret(url), VirtualClock()) as two:
            await asyncio.gather(
                one.journal.head(), two.journal.head(), one.leases.held(), two.leases.held(), two.approvals.pending()
            )


async def test_leases_run_out_by_the_clock_of_the_database(postgres: PostgresServer) -> None:
    """Whatever the clocks of two operators say, a lease lasts by the database's."""
    url = postgres.new_schema()
    slow, fast = VirtualClock(0.0), VirtualClock(4_000_000_000.0)
    async with (
        open_shared(Secret(url), slow, lease_seconds=1.0) as ours,
        open_shared(Secret(url), fast, lease_seconds=1.0) as theirs,
    ):
        mine = await ours.leases.take(FRAUD, ALICE, PLANS[0], ActionKind.PROMOTE, breaks_others=False)
        seen = await theirs.leases.take(FRAUD, BOB, PLANS[1], ActionKind.PROMOTE, breaks_others=False)
        assert seen.plan_id == mine.plan_id
        postgres.run("UPDATE modeltui_leases SET expires_at = expires_at - 10", url)
        heir = await theirs.leases.take(FRAUD, BOB, PLANS[1], ActionKind.PROMOTE, breaks_others=False)
        assert (heir.plan_id, heir.fence) == (PLANS[1], mine.fence + 1)


def test_the_driver_is_loaded_when_it_is_needed() -> None:
    """Without a question to a shared database nothing of its driver is loaded."""
    code = (
        "import asyncio, sys\n"
        "from modeltui.adapters.postgresql import open_shared\n"
        "from modeltui.domain.secret import Secret\n"
        "from modeltui.testing.clock import VirtualClock\n"
        "async def main():\n"
        "    async with open_shared(Secret('postgresql://127.0.0.1:1/x'), VirtualClock()):\n"
        "        pass\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name.startswith('psycopg')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


async def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the driver is not installed, the operator reads how to install it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    async with open_shared(Secret("postgresql://127.0.0.1:1/x"), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="needs the PostgreSQL driver") as caught:
            await shared.leases.held()
    assert caught.value.remedy == "pip install 'modeltui[postgresql]'"
