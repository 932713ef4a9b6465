"""What happened to one version, and what the record of actions tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modeltui.domain.acting.action import ActionKind, ReasonCode
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.journal.details import read_weights
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.names import NO_DATA, Instant, Missing, ModelName, NoData, TargetKey, VersionId
from modeltui.domain.text import SafeText, safe_text

TIMELINE_KINDS: Final = frozenset(
    {
        RecordKind.ACTION_INTENT,
        RecordKind.ACTION_REASON,
        RecordKind.ACTION_OUTCOME,
        RecordKind.ACTION_RECONCILED,
        RecordKind.APPROVAL_GRANTED,
    }
)
"""The records that tell who moved which version, and why."""


class HappeningKind(StrEnum):
    """What happened to a version."""

    REGISTERED = "registered"
    APPROVED = "approved"
    REJECTED = "rejected"
    DECIDED = "decided"
    """Somebody said something of it that is neither a plain yes nor a plain no."""
    SERVED = "served"
    """From `at` to `until`, on `target`."""
    PROMOTED = "promoted"
    """By an action of ours."""
    BROUGHT_BACK = "brought back"
    """Another version was rolled back to this one."""
    ROLLED_BACK = "rolled back"
    """Another version took its place."""
    ABORTED = "aborted"
    """Its rollout was stopped."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to one version."""

    kind: HappeningKind
    at: Instant | NoData
    """No data when somebody recorded that it happened, and not when."""
    by: SafeText | NoData = NO_DATA
    why: SafeText = SafeText("")
    target: TargetKey | NoData = NO_DATA
    interval: Interval | NoData = NO_DATA
    """The stretch of time in which it served, with its evidence."""
    outcome: SafeText = SafeText("")
    """How the action ended: `verified`, `failed`, `no outcome recorded`; empty for what is no action."""
    seqs: tuple[int, ...] = ()
    """The records of the journal that say so."""


def actions_on(records: Iterable[Record], model: ModelName) -> Iterator[tuple[VersionId, Happening]]:
    """Yield what actions did to versions of a model: the intent says what, the outcome whether, the reason why."""
    plans: dict[SafeText, list[Record]] = {}
    for record in records:
        entry = record.entry
        if (
            not isinstance(entry.target, Missing)
            and entry.target.model == model
            and not isinstance(entry.plan_id, Missing)
        ):
            plans.setdefault(entry.plan_id, []).append(record)
    for told in plans.values():
        for intent in told:
            if intent.entry.kind is RecordKind.ACTION_INTENT:
                yield from _of_intent(intent, [one for one in told if one.seq >= intent.seq])


def _of_intent(intent: Record, told: Sequence[Record]) -> Iterator[tuple[VersionId, Happening]]:
    details = intent.entry.details
    try:
        kind = ActionKind(str(details.get("kind")))
        before, after = dict(read_weights(details.get("from"))), dict(read_weights(details.get("to")))
    except ValueError:
        return
    outcome, seq = _outcome(told)
    why = _why(told)
    seqs = (intent.seq,) if seq is None else (intent.seq, seq)
    by = safe_text(str(intent.entry.actor))
    gone = [version for version, share in before.items() if share > 0 and not after.get(version)]
    come = [version for version, share in after.items() if share > 0]
    happened: list[tuple[VersionId, HappeningKind]] = []
    if kind is ActionKind.ROLLBACK:
        happened = [(version, HappeningKind.ROLLED_BACK) for version in gone]
        happened += [(version, HappeningKind.BROUGHT_BACK) for version in come]
    elif kind is ActionKind.ABORT:
        happened = [(version, HappeningKind.ABORTED) for version in gone]
    elif kind is ActionKind.PROMOTE:
        happened = [(version, HappeningKind.PROMOTED) for version in come]
    for version, what in happened:
        yield version, Happening(what, intent.entry.at, by, why, intent.entry.target, outcome=outcome, seqs=seqs)


def _outcome(told: Sequence[Record]) -> tuple[SafeText, int | None]:
    """Return how it ended, by the last word on it."""
    for record in reversed(told):
        if record.entry.kind in (RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED):
            word = record.entry.details.get("outcome")
            known = {outcome.value for outcome in Outcome}
            return safe_text(word if word in known else Outcome.UNKNOWN.value), record.seq
    return SafeText("no outcome recorded"), None


def _why(told: Iterable[Record]) -> SafeText:
    """Return the last reason that was given: its kind, the words, and the incident."""
    reasons = [record.entry.reason for record in told if record.entry.reason.text or record.entry.reason.incident]
    if not reasons:
        return SafeText("")
    last = reasons[-1]
    kind = "" if last.code is ReasonCode.OTHER and last.text else f"{last.code.value}: "
    incident = f" ({last.incident})" if last.incident else ""
    return safe_text(f"{kind}{last.text or 'no words'}{incident}", 600)
