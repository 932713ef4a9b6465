"""A little world to act on, with scripted faults: what a controller, a journal and leases do at the worst moment.

The world, the journal's `Disk` and the `LeaseStore` outlive processes; a `Life` is one process, which may die at any
of its turns: from then on nothing that it does has an effect. Every method of a fake takes a turn before its effect and
one after it, so that a process can die on either side of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count

from modeltui.domain.action import (
    NO_REASON,
    ActionKind,
    Blast,
    Check,
    Consent,
    Desired,
    Expectation,
    Guarantee,
    GuardLevel,
    Plan,
    PlanHash,
    PlanId,
    Premise,
    Reason,
    Step,
    WritingPromise,
)
from modeltui.domain.desired import as_rollout, desired_of, is_as_desired, whole_traffic
from modeltui.domain.errors import (
    BackendMalformed,
    BackendRefused,
    BackendUnavailable,
    JournalUnavailable,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.fleet import Fleet
from modeltui.domain.identity import Actor
from modeltui.domain.lease import LEASE_SECONDS, Lease
from modeltui.domain.names import UNKNOWN, Instant, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.plan_document import sealed
from modeltui.domain.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Query
from modeltui.ports.notifier import Notice
from modeltui.ports.rollout_writer import Receipt, Trace, Write
from modeltui.testing.worlds import World, rollout, seen, source_name, version_id

_ENDS = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})
TARGET = "fraud@prod"
ALICE = Actor(SafeText("alice"))
BOB = Actor(SafeText("bob"))
PROMISE = WritingPromise(
    source_name("rollouts"), SafeText("fake"), Guarantee.NATIVE, SafeText("it compares and swaps"), True, True
)


class Killed(BaseException):
    """The process is gone: not an error that anybody handles."""


class Fault(Enum):
    """What happens to one write."""

    REFUSE = "the backend says no"
    UNREACHABLE = "it never leaves"
    LOST_BEFORE = "lost on the way there"
    LOST_AFTER = "written, and the answer is lost"
    LATE = "the answer is lost, and it is written some seconds later"
    MALFORMED = "written, and the answer cannot be read"
    SILENT = "written, and nobody ever answers"
    BROKEN = "written, and the adapter has a bug"


DOUBTFUL = frozenset({Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.LATE, Fault.MALFORMED, Fault.SILENT, Fault.BROKEN})
"""After these nobody can know without looking."""


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


@dataclass
class FakeWorld:
    """One target: a controller with compare-and-swap, and traffic that follows it."""

    clock: Clock
    rollout: Rollout = field(default_factory=lambda: rollout(TARGET, "1", "2", 0.05))
    error_rates: dict[str, float] = field(default_factory=lambda: {"2": 0.3})
    """Of the versions that are not well."""
    follows_after_seconds: float = 1.0
    """The traffic is where the controller wants it after this."""
    follows: bool = True
    is_measured: bool = True
    compares: bool = True
    """Whether the controller refuses a write on a state that has moved."""
    knows_keys: bool = True
    """Whether it can say which writes it had."""
    is_down: bool = False
    faults: deque[Fault | None] = field(default_factory=deque)
    """For the next writes, one by one."""
    writes: list[Write] = field(default_factory=list)
    """Every write that took effect, in order."""
    befores: list[Rollout] = field(default_factory=list)
    """How the target was when each of them did."""
    past: list[tuple[float, Rollout]] = field(default_factory=list)
    """What was in force from when, by boot time."""
    attempts: list[Write] = field(default_factory=list)
    """Every write that arrived or was lost on its way."""
    ledger: list[str] = field(default_factory=list)
    """What became durable anywhere, in order: `intent PLAN`, `write KEY`."""
    late: list[tuple[float, Write]] = field(default_factory=list)
    """Writes that are still under way, with the boot time of their arrival."""
    late_seconds: float = 5.0
    on_write: list[Callable[[], None]] = field(default_factory=list)
    """Called after each effect: to undo it, for instance."""
    _revisions: count[int] = field(default_factory=lambda: count(1))
    _changed_at: float = -1e9
    _serving: dict[VersionId, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._serving = dict(self.rollout.weights)
        self._stamp()

    def settle(self) -> None:
        """Let what was under way arrive."""
        due = [(at, write) for at, write in self.late if at <= self.clock.boottime()]
        self.late = [(at, write) for at, write in self.late if at > self.clock.boottime()]
        for at, write in due:
            with suppress(RevisionConflict):
                self.take(write)
                self._changed_at = at

    def become(self, now: Rollout) -> None:
        """Be changed, by whomever."""
        self._serving = self.serving()
        self.rollout = now
        self._changed_at = self.clock.boottime()
        self._stamp()

    def move(self, stable: str, candidate: str | None = None, share: float = 0.05) -> None:
        """Be changed by somebody else."""
        self.become(rollout(TARGET, stable, candidate, share))

    def serving(self) -> dict[VersionId, float]:
        """Return who answers which share now."""
        has_followed = self.follows and self.clock.boottime() - self._changed_at >= self.follows_after_seconds
        return dict(self.rollout.weights) if has_followed else dict(self._serving)

    def take(self, write: Write) -> Receipt:
        """Make a write take effect if the target is as expected."""
        if any(done.key == write.key for done in self.writes):
            return Receipt(self.rollout.revision, was_done_before=True)
        if self.compares and write.expected.revision != self.rollout.revision:
            raise RevisionConflict(f"{write.target} has moved")
        self.writes.append(write)
        self.befores.append(self.rollout)
        self.ledger.append(f"write {write.key}")
        self.become(as_rollout(self.rollout, write.desired))
        for hook in self.on_write:
            hook()
        return Receipt(self.rollout.revision)

    def trace(self, write: Write) -> Trace:
        """Return whether a write had an effect: by its key, or by how the target looks."""
        if self.knows_keys:
            return Trace.APPLIED if any(done.key == write.key for done in self.writes) else Trace.NOT_APPLIED
        was = desired_of(write.expected)
        if is_as_desired(self.rollout, write.desired) and not is_as_desired(write.expected, write.desired):
            return Trace.APPLIED
        is_still = not isinstance(was, Missing) and is_as_desired(self.rollout, was)
        return Trace.NOT_APPLIED if is_still else Trace.CANNOT_TELL

    def _stamp(self) -> None:
        self.rollout = replace(self.rollout, revision=SafeText(f"r{next(self._revisions)}"))
        self.past.append((self.clock.boottime(), self.rollout))


class FakeWriter:
    """A `RolloutWriter` of one process over a world."""

    def __init__(self, world: FakeWorld, life: Life, clock: Clock) -> None:
        self.promise = PROMISE
        self._world = world
        self._life = life
        self._clock = clock
        self.checks: tuple[Check, ...] = ()

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as it is now."""
        await self._life.turn("read")
        if self._world.is_down:
            raise BackendUnavailable("the controller cannot be reached")
        self._world.settle()
        found = self._world.rollout
        await self._life.turn("read done")
        return found

    async def prepare(self, plan: Plan) -> tuple[Check, ...]:
        """Return the checks that a test gave it."""
        await self._life.turn("prepare")
        return self.checks

    async def apply(self, write: Write) -> Receipt:
        """Write, with the next scripted fault."""
        world = self._world
        await self._life.turn("apply")
        fault = world.faults.popleft() if world.faults else None
        if fault is Fault.UNREACHABLE or world.is_down:
            raise BackendUnavailable("the controller cannot be reached")
        world.attempts.append(write)
        if fault is Fault.REFUSE:
            raise BackendRefused("the controller says no")
        receipt = Receipt(UNKNOWN)
        if fault is Fault.LATE:
            world.late.append((self._clock.boottime() + world.late_seconds, write))
        elif fault is not Fault.LOST_BEFORE:
            receipt = world.take(write)
        await self._life.turn("apply done")
        if fault in (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.LATE):
            raise OutcomeUnknown("the answer is lost")
        if fault is Fault.MALFORMED:
            raise BackendMalformed("the answer cannot be read")
        if fault is Fault.BROKEN:
            raise ZeroDivisionError
        if fault is Fault.SILENT:
            await asyncio.get_running_loop().create_future()
        return receipt

    async def trace(self, write: Write) -> Trace:
        """Return whether the write happened."""
        await self._life.turn("trace")
        if self._world.is_down:
            raise BackendUnavailable("the controller cannot be reached")
        self._world.settle()
        found = self._world.trace(write)
        await self._life.turn("trace done")
        return found


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
            await asyncio.get_running_loop().create_future()
        is_full = self.down_after is not None and len(self.disk.records) >= self.down_after
        if self.is_down or is_full:
            raise JournalUnavailable("the journal cannot be written", "free the disk")


@dataclass
class LeaseStore:
    """Who holds what; it survives every process."""

    held: dict[TargetKey, Lease] = field(default_factory=dict)
    fences: count[int] = field(default_factory=lambda: count(1))


class FakeLeases:
    """`Leases` of one process over a store."""

    def __init__(self, store: LeaseStore, life: Life, clock: Clock) -> None:
        self.store = store
        self._life = life
        self._clock = clock
        self.is_down = False

    async def take(
        self, target: TargetKey, holder: Actor, plan_id: PlanId, kind: ActionKind, *, breaks_others: bool
    ) -> Lease:
        """Return ours, or whoever's it is."""
        await self._usable("take lease")
        other = self._in_force(target)
        if other is not None and other.plan_id != plan_id and not breaks_others:
            return other
        now = self._clock.now()
        lease = Lease(target, holder, plan_id, kind, next(self.store.fences), now, Instant(now + LEASE_SECONDS))
        self.store.held[target] = lease
        await self._life.turn("lease taken")
        return lease

    async def renew(self, lease: Lease, says: str) -> Lease | None:
        """Return it with a later end, or nothing."""
        await self._usable("renew lease")
        mine = self._in_force(lease.target)
        if mine is None or mine.fence != lease.fence:
            return None
        renewed = replace(lease, expires_at=Instant(self._clock.now() + LEASE_SECONDS), says=safe_text(says))
        self.store.held[lease.target] = renewed
        return renewed

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        await self._usable("release lease")
        mine = self.store.held.get(lease.target)
        if mine is not None and mine.fence == lease.fence:
            del self.store.held[lease.target]

    async def held(self) -> tuple[Lease, ...]:
        """Return all that are in force."""
        await self._usable("held leases")
        return tuple(lease for target in self.store.held if (lease := self._in_force(target)) is not None)

    def _in_force(self, target: TargetKey) -> Lease | None:
        lease = self.store.held.get(target)
        return lease if lease is not None and lease.expires_at > self._clock.now() else None

    async def _usable(self, name: str) -> None:
        await self._life.turn(name)
        if self.is_down:
            raise JournalUnavailable("the leases cannot be read", "look at the shared store")


class FakeReader:
    """What an observer would see of the world: asked by hand."""

    def __init__(self, world: FakeWorld, life: Life, clock: Clock) -> None:
        self._world = world
        self._life = life
        self._clock = clock
        self._seen = World()
        self.is_down = False

    @property
    def fleet(self) -> Fleet:
        """Return the newest snapshot."""
        return self._seen.fleet

    async def poll_now(self) -> None:
        """Look at the world."""
        await self._life.turn("poll")
        self.see()

    def see(self) -> None:
        """Look at the world, at once."""
        if self.is_down:
            return
        world = self._world
        world.settle()
        self._seen.now = self._clock.now()
        self._seen.told(world.rollout)
        if not world.is_measured:
            return
        shares = world.serving()
        known = {*shares, *(one for one in (world.rollout.stable, world.rollout.candidate) if isinstance(one, str))}
        samples = [
            seen(
                TARGET,
                version,
                self._clock.now(),
                throughput=100.0 * shares.get(VersionId(safe_text(version)), 0.0),
                error_rate=(10_000 * world.error_rates.get(version, 0.001), 10_000.0),
            )
            for version in sorted(known)
        ]
        self._seen.sees(*samples)

    async def read_provenance(self, model: ModelName, version: VersionId) -> None:
        """Find nothing."""
        await self._life.turn("provenance")


class FakeNotifier:
    """Keeps what it is told."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self.notices: list[Notice] = []
        self.is_silent = False

    async def put(self, notice: Notice) -> None:
        """Keep a notice."""
        await self._life.turn("notice")
        if self.is_silent:
            await asyncio.get_running_loop().create_future()
        self.notices.append(notice)

    async def deliver(self, *, deadline_seconds: float) -> int:
        """Deliver nothing."""
        return len(self.notices)


def abort_plan(world: FakeWorld, number: int = 1, **changes: object) -> Plan:
    """Return the plan that stops the rollout."""
    stable = version_id(str(world.rollout.stable))
    return _plan(world, number, ActionKind.ABORT, (Desired(whole_traffic(stable), stable),), changes)


def rollback_plan(world: FakeWorld, to: str, number: int = 1, **changes: object) -> Plan:
    """Return the plan that leads all traffic to a version, which is known to be good unless said otherwise."""
    version = version_id(to)
    return _plan(world, number, ActionKind.ROLLBACK, (Desired(whole_traffic(version), version),), changes, version)


def stepwise_plan(world: FakeWorld, shares: tuple[float, ...], number: int = 1, **changes: object) -> Plan:
    """Return the plan that leads the traffic back to the stable version step by step; the last share is 1."""
    stable, candidate = version_id(str(world.rollout.stable)), version_id(str(world.rollout.candidate))
    states = [
        Desired(((stable, share), (candidate, round(1.0 - share, 6))), stable, candidate) for share in shares[:-1]
    ]
    return _plan(world, number, ActionKind.ROLLBACK, (*states, Desired(whole_traffic(stable), stable)), changes, stable)


def promote_plan(world: FakeWorld, number: int = 1, **changes: object) -> Plan:
    """Return the plan that makes the candidate the stable version."""
    candidate = version_id(str(world.rollout.candidate))
    changes = {"guard": GuardLevel.SECOND_PERSON, **changes}
    return _plan(world, number, ActionKind.PROMOTE, (Desired(whole_traffic(candidate), candidate),), changes)


def consent_to(plan: Plan, **changes: object) -> Consent:
    """Return what an operator who passed the plan's guard says."""
    consent = Consent(
        plan.hash,
        Reason(text=SafeText("it harms people")) if plan.guard >= GuardLevel.IDENTITY else NO_REASON,
        tuple(check.name for check in plan.flags),
        plan.guard,
    )
    return replace(consent, **changes)  # type: ignore[arg-type]  # a test names fields


def _plan(
    world: FakeWorld,
    number: int,
    kind: ActionKind,
    states: tuple[Desired, ...],
    changes: dict[str, object],
    known_good: VersionId | Unknown = UNKNOWN,
) -> Plan:
    now, before = world.clock.now(), desired_of(world.rollout)
    plan = Plan(
        PlanId(SafeText(f"00000000-0000-4000-8000-{number:012d}")),
        kind,
        SafeText("test"),
        world.rollout.target,
        now,
        Instant(now + 120.0),
        ALICE,
        PROMISE,
        () if isinstance(before, Missing) else before.weights,
        states[-1],
        SafeText("it served well"),
        Premise(before, world.rollout.revision, UNKNOWN, UNKNOWN, known_good, UNKNOWN, now),
        (),
        tuple(Step(state, 60.0 if place else 0.0, SafeText("set the weights")) for place, state in enumerate(states)),
        Blast(UNKNOWN, UNKNOWN),
        (),
        (),
        Expectation(10.0, 60.0, 300.0),
        before,
        GuardLevel.LETTER if kind is ActionKind.ABORT else GuardLevel.VERSION,
        PlanHash(SafeText("")),
    )
    return sealed(replace(plan, **changes))  # type: ignore[arg-type]  # a test names fields


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
