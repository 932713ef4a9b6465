"""Whatever operators, backends, journals and deaths do in whatever order: what must never be, is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.engine.acting import Process, Stage, check_invariants, survive
from tests.examples import examples

from modeltui.domain.acting.action import ActionKind, Consent, Plan
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.desired import desired_of, is_as_desired
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.identity import Actor
from modeltui.domain.names import Instant, Missing
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import (
    ALICE,
    BOB,
    Fault,
    abort_plan,
    consent_to,
    promote_plan,
    rollback_plan,
    stepwise_plan,
)
from modeltui.testing.worlds import rollout

_T = TypeVar("_T")
CAROL = Actor(SafeText("carol"))
STATES: tuple[Callable[[], Rollout], ...] = (
    lambda: rollout("fraud@prod", "1", "2", 0.05),
    lambda: rollout("fraud@prod", "1", "2", 0.25),
    lambda: rollout("fraud@prod", "1", "3", 0.05),
    lambda: rollout("fraud@prod", "1"),
    lambda: rollout("fraud@prod", "2"),
)
KINDS = ("abort", "rollback", "other version", "promote", "steps")
faults = st.sampled_from([None, None, *Fault])
turns = st.none() | st.integers(1, 90)
states = st.sampled_from(STATES)


class Acting(RuleBasedStateMachine):
    """Operators act on one target; everything around them fails now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stage = self.in_loop(self._stage())
        self.plans: list[Plan] = []
        self.by_id: dict[str, Plan] = {}
        self.reports: dict[str, list[Report]] = {}
        self.down: set[str] = set()

    async def _stage(self) -> Stage:
        stage = Stage()
        stage.knows_processes = True
        return stage

    def in_loop(self, work: Awaitable[_T]) -> _T:
        async def whole() -> _T:
            return await work

        return self.loop.run_until_complete(whole())

    def teardown(self) -> None:
        """Let somebody start once more, much later, with everything in order: then everything is known."""
        self.down = set()
        last = self._process(BOB, None)

        async def start() -> None:
            await self.stage.clock.sleep(4_000.0)
            await last.spooling.bring_over()
            for report in await last.reconciler.reconcile():
                self._keep(report)
            assert not await last.spooling.open_intents()

        try:
            self.in_loop(start())
            self.no_report_says_what_is_not_so()
            ended = {str(report.plan_id): report.outcome for report in self.stage.ends()}
            assert Outcome.UNKNOWN not in ended.values()
            assert {str(intent.entry.plan_id) for intent in self.stage.intents()} <= ended.keys()
        finally:
            self.loop.close()

    # What happens around

    @rule(state=states)
    def somebody_else_changes_the_target(self, state: Callable[[], Rollout]) -> None:
        self.stage.world.become(state())

    @rule(seconds=st.sampled_from([1.0, 60.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        self.in_loop(self.stage.clock.sleep(seconds))

    @rule(down=st.sets(st.sampled_from(["journal", "spool", "leases", "metrics"]), max_size=3))
    def things_break_and_come_back(self, down: set[str]) -> None:
        self.down = down

    @rule(kind=st.sampled_from(KINDS))
    def somebody_plans_and_waits(self, kind: str) -> None:
        self.plans.append(self._plan(kind))

    # What operators do

    @rule(
        kind=st.sampled_from(KINDS),
        meets=st.lists(faults, max_size=3),
        moves_at=turns,
        state=states,
        dies_at=turns,
        waits=st.sampled_from([0.0, 5.0]),
    )
    def somebody_acts(
        self,
        kind: str,
        meets: list[Fault | None],
        moves_at: int | None,
        state: Callable[[], Rollout],
        dies_at: int | None,
        waits: float,
    ) -> None:
        self.stage.world.faults.extend(meets)
        process, plan = self._process(ALICE, dies_at), self._plan(kind)
        self._moves(process, moves_at, state)
        self.in_loop(survive(self._execute(process, plan, waits)))
        self.stage.world.faults.clear()

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 50), waits=st.sampled_from([0.0, 130.0]))
    def somebody_executes_an_older_plan(self, which: int, waits: float) -> None:
        plan = self.plans.pop(which % len(self.plans))
        self.in_loop(survive(self._execute(self._process(ALICE, None), plan, waits)))

    @rule(
        kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
        meets=st.lists(faults, max_size=3),
        delay=st.sampled_from([0.0, 0.5, 3.0]),
        dies_at=turns,
    )
    def two_act_at_once(
        self, kinds: tuple[str, str], meets: list[Fault | None], delay: float, dies_at: int | None
    ) -> None:
        self.stage.world.faults.extend(meets)
        first, second = (self._plan(kind) for kind in kinds)
        alice, bob = self._process(ALICE, dies_at), self._process(BOB, None)

        async def both() -> None:
            async def later() -> None:
                await self.stage.clock.sleep(delay)
                await self._execute(bob, second, 0.0)

            await asyncio.gather(survive(self._execute(alice, first, 0.0)), survive(later()))

        self.in_loop(both())
        self.stage.world.faults.clear()

    @rule(dies_at=turns)
    def the_program_starts_again(self, dies_at: int | None) -> None:
        process = self._process(BOB, dies_at)

        async def start() -> None:
            for report in await process.reconciler.reconcile():
                self._keep(report)

        if "journal" not in self.down:
            self.in_loop(survive(start()))

    # What must never be

    @invariant()
    def no_write_without_intent_and_none_twice(self) -> None:
        check_invariants(self.stage)

    @invariant()
    def no_write_on_a_premise_that_nobody_saw(self) -> None:
        for write, before in zip(self.stage.world.writes, self.stage.world.befores, strict=True):
            plan_id, _, step = write.key.partition("/")
            plan = self.by_id[plan_id]
            if int(step) > 0:
                assert is_as_desired(before, plan.steps[int(step) - 1].desired)
            elif plan.kind is ActionKind.ABORT:
                seen = plan.premise.desired
                assert not isinstance(seen, Missing)
                assert (before.stable, before.candidate) == (seen.stable, seen.candidate)
            else:
                assert desired_of(before) == plan.premise.desired
            assert write.desired == plan.steps[int(step)].desired

    @invariant()
    def no_report_says_what_is_not_so(self) -> None:
        world = self.stage.world
        for plan_id, reports in self.reports.items():
            took = [write for write in world.writes if write.key.startswith(plan_id)]
            final = reports[-1]
            for report in reports:
                if report.outcome is Outcome.REFUSED:
                    assert not took
                if report.outcome is Outcome.VERIFIED:
                    assert len(took) == len(self.by_id[plan_id].steps)
                    assert report.serving == self.by_id[plan_id].to.weights
                    assert self._was_in_force(report)
            if final.outcome is Outcome.FAILED:
                assert not took or "set back" in final.because
            if final.outcome is Outcome.PARTIAL:
                assert took

    @invariant()
    def an_expired_plan_is_never_begun(self) -> None:
        for intent in self.stage.intents():
            plan = self.by_id[str(intent.entry.plan_id)]
            assert intent.entry.at <= plan.expires_at

    def _was_in_force(self, report: Report) -> bool:
        """Tell whether what is called verified was in force when it was last looked at."""
        assert isinstance(report.healthy_at, float)
        at = report.healthy_at - self.stage.clock.now() + self.stage.clock.boottime()
        past = self.stage.world.past
        untils = [begins for begins, _ in past[1:]] + [float("inf")]
        wanted = self.by_id[str(report.plan_id)].to
        return any(
            begins <= at + 1e-3 and at - 1e-3 <= until and is_as_desired(state, wanted)
            for (begins, state), until in zip(past, untils, strict=True)
        )

    def _plan(self, kind: str) -> Plan:
        world, number = self.stage.world, len(self.by_id) + 1
        if isinstance(world.rollout.candidate, Missing) and kind in ("abort", "promote", "steps"):
            world.become(STATES[0]())
        make: dict[str, Callable[[], Plan]] = {
            "abort": lambda: abort_plan(world, number),
            "rollback": lambda: rollback_plan(world, "1", number),
            "other version": lambda: rollback_plan(world, "0", number),
            "promote": lambda: promote_plan(world, number),
            "steps": lambda: stepwise_plan(world, (0.96, 0.98, 1.0), number),
        }
        plan = make[kind]()
        self.by_id[str(plan.id)] = plan
        return plan

    def _process(self, actor: Actor, dies_at: int | None) -> Process:
        process = self.stage.process(actor, dies_at)
        process.journal.is_down = "journal" in self.down
        process.spool.is_down = "spool" in self.down
        process.leases.is_down = "leases" in self.down
        process.reader.is_down = "metrics" in self.down
        return process

    def _moves(self, process: Process, at: int | None, state: Callable[[], Rollout]) -> None:
        def hook(turn: int, _: str) -> None:
            if turn == at:
                self.stage.world.become(state())

        process.life.hooks.append(hook)

    async def _execute(self, process: Process, plan: Plan, waits: float) -> None:
        if plan.kind is ActionKind.PROMOTE:
            ends = Instant(plan.made_at + 900.0)
            process.given = (GivenApproval(plan.hash, CAROL, Decision.GRANT, SafeText("fine"), plan.made_at, ends),)

        async def go() -> Consent | None:
            await self.stage.clock.sleep(waits)
            return consent_to(plan)

        self._keep(await process.run(plan, go))

    def _keep(self, report: Report) -> None:
        self.reports.setdefault(str(report.plan_id), []).append(report)


SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}


def test_nothing_that_must_never_be_happens() -> None:
    """Faults, other operators, moved worlds, dead journals and deaths in any order break no promise of an action."""
    run_state_machine_as_test(Acting, settings=settings(max_examples=examples(80), stateful_step_count=15, **SETTINGS))


@pytest.mark.broad
@pytest.mark.timeout(600)
def test_nothing_that_must_never_be_happens_in_many_more_stories() -> None:
    """The same, through a thousand longer stories."""
    run_state_machine_as_test(Acting, settings=settings(max_examples=1_000, stateful_step_count=30, **SETTINGS))
