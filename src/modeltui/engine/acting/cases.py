"""One intent that somebody has to look at, as the journal has it; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modeltui.domain.acting.action import PlanHash, PlanId
from modeltui.domain.acting.desired import as_rollout
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.journal.details import IntentRead, StepRead, report_from_record
from modeltui.domain.journal.record import Record
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.engine.acting.sending import write_key
from modeltui.ports.rollout_writer import Write


@dataclass(frozen=True, slots=True)
class Case:
    """One intent that needs looking at."""

    record: Record
    plan_id: PlanId
    plan_hash: PlanHash
    target: TargetKey
    intent: IntentRead
    steps: tuple[StepRead, ...]
    newest_at: Instant
    """When its executor was heard of last; not later than now, whatever its clock said."""
    was_unknown: bool
    """It has an outcome: unknown."""
    was_in_control: bool
    """An earlier outcome says when the controller read as planned."""

    @property
    def writes(self) -> tuple[Write, ...]:
        """Return each step's write, as it was sent if those before it took; none where nobody knows how it was."""
        before = self.intent.before
        if isinstance(before, Missing):
            return ()
        revisions = {step.step: step.revision for step in self.steps}
        writes = []
        for number, desired in enumerate(self.intent.states):
            writes.append(Write(write_key(self.plan_id, number), self.target, desired, before, SafeText("")))
            before = replace(as_rollout(before, desired), revision=revisions.get(number, UNKNOWN))
        return tuple(writes)


def was_accepted(record: Record) -> bool:
    """Tell whether an outcome says when the controller read as planned."""
    try:
        return not isinstance(report_from_record(record).accepted_at, Missing)
    except ValueError:
        return False


def outcome_of(record: Record) -> Outcome | Unknown:
    """Return the outcome that a record holds; unknown for one that holds none."""
    try:
        return report_from_record(record).outcome
    except ValueError:
        return UNKNOWN
