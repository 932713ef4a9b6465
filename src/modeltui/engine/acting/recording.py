"""The record while an action runs: what must be durable before anything is sent, and where it goes when it cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from modeltui.domain.acting.action import NO_REASON, Plan, Reason
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import Details, may_be_spooled
from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText
from modeltui.engine.acting.asking import in_time
from modeltui.engine.acting.deadlines import Deadlines
from modeltui.engine.acting.spool import OneAtATime, Spool
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, Query

_PRIMARY_SECONDS = 3.0
"""The safe direction must not wait longer than this for a journal that hangs, or is slow to take what was kept."""
_BRING_OVER_SECONDS = 120.0
"""For whoever has nothing else to do; what is left then comes with the next record."""


class SpoolingJournal:
    """A journal that keeps records in a durable local file while the real one cannot be written.

    An intent is kept there only when `allow` says so: abort, and the way back to the last known good version. When the
    journal is back, everything that was kept is brought over first, after a `log.spooled` record with the hashes; each
    record that was brought over says in `details.spooled` which one it is. What the journal wrote after all is not
    written again.
    """

    def __init__(
        self,
        primary: Journal,
        spool: Journal,
        clock: Clock,
        allow: Callable[[Entry], bool] = may_be_spooled,
        alone: Callable[[], AbstractContextManager[bool]] | None = None,
    ) -> None:
        """`alone` gives whether no other process that uses the same spool brings over."""
        self._primary = primary
        self._spool = Spool(primary, spool, clock, alone or OneAtATime(), _PRIMARY_SECONDS)
        self._clock = clock
        self._allow = allow
        self.is_degraded = False
        """Whether the last record went to the spool: to be said loudly."""

    async def append(self, entry: Entry) -> Record:
        """Write one record; raise `JournalUnavailable` when it is on no disk, or must not be in the spool alone."""
        until = self._clock.boottime() + _PRIMARY_SECONDS
        try:
            _, seen = await self._spool.bring_over(until)
            left_seconds = max(until - self._clock.boottime(), 0.0)
            record = await in_time(self._clock, left_seconds, self._primary.append(entry))
        except JournalUnavailable as error:
            if not self._allow(entry):
                raise
            record = await self._keep(entry, error)
            self.is_degraded = True
            return record
        self.is_degraded = False
        await self._spool.settle(seen)
        return record

    async def bring_over(self) -> int:
        """Write what the spool keeps into the journal; return how many records that were.

        May be stopped at any point and called again: what is there already is not written twice.
        """
        return (await self._spool.bring_over(self._clock.boottime() + _BRING_OVER_SECONDS))[0]

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records of the journal that match; what is only in the spool is not among them."""
        return await self._primary.read(query)

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest seq of the journal and its hash."""
        return await self._primary.head()

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without outcome, of the journal and of the spool."""
        waiting = await self._spool.waiting()
        ended = {
            record.entry.plan_id
            for record in waiting
            if record.entry.kind in (RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED)
        }
        there = [record for record in await self._primary.open_intents() if record.entry.plan_id not in ended]
        known = {record.entry.plan_id for record in there} | ended
        kept = [
            record
            for record in waiting
            if record.entry.kind is RecordKind.ACTION_INTENT and record.entry.plan_id not in known
        ]
        return (*there, *kept)

    async def verify(self) -> ChainState:
        """Return whether every record of the journal fits."""
        return await self._primary.verify()

    async def _keep(self, entry: Entry, error: JournalUnavailable) -> Record:
        try:
            return await self._spool.keep(entry)
        except JournalUnavailable as second:
            title = f"{error.title}; neither can the spool: {second.title}"
            raise JournalUnavailable(title, error.remedy) from second


class PlanRecord:
    """The records of one plan: one that must be there, and others that an action does not wait for in vain."""

    def __init__(self, journal: Journal, plan: Plan, actor: Actor, clock: Clock, deadlines: Deadlines) -> None:
        self._journal = journal
        self._plan = plan
        self._actor = actor
        self._clock = clock
        self._deadlines = deadlines
        self.unwritten: list[RecordKind] = []
        """What could not be written anywhere: to be said at the end."""
        self.intent: Record | None = None
        self.newest: Record | None = None
        """The last of these records; one that could not be written has no place and no hash."""

    @property
    def is_spooled(self) -> bool:
        """Tell whether the newest record lies beside the journal and not in it."""
        return isinstance(self._journal, SpoolingJournal) and self._journal.is_degraded

    async def must(self, kind: RecordKind, details: Details, reason: Reason = NO_REASON) -> Record:
        """Return the record once it is durable; raise `JournalUnavailable` when it is not: then nothing may be sent."""
        plan = self._plan
        entry = Entry(
            kind, self._clock.now(), self._actor, plan.context, plan.target, plan.id, plan.hash, reason, details
        )
        self.newest = Record(entry, 0, SafeText(""), SafeText(""))
        record = await in_time(self._clock, self._deadlines.record_seconds, self._journal.append(entry))
        self.newest = record
        if kind is RecordKind.ACTION_INTENT:
            self.intent = record
        return record

    async def note(self, kind: RecordKind, details: Details, reason: Reason = NO_REASON) -> int | Unknown:
        """Return the place of the record; unknown when it could not be written, or lies in the spool."""
        try:
            record = await self.must(kind, details, reason)
        except JournalUnavailable:
            self.unwritten.append(kind)
            return UNKNOWN
        return UNKNOWN if self.is_spooled else record.seq

    async def was_begun(self) -> bool:
        """Tell whether somebody began to carry out this plan before; no where the journal cannot be read."""
        query = Query(plan_id=self._plan.id, kinds=frozenset({RecordKind.ACTION_INTENT}), most=1)
        try:
            return bool(await in_time(self._clock, self._deadlines.read_seconds, self._journal.read(query)))
        except JournalUnavailable:
            return False  # an intent that cannot be written stops what is no rescue

    async def others_since(self, since: Instant) -> tuple[Record, ...]:
        """Return the intents of others on the same target, oldest first; none where the journal cannot be read."""
        intents = frozenset({RecordKind.ACTION_INTENT})
        query = Query(target=self._plan.target, kinds=intents, since=since, most=100, newest_first=True)
        try:
            found = await in_time(self._clock, self._deadlines.read_seconds, self._journal.read(query))
        except JournalUnavailable:
            return ()
        others = [record for record in found if record.entry.plan_id != self._plan.id]
        return tuple(sorted(others, key=lambda record: record.seq))
