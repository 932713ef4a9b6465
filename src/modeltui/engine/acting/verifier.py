"""Looks until it is known whether an action took, or until the time for it is over; it writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from modeltui.domain.acting.action import Desired, Weights
from modeltui.domain.acting.desired import desired_of, is_as_desired
from modeltui.domain.acting.outcome import Phase
from modeltui.domain.acting.verification import (
    NOT_LOOKED,
    Answer,
    Before,
    Judgement,
    control,
    health,
    observed_shares,
    serving,
    serving_window,
    state_text,
)
from modeltui.domain.errors import BackendError
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.names import UNKNOWN, Instant, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import Deadlines, within
from modeltui.engine.acting.sending import Tell
from modeltui.ports.clock import Clock

_LOOKS_AGAINST = 2
"""So many looks in a row must find it gone, or not serving any more, before that counts: one may have met a replica
that lags, or a second with a straggler."""


class Reader(Protocol):
    """What is observed of the context: an `Observer`, or something like it."""

    @property
    def fleet(self) -> Fleet:
        """Return the newest snapshot."""
        ...

    async def poll_now(self) -> None:
        """Ask every source once; a failure shows in the snapshot and raises nothing."""
        ...

    async def read_provenance(self, model: ModelName, version: VersionId) -> None:
        """Read where a version comes from; it shows in the snapshot."""
        ...


ReadControl = Callable[[TargetKey], Coroutine[Any, Any, Rollout]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be verified."""

    target: TargetKey
    desired: Desired
    before: Before
    was: Desired | Unknown
    """What the controller had before the first step."""
    since: Instant
    """When the last write left: only what was measured later counts."""


@dataclass(slots=True)
class Verified:
    """What the looks found, so far."""

    control: Judgement = NOT_LOOKED
    serving: Judgement = NOT_LOOKED
    health: Judgement = NOT_LOOKED
    accepted_at: Instant | Unknown = UNKNOWN
    serving_at: Instant | Unknown = UNKNOWN
    healthy_at: Instant | Unknown = UNKNOWN
    has_served: bool = False
    unserved: int = 0
    """The newest looks, in a row, that did not find it serving."""
    is_as_before: bool = False
    in_force: SafeText = SafeText("")
    observed: Weights = ()
    """Who answered the requests at the last look."""

    @property
    def is_done(self) -> bool:
        """Tell whether everything is a yes."""
        return self.control.is_yes and self.serving.is_yes and self.health.is_yes


class Verifier:
    """Reads back the controller, the traffic and the signals."""

    def __init__(self, read: ReadControl, reader: Reader, clock: Clock, deadlines: Deadlines) -> None:
        self._read = read
        self._reader = reader
        self._clock = clock
        self._deadlines = deadlines

    async def verify(self, goal: Goal, found: Verified, tell: Tell, keep: Callable[[], Awaitable[bool]]) -> None:
        """Fill `found` until all is well, or a deadline has passed; each yes is told once, with its time.

        It ends at once when the controller has had the plan and no longer has it.
        """
        began = self._clock.boottime()
        serving_since: float | None = None
        against = 0
        waiting = ""
        told: set[Phase] = set()
        while True:
            await self.look(goal, found)
            for phase, says in _news(found):
                if phase not in told:
                    told.add(phase)
                    tell(phase, says)
            now = self._clock.boottime()
            if found.unserved >= _LOOKS_AGAINST:
                serving_since = None
            elif serving_since is None and found.serving.is_yes:
                serving_since = now
            is_gone = not isinstance(found.accepted_at, Missing) and found.control.answer is Answer.NOT_YET
            against = against + 1 if is_gone else 0
            serving_for = None if serving_since is None else now - serving_since
            if found.is_done or against >= _LOOKS_AGAINST or self._is_over(goal, found, now - began, serving_for):
                return
            if (says := _waits_for(found)) != waiting:
                waiting = says
                tell(Phase.WAITING, says)
            await keep()
            await self._clock.sleep(self._deadlines.verify_every_seconds)

    async def look(self, goal: Goal, found: Verified) -> None:
        """Fill `found` with one fresh look at everything."""
        try:
            reading = self._read(goal.target)
            rollout: Rollout | Unknown = await within(self._clock, self._deadlines.read_seconds, reading)
            found.control = control(goal.desired, rollout)
        except BackendError as error:
            rollout, found.control = UNKNOWN, Judgement(Answer.CANNOT_TELL, safe_text(error.title))
        except TimeoutError:
            rollout, found.control = UNKNOWN, Judgement(Answer.CANNOT_TELL, SafeText("the controller does not answer"))
        told = desired_of(rollout)
        found.in_force = SafeText("") if isinstance(told, Missing) else state_text(told)
        found.is_as_before = not isinstance(goal.was, Missing) and is_as_desired(rollout, goal.was)
        target = await self._observed(goal.target)
        found.serving = serving(goal.desired, target, goal.since)
        found.health = health(goal.desired, target, goal.before, goal.since, self._reader.fleet.policy)
        found.observed = observed_shares(target, goal.since)
        self._stamp(found)

    async def _observed(self, target: TargetKey) -> Target | Unknown:
        with suppress(TimeoutError):  # what is known stays, with its age: nothing old counts
            await within(self._clock, self._deadlines.poll_seconds, self._reader.poll_now())
        return self._reader.fleet.targets.get(target, UNKNOWN)

    def _stamp(self, found: Verified) -> None:
        now = self._clock.now()
        if found.control.is_yes and isinstance(found.accepted_at, Missing):
            found.accepted_at = now
        # Each stands on the one before: what serves under another controller state is not ours.
        serves = found.control.is_yes and found.serving.is_yes
        found.has_served = found.has_served or serves
        found.unserved = 0 if found.serving.is_yes else found.unserved + 1
        if serves and isinstance(found.serving_at, Missing):
            found.serving_at = now
        elif not found.control.is_yes or found.unserved >= _LOOKS_AGAINST:
            found.serving_at = UNKNOWN
        well = serves and found.health.is_yes
        found.healthy_at = (now if isinstance(found.healthy_at, Missing) else found.healthy_at) if well else UNKNOWN

    def _is_over(self, goal: Goal, found: Verified, passed: float, serving_for: float | None) -> bool:
        deadlines = self._deadlines
        if isinstance(found.accepted_at, Missing):
            return passed >= deadlines.accepted_seconds
        if serving_for is None:
            window = serving_window(self._reader.fleet.targets.get(goal.target, UNKNOWN))
            return passed >= deadlines.serving_seconds + window
        return found.serving.is_yes and serving_for >= deadlines.healthy_seconds


def _news(found: Verified) -> Iterator[tuple[Phase, str]]:
    if not isinstance(found.accepted_at, Missing):
        yield Phase.ACCEPTED, str(found.control.says)
    if not isinstance(found.serving_at, Missing):
        yield Phase.SERVING, str(found.serving.says)
    if not isinstance(found.healthy_at, Missing):
        yield Phase.HEALTHY, str(found.health.says)


def _waits_for(found: Verified) -> str:
    waited = next((one for one in (found.control, found.serving, found.health) if not one.is_yes), None)
    return "" if waited is None else str(waited.says)
