"""What the journal gives people elsewhere to know: from the records alone, so that it can be made again after a death.

Every notice has an id that follows from what happened and not from when it was written down: made twice, by whomever,
it is the same notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from modeltui.domain.acting.action import PlanHash, PlanId
from modeltui.domain.acting.desired import weights_text
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.journal.details import read_intent, read_weights, report_from_record
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.names import UNKNOWN, Missing, TargetKey
from modeltui.domain.text import safe_text
from modeltui.ports.notifier import Notice, Occasion

ENDS: Final = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})
KINDS: Final = ENDS | {RecordKind.ACTION_INTENT, RecordKind.BREAK_GLASS, RecordKind.ACTION_SNAPPED_BACK}
"""What has to be read to know of what people are to be told."""


@dataclass(frozen=True, slots=True)
class Due:
    """One notice and the record that gives it."""

    record: Record
    notice: Notice


def due_notices(records: Iterable[Record]) -> tuple[Due, ...]:
    """Return what these records, oldest first, give people to know."""
    telling = _Telling()
    return tuple(due for record in records for due in telling.after(record))


def sort_of(record: Record) -> tuple[object, ...]:
    """Return what two records have in common that give the same notices."""
    entry = record.entry
    return entry.plan_id, entry.kind, entry.details.get("outcome") if entry.kind in ENDS else None


@dataclass(slots=True)
class _Telling:
    """What is known so far, record by record."""

    intents: dict[PlanId, Record] = field(default_factory=dict)
    ends: dict[PlanId, Outcome] = field(default_factory=dict)
    broke: set[PlanId] = field(default_factory=set)
    """Plans whose break-glass was told of."""
    opened: dict[TargetKey, dict[PlanId, _Plan]] = field(default_factory=dict)
    """What somebody has to look at, until it is settled."""

    def after(self, record: Record) -> tuple[Due, ...]:
        """Return what one more record gives people to know."""
        entry = record.entry
        if isinstance(entry.plan_id, Missing) or isinstance(entry.plan_hash, Missing):
            return ()
        if isinstance(entry.target, Missing):
            return ()
        plan = _Plan(entry.plan_id, entry.plan_hash, entry.target, self.intents.get(entry.plan_id))
        match entry.kind:
            case RecordKind.ACTION_INTENT:
                self.intents[entry.plan_id] = record
            case RecordKind.BREAK_GLASS:
                return self._broke(plan, record, entry.details.get("overruled"), str(entry.reason.incident))
            case RecordKind.ACTION_SNAPPED_BACK:
                self.opened.setdefault(plan.target, {})[plan.id] = plan
                facts = {"found": str(entry.details.get("says") or "")}
                return (plan.due(record, Occasion.SNAPPED_BACK, "undone by something else", facts),)
            case RecordKind.ACTION_OUTCOME | RecordKind.ACTION_RECONCILED:
                try:
                    return (*self._broke_unsaid(plan, record), *self._ended(plan, record, report_from_record(record)))
                except ValueError:
                    return ()  # written by another version of this program: not to be guessed at
        return ()

    def _broke(self, plan: _Plan, record: Record, overruled: object, incident: str) -> tuple[Due, ...]:
        if plan.id in self.broke or not isinstance(overruled, str) or not overruled:
            return ()
        self.broke.add(plan.id)
        facts = {"overruled": overruled, "incident": incident}
        return (plan.due(record, Occasion.BREAK_GLASS, "break-glass", facts),)

    def _broke_unsaid(self, plan: _Plan, record: Record) -> tuple[Due, ...]:
        """Return that a rule was overruled, where whoever did it died before it said so."""
        if plan.intent is None:
            return ()
        intent = plan.intent.entry
        return self._broke(plan, record, intent.details.get("overruled"), str(intent.reason.incident))

    def _ended(self, plan: _Plan, record: Record, report: Report) -> Iterable[Due]:
        opened = self.opened.setdefault(plan.target, {})
        before = self.ends.get(plan.id)
        self.ends[plan.id] = outcome = report.outcome
        facts = {"outcome": outcome.value, "because": str(report.because), "next": str(report.remedy)}
        if outcome is Outcome.UNKNOWN:
            opened[plan.id] = plan
            yield plan.due(record, Occasion.UNKNOWN_OUTCOME, outcome.value, facts)
        elif outcome is not Outcome.VERIFIED:
            if before is None:
                yield plan.due(record, Occasion.OUTCOME, outcome.value, facts)
            else:
                opened[plan.id] = plan
                what = f"was {before.value}, found out: {outcome.value}"
                yield plan.due(record, Occasion.FOUND_OUT, what, facts)
        else:
            is_mine = opened.pop(plan.id, None) is not None
            what = "verified after all" if is_mine else outcome.value
            yield plan.due(record, Occasion.SETTLED if is_mine else Occasion.OUTCOME, what, facts)
            for other in opened.values():
                by = {"settled by": f"{plan.headline}, verified ({plan.hash})"}
                what = "settled by a later action that is verified"
                yield other.due(record, Occasion.SETTLED, what, by, f"settled/{plan.id}")
            opened.clear()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What notices say of a plan."""

    id: PlanId
    hash: PlanHash
    target: TargetKey
    intent: Record | None

    @property
    def headline(self) -> str:
        """What it was to do."""
        facts = self._facts()
        verb = facts.get("action", "action")
        return f"{verb} of {self.target} to {facts['version']}" if "version" in facts else f"{verb} on {self.target}"

    def due(self, record: Record, occasion: Occasion, what: str, facts: Mapping[str, str], sort: str = "") -> Due:
        """Return one notice about it."""
        entry = record.entry
        known = {name: value for name, value in self._facts().items() if name not in ("action", "version")}
        by = entry if self.intent is None else self.intent.entry
        reason = by.reason
        why = "; ".join(str(one) for one in (reason.text, reason.incident and f"incident {reason.incident}") if one)
        found_by = str(entry.actor) if entry.kind is RecordKind.ACTION_RECONCILED else ""
        all_facts = {"target": str(self.target), **known, "by": str(by.actor), "why": why}
        all_facts |= {**facts, "found out by": found_by}
        parts = [str(one) for one in (sort or entry.kind.value, facts.get("outcome", "")) if one]
        if occasion is Occasion.BREAK_GLASS:
            parts = [RecordKind.BREAK_GLASS.value]
        notice = Notice(
            safe_text("/".join((str(self.id), *parts))),
            occasion,
            entry.at,
            entry.context,
            self.target,
            safe_text(f"{self.headline}: {what}"),
            {safe_text(label): safe_text(value, 500) for label, value in all_facts.items() if value},
            self.id,
            self.hash,
            record.hash or UNKNOWN,
        )
        return Due(record, notice)

    def _facts(self) -> dict[str, str]:
        if self.intent is None:
            return {}
        try:
            intent = read_intent(self.intent)
            leaving = read_weights(self.intent.entry.details.get("from"))
        except ValueError:
            return {}
        if not intent.states:
            return {"action": intent.kind.value}
        to = intent.states[-1]
        return {
            "action": intent.kind.value,
            "version": str(to.stable),
            "from": str(weights_text(leaving)),
            "to": str(weights_text(to.weights)),
        }
