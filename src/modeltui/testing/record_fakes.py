"""A journal and leases that do what they do at the worst moment, for one process that may die at any turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from modeltui.domain.acting.action import (
    ActionKind,
    PlanId,
)
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.leasing import Claim, is_in_force, is_same, renewed, taken
from modeltui.domain.errors import (
    JournalUnavailable,
)
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Query

_ENDS = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})


class Killed(BaseException):
    """The process is gone: not an error that anybody handles."""


class Life:
    """One process."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.dies_at = dies_at
        self.turns = 0
        self.is_dead = False
        self.hooks: list[Callable[[int, str], None]] = []
        """Called at each turn with its number and name: to move the world at exactly that point."""

    async def turn(self, name: str) -> None:
        """Let others go on; die here when it is time."""
        self.must_live()
        self.turns += 1
        await asyncio.sleep(0)  # noqa: TID251 - a turn, not time
        for hook in self.hooks:
            hook(self.turns, name)
        if self.turns == self.dies_at:
            self.is_dead = True
        self.must_live()

    def must_live(self) -> None:
        """Raise `Killed` in a process that is gone."""
        if self.is_dead:
            raise Killed


class MortalClock:
    """The clock of one process."""

    def __init__(self, clock: Clock, life: Life) -> None:
        self._clock = clock
        self._life = life

    def now(self) -> Instant:
        """Return the wall time."""
        return self._clock.now()

    def boottime(self) -> float:
        """Return the seconds since boot."""
        return self._clock.boottime()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`, in a process that lives."""
        self._life.must_live()
        await self._clock.sleep(seconds)
        self._life.must_live()


class Disk:
    """What a journal has made durable; it survives every process."""

    def __init__(self, ledger: list[str] | None = None) -> None:
        self.records: list[Record] = []
        self.ledger = [] if ledger is None else ledger
        self.name = "journal"

    def of(self, *kinds: RecordKind) -> list[Record]:
        """Return the records of these kinds, oldest first."""
        return [record for record in self.records if record.entry.kind in kinds]

    @property
    def kinds(self) -> list[str]:
        """Return what was recorded, in order."""
        return [record.entry.kind.value for record in self.records]


class FakeJournal:
    """A `Journal` of one process over a disk."""

    def __init__(self, disk: Disk, life: Life) -> None:
        self.disk = disk
        self._life = life
        self.is_down = False
        self.down_after: int | None = None
        """Down once this many records were written."""
        self.loses_answers = False
        """What it writes is durable, and it says that it is not."""
        self.is_silent = False

    async def append(self, entry: Entry) -> Record:
        """Write one record."""
        await self._usable("append")
        records = self.disk.records
        previous = records[-1].hash if records else SafeText("0" * 64)
        seq = len(records) + 1
        record = Record(entry, seq, previous, SafeText(f"{self.disk.name}-{seq:08d}"))
        records.append(record)
        self.disk.ledger.append(f"{entry.kind.value} {entry.plan_id}")
        await self._life.turn("append done")
        if self.loses_answers:
            raise JournalUnavailable("the journal did not answer")
        return record

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        await self._usable("read journal")
        found = [record for record in self.disk.records if _matches(record, query)]
        if query.newest_first:
            found.reverse()
        return tuple(found[: query.most])

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest record's place."""
        await self._usable("head")
        return (self.disk.records[-1].seq, self.disk.records[-1].hash) if self.disk.records else (0, UNKNOWN)

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without an outcome."""
        await self._usable("open intents")
        ended = {record.entry.plan_id for record in self.disk.of(*_ENDS)}
        return tuple(r for r in self.disk.of(RecordKind.ACTION_INTENT) if r.entry.plan_id not in ended)

    async def verify(self) -> ChainState:
        """Return that all is well."""
        return ChainState(len(self.disk.records), UNKNOWN)

    async def _usable(self, name: str) -> None:
        await self._life.turn(name)
        if self.is_silent:
            await _hanging(resists=name == "append")
        is_full = self.down_after is not None and len(self.disk.records) >= self.down_after
        if self.is_down or is_full:
            raise JournalUnavailable("the journal cannot be written", "free the disk")


async def _hanging(*, resists: bool) -> None:
    """Never return; a write that hangs in a disk cannot be told to stop, only left behind."""
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        if resists:
            await asyncio.get_running_loop().create_future()
        raise


@dataclass
class LeaseStore:
    """Who holds what; it survives every process."""

    held: dict[TargetKey, Lease] = field(default_factory=dict)
    fences: dict[TargetKey, int] = field(default_factory=dict)
    """Of the newest lease of each target, also when it was given back."""


class FakeLeases:
    """`Leases` of one process over a store."""

    def __init__(self, store: LeaseStore, life: Life, clock: Clock) -> None:
        self.store = store
        self._life = life
        self._clock = clock
        self.is_down = False

    async def take(
        self,
        target: TargetKey,
        holder: Actor,
        plan_id: PlanId,
        kind: ActionKind,
        *,
        breaks_others: bool,
        says: str = "",
    ) -> Lease:
        """Return ours, or whoever's it is."""
        await self._usable("take lease")
        claim = Claim(target, holder, plan_id, kind, breaks_others, says=says)
        lease = taken(self.store.held.get(target, UNKNOWN), self.store.fences.get(target, 0), claim, self._clock.now())
        if lease.plan_id == plan_id:
            self.store.held[target], self.store.fences[target] = lease, lease.fence
            await self._life.turn("lease taken")
        return lease

    async def renew(self, lease: Lease, says: str) -> Lease | None:
        """Return it with a later end, or nothing."""
        await self._usable("renew lease")
        longer = renewed(self.store.held.get(lease.target, UNKNOWN), lease, says, self._clock.now())
        if isinstance(longer, Missing):
            return None
        self.store.held[lease.target] = longer
        return longer

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        await self._usable("release lease")
        mine = self.store.held.get(lease.target)
        if mine is not None and is_same(mine, lease):
            del self.store.held[lease.target]

    async def held(self) -> tuple[Lease, ...]:
        """Return all that are in force."""
        await self._usable("held leases")
        return tuple(lease for lease in self.store.held.values() if is_in_force(lease, self._clock.now()))

    async def _usable(self, name: str) -> None:
        await self._life.turn(name)
        if self.is_down:
            raise JournalUnavailable("the leases cannot be read", "look at the shared store")


def _matches(record: Record, query: Query) -> bool:
    entry = record.entry
    asked = (
        (query.target, entry.target),
        (query.plan_id, entry.plan_id),
        (query.principal, entry.actor.principal),
    )
    if any(not isinstance(wanted, Missing) and wanted != has for wanted, has in asked):
        return False
    if query.kinds and entry.kind not in query.kinds:
        return False
    since = -1e18 if isinstance(query.since, Missing) else query.since
    until = 1e18 if isinstance(query.until, Missing) else query.until
    return record.seq > query.after_seq and since <= entry.at <= until
