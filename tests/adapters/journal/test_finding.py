"""Records are found by what is known of them, and the index that finds them may be lost at any time."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters.journal import JsonlJournal, files
from modeltui.adapters.journal import index as index_module
from modeltui.adapters.journal.index import Index
from modeltui.adapters.journal.segments import INDEX_NAME, segments_of
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.journal.record_line import parse_line
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey
from modeltui.domain.text import SafeText
from modeltui.ports.journal import Query
from modeltui.testing.clock import NOON, VirtualClock
from tests.adapters.journal.stage import ALICE, TARGET, Unsynced, all_lines, appender, entry, filled

OTHER = TargetKey(ModelName(SafeText("ranker")), Environment(SafeText("prod")))
ELSEWHERE = TargetKey(TARGET.model, Environment(SafeText("staging")))
KINDS = (RecordKind.ACTION_INTENT, RecordKind.ACTION_OUTCOME, RecordKind.SERVING_OBSERVED, RecordKind.WRITES_LOCKED)
PEOPLE = (ALICE, Actor(SafeText("bob")))


def journal(directory: Path) -> JsonlJournal:
    """Return a journal as the program opens it."""
    return JsonlJournal(directory, VirtualClock(), files=Unsynced())


def many(directory: Path) -> list[Record]:
    """Return a journal of many kinds, targets, people and times; its clock was set back once."""
    one = appender(directory)
    targets = (TARGET, OTHER, ELSEWHERE, UNKNOWN)
    for number in range(60):
        at = NOON + number * 10 - (300 if number > 40 else 0)
        made: Entry = entry(
            KINDS[number % 4], at=at, plan=f"plan-{number % 7}", target=targets[number % 3 if number % 5 else 3]
        )
        one.append(replace(made, actor=PEOPLE[number % 2]))
    return [parse_line(line) for line in all_lines(directory)]


def matches(record: Record, query: Query) -> bool:
    """Tell whether a record is asked for, in the plainest way."""
    said = record.entry
    target = said.target if isinstance(said.target, TargetKey) else None
    return (
        (isinstance(query.target, Missing) or target == query.target)
        and (isinstance(query.model, Missing) or (target is not None and target.model == query.model))
        and (not query.kinds or said.kind in query.kinds)
        and (isinstance(query.principal, Missing) or said.actor.principal == query.principal)
        and (isinstance(query.plan_id, Missing) or said.plan_id == query.plan_id)
        and (isinstance(query.since, Missing) or said.at >= query.since)
        and (isinstance(query.until, Missing) or said.at <= query.until)
        and record.seq > query.after_seq
    )


times = st.one_of(st.just(UNKNOWN), st.integers(0, 620).map(lambda seconds: Instant(NOON + seconds)))
queries = st.builds(
    Query,
    target=st.sampled_from([UNKNOWN, TARGET, OTHER, ELSEWHERE]),
    model=st.sampled_from([UNKNOWN, UNKNOWN, TARGET.model, ModelName(SafeText("nobody's"))]),
    kinds=st.frozensets(st.sampled_from([*KINDS, RecordKind.EXPORTED])),
    principal=st.sampled_from([UNKNOWN, UNKNOWN, SafeText("bob"), SafeText("mallory")]),
    plan_id=st.sampled_from([UNKNOWN, UNKNOWN, SafeText("plan-3"), SafeText("no-plan")]),
    since=times,
    until=times,
    after_seq=st.sampled_from([0, 0, 30]),
    most=st.sampled_from([1, 5, 1_000]),
    newest_first=st.booleans(),
)


class Library:
    """A journal, and all of its records."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.records = many(directory)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Return a journal and all of its records."""
    return Library(tmp_path_factory.mktemp("journal"))


@given(query=queries)
async def test_every_question_gets_exactly_what_matches(library: Library, query: Query) -> None:
    """Whatever is asked, the answer is what a reader of the whole file would have picked out, in order, and no more."""
    wanted = [record for record in library.records if matches(record, query)]
    wanted = (wanted[::-1] if query.newest_first else wanted)[: query.most]
    async with journal(library.directory) as one:
        assert await one.read(query) == tuple(wanted)


async def test_an_intent_is_open_until_its_outcome(tmp_path: Path) -> None:
    """What was begun and not ended is found at once: also when it ended later, by reconciliation."""
    one = journal(tmp_path)
    for plan in ("a", "b", "c"):
        await one.append(entry(RecordKind.ACTION_INTENT, plan=plan))
    await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    assert [record.entry.plan_id for record in await one.open_intents()] == ["b", "c"]
    await one.append(entry(RecordKind.ACTION_RECONCILED, plan="c"))
    assert [record.entry.plan_id for record in await one.open_intents()] == ["b"]
    (tmp_path / INDEX_NAME).unlink()
    assert [record.entry.plan_id for record in await journal(tmp_path).open_intents()] == ["b"]


async def test_an_intent_that_comes_after_its_outcome_is_not_open(tmp_path: Path) -> None:
    """Both were kept beside the journal and came into it the wrong way round: nothing is left to find out."""
    one = journal(tmp_path)
    await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    assert await one.open_intents() == ()
    await one.append(entry(RecordKind.ACTION_INTENT, plan="a"))
    await one.append(entry(RecordKind.ACTION_OUTCOME, plan="b"))
    await one.append(entry(RecordKind.ACTION_INTENT, plan="b"))
    await one.append(entry(RecordKind.ACTION_INTENT, plan="c"))
    assert [record.entry.plan_id for record in await one.open_intents()] == ["c"]
    (tmp_path / INDEX_NAME).unlink()
    assert [record.entry.plan_id for record in await journal(tmp_path).open_intents()] == ["c"]


def removed(index: Path) -> None:
    """Delete it."""
    index.unlink()


def garbled(index: Path) -> None:
    """Put something else in its place."""
    index.write_bytes(b"this is no database" * 100)


def of_another_version(index: Path) -> None:
    """Let it be one of another program."""
    with sqlite3.connect(index) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def emptied(index: Path) -> None:
    """Take its tables."""
    with sqlite3.connect(index) as database:
        database.execute("DROP TABLE records")
    database.close()


@pytest.mark.parametrize("damage", [removed, garbled, of_another_version, emptied], ids=lambda one: one.__name__)
async def test_a_lost_index_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Nothing is lost with the index: whatever became of it, the next question is answered from the lines."""
    records = many(tmp_path)
    first = journal(tmp_path)
    assert len(await first.read(Query())) == len(records)
    first._index.close()
    damage(tmp_path / INDEX_NAME)
    assert await journal(tmp_path).read(Query()) == tuple(records)


async def test_an_index_of_another_journal_is_not_believed(tmp_path: Path) -> None:
    """A journal that was replaced or cut is not shown as it was before."""
    filled(tmp_path, 5)
    one = journal(tmp_path)
    assert len(await one.read(Query())) == 6
    path = segments_of(tmp_path)[0].path
    path.unlink()
    filled(tmp_path, 8)
    assert len(await one.read(Query())) == 9
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    assert len(await one.read(Query())) == 4
    assert (await one.head())[0] == 4


async def test_two_readers_share_an_index(tmp_path: Path) -> None:
    """Screens that are open side by side each see what is new, whoever brought the index up to date."""
    one, other = journal(tmp_path), journal(tmp_path)
    for number in range(1, 6):
        await (one if number % 2 else other).append(entry())
        assert len(await one.read(Query())) == len(await other.read(Query())) == number + 1


def test_no_index_is_put_in_the_place_of_one_that_is_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is between opening the file and opening what belongs to it never gets what belongs to another file.

    SQLite finds its log and its shared memory by name. Mixed up they end the process with a bus error, or leave an
    index in which records are missing.
    """
    filled(tmp_path, 50)
    first = Index(tmp_path)
    first.tree()
    first.close()
    slow, quick = Index(tmp_path), Index(tmp_path)
    happened: list[str] = []
    has_begun, is_replaced = threading.Event(), threading.Event()
    connect = sqlite3.connect

    def slowly(path: Path, **options: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(path, **options)
        if threading.current_thread().name == "slow" and path.name == INDEX_NAME:
            has_begun.set()
            is_replaced.wait(0.5)
            happened.append("opened")
        return database

    def ask_slowly() -> None:
        slow.tree()

    def ask_quickly() -> None:
        quick._made_anew()
        happened.append("replaced")
        is_replaced.set()

    monkeypatch.setattr(sqlite3, "connect", slowly)
    threads = [threading.Thread(target=ask_slowly, name="slow"), threading.Thread(target=ask_quickly)]
    threads[0].start()
    assert has_begun.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert happened == ["opened", "replaced"]
    one = appender(tmp_path)
    for number in range(5):
        last, _ = one.append(entry(plan=f"later-{number}"))
        assert [index.tree()[1] for index in (slow, quick)] == [last.hash] * 2
    for index in (slow, quick, Index(tmp_path)):
        assert len(index.find(Query(most=1_000))) == 56
        index.close()


@pytest.mark.parametrize("trouble", ["another keeps it", "no locks here"])
def test_who_cannot_hold_the_directory_looks_things_up_in_an_index_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """A process that stands still in the middle of opening, or a file system without locks, costs nobody an answer."""
    filled(tmp_path, 5)
    flock = fcntl.flock

    def flock_elsewhere(descriptor: int, operation: int) -> None:
        if os.path.samestat(os.fstat(descriptor), tmp_path.stat()):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(descriptor, operation)

    with contextlib.ExitStack() as held:
        if trouble == "another keeps it":
            monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
            held.enter_context(files.directory_held(tmp_path))
        else:
            monkeypatch.setattr(fcntl, "flock", flock_elsewhere)
        one = Index(tmp_path)
        assert len(one.find(Query())) == 6
        appender(tmp_path).append(entry())
        assert len(one.find(Query())) == 7
        assert not (tmp_path / INDEX_NAME).exists()
        one.close()


class Gate:
    """Lets lines into an index one by one once it is opened, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_begun, self.is_open = threading.Event(), threading.Event()
        self.lines = 0
        row = index_module._Filler._row

        def pass_by(filler: Any, *line: Any) -> Any:
            self.lines += 1
            self.has_begun.set()
            assert self.is_open.wait(10)
            return row(filler, *line)

        monkeypatch.setattr(index_module._Filler, "_row", pass_by)
        monkeypatch.setattr(index_module, "_ROWS_AT_ONCE", 1)


async def test_who_leaves_ends_nobody_elses_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that stands in line and goes away takes no answer from the one that is being served."""
    filled(tmp_path)
    gate, one = Gate(monkeypatch), journal(tmp_path)
    served = asyncio.create_task(one.read(Query()))
    await asyncio.to_thread(gate.has_begun.wait, 10)
    leaving = asyncio.create_task(one.open_intents())
    await asyncio.to_thread(lambda: None)
    leaving.cancel()
    await asyncio.wait({leaving})
    gate.is_open.set()
    assert len(await served) == 6
    one._index.close()


async def test_who_leaves_while_lines_are_read_for_it_has_them_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Years of lines are not read for somebody who has gone; whoever asks next is answered all the same."""
    filled(tmp_path)
    gate, one = Gate(monkeypatch), journal(tmp_path)
    leaving = asyncio.create_task(one.read(Query()))
    await asyncio.to_thread(gate.has_begun.wait, 10)
    leaving.cancel()
    await asyncio.wait({leaving})
    gate.is_open.set()
    assert len(await one.read(Query())) == 6
    assert gate.lines == 1 + 6
    one._index.close()


async def test_a_changed_record_is_not_shown_as_one(tmp_path: Path) -> None:
    """A line that does not fit its hash is left out of every answer; only the look at the chain speaks of it."""
    filled(tmp_path)
    one = journal(tmp_path)
    await one.read(Query())
    path = segments_of(tmp_path)[0].path
    path.write_bytes(path.read_bytes().replace(b'"step":2', b'"step":7'))
    assert [record.seq for record in await one.read(Query())] == [1, 2, 3, 5, 6]
    assert (await one.verify()).first_bad_seq == 4


async def test_a_journal_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    """An auditor who may read the directory and not write to it finds everything, through an index of their own."""
    records = many(tmp_path)
    async with JsonlJournal(tmp_path, VirtualClock(), index_path=tmp_path / "nowhere" / INDEX_NAME) as one:
        assert await one.read(Query()) == tuple(records)
    assert not (tmp_path / INDEX_NAME).exists()
