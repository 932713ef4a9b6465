"""Asks one source again and again: never twice at once, slower while it fails or asks for a pause, never giving up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from modeltui.domain.event import Event, SourceFailed
from modeltui.domain.names import Instant
from modeltui.engine.questions import ask
from modeltui.engine.source import Source
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock

LONGEST_BACK_OFF_SECONDS = 30.0
SHORTEST_PAUSE_SECONDS = 0.5
"""A backend that cannot keep up gets a breath all the same."""


LONGEST_LATENESS_SECONDS = 2.0
"""All who were sent away by one answer would else come back in one moment."""


class Poller:
    """The task of one source."""

    def __init__(self, source: Source, store: Store, clock: Clock, jitter: random.Random) -> None:
        self.source = source
        self._store = store
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._again_at = 0.0
        self._is_polling = False
        self._turn = asyncio.Lock()

    async def run(self, after_poll: Callable[[Source, bool], Awaitable[None]] | None = None) -> None:
        """Poll for ever; `after_poll` hears of each answer whether it was one."""
        self._is_polling = True
        while True:
            turn_at = self._clock.boottime() + self.source.every_seconds
            answered = await self.poll_once()
            if after_poll is not None:
                await after_poll(self.source, answered)
            if answered:
                await self._clock.sleep(max(turn_at - self._clock.boottime(), SHORTEST_PAUSE_SECONDS))
            # Asked out of turn meanwhile, and in vain: the time that was told then counts.
            while self._failures and (left_seconds := self._again_at - self._clock.boottime()) > 0.0:
                await self._clock.sleep(left_seconds)

    async def poll_once(self) -> bool:
        """Ask once and apply what came; return whether the source answered.

        Who asks while a question is under way gets its answer: no source is asked twice at once.
        """
        if self._turn.locked():
            async with self._turn:
                return not self._failures
        async with self._turn:
            events = await ask(self.source, self._clock)
            failed = [event for event in events if isinstance(event, SourceFailed)]
            self._failures = self._failures + 1 if failed else 0
            await apply_in_parts(self._store, self._clock, self._with_next_turn(failed) if failed else events)
            return not failed

    def _with_next_turn(self, failed: list[SourceFailed]) -> list[Event]:
        """Return the failures with the moment of the next question, where somebody goes on asking."""
        # Full jitter: a hundred operators must not come back in step.
        ceiling = min(2.0 ** min(self._failures, 10), LONGEST_BACK_OFF_SECONDS)
        pause = self._jitter.uniform(SHORTEST_PAUSE_SECONDS, ceiling)
        asked = max(event.asked_pause_seconds for event in failed)
        if asked > 0.0:
            pause = max(pause, asked + self._jitter.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_LATENESS_SECONDS))
        self._again_at = self._clock.boottime() + pause
        if not self._is_polling:
            return list(failed)
        return [replace(event, again_at=Instant(self._clock.now() + pause)) for event in failed]


TURNS_BETWEEN_PARTS = 12
"""A key becomes a painted cell in about ten turns of the loop; the idle ones cost microseconds."""


async def apply_in_parts(store: Store, clock: Clock, events: list[Event]) -> None:
    """Apply events one by one and let the keys be answered in between."""
    for event in events:
        store.apply(event)
        if len(events) > 1:
            for _ in range(TURNS_BETWEEN_PARTS):
                await clock.sleep(0)
