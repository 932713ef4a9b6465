"""One plan, executed: what is told, what is written down, what is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from itertools import count

import pytest
from tests.engine.acting import Process, Stage, check_invariants, check_truth

from modeltui.domain.acting.action import Check, CheckResult, Consent, GuardLevel, Plan
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import (
    DOUBTFUL,
    Fault,
    abort_plan,
    consent_to,
    promote_plan,
    rollback_plan,
    stepwise_plan,
)
from modeltui.testing.worlds import rollout, version_id


def moves(process: Process, name: str, stage: Stage, stable: str, candidate: str | None = None) -> None:
    """Let somebody else change the target right when the process comes to a turn of this name for the first time."""
    done = False

    def hook(_: int, turn: str) -> None:
        nonlocal done
        if turn == name and not done:
            done = True
            stage.world.move(stable, candidate)

    process.life.hooks.append(hook)


def cancel_at(wanted: str, turn: str, task: asyncio.Future[Report]) -> None:
    if turn == wanted:
        task.cancel()


def checked(stage: Stage, report: Report) -> Report:
    check_invariants(stage)
    check_truth(stage, report)
    return report


async def test_an_abort_is_verified_by_what_answers_requests() -> None:
    """I abort a bad canary and read 'verified' once the metrics show that stable answers alone."""
    stage = Stage()
    process = stage.process()
    report = checked(stage, await process.run(abort_plan(stage.world)))
    assert report.outcome is Outcome.VERIFIED
    assert process.phases == [
        Phase.PREPARING,
        Phase.PREPARED,
        Phase.INTENT,
        Phase.SENDING,
        Phase.ACCEPTED,
        Phase.SERVING,
        Phase.HEALTHY,
        Phase.DONE,
    ]
    assert dict(stage.world.rollout.weights) == {"1": 1.0}
    assert stage.disk.kinds == ["action.intent", "action.step", "action.outcome", "notice.queued"]
    assert report.serving == (("1", 1.0),)
    assert report.seq == 3
    assert not stage.leases.held


async def test_the_times_of_an_action_stand_in_its_report() -> None:
    """I read when I asked, when the first byte left, when it was accepted, served and was well, in that order."""
    stage = Stage()
    report = await stage.process().run(abort_plan(stage.world))
    times = (report.requested_at, report.sent_at, report.accepted_at, report.serving_at, report.healthy_at)
    known = [at for at in times if isinstance(at, float)]
    assert len(known) == len(times)
    assert sorted(known) == known
    assert stage.ends()[0] == report


@pytest.mark.parametrize("fault", [one for one in Fault if one in DOUBTFUL - {Fault.LOST_BEFORE}])
async def test_a_write_whose_answer_is_lost_is_found_and_not_repeated(fault: Fault) -> None:
    """The answer is lost after the controller has written: it is looked up, verified, and never sent again."""
    stage = Stage()
    stage.world.faults.append(fault)
    report = checked(stage, await stage.process().run(abort_plan(stage.world)))
    assert report.outcome is Outcome.VERIFIED
    assert len(stage.world.attempts) == 1
    steps = [record.entry.details["result"] for record in stage.disk.of(RecordKind.ACTION_STEP)]
    assert steps == ["unknown", "accepted"]


async def test_a_write_that_was_lost_on_its_way_is_failed_and_not_repeated() -> None:
    """The request never arrived: I am told that nothing was written and that I should plan again."""
    stage = Stage()
    stage.world.faults.append(Fault.LOST_BEFORE)
    report = checked(stage, await stage.process().run(abort_plan(stage.world)))
    assert report.outcome is Outcome.FAILED
    assert "nothing was written" in report.because
    assert report.remedy == "plan again"
    assert not stage.world.writes
    assert len(stage.world.attempts) == 1


async def test_a_lost_answer_that_nobody_can_look_up_is_unknown() -> None:
    """The controller cannot say whether it had my write: the outcome is unknown, never failed."""
    stage = Stage()
    stage.world.faults.append(Fault.LOST_AFTER)
    process = stage.process()
    process.life.hooks.append(lambda _, name: setattr(stage.world, "is_down", name == "trace" or stage.world.is_down))
    report = checked(stage, await process.run(abort_plan(stage.world)))
    assert report.outcome is Outcome.UNKNOWN
    assert len(stage.world.writes) == 1
    assert [notice.occasion.value for notice in process.notifier.notices] == ["unknown-outcome"]


async def test_a_refused_write_is_failed_with_the_backends_word() -> None:
    """The controller says no: I read its reason, and that nothing was written."""
    stage = Stage()
    stage.world.faults.append(Fault.REFUSE)
    report = checked(stage, await stage.process().run(abort_plan(stage.world)))
    assert report.outcome is Outcome.FAILED
    assert "the controller says no" in report.because
    assert not stage.world.writes


async def test_what_was_certainly_not_sent_is_sent_once_more_with_the_same_key() -> None:
    """The connection is refused once: the write goes out a second later, and counts as one."""
    stage = Stage()
    stage.world.faults.append(Fault.UNREACHABLE)
    report = checked(stage, await stage.process().run(abort_plan(stage.world)))
    assert report.outcome is Outcome.VERIFIED
    assert len(stage.world.writes) == 1


async def test_what_cannot_be_sent_twice_in_a_row_is_given_up() -> None:
    """The controller stays unreachable: I am told that nothing was sent, and nothing is tried behind my back."""
    stage = Stage()
    stage.world.faults.extend([Fault.UNREACHABLE] * 3)
    report = checked(stage, await stage.process().run(abort_plan(stage.world)))
    assert report.outcome is Outcome.FAILED
    assert not stage.world.attempts
    assert list(stage.world.faults) == [Fault.UNREACHABLE]


async def test_a_world_that_moves_in_the_moment_of_writing_is_left_alone() -> None:
    """Somebody is faster between our look and our write: nothing is written, and I am told to look again."""
    stage = Stage()
    process = stage.process()
    moves(process, "apply", stage, "1", "3")
    report = checked(stage, await process.run(abort_plan(stage.world)))
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.writes


async def test_a_world_that_moves_while_i_read_disarms_the_plan() -> None:
    """While I read the plan, the rollout finishes: I am told what moved, and my GO would come too late."""
    stage = Stage()
    process = stage.process()

    async def slow() -> Consent | None:
        await stage.clock.sleep(30.0)
        raise AssertionError("GO must no longer be waited for")

    async def move() -> None:
        await stage.clock.sleep(10.0)
        stage.world.move("2")

    plan = abort_plan(stage.world)
    _, report = await asyncio.gather(move(), process.run(plan, slow))
    assert report.outcome is Outcome.REFUSED
    assert Phase.MOVED in process.phases
    assert stage.disk.kinds == ["plan.moved"]
    assert not stage.world.attempts


async def test_a_rollout_that_advances_does_not_disarm_an_abort() -> None:
    """The canary goes from 5 to 25 per cent while I read: it is still this canary that I abort."""
    stage = Stage()
    process, plan = stage.process(), abort_plan(stage.world)
    stage.world.become(rollout("fraud@prod", "1", "2", 0.25))
    report = checked(stage, await process.run(plan))
    assert report.outcome is Outcome.VERIFIED


async def test_shares_that_change_disarm_a_rollback() -> None:
    """The traffic is split otherwise than my plan shows: a rollback is refused, not merged."""
    stage = Stage()
    plan = rollback_plan(stage.world, "0")
    stage.world.become(rollout("fraud@prod", "1", "2", 0.25))
    report = checked(stage, await stage.process().run(plan))
    assert report.outcome is Outcome.REFUSED
    assert stage.disk.kinds == ["plan.moved"]


async def test_nobody_saying_go_leaves_nothing_but_a_line_in_the_journal() -> None:
    """I press escape: nothing was sent, and the journal says that the plan was abandoned."""
    stage = Stage()

    async def gone() -> Consent | None:
        return None

    report = await stage.process().run(abort_plan(stage.world), gone)
    assert report.outcome is Outcome.REFUSED
    assert stage.disk.kinds == ["plan.abandoned"]
    assert not stage.world.attempts


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0, -2.0])
async def test_a_clock_that_is_set_while_i_read_ends_the_plan(seconds: float) -> None:
    """The wall clock jumps while the plan waits: how old it is can no longer be known, so it has expired."""
    stage = Stage()
    plan = abort_plan(stage.world)

    async def go() -> Consent | None:
        await stage.clock.sleep(5.0)
        stage.clock.step_wall_time(seconds)
        return consent_to(plan)

    report = await stage.process().run(plan, go)
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_a_plan_that_waits_too_long_expires() -> None:
    """I fall asleep over the plan: it ends by itself, and nothing was sent."""
    stage = Stage()

    async def never() -> Consent | None:
        await stage.clock.sleep(1e6)
        return None

    report = await stage.process().run(abort_plan(stage.world), never)
    assert report.outcome is Outcome.REFUSED
    assert stage.disk.kinds == ["plan.expired"]


@pytest.mark.parametrize(
    "tampered",
    [
        lambda plan: replace(plan, because=SafeText("other words")),
        lambda plan: replace(plan, expires_at=plan.expires_at + 1.0),
        lambda plan: replace(plan, guard=GuardLevel.LETTER, to=replace(plan.to, stable="9")),
    ],
)
async def test_a_plan_that_is_not_what_its_hash_says_is_not_executed(tampered: object) -> None:
    """Somebody edits the plan file: it is refused before anything is read."""
    stage = Stage()
    plan: Plan = tampered(rollback_plan(stage.world, "1"))  # type: ignore[operator]  # a function of a plan
    report = await stage.process().run(plan)
    assert report.outcome is Outcome.REFUSED
    assert "hash" in report.because
    assert not stage.world.attempts


async def test_what_the_writer_finds_missing_stops_a_rollback() -> None:
    """The artifact of the version to go back to is gone: I am told before I can say GO."""
    stage = Stage()
    process = stage.process()
    process.writer.checks = (Check(SafeText("artifact"), CheckResult.FAIL, SafeText("the artifact is gone")),)
    report = await process.run(rollback_plan(stage.world, "1"))
    assert report.outcome is Outcome.REFUSED
    assert report.because == "the artifact is gone"
    assert Phase.PREPARED not in process.phases


async def test_nothing_that_a_check_finds_stops_an_abort() -> None:
    """Stable serves already: an abort does not wait for its artifact to be found."""
    stage = Stage()
    process = stage.process()
    process.writer.checks = (Check(SafeText("artifact"), CheckResult.FAIL, SafeText("the artifact is gone")),)
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.VERIFIED
    prepared = next(progress for progress in process.told if progress.phase is Phase.PREPARED)
    assert prepared.checks == process.writer.checks


async def test_a_cancelled_send_counts_as_unknown() -> None:
    """The process is told to end while the controller works: the outcome that is left behind says unknown."""
    stage = Stage()
    stage.world.faults.append(Fault.SILENT)
    process = stage.process()
    task = asyncio.ensure_future(process.run(abort_plan(stage.world)))
    process.life.hooks.append(lambda _, name: cancel_at("apply done", name, task))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [report.outcome for report in stage.ends()] == [Outcome.UNKNOWN]
    assert not stage.leases.held


async def test_an_action_that_is_cancelled_before_it_sends_has_sent_nothing() -> None:
    """The process is told to end right after the intent: the journal says that nothing was sent."""
    stage = Stage()
    process = stage.process()
    task = asyncio.ensure_future(process.run(abort_plan(stage.world)))
    process.life.hooks.append(lambda _, name: cancel_at("renew lease", name, task))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stage.world.attempts
    assert [report.outcome for report in stage.ends()] == [Outcome.REFUSED]


STOPPED = {
    "one write": (None,),
    "its answer lost": (Fault.LOST_AFTER,),
    "lost on the way": (Fault.LOST_BEFORE,),
    "not reached at first": (Fault.UNREACHABLE,),
    "said no": (Fault.REFUSE,),
}


@pytest.mark.parametrize("steps", [(1.0,), (0.96, 1.0)], ids=["hot swap", "stepwise"])
@pytest.mark.parametrize("faults", STOPPED.values(), ids=STOPPED)
async def test_an_action_that_is_cancelled_at_any_turn_writes_down_what_it_knows(
    faults: tuple[Fault | None, ...], steps: tuple[float, ...]
) -> None:
    """The process is told to end at any point: what took is never written down as if nothing of it had happened."""
    for turn in count(1):
        stage = Stage()
        stage.world.faults.extend(faults)
        process = stage.process()
        task = asyncio.ensure_future(process.run(stepwise_plan(stage.world, steps)))
        process.life.hooks.append(partial(_cancel_at_turn, turn, task))
        await asyncio.wait((task,))
        check_invariants(stage)
        for report in stage.ends():
            check_truth(stage, report)
            assert not stage.world.writes or report.outcome is not Outcome.FAILED
        if not task.cancelled():
            break
    assert turn > 20


def _cancel_at_turn(wanted: int, task: asyncio.Future[Report], turn: int, _: str) -> None:
    if turn == wanted:
        task.cancel()


async def test_a_fault_after_the_write_does_not_undo_it_in_the_record() -> None:
    """The write took, and something of ours breaks right after it: the outcome is unknown, and not refused."""
    stage = Stage()
    process = stage.process()
    append = process.journal.append

    async def breaks(entry: Entry) -> Record:
        if entry.kind is RecordKind.ACTION_STEP:
            raise RuntimeError("a fault of our own")
        return await append(entry)

    process.journal.append = breaks  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await process.run(abort_plan(stage.world))
    assert len(stage.world.writes) == 1
    assert [report.outcome for report in stage.ends()] == [Outcome.UNKNOWN]


async def test_a_listener_that_is_gone_does_not_stop_the_action() -> None:
    """My terminal closes after GO: the action goes on to its end and into the journal."""
    stage = Stage()
    plan = abort_plan(stage.world)

    def broken(progress: Progress) -> None:
        if progress.phase is not Phase.PREPARED:
            raise BrokenPipeError

    async def go() -> Consent | None:
        return consent_to(plan)

    report = await stage.process().executor.run(plan, go, broken)
    assert report.outcome is Outcome.VERIFIED
    assert stage.ends() == [report]


async def test_a_dead_sink_does_not_delay_an_action() -> None:
    """Nobody takes my notice: the outcome is told and written down before anybody waits for that."""
    stage = Stage()
    process = stage.process()
    process.notifier.is_silent = True
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.VERIFIED
    assert stage.clock.boottime() < 30.0


async def test_steps_are_taken_one_after_the_other_with_time_between() -> None:
    """I lead the traffic back in three steps: each waits for the one before, and all are verified as one."""
    stage = Stage()
    report = checked(stage, await stage.process().run(stepwise_plan(stage.world, (0.96, 0.98, 1.0))))
    assert report.outcome is Outcome.VERIFIED
    assert [dict(write.desired.weights)[version_id("1")] for write in stage.world.writes] == [0.96, 0.98, 1.0]
    assert stage.clock.boottime() >= 120.0
    assert len(stage.disk.of(RecordKind.ACTION_STEP)) == 3


async def test_a_later_step_that_is_refused_leaves_a_partial_outcome_that_says_what_is_in_force() -> None:
    """The second step is refused: I read that one of three took, and which shares are in force."""
    stage = Stage()
    stage.world.faults.extend([None, Fault.REFUSE])
    report = checked(stage, await stage.process().run(stepwise_plan(stage.world, (0.96, 0.98, 1.0))))
    assert report.outcome is Outcome.PARTIAL
    assert "1 of 3 steps took" in report.because
    assert "in force: 96 % 1, 4 % 2" in report.because


async def test_a_world_that_moves_between_two_steps_stops_the_rest() -> None:
    """Somebody sets other shares between two of my steps: the rest of my plan is not sent on top of it."""
    stage = Stage()
    plan = stepwise_plan(stage.world, (0.96, 1.0))

    async def move() -> None:
        await stage.clock.sleep(30.0)
        stage.world.become(rollout("fraud@prod", "1", "2", 0.5))

    _, report = await asyncio.gather(move(), stage.process().run(plan))
    checked(stage, report)
    assert report.outcome is Outcome.PARTIAL
    assert len(stage.world.attempts) == 1


async def test_a_promotion_without_consent_to_its_guard_is_refused() -> None:
    """A GO that passed a lighter guard than the plan asks for does not count."""
    stage = Stage()
    plan = promote_plan(stage.world)

    async def light() -> Consent | None:
        return consent_to(plan, guard=GuardLevel.LETTER)

    report = await stage.process().run(plan, light)
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_a_world_that_moves_between_the_intent_and_the_write_is_left_alone() -> None:
    """Somebody starts another canary after my intent was written: the look right before the write sees it."""
    stage = Stage()
    process = stage.process()
    moves(process, "renew lease", stage, "1", "3")
    report = checked(stage, await process.run(abort_plan(stage.world)))
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts
    assert not stage.leases.held


async def test_a_refusal_after_the_lease_was_taken_gives_it_back() -> None:
    """The world moved while I took the target: it is refused, and the target is free for others."""
    stage = Stage()
    process = stage.process()
    moves(process, "lease taken", stage, "1", "3")
    report = checked(stage, await process.run(abort_plan(stage.world)))
    assert report.outcome is Outcome.REFUSED
    assert stage.disk.kinds == ["plan.moved"]
    assert not stage.leases.held


async def test_a_plan_from_a_machine_whose_clock_is_ahead_lives_no_longer_than_others() -> None:
    """The plan was made by a clock that is an hour ahead: two minutes after I opened it, it has expired too."""
    stage = Stage()
    now = stage.clock.now()
    plan = abort_plan(stage.world, made_at=Instant(now + 3_600.0), expires_at=Instant(now + 3_720.0))

    async def late() -> Consent | None:
        await stage.clock.sleep(125.0)
        return consent_to(plan)

    report = await stage.process().run(plan, late)
    assert report.outcome is Outcome.REFUSED
    assert stage.disk.kinds == ["plan.expired"]
