"""One write of a plan: looked at, sent at most once, and found out about when its answer is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modeltui.domain.acting.action import Plan
from modeltui.domain.acting.outcome import Phase
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable, RevisionConflict
from modeltui.domain.journal.details import StepResult, step_details
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import Deadlines, within
from modeltui.engine.acting.recording import PlanRecord
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import RolloutWriter, Trace, Write, WriteKey

Tell = Callable[[Phase, str], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a step that was sent, or could not be."""

    result: StepResult
    says: SafeText
    revision: SafeText | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class MustNot:
    """Why a step was not sent: what was found in the look right before it."""

    says: SafeText
    is_moved: bool = False
    """It is known to be otherwise, and not only unknown."""


Look = Callable[[], Awaitable[Rollout | MustNot]]
"""Reads the target afresh, and compares it with what the operator saw or the step before left."""


@dataclass(frozen=True, slots=True)
class _NotReached:
    says: SafeText


_NOT_THERE = frozenset({Trace.NOT_APPLIED, Trace.AS_BEFORE})


def write_key(plan_id: str, step: int) -> WriteKey:
    """Return the key of a step, by which a backend recognises it."""
    return WriteKey(SafeText(f"{plan_id}/{step}"))


class Sender:
    """Sends the steps of one plan."""

    def __init__(
        self, writer: RolloutWriter, plan: Plan, record: PlanRecord, clock: Clock, deadlines: Deadlines, tell: Tell
    ) -> None:
        self._writer = writer
        self._plan = plan
        self._record = record
        self._clock = clock
        self._deadlines = deadlines
        self._tell = tell
        self.sent_at: Instant | Unknown = UNKNOWN
        """When the first byte of the first write left."""
        self.last_sent_at: Instant | Unknown = UNKNOWN
        """When the first byte of the newest write left."""
        self.in_flight: Write | None = None
        """A write that may have left and has no answer."""
        self.doubtful: Write | None = None
        """A write whose answer was lost, whatever was found out afterwards."""
        self.results: list[StepResult] = []
        """What became of each step that was sent, or could not be: known here before it is written down."""

    async def send(self, step: int, says: SafeText, look: Look, keep: Callable[[], Awaitable[bool]]) -> Sent | MustNot:
        """Return what became of a step. It leaves at most once; what was certainly not sent is tried once more.

        `look` is asked right before each try; `keep` holds the lease while a lost answer is looked for.
        """
        sent = await self._once(step, says, look, keep)
        if isinstance(sent, _NotReached):
            self._tell(Phase.WAITING, f"{sent.says}; nothing was sent: once more")
            await self._clock.sleep(self._deadlines.retry_after_seconds)
            sent = await self._once(step, says, look, keep)
        if isinstance(sent, _NotReached):
            sent = Sent(StepResult.NOT_SENT, sent.says)
        result = StepResult.NOT_SENT if isinstance(sent, MustNot) else sent.result
        revision = UNKNOWN if isinstance(sent, MustNot) else sent.revision
        if not isinstance(sent, MustNot):
            self.results.append(result)
        await self._record.note(RecordKind.ACTION_STEP, step_details(step, result, sent.says, revision))
        return sent

    async def _once(
        self, step: int, says: SafeText, look: Look, keep: Callable[[], Awaitable[bool]]
    ) -> Sent | MustNot | _NotReached:
        seen = await look()
        if isinstance(seen, MustNot):
            return seen
        plan = self._plan
        write = Write(write_key(plan.id, step), plan.target, plan.steps[step].desired, seen, says)
        self._tell(Phase.SENDING, str(plan.steps[step].call))
        first, left = self.sent_at, self._clock.now()
        self.sent_at = left if isinstance(first, Missing) else first
        answer = await self._apply(write)
        if isinstance(answer, _NotReached):
            self.sent_at = first
            return answer
        self.last_sent_at = left
        if answer.result is not StepResult.UNKNOWN:
            return answer
        self.doubtful = write
        await self._record.note(RecordKind.ACTION_STEP, step_details(step, StepResult.UNKNOWN, answer.says))
        found = await self._look_up(write, answer.says, keep)
        self.in_flight = None
        return found

    async def _apply(self, write: Write) -> Sent | _NotReached:
        """Return what the backend said to one write. `in_flight` stays set while nobody knows."""
        self.in_flight = write
        try:
            receipt = await within(self._clock, self._deadlines.send_seconds, self._writer.apply(write))
        except RevisionConflict as error:
            sent: Sent | _NotReached = Sent(StepResult.CONFLICT, safe_text(error.title))
        except BackendRefused as error:
            sent = Sent(StepResult.REFUSED, safe_text(error.title))
        except BackendUnavailable as error:
            sent = _NotReached(safe_text(error.title))
        except BackendError as error:
            return Sent(StepResult.UNKNOWN, safe_text(error.title))
        except TimeoutError:
            return Sent(StepResult.UNKNOWN, safe_text(f"no answer within {self._deadlines.send_seconds:g} s"))
        except Exception as error:  # a bug in one adapter, after the first byte for all we know
            return Sent(StepResult.UNKNOWN, safe_text(f"the adapter failed: {type(error).__name__}"))
        else:
            result = StepResult.DONE_BEFORE if receipt.was_done_before else StepResult.ACCEPTED
            sent = Sent(result, SafeText("accepted"), receipt.revision)
        self.in_flight = None
        return sent

    async def _look_up(self, write: Write, lost: SafeText, keep: Callable[[], Awaitable[bool]]) -> Sent:
        """Return what became of a write with a lost answer, by looking for it and never by sending it again."""
        began = self._clock.boottime()
        last = Trace.CANNOT_TELL
        for pause in self._deadlines.look_up_seconds:
            self._tell(Phase.WAITING, f"{lost}: looking whether it happened")
            await self._clock.sleep(pause)
            await keep()
            last = await self.trace(write)
            waited = self._clock.boottime() - began
            if last is Trace.APPLIED:
                return Sent(
                    StepResult.ACCEPTED, safe_text(f"the answer was lost, and it was found after {waited:.0f} s")
                )
            # What is not there yet may still be under way.
            if last in _NOT_THERE and waited >= self._deadlines.not_applied_after_seconds:
                break
        if last is Trace.NOT_APPLIED:
            return Sent(StepResult.NOT_SENT, safe_text(f"{lost}, and it is not there: it never arrived"))
        if last is Trace.AS_BEFORE:
            return Sent(StepResult.NOT_THERE, safe_text(f"{lost}, and it reads as before"))
        return Sent(StepResult.UNKNOWN, lost)

    async def trace(self, write: Write) -> Trace:
        """Return whether a write happened; `CANNOT_TELL` also when nobody answers."""
        try:
            return await within(self._clock, self._deadlines.read_seconds, self._writer.trace(write))
        except (BackendError, TimeoutError):
            return Trace.CANNOT_TELL
