"""A record that must not be lost: kept beside the journal while that is away, and brought over once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from tests.engine.acting import Process, Stage, survive

from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.text import SafeText
from modeltui.engine.acting.asking import in_time
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.ports.journal import Query
from modeltui.testing.acting_fakes import ALICE, abort_plan, promote_plan
from modeltui.testing.record_fakes import FakeJournal
from modeltui.wiring.acting import _look_after_what_was_left

if TYPE_CHECKING:
    from modeltui.adapters.system.runner_process import RunnerProcesses
    from modeltui.wiring.records import Records


def entry(stage: Stage, kind: RecordKind = RecordKind.ACTION_STEP, says: str = "") -> Entry:
    plan = abort_plan(stage.world)
    return Entry(kind, stage.clock.now(), ALICE, plan.context, plan.target, plan.id, plan.hash, details={"says": says})


async def kept(stage: Stage, process: Process, number: int) -> list[Record]:
    process.journal.is_down = True
    records = [await process.spooling.append(entry(stage, says=str(one))) for one in range(number)]
    assert process.spooling.is_degraded
    return records


def said(stage: Stage) -> list[object]:
    return [record.entry.details.get("says") for record in stage.disk.of(RecordKind.ACTION_STEP)]


async def test_what_was_kept_is_brought_over_before_anything_new() -> None:
    """The journal is back: first one record names what was written elsewhere, then it stands there, then the new."""
    stage = Stage()
    process = stage.process()
    records = await kept(stage, process, 3)
    process.journal.is_down = False
    await process.spooling.append(entry(stage, says="new"))
    assert not process.spooling.is_degraded
    assert stage.disk.kinds == ["log.spooled", *["action.step"] * 4]
    assert said(stage) == ["0", "1", "2", "new"]
    (mark,) = stage.disk.of(RecordKind.LOG_SPOOLED)
    assert mark.entry.details["hashes"] == tuple(str(record.hash) for record in records)
    brought = [record.entry.details.get("spooled") for record in stage.disk.of(RecordKind.ACTION_STEP)]
    assert brought == [*[str(record.hash) for record in records], None]
    assert [record.entry.at for record in stage.disk.of(RecordKind.ACTION_STEP)][:3] == [
        record.entry.at for record in records
    ]


async def test_it_is_brought_over_once() -> None:
    """Nothing that was brought over comes a second time, also after the journal was away again."""
    stage = Stage()
    process = stage.process()
    await kept(stage, process, 2)
    process.journal.is_down = False
    assert await process.spooling.bring_over() == 2
    assert await process.spooling.bring_over() == 0
    await kept(stage, process, 1)
    process.journal.is_down = False
    assert await stage.process().spooling.bring_over() == 1
    assert said(stage) == ["0", "1", "0"]
    assert len(stage.disk.of(RecordKind.LOG_SPOOLED)) == 2


async def test_a_death_while_it_is_brought_over_loses_and_doubles_nothing() -> None:
    """The process dies at any point of that: the next one finishes it."""
    for dies_at in range(1, 40):
        stage = Stage()
        await kept(stage, stage.process(), 3)
        await survive(stage.process(dies_at=dies_at).spooling.bring_over())
        await stage.process().spooling.bring_over()
        assert said(stage) == ["0", "1", "2"]
        assert 1 <= len(stage.disk.of(RecordKind.LOG_SPOOLED)) <= 2


async def test_a_journal_that_goes_away_again_meanwhile_is_waited_for() -> None:
    """The journal takes two of three and is full again: the third comes with the next turn."""
    stage = Stage()
    process = stage.process()
    await kept(stage, process, 3)
    process.journal.is_down = False
    process.journal.down_after = 3
    with pytest.raises(JournalUnavailable):
        await process.spooling.bring_over()
    process.journal.down_after = None
    await process.spooling.bring_over()
    assert said(stage) == ["0", "1", "2"]


async def test_a_spool_that_cannot_be_read_does_not_stop_the_journal() -> None:
    """The file beside the journal is broken: as long as the journal works, nobody needs it."""
    stage = Stage()
    process = stage.process()
    process.spool.is_down = True
    await process.spooling.append(entry(stage, says="new"))
    assert said(stage) == ["new"]


async def test_an_open_intent_in_the_spool_is_seen() -> None:
    """The process died while the journal was away: whoever starts next sees its intent among the open ones."""
    stage = Stage()
    process = stage.process()
    process.journal.is_down = True
    intent = entry(stage, RecordKind.ACTION_INTENT)
    await process.spooling.append(replace(intent, details={"kind": "abort"}))
    process.journal.is_down = False
    (found,) = await process.spooling.open_intents()
    assert found.entry.plan_id == intent.plan_id


async def test_what_may_not_be_kept_is_refused_by_the_journals_own_word() -> None:
    """A promotion's intent is not kept elsewhere: the error is the journal's."""
    stage = Stage()
    process = stage.process()
    process.journal.is_down = True
    intent = replace(entry(stage, RecordKind.ACTION_INTENT), details={"kind": promote_plan(stage.world).kind.value})
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        await process.spooling.append(intent)
    assert not stage.spool_disk.records


async def test_reading_goes_to_the_journal() -> None:
    """What is read, verified and counted is the journal itself."""
    stage = Stage()
    process = stage.process()
    spooling: SpoolingJournal = process.spooling
    await spooling.append(entry(stage, says="new"))
    assert len(await spooling.read(Query())) == 1
    assert (await spooling.head())[0] == 1
    assert (await spooling.verify()).records == 1
    assert isinstance(process.journal, FakeJournal)
    assert SafeText("journal") in str((await spooling.head())[1])


async def test_a_start_brings_over_what_was_kept() -> None:
    """My abort went on without the journal and ended well: the next start finds its record beside it, and moves it."""
    stage = Stage()
    process = stage.process()
    process.journal.is_down = True
    await process.run(abort_plan(stage.world))
    assert not stage.disk.records
    assert await stage.process().reconciler.reconcile() == ()
    assert stage.disk.kinds == ["log.spooled", "action.intent", "action.step", "action.outcome", "notice.queued"]


async def test_what_is_kept_while_others_bring_over_is_not_forgotten() -> None:
    """Two actors: one brings over what was kept, the other keeps its outcome just then; that comes into it too."""
    stage = Stage()
    mine, other = stage.process(), stage.process()
    await kept(stage, mine, 2)
    mine.journal.is_down = False
    keeping: list[asyncio.Future[Record]] = []

    def keep(_: int, name: str) -> None:
        if name == "append done" and not keeping:
            outcome = entry(stage, RecordKind.ACTION_OUTCOME, says="the other's")
            keeping.append(asyncio.ensure_future(other.spool.append(outcome)))

    mine.life.hooks.append(keep)
    assert await mine.spooling.bring_over() == 2
    await keeping[0]
    assert stage.spool_disk.kinds == ["action.step", "action.step", "action.outcome", "log.spooled"]
    await stage.process().spooling.append(entry(stage, says="new"))
    assert [record.entry.details["says"] for record in stage.disk.of(RecordKind.ACTION_OUTCOME)] == ["the other's"]
    assert said(stage) == ["0", "1", "new"]


@pytest.mark.parametrize("processes", [1, 2], ids=["tasks of one process", "processes"])
async def test_two_that_find_the_journal_back_at_once_bring_over_once(processes: int) -> None:
    """The journal is back, and two records are written at once: what was kept stands before both, once."""
    stage = Stage()
    mine = stage.process()
    await kept(stage, mine, 3)
    mine.journal.is_down = False
    other = mine if processes == 1 else stage.process()
    await asyncio.gather(mine.spooling.append(entry(stage, says="x")), other.spooling.append(entry(stage, says="y")))
    assert said(stage)[:3] == ["0", "1", "2"]
    assert sorted(str(one) for one in said(stage)[3:]) == ["x", "y"]
    assert stage.disk.kinds.count("log.spooled") == 1


async def test_a_process_that_keeps_the_turn_does_not_hold_up_my_abort() -> None:
    """Another process stands still while it brings over: my abort is kept beside the journal within three seconds."""
    stage = Stage()
    process = stage.process()
    await kept(stage, process, 1)
    process.journal.is_down = False
    began = stage.clock.boottime()
    with stage.bringing_over() as is_alone:
        assert is_alone
        await process.spooling.append(entry(stage, says="new"))
    assert stage.clock.boottime() - began < 3.5
    assert not stage.disk.records
    await process.spooling.bring_over()
    assert said(stage) == ["0", "new"]


async def test_a_long_way_back_into_the_journal_does_not_refuse_my_abort() -> None:
    """Forty records wait and the journal is slow: my abort does not wait for all of them; none is lost."""
    stage = Stage()
    first = stage.process()
    await kept(stage, first, 40)
    process = stage.process()
    append = process.journal.append

    async def slow(one: Entry) -> Record:
        await stage.clock.sleep(0.4)
        return await append(one)

    process.journal.append = slow  # type: ignore[method-assign, assignment]
    began = stage.clock.boottime()
    await process.spooling.append(replace(entry(stage, RecordKind.ACTION_INTENT), details={"kind": "abort"}))
    assert stage.clock.boottime() - began <= 3.5
    assert process.spooling.is_degraded
    report = await process.run(abort_plan(stage.world, 2))
    assert report.outcome is Outcome.VERIFIED
    await stage.process().spooling.bring_over()
    assert said(stage)[:40] == [str(number) for number in range(40)]
    assert stage.disk.kinds.count("action.intent") == 2
    assert not await stage.process().spooling.bring_over()


async def test_many_records_are_named_whole() -> None:
    """Two hundred and fifty records wait: each stands in the journal once, and every hash in a mark."""
    stage = Stage()
    process = stage.process()
    records = await kept(stage, process, 250)
    process.journal.is_down = False
    assert await process.spooling.bring_over() == 250
    assert said(stage) == [str(number) for number in range(250)]
    hashes = [mark.entry.details["hashes"] for mark in stage.disk.of(RecordKind.LOG_SPOOLED)]
    assert [one for some in hashes for one in some] == [str(record.hash) for record in records]  # type: ignore[union-attr]
    assert max(len(some) for some in hashes) <= 100  # type: ignore[arg-type]


async def test_a_record_that_the_journal_wrote_after_all_is_not_written_again() -> None:
    """The journal wrote it and its answer was lost: what was kept beside it is taken for the same record."""
    stage = Stage()
    process = stage.process()
    process.journal.loses_answers = True
    await process.spooling.append(entry(stage, says="0"))
    assert process.spooling.is_degraded
    process.journal.loses_answers = False
    await process.spooling.append(entry(stage, says="1"))
    assert stage.disk.kinds == ["action.step", "action.step"]
    assert said(stage) == ["0", "1"]
    (mark,) = stage.spool_disk.of(RecordKind.LOG_SPOOLED)
    assert mark.entry.details["hashes"] == (str(stage.spool_disk.records[0].hash),)


async def test_what_may_not_be_durable_yet_stays_in_the_spool() -> None:
    """The journal shows a record that it never promised: it is kept here until the journal has taken a later one."""
    stage = Stage()
    process = stage.process()
    process.journal.loses_answers = True
    await process.spooling.append(entry(stage, says="0"))
    process.journal.loses_answers = False
    assert await process.spooling.bring_over() == 0
    assert not stage.spool_disk.of(RecordKind.LOG_SPOOLED)


async def test_a_spool_that_hangs_does_not_stop_the_journal() -> None:
    """The disk of the spool does not answer: the record comes into the journal all the same."""
    stage = Stage()
    process = stage.process()
    process.spool.is_silent = True
    began = stage.clock.boottime()
    await process.spooling.append(entry(stage, says="new"))
    assert said(stage) == ["new"]
    assert stage.clock.boottime() - began <= 3.0


async def test_a_journal_that_hangs_is_left_behind() -> None:
    """A write hangs in the disk and cannot be stopped: my abort's intent is on the other disk after three seconds."""
    stage = Stage()
    process = stage.process()
    process.journal.is_silent = True
    intent = replace(entry(stage, RecordKind.ACTION_INTENT), details={"kind": "abort"})
    began = stage.clock.boottime()
    await process.spooling.append(intent)
    assert stage.clock.boottime() - began == pytest.approx(3.0)
    assert stage.spool_disk.kinds == ["action.intent"]


async def test_whoever_is_stopped_while_a_record_is_written_waits_for_it() -> None:
    """The process is told to stop while it writes: it goes on once the record is there, and not before."""
    stage = Stage()
    process = stage.process()
    ended: list[str] = []

    async def writes() -> None:
        try:
            await stage.clock.sleep(5.0)
        except asyncio.CancelledError:
            await stage.clock.sleep(1.0)
            ended.append("written")
            raise

    task = asyncio.ensure_future(in_time(process.executor.clock, 3.0, writes()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["written"]
    assert stage.clock.boottime() == pytest.approx(1.0)


async def test_what_is_left_behind_is_told_so_once() -> None:
    """The process is told to stop while the disk hangs: it goes on in time, and the write may still end by itself."""
    stage = Stage()
    told: list[str] = []

    async def hangs() -> None:
        for _ in range(3):
            try:
                await stage.clock.sleep(60.0)
            except asyncio.CancelledError:
                told.append("stop")

    task = asyncio.ensure_future(in_time(stage.clock, 3.0, hangs()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.clock.boottime() == pytest.approx(3.0)
    await stage.clock.sleep(1.0)
    assert told == ["stop"]


async def test_a_start_does_not_wait_for_a_journal_that_hangs() -> None:
    """The journal's disk hangs when I start the program: I may act all the same, in the safe direction."""
    stage = Stage()
    process = stage.process()
    process.journal.is_silent = True

    class Left:
        journal = process.spooling
        notifier = process.notifier

    left, no_runner = cast("Records", Left()), cast("RunnerProcesses", None)
    async with asyncio.timeout(5.0):  # of real time: on the stage's clock it has already come back
        await _look_after_what_was_left(left, no_runner, stage.clock)
    assert stage.clock.boottime() <= 5.0
