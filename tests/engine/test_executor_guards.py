"""Who may act, who else is acting, and what happens when the record cannot be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.engine.acting import Process, Stage, check_invariants, check_truth

from modeltui.domain.acting.action import ActionKind, Consent, GuardLevel, Plan, Reason
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.acting.leasing import SKEW_SECONDS
from modeltui.domain.acting.outcome import Outcome, Phase, Report
from modeltui.domain.acting.permission import Permission
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import (
    ALICE,
    BOB,
    FakeWorld,
    Fault,
    abort_plan,
    consent_to,
    promote_plan,
    rollback_plan,
    stepwise_plan,
)

CAROL = Actor(SafeText("carol"))


def said(plan: Plan, by: Actor, decision: Decision, seconds: float = 900.0) -> GivenApproval:
    """Return what somebody says to a plan now, good for so long."""
    ends = Instant(plan.made_at + seconds)
    return GivenApproval(plan.hash, by, decision, SafeText("I looked"), plan.made_at, ends)


async def test_a_promotion_needs_a_second_person() -> None:
    """I promote alone: it is refused; with Bob's approval of this very plan it is done."""
    alone = Stage()
    refused = await alone.process().run(promote_plan(alone.world))
    assert refused.outcome is Outcome.REFUSED
    assert not alone.world.attempts
    stage = Stage()
    stage.world.error_rates = {}
    process, plan = stage.process(), promote_plan(stage.world)
    process.given = (said(plan, BOB, Decision.GRANT),)
    report = await process.run(plan)
    assert report.outcome is Outcome.VERIFIED
    (intent,) = stage.intents()
    assert intent.entry.details["approvals"] == ({"by": "bob", "at": "2026-01-01T12:00:00.000Z", "decision": "grant"},)


@pytest.mark.parametrize(
    "given",
    [
        lambda plan, _: [said(plan, ALICE, Decision.GRANT)],
        lambda plan, _: [said(plan, BOB, Decision.GRANT, -1.0)],
        lambda plan, _: [said(plan, BOB, Decision.GRANT), said(plan, CAROL, Decision.DENY)],
        lambda _, other: [said(other, BOB, Decision.GRANT)],
    ],
    ids=["my own", "expired", "denied as well", "for another plan"],
)
async def test_an_approval_that_does_not_count_is_none(
    given: Callable[[Plan, Plan], list[GivenApproval]],
) -> None:
    """My own yes, one that expired, one beside a no, and one for another plan: none lets me promote."""
    stage = Stage()
    process, plan = stage.process(), promote_plan(stage.world)
    process.given = tuple(given(plan, promote_plan(stage.world, 2)))
    report = await process.run(plan)
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_one_no_kills_a_plan_that_needed_no_yes() -> None:
    """Bob denies my rollback: it is not executed, although nobody had to approve it."""
    stage = Stage()
    process, plan = stage.process(), rollback_plan(stage.world, "1")
    process.given = (said(plan, BOB, Decision.DENY),)
    report = await process.run(plan)
    assert report.outcome is Outcome.REFUSED
    assert "bob" in report.because


async def test_whoever_may_not_act_is_refused_at_go() -> None:
    """The rules changed since the plan was made: the actor process asks them again."""
    stage = Stage()
    process = stage.process()
    process.permission = Permission(False, SafeText("interns: alice may not abort"))
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.REFUSED
    assert report.because == "interns: alice may not abort"
    assert not stage.world.attempts


async def test_rules_are_read_again_at_go() -> None:
    """A permission that was taken away while the plan was on the screen stops it, though the actor had read another."""
    stage = Stage()
    process = stage.process()
    process.written = Permission(False, SafeText("interns: alice may not abort"))
    report = await process.run(abort_plan(stage.world))
    assert (report.outcome, report.because) == (Outcome.REFUSED, "interns: alice may not abort")
    assert not stage.world.attempts


async def test_break_glass_overrules_the_second_person_and_leaves_a_louder_trail() -> None:
    """Nobody is awake to approve: with an incident's id it is done, written down, and told at once."""
    stage = Stage()
    process, plan = stage.process(), rollback_plan(stage.world, "1")
    process.permission = Permission(True, SafeText("four-eyes"), second_person=True, break_glass=True)

    async def broken() -> Consent | None:
        return consent_to(plan, break_glass=True, reason=Reason(incident=SafeText("INC-7")))

    report = await process.run(plan, broken)
    assert report.outcome is Outcome.VERIFIED
    (used,) = stage.disk.of(RecordKind.BREAK_GLASS)
    assert used.entry.details["incident"] == "INC-7"
    assert "break-glass" in [notice.occasion.value for notice in process.notifier.notices]


async def test_break_glass_without_an_incident_is_refused() -> None:
    """I overrule a rule and name no incident: nothing happens."""
    stage = Stage()
    process, plan = stage.process(), rollback_plan(stage.world, "1")
    process.permission = Permission(True, SafeText("four-eyes"), second_person=True, break_glass=True)

    async def broken() -> Consent | None:
        return consent_to(plan, break_glass=True)

    assert (await process.run(plan, broken)).outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_a_go_for_another_plan_is_refused() -> None:
    """My GO names the hash of a plan that I saw before: this one is not executed."""
    stage = Stage()
    plan, other = abort_plan(stage.world), abort_plan(stage.world, 2)

    async def go() -> Consent | None:
        return consent_to(other)

    assert (await stage.process().run(plan, go)).outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def held_by_bob(stage: Stage) -> None:
    bob = stage.process(BOB)
    plan = rollback_plan(stage.world, "1", 99)
    await bob.leases.take(plan.target, BOB, plan.id, plan.kind, breaks_others=False)


async def test_a_rollback_waits_for_whoever_acts_already() -> None:
    """Bob is rolling back here: mine is refused, and I read that it is Bob."""
    stage = Stage()
    await held_by_bob(stage)
    report = await stage.process().run(rollback_plan(stage.world, "1"))
    assert report.outcome is Outcome.REFUSED
    assert "bob is acting on fraud@prod" in report.because
    assert not stage.world.attempts


async def test_an_abort_waits_for_nobody() -> None:
    """Bob is rolling back here: my abort ends his lease, says so in the journal, and goes on."""
    stage = Stage()
    await held_by_bob(stage)
    report = await stage.process().run(abort_plan(stage.world))
    assert report.outcome is Outcome.VERIFIED
    (broken,) = stage.disk.of(RecordKind.LEASE_BROKEN)
    assert broken.entry.details["holder"] == "bob"


async def test_a_lease_that_has_run_out_holds_up_nobody() -> None:
    """Bob's process died two minutes ago: his claim is gone by itself."""
    stage = Stage()
    await held_by_bob(stage)
    await stage.clock.sleep(LEASE_SECONDS + SKEW_SECONDS + 1.0)
    assert (await stage.process().run(rollback_plan(stage.world, "1"))).outcome is Outcome.VERIFIED


async def test_a_lease_that_is_lost_before_the_first_write_stops_it() -> None:
    """Somebody aborts between my intent and my write: I send nothing any more."""
    stage = Stage()
    process = stage.process()
    process.life.hooks.append(lambda _, name: stage.leases.held.clear() if name == "renew lease" else None)
    report = await process.run(rollback_plan(stage.world, "1"))
    assert report.outcome is Outcome.REFUSED
    assert "lease" in report.because
    assert not stage.world.attempts
    assert stage.disk.kinds == ["action.intent", "lease.lost", "action.step", "action.outcome", "notice.queued"]


async def test_a_lease_that_is_lost_between_two_steps_stops_the_rest() -> None:
    """An abort ends my stepwise way back after its first step: the second is not sent."""
    stage = Stage()
    plan = stepwise_plan(stage.world, (0.96, 1.0))

    async def lose() -> None:
        await stage.clock.sleep(40.0)
        stage.leases.held.clear()

    _, report = await asyncio.gather(lose(), stage.process().run(plan))
    assert report.outcome is Outcome.PARTIAL
    assert len(stage.world.attempts) == 1


async def test_leases_that_cannot_be_read_hold_up_no_rescue() -> None:
    """The shared store is down: abort and the way back go on, a promotion does not."""
    for make, expected in (
        (abort_plan, Outcome.VERIFIED),
        (lambda world: rollback_plan(world, "1"), Outcome.VERIFIED),
        (promote_plan, Outcome.REFUSED),
    ):
        stage = Stage()
        process, plan = stage.process(), make(stage.world)
        process.leases.is_down = True
        process.given = (said(plan, BOB, Decision.GRANT),)
        report = await process.run(plan)
        assert report.outcome is expected
        assert bool(stage.world.attempts) is (expected is Outcome.VERIFIED)


def grants_late(process: Process, tasks: asyncio.TaskGroup, seconds: float) -> None:
    """Let the store hang: it takes the lease later, whether anybody still waits for it or not."""
    take = process.leases.take

    async def taken_later(*asked: Any, **how: Any) -> Lease:
        async def go_on() -> Lease:
            await process.executor.clock.sleep(seconds)
            return await take(*asked, **how)

        return await asyncio.shield(tasks.create_task(go_on()))

    process.leases.take = taken_later  # type: ignore[method-assign]


async def test_a_lease_that_was_granted_too_late_is_given_back() -> None:
    """The store hung for 8 s and I was refused: what it wrote afterwards locks out nobody, and not me."""
    stage = Stage()
    process, plan = stage.process(), promote_plan(stage.world)
    process.given = (said(plan, BOB, Decision.GRANT),)
    async with asyncio.TaskGroup() as tasks:
        grants_late(process, tasks, 8.0)
        report = await process.run(plan)
    assert report.outcome is Outcome.REFUSED
    assert "the store of leases does not answer" in report.because
    assert stage.leases.fences, "it was granted, in the end"
    assert not stage.leases.held
    assert (await stage.process().run(rollback_plan(stage.world, "1", 2))).outcome is Outcome.VERIFIED


async def test_a_lease_whose_answer_was_lost_is_given_back() -> None:
    """The store wrote the lease and broke off: I was refused, and it is free again."""
    stage = Stage()
    process, plan = stage.process(), promote_plan(stage.world)
    process.given = (said(plan, BOB, Decision.GRANT),)
    take = process.leases.take

    async def broken_off(*asked: Any, **how: Any) -> Lease:
        await take(*asked, **how)
        raise JournalUnavailable("the connection is gone", "look at the shared store")

    process.leases.take = broken_off  # type: ignore[method-assign]
    assert (await process.run(plan)).outcome is Outcome.REFUSED
    assert not stage.leases.held


async def test_a_rescue_keeps_the_lease_that_came_late() -> None:
    """The store hung, and my abort went on without it: once it answers, others read what I do, until it is over."""
    stage = Stage()
    stage.world.follows_after_seconds = 50.0
    process = stage.process()
    seen: set[str] = set()
    process.life.hooks.append(lambda *_: seen.update(str(lease.says) for lease in stage.leases.held.values()))
    async with asyncio.TaskGroup() as tasks:
        grants_late(process, tasks, 8.0)
        report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.VERIFIED
    assert "verifying" in seen
    assert not stage.leases.held


async def test_a_store_of_leases_that_never_answers_ends_nobodys_patience() -> None:
    """The store hangs for good: I am refused after three seconds, and the process ends within half a minute."""
    stage = Stage()
    process, plan = stage.process(), promote_plan(stage.world)
    process.given = (said(plan, BOB, Decision.GRANT),)

    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    process.leases.take = process.leases.held = never  # type: ignore[method-assign]
    began = stage.clock.boottime()
    report = await process.run(plan)
    assert report.outcome is Outcome.REFUSED
    (told,) = (one for one in process.told if one.phase is Phase.DONE)
    assert told.at - plan.made_at <= 5.0
    assert stage.clock.boottime() - began <= 30.0


Make = Callable[[FakeWorld], Plan]


@pytest.mark.parametrize("make", [abort_plan, lambda world: rollback_plan(world, "1")])
@pytest.mark.parametrize("silent", [False, True])
async def test_a_rescue_goes_on_without_the_journal_and_says_so(make: Make, silent: bool) -> None:
    """The journal cannot be written: my abort goes on, its record lies beside it, and I am told loudly."""
    stage = Stage()
    process = stage.process()
    process.journal.is_down, process.journal.is_silent = not silent, silent
    report = await process.run(make(stage.world))
    check_invariants(stage)
    assert report.outcome is Outcome.VERIFIED
    assert "the journal cannot be written" in report.because
    assert not isinstance(report.seq, int)
    assert stage.spool_disk.kinds == ["action.intent", "action.step", "action.outcome", "notice.queued"]
    assert not stage.disk.records


@pytest.mark.parametrize("make", [promote_plan, lambda world: rollback_plan(world, "0", known_good=None)])
async def test_nothing_else_goes_on_without_the_journal(make: Make) -> None:
    """The journal cannot be written: what is not the safe direction is refused, and nothing is sent."""
    stage = Stage()
    process = stage.process()
    if make is promote_plan:
        plan = promote_plan(stage.world)
    else:
        premise = abort_plan(stage.world).premise
        plan = rollback_plan(stage.world, "0", premise=premise, guard=GuardLevel.IDENTITY)
    process.given = (said(plan, BOB, Decision.GRANT),)
    process.journal.is_down = True
    report = await process.run(plan)
    assert report.outcome is Outcome.REFUSED
    assert "nothing was sent" in report.because
    assert not stage.world.attempts


async def test_without_journal_and_spool_nothing_is_sent_at_all() -> None:
    """Neither the journal nor the file beside it can be written: even an abort is refused."""
    stage = Stage()
    process = stage.process()
    process.journal.is_down = process.spool.is_down = True
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_a_journal_that_fails_after_the_write_does_not_change_the_outcome() -> None:
    """The disk fills up between intent and outcome: the action is verified all the same, and says what is missing."""
    stage = Stage()
    process = stage.process()
    process.journal.down_after = 1
    process.spool.is_down = True
    report = await process.run(abort_plan(stage.world))
    check_truth(stage, report)
    assert report.outcome is Outcome.VERIFIED
    assert "COULD NOT BE WRITTEN DOWN" in report.because


async def test_an_intent_whose_append_is_in_doubt_is_not_acted_on() -> None:
    """The journal takes the intent and does not say so: it counts as not written, and nothing is sent."""
    stage = Stage()
    process = stage.process()
    process.journal.loses_answers = process.spool.is_down = True
    report = await process.run(abort_plan(stage.world))
    assert report.outcome is Outcome.REFUSED
    assert not stage.world.attempts


async def test_two_operators_who_abort_in_the_same_second_have_one_effect() -> None:
    """Alice and Bob abort at once: one write takes effect, and nobody is told of a second."""
    stage = Stage()
    alice, bob = stage.process(), stage.process(BOB)
    first, second = abort_plan(stage.world, 1), abort_plan(stage.world, 2)
    reports = await asyncio.gather(alice.run(first), bob.run(second))
    check_invariants(stage)
    assert len(stage.world.writes) == 1
    assert sorted(report.outcome.value for report in reports) == ["refused", "verified"]
    winner, loser = (ALICE, 1) if reports[0].outcome is Outcome.VERIFIED else (BOB, 0)
    assert f"{winner} began an action here" in reports[loser].because


async def test_an_abort_beats_a_promotion_that_is_still_under_way() -> None:
    """Bob's promotion is on its way through a slow network when I abort: it comes too late, and is not done."""
    stage = Stage()
    alice, bob = stage.process(), stage.process(BOB)
    promotion, abort = promote_plan(stage.world, 1), abort_plan(stage.world, 2)
    bob.given = (said(promotion, CAROL, Decision.GRANT),)
    stage.world.faults.append(Fault.LATE)

    async def abort_soon() -> Report:
        await stage.clock.sleep(1.0)
        return await alice.run(abort)

    promoted, aborted = await asyncio.gather(bob.run(promotion), abort_soon())
    check_invariants(stage)
    assert aborted.outcome is Outcome.VERIFIED
    assert promoted.outcome is Outcome.FAILED
    assert stage.world.rollout.stable == "1"
    assert [write.key.partition("/")[0] for write in stage.world.writes] == [abort.id]


async def test_the_lease_says_where_the_action_is_and_is_given_back() -> None:
    """Others read that I am verifying; when it is over, the target is free."""
    stage = Stage()
    stage.world.follows_after_seconds = 50.0
    process = stage.process()
    seen: set[str] = set()
    process.life.hooks.append(lambda *_: seen.update(str(lease.says) for lease in stage.leases.held.values()))
    await process.run(abort_plan(stage.world))
    assert {"sending", "verifying"} <= seen
    assert not stage.leases.held
    assert process.phases[-1] is Phase.DONE


async def test_a_forged_plan_is_not_believed_what_it_says_of_itself() -> None:
    """A promotion that calls itself an abort, and one with a light guard, have hashes that fit: nothing is sent."""
    for changes in (
        {"kind": ActionKind.ABORT, "guard": GuardLevel.LETTER},
        {"guard": GuardLevel.LETTER},
        {"expires_at": Instant(4e9)},
    ):
        stage = Stage()
        report = await stage.process().run(promote_plan(stage.world, **changes))
        assert report.outcome is Outcome.REFUSED
        assert "not one that planning makes" in report.because
        assert not stage.world.attempts


async def test_a_plan_is_carried_out_once() -> None:
    """The world is as before again, and the approval still counts: the same plan a second time sends nothing."""
    stage = Stage()
    plan = promote_plan(stage.world, expires_at=Instant(stage.clock.now() + 1_700.0))
    before = stage.world.rollout
    first = stage.process()
    first.given = (said(plan, BOB, Decision.GRANT),)
    await first.run(plan)
    sent = len(stage.world.attempts)
    assert sent == 1
    stage.world.rollout = before
    again = stage.process()
    again.given = first.given
    report = await again.run(plan)
    assert report.outcome is Outcome.REFUSED
    assert len(stage.world.attempts) == sent
    assert len(stage.intents()) == 1
    assert "carried out before" in report.because
