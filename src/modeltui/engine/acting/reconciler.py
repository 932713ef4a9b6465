"""Finds out what became of actions whose executor is gone, and of those that ended in doubt. Reads; never writes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

from modeltui.domain.acting.action import PlanId
from modeltui.domain.acting.desired import desired_of
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.acting.verification import Before, Seen, conclude, serving_window
from modeltui.domain.errors import BackendError, JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import (
    StepResult,
    outcome_details,
    read_intent,
    read_step,
)
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, SourceName, TargetKey, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.asking import in_time
from modeltui.engine.acting.cases import Case, outcome_of, was_accepted
from modeltui.engine.acting.deadlines import DEADLINES, Deadlines, within
from modeltui.engine.acting.notices import Notices
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.engine.acting.verifier import Goal, ReadControl, Reader, Verified, Verifier
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, Query
from modeltui.ports.leases import Leases
from modeltui.ports.rollout_writer import Trace, Write

_ENDS = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})
_MOST_ENDS = 10_000
_LOOKS_BACK_SECONDS = 30 * 86_400.0
"""An outcome that stayed unknown is looked for again at each start, this long."""


class ReadBack(Protocol):
    """The half of a `RolloutWriter` that cannot write."""

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as the backend has it now."""
        ...

    async def trace(self, write: Write) -> Trace:
        """Return whether a write, sent before, happened."""
        ...


@dataclass(frozen=True, slots=True)
class ReadAt:
    """What reads back one target, and where that is."""

    writes_to: SafeText
    """Where a plan that is made now would write."""
    backend: ReadBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Looks at open intents when the program starts, and when asked."""

    backend: Callable[[TargetKey, SourceName | Unknown], ReadAt | None]
    """Returns what reads back a target that was read through a source; `None` where this process has no such thing."""
    journal: Journal
    leases: Leases
    actor: Actor
    reader: Reader
    clock: Clock
    deadlines: Deadlines = DEADLINES
    notices: Notices | None = None
    """Tells people elsewhere what was found out."""
    is_gone: Callable[[str], bool | None] = lambda _: None
    """Tells whether the process that an intent names is gone; `None` when it cannot be told from here."""

    async def reconcile(self) -> tuple[Report, ...]:
        """Return what was found out, each written down as `action.reconciled`.

        What is still under way is left alone; so is what cannot be looked at now, for the next time. Raises
        `JournalUnavailable` when the journal cannot be read.
        """
        if isinstance(self.journal, SpoolingJournal):
            await self.journal.bring_over()
        reports = []
        for case in await self._cases():
            if case.was_unknown or await self._is_abandoned(case):
                report = await self._look_at(case)
                if report is not None:
                    reports.append(report)
        return tuple(reports)

    async def _cases(self) -> list[Case]:
        since = Instant(self.clock.now() - _LOOKS_BACK_SECONDS)
        open_now = await in_time(self.clock, self.deadlines.record_seconds, self.journal.open_intents())
        intents = {record.entry.plan_id: record for record in open_now}
        ends = await self._read(Query(kinds=_ENDS, since=since, most=_MOST_ENDS, newest_first=True))
        newest_end = {record.entry.plan_id: record for record in ends}
        doubtful = {plan for plan, record in newest_end.items() if outcome_of(record) is Outcome.UNKNOWN}
        for plan in doubtful:
            if not isinstance(plan, Missing):
                asked = await self._read(Query(plan_id=plan, kinds=frozenset({RecordKind.ACTION_INTENT})))
                intents.update({record.entry.plan_id: record for record in asked})
        was_seen = {record.entry.plan_id for record in ends if was_accepted(record)}
        cases = [await self._case(one, doubtful, was_seen) for one in intents.values()]
        return [case for case in cases if case is not None]

    async def _case(
        self, record: Record, doubtful: Collection[PlanId | Unknown], was_seen: Collection[PlanId | Unknown]
    ) -> Case | None:
        entry = record.entry
        if isinstance(entry.plan_id, Missing) or isinstance(entry.plan_hash, Missing):
            return None
        if isinstance(entry.target, Missing):
            return None
        try:
            intent = read_intent(record)
            noted = await self._read(Query(plan_id=entry.plan_id, kinds=frozenset({RecordKind.ACTION_STEP})))
            steps = tuple(read_step(one) for one in sorted(noted, key=lambda one: one.seq))
        except ValueError:
            return None  # written by another version of this program: not to be guessed at
        if not intent.states:
            return None
        newest = Instant(min(self.clock.now(), max([entry.at, *(one.entry.at for one in noted)])))
        return Case(
            record,
            entry.plan_id,
            entry.plan_hash,
            entry.target,
            intent,
            steps,
            newest,
            was_unknown=entry.plan_id in doubtful,
            was_in_control=entry.plan_id in was_seen,
        )

    async def _is_abandoned(self, case: Case) -> bool:
        """Tell whether nobody will write this outcome any more."""
        gone = self.is_gone(str(case.intent.process)) if case.intent.process else None
        if gone is not None:
            return gone
        now = self.clock.now()
        if not isinstance(case.intent.gone_after, Missing) and now >= case.intent.gone_after:
            return True
        if not case.intent.has_lease:
            return False
        try:
            held = await within(self.clock, self.deadlines.lease_seconds, self.leases.held())
        except (JournalUnavailable, TimeoutError):
            return False
        is_held = any(lease.plan_id == case.plan_id and lease.expires_at > now for lease in held)
        # Who lost its lease may still be waiting for the answer to its last write.
        return not is_held and now - case.newest_at >= 2 * self.deadlines.send_seconds

    async def _look_at(self, case: Case) -> Report | None:
        """Return what became of it, written down; `None` when nothing new can be said now."""
        before = case.intent.before
        at = self.backend(case.target, UNKNOWN if isinstance(before, Missing) else before.source)
        if at is None:
            return None
        if at.writes_to != case.intent.writes_to:
            return await self._elsewhere(case, at.writes_to)
        backend = at.backend
        # What was on its way when its executor died has landed by then, or never will.
        await self.clock.sleep(case.newest_at + self.deadlines.not_applied_after_seconds - self.clock.now())
        try:
            results, says = await self._trace_all(backend, case)
        except (BackendError, TimeoutError):
            return None  # nobody answers: the next start asks again
        found = await self._verify(backend, case, results)
        seen = Seen(
            len(case.intent.states),
            results,
            says,
            found.control,
            was_in_control=await self._was_in_control(backend, case, found),
            is_as_before=found.is_as_before,
            serving=found.serving,
            health=found.health,
            in_force=found.in_force,
            has_served=found.has_served,
        )
        conclusion = conclude(seen)
        if case.was_unknown and conclusion.outcome is Outcome.UNKNOWN:
            return None
        report = Report(
            case.plan_id,
            case.plan_hash,
            case.target,
            conclusion.outcome,
            safe_text(f"found out afterwards: {conclusion.because}", 500),
            conclusion.remedy,
            accepted_at=found.accepted_at,
            serving_at=found.serving_at,
            healthy_at=found.healthy_at,
            serving=found.observed,
            reason=case.record.entry.reason,
        )
        return await self._write_down(case, report)

    async def _elsewhere(self, case: Case, here: SafeText) -> Report | None:
        """Return that nobody can tell from here, written down once: another place says nothing about this one."""
        if case.was_unknown:
            return None  # said before
        there = case.intent.writes_to
        if isinstance(there, Missing):
            says, remedy = "the record does not say where it was written", f"look at {case.target} yourself"
        else:
            says = f"it was written to {there}, and this configuration reads {here}"
            remedy = f"look there, or start modeltui with a configuration that writes to {there}: it finds out then"
        report = Report(
            case.plan_id,
            case.plan_hash,
            case.target,
            Outcome.UNKNOWN,
            safe_text(f"it cannot be found out from here: {says}", 500),
            safe_text(remedy, 500),
            reason=case.record.entry.reason,
        )
        return await self._write_down(case, report)

    async def _trace_all(self, backend: ReadBack, case: Case) -> tuple[tuple[StepResult, ...], SafeText]:
        """Return what became of each step that may have been sent, in order; raise `BackendError` if nobody answers."""
        known = {step.step: step for step in case.steps}
        results: list[StepResult] = []
        writes = case.writes
        for number in range(len(case.intent.states)):
            noted = known.get(number)
            if noted is not None and (noted.result.took or noted.result in _CERTAIN):
                results.append(noted.result)
            elif not writes:
                return (*results, StepResult.UNKNOWN), SafeText("the record does not say how it was before")
            else:
                traced = await within(self.clock, self.deadlines.read_seconds, _traced(backend, writes[number]))
                results.append(_RESULTS[traced])
            if not results[-1].took:
                says = noted.says if noted is not None and noted.says else SafeText("whoever sent it is gone")
                return tuple(results), says
        return tuple(results), SafeText("")

    async def _was_in_control(self, backend: ReadBack, case: Case, found: Verified) -> bool:
        """Tell whether the last step was seen in force: by its executor, by these looks, or by the backend's word.

        That a backend accepted it is no such thing: what was never there was not set back.
        """
        if case.was_in_control or not isinstance(found.accepted_at, Missing):
            return True
        if not found.is_as_before or not case.writes:
            return False  # then it makes no difference
        try:
            last = _traced(backend, case.writes[-1])
            return await within(self.clock, self.deadlines.read_seconds, last) is Trace.APPLIED
        except (BackendError, TimeoutError):
            return False

    async def _verify(self, backend: ReadBack, case: Case, results: tuple[StepResult, ...]) -> Verified:
        """Return what the target shows now; after a recent write it gets the time that an executor would give it."""
        states, found = case.intent.states, Verified()
        took = sum(result.took for result in results)
        desired = states[max(took - 1, 0)]
        goal = Goal(case.target, desired, Before(), desired_of(case.intent.before), case.newest_at)
        verifier = Verifier(_reading(backend), self.reader, self.clock, self.deadlines)
        window = serving_window(self.reader.fleet.targets.get(case.target, UNKNOWN))
        is_recent = self.clock.now() - case.newest_at < self.deadlines.longest(1, 0.0, window)
        if took == len(states) and is_recent:
            await verifier.verify(goal, found, lambda _phase, _says: None, _nothing_to_keep)
        else:
            await verifier.look(goal, found)
        return found

    async def _write_down(self, case: Case, report: Report) -> Report | None:
        """Return the report in its place; `None` when somebody else found it out meanwhile."""
        ends = await self._read(Query(plan_id=case.plan_id, kinds=_ENDS))
        if ends and (not case.was_unknown or outcome_of(ends[-1]) is not Outcome.UNKNOWN):
            return None
        entry = Entry(
            RecordKind.ACTION_RECONCILED,
            self.clock.now(),
            self.actor,
            case.record.entry.context,
            case.target,
            case.plan_id,
            case.plan_hash,
            case.record.entry.reason,
            outcome_details(report),
        )
        record = await in_time(self.clock, self.deadlines.record_seconds, self.journal.append(entry))
        if self.notices is not None:
            await self.notices.tell(record, case.record)
        return replace(report, seq=record.seq)

    async def _read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match, oldest first."""
        found = await in_time(self.clock, self.deadlines.record_seconds, self.journal.read(query))
        return tuple(sorted(found, key=lambda record: record.seq))


_CERTAIN = frozenset({StepResult.REFUSED, StepResult.CONFLICT})
"""Nothing was written, by the backend's own word."""
_RESULTS = {
    Trace.APPLIED: StepResult.ACCEPTED,
    Trace.NOT_APPLIED: StepResult.NOT_SENT,
    Trace.AS_BEFORE: StepResult.NOT_THERE,
    Trace.CANNOT_TELL: StepResult.UNKNOWN,
}


async def _traced(backend: ReadBack, write: Write) -> Trace:
    return await backend.trace(write)


def _reading(backend: ReadBack) -> ReadControl:
    async def read(target: TargetKey) -> Rollout:
        return await backend.read(target)

    return read


async def _nothing_to_keep() -> bool:
    return True
