"""Two runs on one target at one moment: the one that does nothing never stops the one that does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.engine.acting import Process, Stage

from modeltui.domain.acting.action import Consent, Plan
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.testing.acting_fakes import (
    ALICE,
    BOB,
    FakeWorld,
    abort_plan,
    consent_to,
    rollback_plan,
    stepwise_plan,
    two_writes_plan,
)


async def at_turn(turn: int, first: Process, plan: Plan, second: Process, other: Plan) -> tuple[Report, Report]:
    """Run both: the second has seen its plan before, and gets GO at a turn of the first, or when that is over."""
    go, is_ready = asyncio.Event(), asyncio.Event()

    def look(number: int, name: str) -> None:
        if number == turn:
            go.set()

    async def agree() -> Consent:
        is_ready.set()
        await go.wait()
        return consent_to(other)

    async def begin() -> Report:
        await is_ready.wait()
        report = await first.run(plan)
        go.set()
        return report

    first.life.hooks.append(look)
    return await asyncio.gather(begin(), second.run(other, agree))


@pytest.mark.parametrize("turn", range(1, 45))
@pytest.mark.parametrize(
    "make",
    [abort_plan, lambda world: rollback_plan(world, "1"), lambda world: stepwise_plan(world, (0.96, 1.0))],
    ids=["abort", "rollback", "in steps"],
)
async def test_a_plan_that_is_run_twice_is_carried_out_once(make: Callable[[FakeWorld], Plan], turn: int) -> None:
    """One plan in two processes: one of them carries it out to the end, the other says so and writes nothing."""
    stage = Stage()
    first, second = stage.process(), stage.process()
    plan = make(stage.world)
    reports = await at_turn(turn, first, plan, second, plan)
    assert sorted(report.outcome for report in reports) == [Outcome.REFUSED, Outcome.VERIFIED]
    assert stage.disk.kinds.count("action.intent") == 1
    assert not stage.leases.held


@pytest.mark.parametrize("turn", range(1, 45))
async def test_who_stops_another_is_written_down(turn: int) -> None:
    """Bob's rollback takes two writes, Alice's abort comes in between: where hers ends his, the record names it."""
    stage = Stage()
    alice, bob = stage.process(ALICE), stage.process(BOB)
    reports = await at_turn(turn, bob, two_writes_plan(stage.world, "0", 2), alice, abort_plan(stage.world, 1))
    outcomes = [report.outcome for report in reports]
    assert Outcome.VERIFIED in outcomes or "lease.broken" in stage.disk.kinds, [str(one.because) for one in reports]
    assert not stage.leases.held


async def test_an_abort_that_comes_too_late_stops_nobody() -> None:
    """Bob's first write is done when Alice's abort gets its GO: she is told what moved, his second write is sent."""
    stage = Stage()
    bob = stage.process(BOB)
    names: list[str] = []
    bob.life.hooks.append(lambda number, name: names.append(name))
    assert (await bob.run(two_writes_plan(stage.world, "0", 2))).outcome is Outcome.VERIFIED
    turn = names.index("apply done") + 1
    stage = Stage()
    alice, bob = stage.process(ALICE), stage.process(BOB)
    his, hers = await at_turn(turn, bob, two_writes_plan(stage.world, "0", 2), alice, abort_plan(stage.world, 1))
    assert (his.outcome, hers.outcome) == (Outcome.VERIFIED, Outcome.REFUSED), (str(his.because), str(hers.because))
    assert "it moved: stable 1 is now 0" in hers.because
    assert "lease.broken" not in stage.disk.kinds
