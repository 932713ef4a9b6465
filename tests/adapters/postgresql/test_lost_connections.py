"""What an operator is told when the shared database goes away, and what is in it then."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from modeltui.adapters.postgresql import Shared, database, journal, open_shared
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.approval import Decision
from modeltui.domain.errors import ConfigError, JournalUnavailable
from modeltui.domain.journal.record import Record
from modeltui.domain.names import Instant
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from modeltui.testing.shared_contract import ALICE, FRAUD, decision_at, entry_at, request_at
from tests.adapters.postgresql.wire import Wire, wire_to
from tests.servers.postgresql import PASSWORD, PostgresServer, programs, start_postgres
from tests.servers.process import free_port

PLAN = PlanId(SafeText("00000000-0000-4000-8000-000000000001"))
COMMIT = b"COMMIT\0"
"""The end of a transaction on the wire; READ COMMITTED is in its beginning."""
AT = Instant(1_767_268_800.0)


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[Wire]:
    """A line to the server that can be cut."""
    with wire_to(postgres.process.port) as line:
        yield line


@dataclass
class Line:
    """A shared database behind a line, with its tables made, and the same without the line."""

    shared: Shared
    beside: Shared
    url: str


@pytest.fixture
async def line(postgres: PostgresServer, wire: Wire) -> AsyncIterator[Line]:
    """Two operators, one of them behind the line."""
    url = postgres.new_schema()
    clock = VirtualClock()
    through = url.replace(f":{postgres.process.port}/", f":{wire.port}/")
    async with open_shared(Secret(through), clock) as shared, open_shared(Secret(url), clock) as beside:
        await beside.journal.append(entry_at(AT, 0))
        await shared.journal.head()
        yield Line(shared, beside, url)


async def written(line: Line) -> list[Record]:
    """Return what is in the journal, without what opened it; the chain must be whole."""
    state = await line.beside.journal.verify()
    assert state.is_whole, state.says
    return list(await line.beside.journal.read(Query(after_seq=2)))


async def test_an_answer_that_was_lost_is_looked_up(line: Line, wire: Wire) -> None:
    """A record whose confirmation was lost is found by its hash, and told as written: once."""
    wire.cut_after = COMMIT
    record = await line.shared.journal.append(entry_at(AT, 1))
    assert wire.cuts == 1
    assert await written(line) == [record]


async def test_a_record_that_did_not_arrive_is_told(line: Line, wire: Wire) -> None:
    """A record whose end never arrived is not there, and whoever wanted it hears so."""
    wire.cut_before = COMMIT
    with pytest.raises(JournalUnavailable, match="went away while record 3 was being written: it is not there"):
        await line.shared.journal.append(entry_at(AT, 1))
    assert await written(line) == []
    record = await line.shared.journal.append(entry_at(AT, 2))
    assert await written(line) == [record]


@pytest.mark.parametrize("words", [b"BEGIN", b"pg_advisory_xact_lock", b"INSERT INTO modeltui_journal"])
@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
async def test_a_connection_that_died_unseen_is_replaced(line: Line, wire: Wire, words: bytes, when: str) -> None:
    """A connection that a firewall forgot costs nothing: before the end was asked for, nothing can be there."""
    setattr(wire, when, words)
    record = await line.shared.journal.append(entry_at(AT, 1))
    assert wire.cuts == 1
    assert await written(line) == [record]


async def test_who_cannot_look_says_so(line: Line, wire: Wire) -> None:
    """When nobody can be asked whether the record is there, that is what is said, and not that it failed."""
    wire.cut_after = COMMIT
    wire.is_closed = True
    with pytest.raises(JournalUnavailable) as caught:
        await line.shared.journal.append(entry_at(AT, 1))
    assert "cannot be asked whether it is there" in caught.value.title
    assert "look into the journal" in caught.value.remedy


async def test_a_backend_that_was_ended_is_replaced(line: Line, postgres: PostgresServer) -> None:
    """An administrator who ends all sessions, or a database that restarts, is not noticed by the next record."""
    postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'modeltui'",
        line.url,
    )
    record = await line.shared.journal.append(entry_at(AT, 1))
    assert await line.shared.leases.held() == ()
    assert await written(line) == [record]


@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
@pytest.mark.parametrize("words", [COMMIT, b"INSERT INTO modeltui_leases"])
async def test_a_lease_is_ours_after_a_lost_answer(line: Line, wire: Wire, when: str, words: bytes) -> None:
    """A lease whose confirmation was lost is asked for again, and is the same one."""
    assert await line.shared.leases.held() == ()
    setattr(wire, when, words)
    lease = await line.shared.leases.take(FRAUD, ALICE, PLAN, ActionKind.ROLLBACK, breaks_others=False)
    assert wire.cuts == 1
    assert (lease.plan_id, lease.fence) == (PLAN, 1)
    assert await line.beside.leases.held() == (lease,)


@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
async def test_a_decision_is_there_once_after_a_lost_answer(line: Line, wire: Wire, when: str) -> None:
    """A yes whose confirmation was lost is said again, and stands there once."""
    now = Instant(time.time())
    request = request_at(now)
    await line.shared.approvals.ask(request)
    decision = decision_at(now, request, Decision.GRANT)
    setattr(wire, when, COMMIT)
    await line.shared.approvals.decide(decision)
    assert wire.cuts == 1
    assert await line.beside.approvals.decisions(request.plan.hash) == (decision,)


async def test_a_frozen_database_is_given_up(line: Line, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that keeps its connection and answers nothing is told as such in seconds, and used again later."""
    monkeypatch.setattr(database, "DEADLINE_SECONDS", 0.2)
    wire.flows.clear()
    turns = 0
    asked = asyncio.ensure_future(line.shared.journal.append(entry_at(AT, 1)))
    while not asked.done():
        await asyncio.sleep(0.01)
        turns += 1
    with pytest.raises(JournalUnavailable):
        await asked
    assert turns > 10, "the event loop waited too"
    wire.flows.set()
    monkeypatch.undo()
    record = await line.shared.journal.append(entry_at(AT, 2))
    assert record in await written(line)


async def test_a_record_that_was_cancelled_is_whole_or_not_there(line: Line) -> None:
    """Whoever stops waiting leaves a whole chain behind, whatever became of the record."""
    for _ in range(10):
        asked = asyncio.ensure_future(line.shared.journal.append(entry_at(AT, 1)))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    last = await line.shared.journal.append(entry_at(AT, 2))
    assert (await written(line))[-1] == last


async def test_somebody_who_holds_the_journal_is_waited_for_and_then_told(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that does not end its record holds others up for their patience, and then they hear of it."""
    import psycopg

    base = line.shared.journal._database
    monkeypatch.setattr(base, "begin", f"{base.begin}; SET LOCAL lock_timeout = 50")
    with psycopg.connect(line.url) as holder:
        holder.execute(journal._LOCK)
        with pytest.raises(JournalUnavailable, match="is busy with somebody else's record"):
            await line.shared.journal.append(entry_at(AT, 1))
    await line.shared.journal.append(entry_at(AT, 2))


@pytest.mark.broad
async def test_what_was_promised_survives_a_crash(postgres: PostgresServer) -> None:
    """A record that was confirmed is there after the database was killed without warning."""
    assert postgres.process.is_running
    binaries = programs()
    assert binaries is not None
    with start_postgres(binaries) as server:
        url = server.new_schema()
        async with open_shared(Secret(url), VirtualClock()) as shared:
            record = await shared.journal.append(entry_at(AT, 1))
            server.process.kill()
            with pytest.raises(JournalUnavailable):
                await shared.journal.append(entry_at(AT, 2))
            server.process.restart()
            assert await shared.journal.read(Query(after_seq=1)) == (record,)
            assert (await shared.journal.verify()).is_whole


# What is said


def _words_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + str(error) + repr(error)


async def test_a_wrong_password_is_told_without_it(postgres: PostgresServer) -> None:
    """A refused password is told as such; neither it nor the URL is in what is said, or in what a crash would print."""
    url = postgres.url().replace(PASSWORD.replace(" ", "%20"), "hunter2-s3cret")
    async with open_shared(Secret(url), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="the shared database refuses the password") as caught:
            await shared.journal.head()
    assert "hunter2" not in _words_of(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pass@hunter2.invalid:1/x",
        "postgresql://u:hunter2:s3cret@127.0.0.1:hunter2/x",
        "postgresql://u:hunter2@127.0.0.1/x?sslmode=hunter2",
        "hunter2",
        "postgresql://u@127.0.0.1/x?hunter2=s3cret",
    ],
)
async def test_a_url_that_is_none_is_not_repeated(url: str) -> None:
    """A mistyped URL, with a password in the wrong place, is never repeated."""
    async with open_shared(Secret(url), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable) as caught:
            await shared.journal.head()
    assert "hunter2" not in _words_of(caught.value)
    assert "s3cret" not in _words_of(caught.value)


async def test_a_database_that_is_not_there_is_told_at_once() -> None:
    """Nobody waits for a database that is down, and every store says the same."""
    async with open_shared(Secret(f"postgresql://u:p@127.0.0.1:{free_port()}/x"), VirtualClock()) as shared:
        began = time.monotonic()
        for question in (shared.journal.append(entry_at(AT)), shared.approvals.pending(), shared.leases.held()):
            with pytest.raises(JournalUnavailable, match="the shared database is not there"):
                await question
        assert time.monotonic() - began < 5.0


async def test_a_password_that_was_changed_is_fetched_again(postgres: PostgresServer) -> None:
    """After a rotation the secret is fetched once more, and work goes on."""
    url = postgres.new_schema()
    old = url.replace(PASSWORD.replace(" ", "%20"), "old")
    fetched: list[str] = []

    def fetch() -> str:
        fetched.append(url)
        return url

    async with open_shared(Secret(old, "command:vault", fetch), VirtualClock()) as shared:
        assert (await shared.journal.append(entry_at(AT))).seq == 2
    assert len(fetched) == 1

    def gone() -> str:
        raise ConfigError("the secret is gone", "put it back")

    async with open_shared(Secret(old, "file:x", gone), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="refuses the password"):
            await shared.journal.head()


async def test_no_such_database_is_told(postgres: PostgresServer) -> None:
    """A database that does not exist is told as such."""
    async with open_shared(Secret(postgres.url("no_such_database")), VirtualClock()) as shared:
        with pytest.raises(JournalUnavailable, match="knows no such user or database"):
            await shared.journal.head()
