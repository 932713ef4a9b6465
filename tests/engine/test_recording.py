"""A record that must not be lost: kept beside the journal while that is away, and brought over once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.engine.acting import Process, Stage, survive

from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.text import SafeText
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.ports.journal import Query
from modeltui.testing.acting_fakes import ALICE, abort_plan, promote_plan
from modeltui.testing.record_fakes import FakeJournal


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
        assert len(stage.disk.of(RecordKind.LOG_SPOOLED)) == 1


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
