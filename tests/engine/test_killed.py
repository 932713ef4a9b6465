"""A process that dies at any point of an action: the next start finds the truth, and nothing happens twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from tests.engine.acting import Process, Stage, check_invariants, survive

from modeltui.domain.acting.action import Plan
from modeltui.domain.acting.lease import LEASE_SECONDS
from modeltui.domain.acting.leasing import SKEW_SECONDS
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.journal.details import outcome_details
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import BOB, WRITES_TO, FakeWorld, Fault, abort_plan, rollback_plan, stepwise_plan

# Every point of every story is a death, and two lives after it.
pytestmark = pytest.mark.broad

LONG_ENOUGH_SECONDS = 4_000.0
"""After this whoever has not written an outcome never will."""


@dataclass(frozen=True)
class Scenario:
    """One action, with what goes wrong besides the death."""

    plan: Callable[[FakeWorld], Plan]
    faults: tuple[Fault | None, ...] = ()
    set_up: Callable[[Stage, Process], None] = lambda *_: None
    knows_keys: bool = True


def journal_down(_: Stage, process: Process) -> None:
    process.journal.is_down = True


def leases_down(_: Stage, process: Process) -> None:
    process.leases.is_down = True


SCENARIOS = {
    "abort": Scenario(abort_plan),
    "rollback": Scenario(lambda world: rollback_plan(world, "1")),
    "three steps": Scenario(lambda world: stepwise_plan(world, (0.96, 0.98, 1.0))),
    "lost before": Scenario(abort_plan, (Fault.LOST_BEFORE,)),
    "lost after": Scenario(abort_plan, (Fault.LOST_AFTER,)),
    "late": Scenario(abort_plan, (Fault.LATE,)),
    "refused": Scenario(abort_plan, (Fault.REFUSE,)),
    "second step lost": Scenario(lambda world: stepwise_plan(world, (0.96, 0.98, 1.0)), (None, Fault.LOST_AFTER)),
    "second step refused": Scenario(lambda world: stepwise_plan(world, (0.96, 1.0)), (None, Fault.REFUSE)),
    "unreachable once": Scenario(abort_plan, (Fault.UNREACHABLE,)),
    "journal down": Scenario(abort_plan, (), journal_down),
    "leases down": Scenario(abort_plan, (), leases_down),
    "no memory of writes": Scenario(abort_plan, (Fault.LOST_AFTER,), knows_keys=False),
}


async def turns_of(scenario: Scenario) -> int:
    """Return how many turns the action takes when nobody dies."""
    stage = Stage()
    process, plan = on(stage, scenario, None)
    await process.run(plan)
    return process.life.turns


def on(stage: Stage, scenario: Scenario, dies_at: int | None) -> tuple[Process, Plan]:
    """Return a process that dies at this turn, with its plan."""
    stage.world.faults.extend(scenario.faults)
    stage.world.knows_keys = scenario.knows_keys
    process = stage.process(dies_at=dies_at)
    scenario.set_up(stage, process)
    return process, scenario.plan(stage.world)


async def die_and_start_again(scenario: Scenario, dies_at: int, after_seconds: float) -> None:
    """Let a process die at one turn; start another some time later, and check that it finds the truth."""
    stage = Stage()
    stage.knows_processes = after_seconds < LONG_ENOUGH_SECONDS
    process, plan = on(stage, scenario, dies_at)
    assert not await survive(process.run(plan))
    attempts = len(stage.world.attempts)
    await stage.clock.sleep(after_seconds)
    next_start = stage.process(BOB)
    found = await next_start.reconciler.reconcile()
    check_invariants(stage)
    assert len(stage.world.attempts) == attempts, "looking has sent something"
    check_found(stage, plan, found)
    assert not await next_start.spooling.open_intents(), "somebody must still look at it"
    assert not await stage.process(BOB).reconciler.reconcile(), "it was found out already"


def check_found(stage: Stage, plan: Plan, found: tuple[Report, ...]) -> None:
    """Fail when what is written down of the action is not what became of it."""
    took = len(stage.world.writes)
    if not stage.intents():
        assert took == 0
        assert not found
        return
    assert len(stage.ends()) == 1
    (end,) = stage.ends()
    assert end.plan_id == plan.id
    assert end.outcome is not Outcome.UNKNOWN, "it could be known"
    if took == 0:
        assert end.outcome in (Outcome.FAILED, Outcome.REFUSED)
    elif took < len(plan.steps):
        assert end.outcome is Outcome.PARTIAL
    else:
        assert end.outcome is Outcome.VERIFIED
        assert stage.world.serving() == dict(plan.to.weights)


@pytest.mark.parametrize("after_seconds", [1.0, pytest.param(LONG_ENOUGH_SECONDS, marks=pytest.mark.broad)])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_process_that_is_killed_at_any_point_leaves_the_truth_to_be_found(
    name: str, after_seconds: float
) -> None:
    """Kill -9 between any two things that an action does: the next start knows what became of it, and sends nothing."""
    scenario = SCENARIOS[name]
    turns = await turns_of(scenario)
    for dies_at in range(1, turns + 1):
        await die_and_start_again(scenario, dies_at, after_seconds)


async def test_the_points_of_death_are_many() -> None:
    """The claim 'at any point' stands on several hundred points, not on a few."""
    points = [await turns_of(scenario) for scenario in SCENARIOS.values()]
    assert min(points) >= 20
    assert sum(points) >= 300


async def test_a_reconciler_that_is_killed_at_any_point_is_followed_by_another() -> None:
    """The program dies while it finds out: the start after finds the same, once."""
    scenario = SCENARIOS["lost after"]
    for dies_at in range(1, 40):
        stage = Stage()
        process, plan = on(stage, scenario, None)
        dies_in_the_write(process)
        assert not await survive(process.run(plan))
        assert len(stage.world.writes) == 1
        await stage.clock.sleep(LONG_ENOUGH_SECONDS)
        dying_start = stage.process(dies_at=dies_at)
        await survive(dying_start.reconciler.reconcile())
        await stage.process(BOB).reconciler.reconcile()
        assert [end.outcome for end in stage.ends()] == [Outcome.VERIFIED]
        check_invariants(stage)


def dies_in_the_write(process: Process) -> None:
    """Let the process die when the controller has written and the answer is on its way."""

    def hook(turn: int, name: str) -> None:
        if name == "apply done":
            process.life.dies_at = turn

    process.life.hooks.append(hook)


async def test_an_action_that_is_under_way_is_left_alone() -> None:
    """I start a second program while my abort is being verified: it does not declare it lost."""
    stage = Stage()
    stage.world.follows_after_seconds = 50.0
    other = stage.process(BOB)

    async def look_often() -> None:
        for _ in range(20):
            await stage.clock.sleep(2.0)
            assert await other.reconciler.reconcile() == ()

    report, _ = await asyncio.gather(stage.process().run(abort_plan(stage.world)), look_often())
    assert report.outcome is Outcome.VERIFIED
    assert len(stage.ends()) == 1


async def test_an_intent_is_looked_at_once_its_lease_has_run_out() -> None:
    """The process died: two minutes later its claim is gone, and the next start looks."""
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    assert await stage.process(BOB).reconciler.reconcile() == ()
    await stage.clock.sleep(LEASE_SECONDS + SKEW_SECONDS)
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.VERIFIED
    assert found.because.startswith("found out afterwards")


async def test_nothing_is_said_while_nobody_answers() -> None:
    """The controller is away at the next start: the intent stays open, and is looked at once it is back."""
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    stage.world.is_down = True
    assert await stage.process(BOB).reconciler.reconcile() == ()
    assert not stage.ends()
    stage.world.is_down = False
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.VERIFIED


async def test_an_unknown_outcome_is_looked_for_again_at_each_start() -> None:
    """Last night nobody could say; this morning the controller answers, and the journal gets the truth."""
    stage = Stage()
    stage.world.faults.append(Fault.LOST_AFTER)
    process = stage.process()
    process.life.hooks.append(lambda _, name: setattr(stage.world, "is_down", name == "trace" or stage.world.is_down))
    assert (await process.run(abort_plan(stage.world))).outcome is Outcome.UNKNOWN
    await stage.clock.sleep(3_600.0)
    assert await stage.process(BOB).reconciler.reconcile() == ()
    stage.world.is_down = False
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.VERIFIED
    assert [end.outcome for end in stage.ends()] == [Outcome.UNKNOWN, Outcome.VERIFIED]
    assert await stage.process(BOB).reconciler.reconcile() == ()


async def test_another_configuration_does_not_say_what_became_of_it() -> None:
    """The process died, and the file names another server since: nobody looks there, and it is unknown, with where.

    With the old configuration it is found out after all.
    """
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    elsewhere = stage.process(BOB)
    elsewhere.writes_to = SafeText("http://new:5000, alias champion")
    looked: list[str] = []
    elsewhere.life.hooks.append(lambda _, name: looked.append(name))
    (found,) = await elsewhere.reconciler.reconcile()
    assert found.outcome is Outcome.UNKNOWN
    assert f"written to {WRITES_TO}, and this configuration reads http://new:5000" in found.because
    assert f"a configuration that writes to {WRITES_TO}" in found.remedy
    assert not {"trace", "read"} & set(looked), "another place was asked"
    assert await elsewhere.reconciler.reconcile() == (), "that is said once"
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.VERIFIED


async def test_a_record_that_does_not_say_where_is_not_looked_for_anywhere() -> None:
    """An intent of an earlier program names no place: what this configuration reads is not taken for its trace."""
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    (place,) = (at for at, one in enumerate(stage.disk.records) if one.entry.kind is RecordKind.ACTION_INTENT)
    intent = stage.disk.records[place]
    details = {name: value for name, value in intent.entry.details.items() if name != "writes_to"}
    stage.disk.records[place] = replace(intent, entry=replace(intent.entry, details=details))
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.UNKNOWN
    assert "does not say where" in found.because


async def test_what_changed_since_is_not_called_verified() -> None:
    """The process died, and Bob rolled back elsewhere meanwhile: my abort took, and is no longer in force."""
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    stage.world.move("0")
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.PARTIAL
    assert "100 % 0" in found.because


async def test_a_write_that_is_still_under_way_when_the_next_start_looks_is_waited_for() -> None:
    """The process died with its request in the network, and I start again at once: what lands later is found."""
    stage = Stage()
    stage.knows_processes = True
    stage.world.faults.append(Fault.LATE)
    process = stage.process()
    dies_in_the_write(process)
    assert not await survive(process.run(abort_plan(stage.world)))
    (found,) = await stage.process(BOB).reconciler.reconcile()
    assert found.outcome is Outcome.VERIFIED
    assert len(stage.world.writes) == 1


async def test_what_somebody_else_found_out_meanwhile_is_not_written_twice() -> None:
    """Bob and I start at the same moment after a death: what he has written down, I leave as it is."""
    stage = Stage()
    process = stage.process()
    dies_in_the_write(process)
    plan = abort_plan(stage.world)
    assert not await survive(process.run(plan))
    await stage.clock.sleep(LONG_ENOUGH_SECONDS)
    mine = stage.process()
    (intent,) = stage.intents()
    his = Report(plan.id, plan.hash, plan.target, Outcome.VERIFIED, SafeText("Bob found it"))

    def bob_is_faster(_: int, name: str) -> None:
        if name == "trace":
            entry = replace(intent.entry, kind=RecordKind.ACTION_RECONCILED, details=outcome_details(his))
            stage.disk.records.append(replace(intent, entry=entry, seq=len(stage.disk.records) + 1))

    mine.life.hooks.append(bob_is_faster)
    assert await mine.reconciler.reconcile() == ()
    assert [end.because for end in stage.ends()] == ["Bob found it"]
