"""By when each part of an action has to be done, and how that is held to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from modeltui.ports.clock import Clock

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """All durations of an action, in seconds."""

    read_seconds: float = 5.0
    """One look at the controller."""
    poll_seconds: float = 20.0
    """One look at all sources."""
    prepare_seconds: float = 10.0
    send_seconds: float = 20.0
    """One write: more than the write client's own 15 s, and the 18 s of a write to MLflow: their word comes first."""
    record_seconds: float = 10.0
    """One record, with the way to the spool."""
    lease_seconds: float = 3.0
    notice_seconds: float = 2.0
    reread_every_seconds: float = 2.0
    """While the operator reads the plan, the world is compared with it so often."""
    poll_every_seconds: float = 10.0
    """All sources, meanwhile."""
    verify_every_seconds: float = 2.0
    retry_after_seconds: float = 1.0
    """Before what was certainly not sent is sent once more."""
    look_up_seconds: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    """Pauses before each look for a write whose answer is lost."""
    not_applied_after_seconds: float = 15.0
    """What is not there may still be under way; after this it is taken for lost."""
    accepted_seconds: float = 10.0
    """By then the controller must read back as planned."""
    serving_seconds: float = 60.0
    """By then, and the window of the metrics, the planned versions must answer."""
    healthy_seconds: float = 300.0
    """By then, counted from serving, the signals must be within their limits."""
    snap_back_seconds: tuple[float, ...] = (300.0, 1_800.0)
    """How long after the outcome somebody looks whether it was undone."""
    longest_clock_step_seconds: float = 1.0
    """A wall clock that was set while the plan was read says nothing about its age any more."""

    def longest(self, steps: int, waits_seconds: float, window_seconds: float) -> float:
        """Return after how many seconds an executor that lives has written its outcome, generously."""
        looking_up = sum(self.look_up_seconds) + len(self.look_up_seconds) * self.read_seconds
        per_step = 2 * (self.send_seconds + self.read_seconds + self.lease_seconds) + looking_up + self.accepted_seconds
        verifying = self.accepted_seconds + self.serving_seconds + window_seconds + self.healthy_seconds
        return steps * per_step + waits_seconds + verifying + 60.0


DEADLINES = Deadlines()


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what `work` returns; raise `TimeoutError` when it takes longer than `seconds` on the clock."""
    returned: list[_T] = []
    raised: list[Exception] = []

    async def caught() -> None:
        try:
            returned.append(await work)
        except Exception as error:  # raised again below, by itself and not in a group
            raised.append(error)

    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(caught())
        alarm = tasks.create_task(clock.sleep(seconds))
        await asyncio.wait((working, alarm), return_when=asyncio.FIRST_COMPLETED)
        alarm.cancel()
        working.cancel()
    if raised:
        raise raised[0]
    if not returned:
        raise TimeoutError
    return returned[0]
