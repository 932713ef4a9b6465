"""What is kept beside a journal that could not be written, and how it comes into it: each record once, and in order.

A record lies in the spool until a `log.spooled` there names its hash. What a process could not finish, another does:
it looks into the journal for what is there already, both what was brought over and what the journal wrote after all
when nobody waited for it any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.details import spooled_details
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.engine.acting.asking import in_time
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, Query

_Q = TypeVar("_Q")
_T = TypeVar("_T")
_MOST_SPOOLED = 10_000
_BATCH_RECORDS = 100
"""The hashes of so many stand in one line, whole."""
_PAGE_RECORDS = 1_000
_KEEP_SECONDS = 3.0
_READ_SECONDS = 1.0
"""Less than the journal gets: where only the spool hangs, the record still comes into the journal."""
_TURN_SECONDS = 0.05
"""Between two looks whether another process has brought over what it began."""


class OneAtATime:
    """Gives whether nobody else in this process is at it."""

    def __init__(self) -> None:
        self._is_taken = False

    @contextmanager
    def __call__(self) -> Iterator[bool]:
        """Give whether it is free; then it is taken until the end."""
        if self._is_taken:
            yield False
            return
        self._is_taken = True
        try:
            yield True
        finally:
            self._is_taken = False


class Spool:
    """A durable local journal beside the real one."""

    def __init__(
        self,
        primary: Journal,
        kept: Journal,
        clock: Clock,
        alone: Callable[[], AbstractContextManager[bool]],
        most_seconds: float,
    ) -> None:
        self._primary = primary
        self._kept = kept
        self._clock = clock
        self._alone = alone
        self._most_seconds = most_seconds
        """For one answer of the journal."""

    async def keep(self, entry: Entry) -> Record:
        """Return the record once it is durable in the spool; raises `JournalUnavailable`."""
        return await in_time(self._clock, _KEEP_SECONDS, self._kept.append(entry))

    async def waiting(self) -> tuple[Record, ...]:
        """Return what is kept and no mark names, oldest first; nothing when the spool cannot be read."""
        newest = Query(most=_MOST_SPOOLED, newest_first=True)
        try:
            records = await in_time(self._clock, _READ_SECONDS, self._kept.read(newest))
        except JournalUnavailable:
            return ()
        marks = [record for record in records if record.entry.kind is RecordKind.LOG_SPOOLED]
        settled = {text for mark in marks for text in _texts(mark.entry.details.get("hashes"))}
        waiting = [one for one in records if not one.entry.kind.startswith("log.") and str(one.hash) not in settled]
        return tuple(sorted(waiting, key=lambda record: record.seq))

    async def bring_over(self, until: float) -> tuple[int, tuple[Record, ...]]:
        """Return how many records the journal has for certain now, and what it has as soon as it takes one more.

        Of the second kind is what stands there without anybody knowing whether it is durable: `settle` it after the
        next record. Raises `JournalUnavailable`, also when it takes longer than `until` (boot time). May be stopped at
        any point and called again.
        """
        if not await self.waiting():
            return 0, ()
        brought, seen = 0, list[Record]()
        async with self._turn(until):
            waiting = await self.waiting()  # somebody else may have been at it
            for start in range(0, len(waiting), _BATCH_RECORDS):
                batch = waiting[start : start + _BATCH_RECORDS]
                has_written = await self._write_missing(batch, until)
                seen += batch
                if has_written:
                    await self.settle(seen)
                    brought += len(seen)
                    seen = []
        return brought, tuple(seen)

    async def settle(self, records: Sequence[Record]) -> None:
        """Write down that the journal has these; where that fails, the next who looks sees it in the journal again."""
        for start in range(0, len(records), _BATCH_RECORDS):
            with suppress(JournalUnavailable):
                await self.keep(self._mark(records[start : start + _BATCH_RECORDS]))

    async def _write_missing(self, batch: Sequence[Record], until: float) -> bool:
        """Write what the journal has not; return whether it took any record, so that what was there is durable."""
        missing = await self._missing(batch, until)
        if not missing:
            return False
        mark = self._mark(missing)
        await self._ask(until, self._primary.append, mark)
        # Records come one after the other: what somebody left behind half written is there by now, or never will be.
        for record in await self._missing(missing, until):
            copy = replace(record.entry, details={**record.entry.details, "spooled": str(record.hash)})
            await self._ask(until, self._primary.append, copy)
        return True

    async def _missing(self, batch: Sequence[Record], until: float) -> list[Record]:
        """Return what the journal has neither as a copy nor as the same entry, written when nobody waited for it."""
        there = [record.entry for record in await self._written_then(batch, until)]
        copies = {entry.details.get("spooled") for entry in there}
        late = [entry for entry in there if "spooled" not in entry.details]
        missing: list[Record] = []
        for record in batch:
            if record.entry in late:
                late.remove(record.entry)
            elif str(record.hash) not in copies:
                missing.append(record)
        return missing

    async def _written_then(self, batch: Sequence[Record], until: float) -> list[Record]:
        """Return what the journal has of the same kinds and the same time."""
        times = [record.entry.at for record in batch]
        kinds = frozenset(record.entry.kind for record in batch)
        query = Query(kinds=kinds, since=min(times), until=max(times), most=_PAGE_RECORDS)
        found: list[Record] = []
        while True:
            page = await self._ask(until, self._primary.read, query)
            found += page
            if len(page) < _PAGE_RECORDS:
                return found
            query = replace(query, after_seq=page[-1].seq)

    def _mark(self, records: Sequence[Record]) -> Entry:
        first, last = records[0].entry, records[-1].entry
        details = spooled_details([str(record.hash) for record in records], first.at, last.at)
        return Entry(RecordKind.LOG_SPOOLED, self._clock.now(), last.actor, last.context, details=details)

    @asynccontextmanager
    async def _turn(self, until: float) -> AsyncIterator[None]:
        """Give once nobody else brings anything over; raise `JournalUnavailable` when that takes longer than `until`.

        Whoever wrote past them could put an outcome before its intent.
        """
        while True:
            with self._alone() as is_alone:
                if is_alone:
                    yield
                    return
            if self._clock.boottime() >= until:
                title = "what was kept beside the journal is just being brought over"
                raise JournalUnavailable(title, "try again in a moment")
            await self._clock.sleep(_TURN_SECONDS)

    async def _ask(self, until: float, ask: Callable[[_Q], Coroutine[Any, Any, _T]], question: _Q) -> _T:
        left_seconds = min(self._most_seconds, until - self._clock.boottime())
        if left_seconds <= 0:
            title = "the journal takes long for what was kept beside it"
            raise JournalUnavailable(title, "try again in a moment, or look at the disk or the database that holds it")
        return await in_time(self._clock, left_seconds, ask(question))


def _texts(detail: object) -> tuple[str, ...]:
    return tuple(str(one) for one in detail) if isinstance(detail, tuple | list) else ()
