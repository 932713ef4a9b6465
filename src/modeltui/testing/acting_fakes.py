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

from modeltui.domain.acting.action import (
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
from modeltui.domain.acting.desired import as_rollout, desired_of, is_as_desired, whole_traffic
from modeltui.domain.acting.plan_document import sealed
from modeltui.domain.errors import (
    BackendMalformed,
    BackendRefused,
    BackendUnavailable,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.fleet import Fleet
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.notifier import Notice, Occasion, OutboxState
from modeltui.ports.rollout_writer import Receipt, Trace, Write
from modeltui.testing.record_fakes import Life
from modeltui.testing.worlds import World, rollout, seen, source_name, version_id

TARGET = "fraud@prod"
ALICE = Actor(SafeText("alice"))
BOB = Actor(SafeText("bob"))
PROMISE = WritingPromise(
    source_name("rollouts"), SafeText("fake"), Guarantee.NATIVE, SafeText("it compares and swaps"), True, True
)
WRITES_TO = SafeText("the world of this test")


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
        return Trace.AS_BEFORE if is_still else Trace.CANNOT_TELL

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

    def __init__(self, life: Life, kept: list[Notice] | None = None) -> None:
        self._life = life
        self.notices: list[Notice] = [] if kept is None else kept
        """What is on disk; it may outlive the process."""
        self.is_silent = False
        self.is_deaf = False
        """Nobody wants to know of anything."""

    def tells(self, occasion: Occasion) -> bool:
        """Tell that everything is wanted, unless nobody listens."""
        return not self.is_deaf

    async def put(self, notice: Notice) -> bool:
        """Keep a notice."""
        await self._life.turn("notice")
        if self.is_silent:
            await asyncio.get_running_loop().create_future()
        if self.is_deaf:
            return False
        self.notices.append(notice)
        await self._life.turn("notice kept")
        return True

    async def deliver(self, *, deadline_seconds: float) -> int:
        """Deliver nothing."""
        return len(self.notices)

    async def state(self) -> OutboxState:
        """Return that everything waits."""
        return OutboxState(len(self.notices), UNKNOWN, 0)


def abort_plan(world: FakeWorld, number: int = 1, **changes: object) -> Plan:
    """Return the plan that stops the rollout."""
    stable = version_id(str(world.rollout.stable))
    return _plan(world, number, ActionKind.ABORT, (Desired(whole_traffic(stable), stable),), changes)


def rollback_plan(world: FakeWorld, to: str, number: int = 1, **changes: object) -> Plan:
    """Return the plan that leads all traffic to a version, which is known to be good unless said otherwise."""
    version = version_id(to)
    return _plan(world, number, ActionKind.ROLLBACK, (Desired(whole_traffic(version), version),), changes, version)


def two_writes_plan(world: FakeWorld, to: str, number: int = 1) -> Plan:
    """Return the rollback where traffic cannot be split: first the stable pointer moves, then the candidate's goes."""
    version, candidate = version_id(to), version_id(str(world.rollout.candidate))
    states = (Desired(whole_traffic(version), version, candidate), Desired(whole_traffic(version), version))
    return _plan(world, number, ActionKind.ROLLBACK, states, {}, version)


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
        WRITES_TO,
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
