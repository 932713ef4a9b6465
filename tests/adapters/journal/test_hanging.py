"""A disk that hangs: nobody can stop what it is doing, and nobody waits for it longer than promised."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal, witnessing
from modeltui.adapters.journal import journal as journal_module
from modeltui.adapters.journal.alone import alone_in
from modeltui.adapters.journal.files import Files
from modeltui.adapters.journal.index import Index, Place
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.engine.acting import recording
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.ports.journal import Query
from tests.adapters.journal.stage import Unsynced, all_lines, entry, looked_at

PATIENCE_SECONDS = 0.3
"""In place of three seconds."""
LONG_SECONDS = 20.0
"""Nobody comes near it."""


class Hanging(Unsynced):
    """A disk of which one call does not come back until it is let go."""

    def __init__(self) -> None:
        self.hangs_in = ""
        self.let_go = threading.Event()
        self.is_hanging = threading.Event()

    def _hang(self, call: str) -> None:
        if call == self.hangs_in:
            self.is_hanging.set()
            self.let_go.wait(LONG_SECONDS)

    def make_directory(self, path: Path) -> None:
        """Make it, at some time."""
        self._hang("make_directory")
        super().make_directory(path)

    def write(self, descriptor: int, line: bytes) -> int:
        """Write, at some time."""
        self._hang("write")
        return super().write(descriptor, line)

    def sync(self, descriptor: int) -> None:
        """Return at some time."""
        self._hang("sync")


@pytest.fixture(name="disk")
def _disk() -> Iterator[Hanging]:
    disk = Hanging()
    yield disk
    disk.let_go.set()


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PRIMARY_SECONDS", PATIENCE_SECONDS)


Open = Callable[[Files | None], SpoolingJournal]


@pytest.fixture(name="open_both")
def _open_both(tmp_path: Path) -> Open:
    """Give what opens the journal, over a disk that may hang, and the spool beside it, as a process does."""

    def opened(disk: Files | None) -> SpoolingJournal:
        clock = SystemClock()
        primary = JsonlJournal(tmp_path / "journal", clock, files=disk or Unsynced())
        spool = JsonlJournal(tmp_path / "spool", clock, files=Unsynced())
        return SpoolingJournal(primary, spool, clock, alone=alone_in(tmp_path / "spool"))

    return opened


def intent(plan: str = "plan-1") -> Entry:
    """Return the intent of an abort."""
    return replace(entry(RecordKind.ACTION_INTENT, plan=plan), details={"kind": "abort"})


async def kinds(journal: SpoolingJournal) -> list[str]:
    """Return what stands in the journal, without what it says of itself when it begins."""
    records = await journal.read(Query())
    return [str(record.entry.kind) for record in records if record.entry.kind is not RecordKind.LOG_OPENED]


async def hung(mine: SpoolingJournal, disk: Hanging, call: str) -> Record:
    """Return the record of an abort whose journal hangs in one call."""
    disk.hangs_in = call
    async with asyncio.timeout(LONG_SECONDS / 2):
        record = await mine.append(intent())
    assert disk.is_hanging.is_set()
    assert not disk.let_go.is_set()
    assert mine.is_degraded
    return record


async def let_go(disk: Hanging, ready: Callable[[], Awaitable[bool]]) -> None:
    """Let the disk go on, and wait until it has done what it hung in."""
    disk.hangs_in = ""
    disk.let_go.set()
    await until(ready)


async def until(ready: Callable[[], Awaitable[bool]]) -> None:
    """Return when it is so."""
    async with asyncio.timeout(LONG_SECONDS / 2):
        while not await ready():  # noqa: ASYNC110 - a thread is waited for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("call", ["make_directory", "write", "sync"])
async def test_an_abort_is_on_another_disk_although_the_journals_hangs(
    tmp_path: Path, disk: Hanging, open_both: Open, call: str
) -> None:
    """The journal's disk hangs in whatever it does: the intent of my abort is durable elsewhere meanwhile."""
    record = await hung(open_both(disk), disk, call)
    assert str(record.hash).encode() in all_lines(tmp_path / "spool")[-1]
    disk.let_go.set()


@pytest.mark.parametrize("by_another", [False, True], ids=["the same process", "another process"])
async def test_a_record_that_comes_late_stands_in_the_journal_once(
    tmp_path: Path, disk: Hanging, open_both: Open, by_another: bool
) -> None:
    """The disk comes back and has the record after all: with what is kept beside it, it is one record."""
    mine = open_both(disk)
    await hung(mine, disk, "sync")

    async def is_there() -> bool:
        return "action.intent" in await kinds(mine)

    await let_go(disk, is_there)
    writer = open_both(None) if by_another else mine
    async with asyncio.timeout(LONG_SECONDS / 2):
        while True:  # the thread that hung still has the lock for a moment
            await writer.append(entry(RecordKind.ACTION_OUTCOME, plan="plan-1"))
            if not writer.is_degraded:
                break
    found = await kinds(mine)
    assert found.count("action.intent") == 1
    assert found[0] == "action.intent"
    assert looked_at(tmp_path / "journal").is_whole
    assert not await mine.open_intents()
    assert await open_both(None).bring_over() == 0


async def test_a_record_that_nobody_waits_for_any_more_is_not_written_late(
    tmp_path: Path, disk: Hanging, open_both: Open
) -> None:
    """The journal hung before it began to write: what was kept is brought over, and nothing comes late."""
    mine = open_both(disk)
    await hung(mine, disk, "make_directory")
    other = open_both(None)
    assert await other.bring_over() == 1
    assert await kinds(other) == ["log.spooled", "action.intent"]

    async def has_lock_file_of_its_own() -> bool:
        await mine.append(entry(RecordKind.ACTION_OUTCOME, plan="plan-1"))
        return not mine.is_degraded

    await let_go(disk, has_lock_file_of_its_own)
    assert (await kinds(other)).count("action.intent") == 1
    assert looked_at(tmp_path / "journal").is_whole


async def test_what_hangs_while_it_is_brought_over_is_there_once(
    tmp_path: Path, disk: Hanging, open_both: Open
) -> None:
    """The disk hangs again while a kept record is brought over: whoever goes on with it finds that one there."""
    mine = open_both(disk)
    await hung(mine, disk, "make_directory")
    disk.hangs_in = ""
    disk.let_go.set()
    again = Hanging()
    other = open_both(again)
    written = 0

    def third_write(call: str) -> None:
        nonlocal written
        written += call == "write"
        if written == 3 and call == "sync":  # the journal's first record, the mark, and now the copy
            again.let_go.wait(LONG_SECONDS)

    again._hang = third_write  # type: ignore[method-assign]
    await other.append(entry(RecordKind.ACTION_STEP, plan="plan-1"))
    assert other.is_degraded
    again.let_go.set()
    last = open_both(None)
    async with asyncio.timeout(LONG_SECONDS / 2):
        while (await kinds(last))[-1:] != ["action.outcome"]:
            await last.append(entry(RecordKind.ACTION_OUTCOME, plan="plan-1"))
    found = await kinds(last)
    assert (found.count("action.intent"), found.count("action.step")) == (1, 1)
    assert looked_at(tmp_path / "journal").is_whole


async def test_what_nobody_waits_for_complains_to_nobody(tmp_path: Path, disk: Hanging) -> None:
    """A record was given up before it was written: no word of that is put on my terminal afterwards."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    journal = JsonlJournal(tmp_path / "journal", SystemClock(), files=disk)
    disk.hangs_in = "make_directory"
    task = asyncio.ensure_future(journal.append(intent()))
    assert await asyncio.to_thread(disk.is_hanging.wait, LONG_SECONDS)
    task.cancel()
    await asyncio.sleep(0)
    disk.let_go.set()
    await asyncio.wait({task})
    assert task.cancelled()
    del task
    for _ in range(20):  # the thread has it in its hands for a moment more
        await asyncio.sleep(0.01)
        gc.collect()
    assert complaints == []
    assert not all_lines(tmp_path / "journal")


async def test_a_program_ends_although_somebody_still_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look into the journal hangs in its disk: the program that made it ends all the same."""
    monkeypatch.setattr(journal_module, "_CLOSE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(witnessing, "LAST_CHECKPOINT_SECONDS", PATIENCE_SECONDS)
    reading, let_go_on = threading.Event(), threading.Event()

    class Slow(Index):
        def find(self, query: Query) -> list[Place]:
            with self._turn:
                reading.set()
                let_go_on.wait(LONG_SECONDS)
            return super().find(query)

    monkeypatch.setattr(journal_module, "Index", Slow)
    async with asyncio.timeout(LONG_SECONDS / 2):
        async with JsonlJournal(tmp_path, SystemClock(), files=Unsynced()) as journal:
            await journal.append(intent())
            look = asyncio.ensure_future(journal.read(Query()))
            assert await asyncio.to_thread(reading.wait, LONG_SECONDS)
            look.cancel()
    assert not let_go_on.is_set()
    let_go_on.set()


class Queueing(Unsynced):
    """A disk that tells when somebody comes to its lock."""

    def __init__(self) -> None:
        self.has_come = threading.Event()

    def lock(self, path: Path) -> int:
        """Stand in the queue."""
        self.has_come.set()
        return super().lock(path)


async def test_a_record_that_comes_while_others_bring_it_over_stands_there_once(
    tmp_path: Path, disk: Hanging, open_both: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk comes back just when another process writes what was kept meanwhile: it looks again, and does not."""
    mine = open_both(disk)
    await hung(mine, disk, "write")
    monkeypatch.setattr(recording, "_PRIMARY_SECONDS", LONG_SECONDS)
    queueing = Queueing()
    other = open_both(queueing)
    bringing = asyncio.ensure_future(other.bring_over())

    async def has_come() -> bool:
        return queueing.has_come.is_set()

    await until(has_come)
    disk.let_go.set()
    assert await bringing == 1
    assert sorted(await kinds(other)) == ["action.intent", "log.spooled"]
    assert await other.bring_over() == 0
    assert looked_at(tmp_path / "journal").is_whole


async def test_whoever_is_cancelled_while_the_disk_hangs_does_not_go_on_before_it(
    tmp_path: Path, disk: Hanging
) -> None:
    """The process is told to stop while its record is being written: it waits until it knows whether that is there."""
    journal = JsonlJournal(tmp_path, SystemClock(), files=disk)
    disk.hangs_in = "sync"
    task = asyncio.ensure_future(journal.append(intent()))
    assert await asyncio.to_thread(disk.is_hanging.wait, LONG_SECONDS)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    disk.let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert looked_at(tmp_path).records == 2


def test_only_one_brings_over_and_a_death_lets_go(tmp_path: Path) -> None:
    """Two processes find the journal back: one has the turn, the other sees that, and then it is free again."""
    mine, other = alone_in(tmp_path), alone_in(tmp_path)
    with mine() as first, other() as second:
        assert (first, second) == (True, False)
    with other() as third:
        assert third
    with alone_in(tmp_path / "nowhere")() as fourth:
        assert fourth
