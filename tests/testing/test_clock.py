"""Waiting is tested without waiting."""

from __future__ import annotations

import asyncio
import time

import pytest

from modeltui.testing.clock import NOON, VirtualClock


async def test_hours_pass_as_soon_as_everybody_sleeps() -> None:
    """A task that sleeps for a day wakes at once, a day later."""
    clock = VirtualClock(autojump=True)
    began = time.monotonic()
    await clock.sleep(86_400)
    assert clock.now() == NOON + 86_400
    assert clock.boottime() == 86_400
    assert time.monotonic() - began < 1


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    """Two tasks that sleep differently long wake each at its own moment."""
    clock = VirtualClock(autojump=True)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(seconds)
            woken.append((name, clock.boottime()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("slow", 5, 2))
        group.create_task(sleeper("fast", 2, 4))
    assert woken == [("fast", 2), ("fast", 4), ("slow", 5), ("fast", 6), ("fast", 8), ("slow", 10)]


async def test_the_time_stands_while_somebody_works() -> None:
    """A chain of turns between tasks takes no time on the clock."""
    clock = VirtualClock(autojump=True)
    seen: list[float] = []

    async def busy() -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        seen.append(clock.boottime())

    async with asyncio.TaskGroup() as group:
        group.create_task(clock.sleep(60))
        group.create_task(busy())
    assert seen == [0.0]


async def test_work_in_a_thread_holds_the_time() -> None:
    """While a thread reads a file, no hour goes by."""
    clock = VirtualClock(autojump=True)
    await clock.sleep(1)

    async def reader() -> float:
        await asyncio.to_thread(time.sleep, 0.05)
        return clock.boottime()

    async with asyncio.TaskGroup() as group:
        group.create_task(clock.sleep(3600))
        read = group.create_task(reader())
    assert read.result() == 1.0
    assert clock.boottime() == 3601.0


async def test_without_autojump_the_time_moves_only_by_hand() -> None:
    """A sleeper stays asleep until the test has moved the clock to its moment."""
    clock = VirtualClock()
    woken: list[float] = []

    async def sleeper() -> None:
        while True:
            await clock.sleep(10)
            woken.append(clock.boottime())

    task = asyncio.get_running_loop().create_task(sleeper())
    await clock.advance(9)
    assert woken == []
    assert clock.sleeping == 1
    await clock.advance(22)
    assert woken == [10, 20, 30]
    assert clock.boottime() == 31
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.sleeping == 0


async def test_a_correction_of_the_wall_clock_wakes_nobody() -> None:
    """When the machine's clock is set, stamps jump and durations do not."""
    clock = VirtualClock()
    clock.step_wall_time(-3600)
    assert clock.now() == NOON - 3600
    assert clock.boottime() == 0.0
