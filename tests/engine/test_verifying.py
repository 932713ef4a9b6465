"""Did it take? What is read back, from when a measurement counts, and what is looked at again later."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.engine.acting import SHORT, Process, Stage, check_invariants, check_truth, survive

from modeltui.domain.acting.outcome import Outcome, Phase, Report
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import Instant
from modeltui.engine.acting.deadlines import DEADLINES, Deadlines
from modeltui.testing.acting_fakes import BOB, Fault, abort_plan, rollback_plan
from modeltui.testing.worlds import rollout


async def aborted(stage: Stage, process: Process | None = None) -> Report:
    report = await (process or stage.process()).run(abort_plan(stage.world))
    check_invariants(stage)
    check_truth(stage, report)
    return report


async def test_a_pointer_that_moved_and_traffic_that_did_not_is_not_verified() -> None:
    """The controller has my plan and the canary answers on: after a minute I am told that it does not serve."""
    stage = Stage()
    stage.world.follows = False
    report = await aborted(stage)
    assert report.outcome is Outcome.PARTIAL
    assert "not serving in time" in report.because
    assert "5 % 2" in report.because
    assert report.accepted_at
    assert not report.serving_at


async def test_a_target_that_nobody_measures_is_accepted_at_best() -> None:
    """No metrics say which version answers: the best that I am told is 'accepted, serving not observable'."""
    stage = Stage()
    stage.world.is_measured = False
    report = await aborted(stage)
    assert report.outcome is Outcome.PARTIAL
    assert "accepted, serving not observable" in report.because


async def test_metrics_from_before_the_write_do_not_count() -> None:
    """The metrics stand still from the moment of my write: what they showed before verifies nothing."""
    stage = Stage()
    process = stage.process()
    process.life.hooks.append(
        lambda _, name: setattr(process.reader, "is_down", process.reader.is_down or name == "apply")
    )
    report = await aborted(stage, process)
    assert report.outcome is Outcome.PARTIAL
    assert "since the write" in report.because
    assert report.serving == ()


async def test_a_version_that_serves_and_is_not_well_is_not_verified() -> None:
    """I roll back to a version that is bad too: it serves, and I am told which signal is not well."""
    stage = Stage()
    stage.world.error_rates = {"2": 0.3, "1": 0.3}
    report = await aborted(stage)
    assert report.outcome is Outcome.PARTIAL
    assert "error_rate of 1" in report.because
    assert report.serving_at
    assert not report.healthy_at


async def test_an_action_that_is_set_back_while_it_is_verified_has_failed() -> None:
    """A controller undoes my abort before it is verified: I am told that nothing of it is in force."""
    stage = Stage()
    stage.world.follows_after_seconds = 30.0
    original = rollout("fraud@prod", "1", "2", 0.05)

    async def undo() -> None:
        await stage.clock.sleep(10.0)
        stage.world.become(original)

    report, _ = await asyncio.gather(aborted(stage), undo())
    assert report.outcome is Outcome.FAILED
    assert "set back" in report.because
    assert "95 % 1, 5 % 2" in report.because
    assert dict(stage.world.rollout.weights) == dict(original.weights)


async def test_an_action_that_somebody_overwrites_while_it_is_verified_is_partial() -> None:
    """Somebody starts another canary before my abort is verified: I read what is in force now."""
    stage = Stage()
    stage.world.follows_after_seconds = 30.0

    async def overwrite() -> None:
        await stage.clock.sleep(10.0)
        stage.world.move("1", "3")

    report, _ = await asyncio.gather(aborted(stage), overwrite())
    assert report.outcome is Outcome.PARTIAL
    assert "5 % 3" in report.because


async def test_a_controller_that_accepts_and_never_shows_it_leaves_an_unknown_outcome() -> None:
    """The controller said yes and still reads as before: nobody can say whether it will come, so it is unknown."""
    stage = Stage()
    original = stage.world.rollout
    stage.world.on_write.append(lambda: setattr(stage.world, "rollout", original))
    report = await aborted(stage)
    assert report.outcome is Outcome.UNKNOWN
    assert "still reads as before" in report.because


async def test_a_controller_that_cannot_be_read_after_the_write_leaves_an_unknown_outcome() -> None:
    """The controller accepts and goes away: I am told that nobody can say."""
    stage = Stage()
    stage.world.is_measured = False
    stage.world.on_write.append(lambda: setattr(stage.world, "is_down", True))
    report = await aborted(stage)
    assert report.outcome is Outcome.UNKNOWN


async def test_one_failed_look_does_not_end_the_verification() -> None:
    """The controller does not answer one of my looks: the next one counts."""
    stage = Stage()
    stage.world.follows_after_seconds = 40.0

    async def blink() -> None:
        await stage.clock.sleep(20.0)
        stage.world.is_down = True
        await stage.clock.sleep(5.0)
        stage.world.is_down = False

    report, _ = await asyncio.gather(aborted(stage), blink())
    assert report.outcome is Outcome.VERIFIED


def slow_to_serve() -> Stage:
    """Return a stage where the traffic follows late, so that little of the time for serving is left then."""
    stage = Stage()
    stage.world.follows_after_seconds = 200.0
    stage.world.error_rates = {"2": 0.3, "1": 0.3}
    return stage


async def until_serving(stage: Stage, process: Process) -> None:
    while Phase.SERVING not in process.phases:
        await stage.clock.sleep(0.5)


async def test_one_look_with_a_straggler_does_not_end_the_verification() -> None:
    """Minutes after it serves, one look sees a few requests elsewhere: it still ends verified, serving since then."""
    stage = slow_to_serve()
    process = stage.process()

    async def waver() -> Instant:
        await until_serving(stage, process)
        served_at = stage.clock.now()
        await stage.clock.sleep(200.6)
        stage.world.follows = False
        await stage.clock.sleep(2.0)
        stage.world.follows = True
        await stage.clock.sleep(30.0)
        stage.world.error_rates = {}
        return served_at

    report, served_at = await asyncio.gather(aborted(stage, process), waver())
    assert report.outcome is Outcome.VERIFIED
    assert isinstance(report.serving_at, float)
    assert report.serving_at <= served_at


async def test_one_look_with_a_straggler_is_not_the_last_word() -> None:
    """The time for the signals is over in just the second of a straggler: I read that it serves, and is not well."""
    stage = slow_to_serve()
    process = stage.process()

    async def waver() -> None:
        await until_serving(stage, process)
        await stage.clock.sleep(298.6)
        stage.world.follows = False
        await stage.clock.sleep(2.0)
        stage.world.follows = True

    report, _ = await asyncio.gather(aborted(stage, process), waver())
    assert report.outcome is Outcome.PARTIAL
    assert "it serves, and is not known to be well" in report.because
    assert report.serving_at


async def test_what_stops_serving_is_not_called_late() -> None:
    """It served for minutes and then no longer does: I am told that it stopped, and soon."""
    stage = slow_to_serve()
    process = stage.process()

    async def stop() -> Instant:
        await until_serving(stage, process)
        await stage.clock.sleep(200.6)
        stage.world.follows = False
        return stage.clock.now()

    report, stopped_at = await asyncio.gather(aborted(stage, process), stop())
    assert report.outcome is Outcome.PARTIAL
    assert "it served, and stopped serving" in report.because
    assert "5 % 2" in report.because
    assert not report.serving_at
    (outcome,) = stage.disk.of(RecordKind.ACTION_OUTCOME)
    assert outcome.entry.at - stopped_at < 10.0


async def test_each_phase_is_told_once_with_what_is_waited_for() -> None:
    """While the traffic moves I read what is waited for; every phase comes once."""
    stage = Stage()
    stage.world.follows_after_seconds = 20.0
    process = stage.process()
    await aborted(stage, process)
    assert len(process.phases) == len(set(process.phases))
    waits = [progress.says for progress in process.told if progress.phase is Phase.WAITING]
    assert any("5 % 2" in says for says in waits)
    assert len(waits) == len(set(waits))
    assert [progress.at for progress in process.told] == sorted(progress.at for progress in process.told)


async def test_short_deadlines_are_kept() -> None:
    """A drill gives everything a few seconds: after those it is concluded, not later."""
    stage = Stage()
    stage.world.follows = False
    deadlines = Deadlines(serving_seconds=4.0, snap_back_seconds=())
    window_seconds = 300.0
    report = await stage.process(deadlines=deadlines).run(abort_plan(stage.world))
    assert report.outcome is Outcome.PARTIAL
    assert stage.clock.boottime() <= 4.0 + window_seconds + 10.0


@pytest.mark.parametrize("minutes", [3, 20])
async def test_what_undoes_an_action_later_is_told_loudly(minutes: int) -> None:
    """Three minutes, or twenty, after the outcome a controller undoes it: it is written down, told and sent out."""
    stage = Stage()
    process = stage.process(deadlines=DEADLINES)
    original = stage.world.rollout

    async def undo() -> None:
        await stage.clock.sleep(60.0 * minutes)
        stage.world.become(original)

    report, _ = await asyncio.gather(process.run(abort_plan(stage.world)), undo())
    assert report.outcome is Outcome.VERIFIED
    (snapped,) = stage.disk.of(RecordKind.ACTION_SNAPPED_BACK)
    assert "95 % 1, 5 % 2" in str(snapped.entry.details["says"])
    assert process.phases[-1] is Phase.SNAPPED_BACK
    assert [notice.occasion.value for notice in process.notifier.notices] == ["outcome", "snapped-back"]


async def test_what_stays_is_not_spoken_of_again() -> None:
    """Nothing undoes it: after half an hour the process ends without another word."""
    stage = Stage()
    process = stage.process(deadlines=DEADLINES)
    await aborted(stage, process)
    assert stage.clock.boottime() >= 1_800.0
    assert process.phases[-1] is Phase.DONE
    assert stage.disk.kinds[-2:] == ["action.outcome", "notice.queued"]


async def test_a_change_that_another_operator_made_is_no_alarm() -> None:
    """Bob rolls back to another version ten minutes later, through the same journal: nobody is woken for it."""
    stage = Stage()
    process, bob = stage.process(deadlines=DEADLINES), stage.process(BOB)

    async def later() -> None:
        await stage.clock.sleep(600.0)
        await bob.run(rollback_plan(stage.world, "0", 2))

    await asyncio.gather(process.run(abort_plan(stage.world)), later())
    assert stage.world.rollout.stable == "0"
    assert not stage.disk.of(RecordKind.ACTION_SNAPPED_BACK)


async def test_a_write_that_arrives_after_it_was_given_up_is_found_and_written_down() -> None:
    """My write was held up for two minutes and taken for lost: when it lands after all, I am told."""
    stage = Stage()
    stage.world.late_seconds = 120.0
    stage.world.faults.append(Fault.LATE)
    process = stage.process(deadlines=DEADLINES)
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.FAILED
    assert [end.outcome for end in stage.ends()] == [Outcome.FAILED, Outcome.PARTIAL]
    assert "happened after all" in stage.ends()[-1].because


async def test_a_write_that_arrives_while_it_is_looked_for_is_found() -> None:
    """My write was held up for ten seconds: it is waited for, and verified."""
    stage = Stage()
    stage.world.late_seconds = 10.0
    stage.world.faults.append(Fault.LATE)
    assert (await aborted(stage)).outcome is Outcome.VERIFIED


async def test_a_controller_without_memory_of_writes_is_judged_by_its_state() -> None:
    """The controller keeps no list of writes: that the target is as I wanted it, and was not before, is enough."""
    stage = Stage()
    stage.world.knows_keys = False
    stage.world.faults.append(Fault.LOST_AFTER)
    assert (await aborted(stage)).outcome is Outcome.VERIFIED


async def test_a_write_that_was_set_back_before_it_was_looked_for_is_not_said_to_have_never_been() -> None:
    """My answer is lost and something sets the target back: I am not told that nothing was written, only what is so."""
    stage = Stage()
    stage.world.knows_keys = False
    stage.world.faults.append(Fault.LOST_AFTER)
    before = stage.world.rollout
    stage.world.on_write.append(lambda: stage.world.become(before))
    report = await aborted(stage)
    assert len(stage.world.writes) == 1
    assert report.outcome is Outcome.FAILED
    assert "reads as before: it never arrived, or was set back since" in report.because
    assert "nothing was written" not in report.because
    assert "sets it back" in report.remedy
    steps = [record.entry.details["result"] for record in stage.disk.of(RecordKind.ACTION_STEP)]
    assert steps == ["unknown", "not-there"]


async def test_whoever_comes_later_does_not_say_so_either() -> None:
    """I am gone before the answer, and something sets the target back: who finds out says what it knows, no more."""
    stage = Stage()
    stage.world.knows_keys = False
    before = stage.world.rollout
    process = stage.process()

    def set_back() -> None:
        stage.world.become(before)
        process.life.is_dead = True

    stage.world.on_write.append(set_back)
    assert not await survive(process.run(abort_plan(stage.world)))
    await stage.clock.sleep(10_000.0)
    (report,) = await stage.process(BOB).reconciler.reconcile()
    assert report.outcome is Outcome.FAILED
    assert "it never arrived, or was set back since" in report.because
    assert "nothing was written" not in report.because


async def test_what_was_never_seen_in_force_is_not_said_to_be_set_back_at_the_next_start() -> None:
    """The controller said yes and never showed it: the next start knows no more than I did, and writes down nothing."""
    stage = Stage()
    stage.world.knows_keys = False
    original = stage.world.rollout
    stage.world.on_write.append(lambda: setattr(stage.world, "rollout", original))
    assert (await aborted(stage)).outcome is Outcome.UNKNOWN
    assert await stage.process(BOB).reconciler.reconcile() == ()
    assert [report.outcome for report in stage.ends()] == [Outcome.UNKNOWN]


async def test_what_was_seen_in_force_once_is_said_to_be_set_back() -> None:
    """I saw the controller have it before it went away, and it comes back as before: something has set it back."""
    stage = Stage()
    stage.world.knows_keys = stage.world.is_measured = False
    process = stage.process()
    before = stage.world.rollout

    async def go_away() -> None:
        while Phase.ACCEPTED not in process.phases:
            await stage.clock.sleep(0.5)
        stage.world.is_down = True

    report, _ = await asyncio.gather(aborted(stage, process), go_away())
    assert report.outcome is Outcome.UNKNOWN
    assert report.accepted_at
    stage.world.is_down = False
    stage.world.become(before)
    (report,) = await stage.process(BOB).reconciler.reconcile()
    assert report.outcome is Outcome.FAILED
    assert "set back to what was before" in report.because


@pytest.mark.parametrize("knows_keys", [True, False])
async def test_a_write_that_was_accepted_and_is_gone_was_set_back_only_by_the_backends_word(knows_keys: bool) -> None:
    """Killed right after the answer, and as before at the next start: 'set back' where the backend knows my write."""
    stage = Stage()
    stage.world.knows_keys, stage.knows_processes = knows_keys, True
    process = stage.process()
    before = stage.world.rollout
    process.life.hooks.append(lambda *_: setattr(process.life, "is_dead", "action.step" in stage.disk.kinds))
    assert not await survive(process.run(abort_plan(stage.world)))
    stage.world.become(before)
    (report,) = await stage.process(BOB).reconciler.reconcile()
    assert report.outcome is (Outcome.FAILED if knows_keys else Outcome.UNKNOWN)
    assert ("set back" in report.because) is knows_keys


async def test_a_clock_that_was_hours_ahead_holds_up_no_start() -> None:
    """The clock of the machine that died was eight hours ahead: the next start finds out at once what it did."""
    stage = Stage()
    stage.knows_processes = True
    process = stage.process()
    append = process.journal.append

    async def ahead(entry: Entry) -> Record:
        return await append(replace(entry, at=Instant(entry.at + 8 * 3_600.0)))

    process.journal.append = ahead  # type: ignore[method-assign]
    process.life.hooks.append(lambda *_: setattr(process.life, "is_dead", "action.step" in stage.disk.kinds))
    assert not await survive(process.run(abort_plan(stage.world)))
    began = stage.clock.boottime()
    (report,) = await stage.process(BOB).reconciler.reconcile()
    assert stage.clock.boottime() - began < 60.0
    assert report.outcome is Outcome.VERIFIED


async def test_a_third_state_after_a_lost_answer_is_unknown() -> None:
    """My answer is lost and the target is neither as before nor as planned: nobody can say what became of mine."""
    stage = Stage()
    stage.world.knows_keys = False
    stage.world.faults.append(Fault.LOST_AFTER)
    stage.world.on_write.append(lambda: stage.world.move("1", "3"))
    report = await stage.process(deadlines=replace(SHORT, look_up_seconds=(1.0, 2.0))).run(abort_plan(stage.world))
    assert report.outcome is Outcome.UNKNOWN


async def test_one_look_at_a_replica_that_lags_is_no_setback() -> None:
    """One of my looks meets a replica that does not know my write yet: the next one does, and it is verified."""
    stage = Stage()
    stage.world.follows_after_seconds = 20.0
    before = stage.world.rollout
    process = stage.process()
    looks = 0

    def lag(_: int, name: str) -> None:
        nonlocal looks
        looks += name == "read" and bool(stage.world.writes)
        if looks == 3 and name == "read":
            stage.world.rollout, now = before, stage.world.rollout
            process.life.hooks.append(lambda _, name: setattr(stage.world, "rollout", now) if name == "poll" else None)

    process.life.hooks.append(lag)
    assert (await aborted(stage, process)).outcome is Outcome.VERIFIED
    assert looks > 3
