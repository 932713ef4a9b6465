"""Follows the journal for the screens, and writes down in it, when asked to, what serves."""

from __future__ import annotations

import asyncio
from typing import Final

from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.event import JournalRead
from modeltui.domain.fleet import Fleet
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import ChainState, Record, RecordKind
from modeltui.domain.journal.serving_seen import OBSERVE_EVERY_SECONDS, observations, written_in
from modeltui.domain.journal.view import MOST_RECORDS
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, JournalReader, Query
from modeltui.ports.leases import Leases

LOOK_EVERY_SECONDS: Final = 1.0
VERIFY_EVERY_SECONDS: Final = 3_600.0
"""How often the whole chain is looked at while a screen is open; a journal of years takes half a minute of a core."""
LONGEST_PAUSE_SECONDS: Final = 30.0
LEASES_EVERY_SECONDS: Final = 5.0
"""How often leases are asked for while nothing is new in the journal: one that is renewed writes no record."""
_MOST_LOOKS: Final = 100_000


class JournalPoller:
    """Reads what is new in a journal into a store."""

    def __init__(self, journal: JournalReader, store: Store, clock: Clock, leases: Leases | None = None) -> None:
        self._journal = journal
        self._store = store
        self._clock = clock
        self._leases = leases
        self._seen: tuple[int, SafeText | Unknown] | None = None
        self._leases_due_at = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Follow the journal for ever: a look at its head each second, the rest only when it has moved."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._verify_again_and_again())

    async def _follow(self) -> None:
        while True:
            answered = await self.look()
            pause = LOOK_EVERY_SECONDS if answered else min(2.0**self._failures, LONGEST_PAUSE_SECONDS)
            await self._clock.sleep(pause)

    async def _verify_again_and_again(self) -> None:
        while True:
            await self.verify()
            await self._clock.sleep(VERIFY_EVERY_SECONDS)

    async def look(self) -> bool:
        """Look once and apply what is new; return whether the journal could be read."""
        try:
            head = await self._journal.head()
            if head != self._seen or self._clock.boottime() >= self._leases_due_at:
                self._store.apply(await self._read(head))
                self._seen = head
        except JournalUnavailable as error:
            self._failures += 1
            if self._failures == 1 or _has_no_error(self._store.fleet):
                self._store.apply(JournalRead(self._clock.now(), error=safe_text(error.title)))
            self._seen = None
            return False
        self._failures = 0
        return True

    async def verify(self) -> None:
        """Look at the whole chain once and apply what was found."""
        try:
            chain = await self._journal.verify()
            event = await self._read(await self._journal.head(), chain)
        except JournalUnavailable as error:
            event = JournalRead(self._clock.now(), error=safe_text(error.title))
        self._store.apply(event)

    async def _read(self, head: tuple[int, SafeText | Unknown], chain: ChainState | Unknown = UNKNOWN) -> JournalRead:
        known = _known(self._store.fleet)
        last = known[-1].seq if known else 0
        new: tuple[Record, ...] = ()
        if head[0] > last:
            newest = Query(after_seq=last, most=MOST_RECORDS, newest_first=True)
            new = tuple(reversed(await self._journal.read(newest)))
        held = () if self._leases is None else await self._leases.held()
        self._leases_due_at = self._clock.boottime() + LEASES_EVERY_SECONDS
        return JournalRead(
            self._clock.now(), new, open_intents=await self._journal.open_intents(), leases=held, chain=chain
        )


def _known(fleet: Fleet) -> tuple[Record, ...]:
    return () if isinstance(fleet.journal, Missing) else fleet.journal.records


def _has_no_error(fleet: Fleet) -> bool:
    return isinstance(fleet.journal, Missing) or fleet.journal.error is NO_DATA


async def observe(fleet: Fleet, journal: Journal, now: Instant, actor: Actor) -> tuple[Record, ...]:
    """Write down what serves now, and return the records; nothing where all of it was written down just before.

    Raises `JournalUnavailable`.
    """
    recent = Query(
        kinds=frozenset({RecordKind.SERVING_OBSERVED}), since=Instant(now - OBSERVE_EVERY_SECONDS), most=_MOST_LOOKS
    )
    written = written_in(await journal.read(recent))
    return tuple([await journal.append(entry) for entry in observations(fleet, now, actor, written)])
