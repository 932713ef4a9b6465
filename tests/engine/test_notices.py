"""What people elsewhere are told: all that the journal records, once after a normal run, whoever dies when."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine.acting import SHORT, Process, Stage, survive

from modeltui.domain.acting.action import Consent, Plan, Reason
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.acting.permission import Permission
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.text import SafeText
from modeltui.engine.acting.deadlines import DEADLINES
from modeltui.engine.acting.notices import OTHERS_TURN_SECONDS
from modeltui.ports.notifier import Occasion
from modeltui.testing.acting_fakes import BOB, Fault, abort_plan, consent_to, rollback_plan

LONG_ENOUGH_SECONDS = 4_000.0
GLASS = Permission(True, SafeText("four-eyes"), second_person=True, break_glass=True)


def told(stage: Stage) -> list[str]:
    """Return what was queued, in order."""
    return [notice.occasion.value for notice in stage.outbox]


async def complete(stage: Stage, *, waits: bool = False) -> int:
    """Do what a later start does about notices."""
    return await stage.process(BOB).notices.complete(waits=waits)


async def broken(process: Process, plan: Plan) -> None:
    """Carry out a plan that needs a second person, with break-glass."""
    process.permission = GLASS

    async def go() -> Consent:
        return consent_to(plan, break_glass=True, reason=Reason(incident=SafeText("INC-7")))

    await process.run(plan, go)


async def test_after_a_normal_run_nothing_is_told_twice() -> None:
    """My action ended and everybody was told: neither the next start nor who observes tells it again."""
    stage = Stage()
    await broken(process := stage.process(), rollback_plan(stage.world, "1"))
    assert told(stage) == ["break-glass", "outcome"]
    assert [notice.facts[SafeText("why")] for notice in stage.outbox] == ["incident INC-7"] * 2
    assert process.notifier.tells(Occasion.OUTCOME)
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    assert await complete(stage) == 0
    assert len(stage.outbox) == 2


async def test_a_notice_that_others_are_about_to_queue_is_left_to_them() -> None:
    """I start while another process has just written its outcome: its notice is its own for a minute, and then mine."""
    stage = Stage()
    process = stage.process()
    process.notifier.is_silent = True
    await process.run(abort_plan(stage.world))
    assert await complete(stage) == 0
    began = stage.clock.boottime()
    assert await complete(stage, waits=True) == 1
    assert stage.clock.boottime() - began <= OTHERS_TURN_SECONDS
    assert told(stage) == ["outcome"]


async def test_yesterdays_news_is_no_news() -> None:
    """A program that was away for two days does not tell of an action that everybody has forgotten."""
    stage = Stage()
    process = stage.process()
    process.notifier.is_silent = True
    await process.run(abort_plan(stage.world))
    await stage.clock.sleep(2 * 86_400.0)
    stage.world.move("1", "2")
    await stage.process().run(abort_plan(stage.world, 2))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    assert await complete(stage) == 0
    assert told(stage) == ["outcome"]


async def test_where_nobody_listens_the_journal_says_nothing_of_telling() -> None:
    """Without anybody to tell, no record claims that somebody was told."""
    stage = Stage()
    process = stage.process()
    process.notifier.is_deaf = True
    await process.run(abort_plan(stage.world))
    assert not stage.disk.of(RecordKind.NOTICE_QUEUED)


async def test_an_outcome_that_cannot_be_written_is_told_all_the_same() -> None:
    """The disks are full when my abort has ended: no record of the outcome, and yet a notice of it."""
    stage = Stage()
    process = stage.process()
    process.journal.down_after, process.spool.down_after = 2, 0
    report = await process.run(abort_plan(stage.world))
    assert "COULD NOT BE WRITTEN" in report.because
    assert told(stage) == ["outcome"]
    assert not stage.ends()


async def unknown(stage: Stage, *, number: int = 1) -> Plan:
    """Carry out an abort of which nobody can say how it ended."""
    stage.world.faults.append(Fault.LOST_AFTER)
    process = stage.process()
    process.life.hooks.append(lambda _, name: setattr(stage.world, "is_down", name == "trace" or stage.world.is_down))
    plan = abort_plan(stage.world, number)
    assert (await process.run(plan)).outcome is Outcome.UNKNOWN
    await stage.clock.sleep(3_600.0)
    stage.world.is_down = False
    return plan


async def test_what_was_unknown_is_settled_once_it_is_found_verified() -> None:
    """I was woken by an unknown outcome: when it is found out to be verified, the matter is closed, once."""
    stage = Stage()
    plan = await unknown(stage)
    await stage.process(BOB).reconciler.reconcile()
    assert told(stage) == ["unknown-outcome", "settled"]
    assert [notice.plan_id for notice in stage.outbox] == [plan.id, plan.id]
    assert "verified after all" in stage.outbox[1].headline
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    assert await complete(stage) == 0


async def test_what_was_unknown_and_is_not_as_planned_stays_open() -> None:
    """It is found out that my abort was undone meanwhile: somebody still has to look, and nothing is closed."""
    stage = Stage()
    await unknown(stage)
    stage.world.move("0")
    await stage.process(BOB).reconciler.reconcile()
    assert told(stage) == ["unknown-outcome", "found-out"]
    assert "was unknown, found out: partial" in stage.outbox[1].headline


async def test_a_later_action_that_is_verified_settles_what_was_open_on_its_target() -> None:
    """What snapped back was put right by another rollback: the incident of the first is closed, and told by whom."""
    stage = Stage()
    first = abort_plan(stage.world)
    original = stage.world.rollout

    async def undo() -> None:
        await stage.clock.sleep(200.0)
        stage.world.become(original)

    await asyncio.gather(stage.process(deadlines=DEADLINES).run(first), undo())
    assert told(stage) == ["outcome", "snapped-back"]
    await stage.process(BOB).run(abort_plan(stage.world, 2))
    assert told(stage) == ["outcome", "snapped-back", "outcome", "settled"]
    settled = stage.outbox[-1]
    assert settled.plan_id == first.id
    assert "verified" in settled.facts[SafeText("settled by")]
    stage.world.move("1", "2")
    await stage.process(BOB).run(abort_plan(stage.world, 3))
    assert told(stage)[4:] == ["outcome"], "it was settled before"


async def test_an_action_elsewhere_that_fails_settles_nothing() -> None:
    """A second attempt that the controller refuses leaves the incident of the first open."""
    stage = Stage()
    await unknown(stage)
    stage.world.move("1", "2")
    stage.world.faults.append(Fault.REFUSE)
    await stage.process(BOB).run(abort_plan(stage.world, 2))
    assert told(stage) == ["unknown-outcome", "outcome"]


DEATHS = {
    "outcome": ["outcome"],
    "break-glass": ["break-glass", "outcome"],
    "snapped-back": ["outcome", "snapped-back"],
}


async def story(name: str, stage: Stage, process: Process) -> None:
    """Act, with what gives `DEATHS[name]` to be told of."""
    plan = rollback_plan(stage.world, "1")
    if name == "break-glass":
        await broken(process, plan)
    elif name == "snapped-back":
        original = stage.world.rollout
        process.life.hooks.append(
            lambda _, turn: stage.world.become(original) if turn == "release lease" and stage.ends() else None
        )
        await process.run(plan)
    else:
        await process.run(plan)


async def settle(stage: Stage) -> None:
    """Start again, long after: find out what became of it, and complete what was not told."""
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    later = stage.process(BOB)
    await later.reconciler.reconcile()
    await later.notices.complete(waits=True)


@pytest.mark.broad
@pytest.mark.parametrize("name", DEATHS)
async def test_whoever_dies_when_everything_that_is_recorded_is_told(name: str) -> None:
    """Kill -9 between any two things of an action: what the journal holds of it reaches the outbox, by one id each."""
    deadlines = DEADLINES if name == "snapped-back" else SHORT
    alive = Stage()
    process = alive.process(deadlines=deadlines)
    await story(name, alive, process)
    assert told(alive) == DEATHS[name]
    doubled = 0
    for dies_at in range(1, process.life.turns + 1):
        stage = Stage()
        dying = stage.process(dies_at=dies_at, deadlines=deadlines)
        assert not await survive(story(name, stage, dying))
        await settle(stage)
        ends = stage.disk.of(RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED)
        snaps = stage.disk.of(RecordKind.ACTION_SNAPPED_BACK)
        expected = {"outcome"} if ends else set()
        expected |= {"break-glass"} if ends and name == "break-glass" else set()
        expected |= {"snapped-back"} if snaps else set()
        assert set(told(stage)) == expected, dies_at
        ids = [notice.id for notice in stage.outbox]
        assert len(set(ids)) == len(expected), dies_at
        doubled += len(ids) - len(set(ids))
        count = len(ids)
        await settle(stage)
        assert len(stage.outbox) == count, "it was told already"
    assert doubled <= 3 * len(DEATHS[name]), "only where the outbox has it and the journal does not say so yet"


@pytest.mark.broad
async def test_whoever_dies_while_telling_what_was_found_out_is_followed_by_another() -> None:
    """The start that finds out an unknown outcome dies at any point: the matter is settled by the one after it."""
    for dies_at in range(1, 30):
        stage = Stage()
        await unknown(stage)
        await survive(stage.process(dies_at=dies_at).reconciler.reconcile())
        await settle(stage)
        assert set(told(stage)) == {"unknown-outcome", "settled"}, dies_at
        assert len({notice.id for notice in stage.outbox}) == 2
