"""Time that passes only when told to, or when nobody has anything left to do: hours of waiting run in milliseconds."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from modeltui.domain.names import Instant
from modeltui.ports.clock import Clock

NOON = Instant(1_767_268_800.0)
"""2026-01-01 12:00 UTC: where a virtual clock starts unless told otherwise."""

_QUIET_LOOKS = 2
"""Looks at an idle loop before it counts as idle: between two of them the loop asks its sockets once."""


class VirtualClock:
    """A `Clock` for tests and drills.

    With `autojump` the time leaps to the next sleeper as soon as every task waits: for this clock, or for each
    other. Work in threads (`run_in_executor`, `asyncio.to_thread`) that was started after the first sleep holds the
    time. Waiting for a socket or a process is not seen: give `idle_seconds` of real quiet for those, or `advance` by
    hand. One clock belongs to one event loop.
    """

    def __init__(self, start: float = NOON, *, autojump: bool = False, idle_seconds: float = 0.0) -> None:
        self._start = start
        self._elapsed = 0.0
        self._autojump = autojump
        self._idle_seconds = idle_seconds
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._quiet_looks = 0
        self._is_looking = False
        self._threads_at_work = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> Instant:
        """Return the wall time, UTC."""
        return Instant(self._start + self._elapsed)

    def boottime(self) -> float:
        """Return the seconds that have passed on this clock."""
        return self._elapsed

    def step_wall_time(self, seconds: float) -> None:
        """Move the wall time alone, as a correction of the machine's clock does: nobody wakes."""
        self._start += seconds

    @property
    def sleeping(self) -> int:
        """How many sleeps are under way."""
        return sum(not sleeper[2].done() for sleeper in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has moved on by `seconds`; others get their turn even when that is nothing."""
        if seconds <= 0:
            await asyncio.sleep(0)  # noqa: TID251 - a turn, not time
            return
        loop = self._joined_loop()
        woken: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        self._look_later()
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking each sleeper at its own moment, and let everybody finish what it does then."""
        until = self._elapsed + seconds
        await self.settle()
        while self._next_due() <= until:
            self._jump()
            await self.settle()
        self._elapsed = max(self._elapsed, until)
        await self.settle()

    async def settle(self) -> None:
        """Return when every other task waits for something."""
        loop = self._joined_loop()
        quiet = 0
        while quiet < _QUIET_LOOKS:
            await asyncio.sleep(0)  # noqa: TID251 - a turn, not time
            quiet = quiet + 1 if not _has_work(loop) and not self._threads_at_work else 0

    def _next_due(self) -> float:
        while self._sleepers and self._sleepers[0][2].done():  # cancelled
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else float("inf")

    def _jump(self) -> None:
        due = self._next_due()
        if due == float("inf"):
            return
        self._elapsed = max(self._elapsed, due)
        while self._next_due() <= self._elapsed:
            heapq.heappop(self._sleepers)[2].set_result(None)

    def _joined_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            self._count_threads(loop)
        elif self._loop is not loop:
            raise RuntimeError("this VirtualClock belongs to another event loop; make one for each test")
        return loop

    def _count_threads(self, loop: asyncio.AbstractEventLoop) -> None:
        run: Callable[..., Any] = loop.run_in_executor

        def counted(executor: Any, function: Any, *arguments: Any) -> Any:
            future = run(executor, function, *arguments)
            self._threads_at_work += 1
            future.add_done_callback(self._thread_ended)
            return future

        loop.run_in_executor = counted  # type: ignore[method-assign, assignment]  # counted on purpose

    def _thread_ended(self, _: object) -> None:
        self._threads_at_work -= 1
        self._look_later()

    def _look_later(self) -> None:
        if self._autojump and self._loop is not None and not self._is_looking:
            self._is_looking = True
            self._quiet_looks = 0
            self._again(self._loop)

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._idle_seconds > 0:
            loop.call_later(self._idle_seconds, self._look)
        else:
            loop.call_soon(self._look)

    def _look(self) -> None:
        """Jump when the loop has been idle for long enough; else look again as long as anybody sleeps."""
        assert self._loop is not None  # noqa: S101 - only `_look_later` starts looking
        if self._threads_at_work or self._next_due() == float("inf"):
            self._is_looking = False  # the end of the thread, or the next sleep, starts it again
            return
        self._quiet_looks = 0 if _has_work(self._loop) else self._quiet_looks + 1
        if self._quiet_looks >= _QUIET_LOOKS:
            self._quiet_looks = 0
            self._jump()
        self._again(self._loop)


def _has_work(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether the loop has something to run before it would wait; only its own queue knows that exactly."""
    return bool(loop._ready)  # type: ignore[attr-defined]  # noqa: SLF001


_: type[Clock] = VirtualClock
