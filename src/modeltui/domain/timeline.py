"""What became of each version of a model: registered, approved, served, taken back and why; gaps are gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.fleet import Fleet
from modeltui.domain.gold import gold_of
from modeltui.domain.journal.details import read_weights
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.lineage import Approval
from modeltui.domain.names import NO_DATA, Instant, Missing, ModelName, NoData, TargetKey, VersionId
from modeltui.domain.references import said
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Version, version_order

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


@dataclass(frozen=True, slots=True)
class VersionTimeline:
    """One version."""

    version: VersionId
    listed: Version | NoData
    """As the registry lists it; no data when it does not: the journal or a controller remembers it."""
    happenings: tuple[Happening, ...]
    """Oldest first; what has no time is first."""
    serves: tuple[TargetKey, ...] = ()
    """Where it answers requests now, or should."""
    pointers: tuple[SafeText, ...] = ()
    """What points at it now."""
    gold: tuple[tuple[TargetKey, int], ...] = ()
    """Where it is among the last three known good versions, and its place there: 1 is the last known good."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """All versions of a model, newest first."""

    model: ModelName
    since: Instant
    until: Instant
    versions: tuple[VersionTimeline, ...]
    gaps: tuple[Interval, ...] = ()
    """Stretches of time of which nobody knows what served on a target."""


def timeline(
    fleet: Fleet,
    model: ModelName,
    history: Iterable[Interval] = (),
    records: Iterable[Record] = (),
    *,
    since: Instant,
) -> Timeline:
    """Return what became of every version of a model.

    `history` is what served when, from `since` to now; `records` are those of the kinds in `TIMELINE_KINDS`. Approvals
    are told of versions whose provenance was read.
    """
    own = [one for one in history if one.target.model == model]
    happenings: dict[VersionId, list[Happening]] = {}
    for interval in own:
        if not isinstance(interval.version, Missing):
            served = Happening(
                HappeningKind.SERVED,
                interval.since,
                interval.done_by,
                target=interval.target,
                interval=interval,
                seqs=interval.seqs,
            )
            happenings.setdefault(interval.version, []).append(served)
    for version, happening in _actions(records, model):
        happenings.setdefault(version, []).append(happening)
    listed = {one.id: one for one in fleet.versions.get(model, ())}
    names = [*listed, *sorted(happenings.keys() - listed.keys(), key=version_order, reverse=True)]
    gold = _gold(fleet, model)
    return Timeline(
        model,
        since,
        fleet.at,
        tuple(_of_version(fleet, model, name, listed.get(name), happenings.get(name, ()), gold) for name in names),
        tuple(one for one in own if one.is_gap),
    )


def earliest_moment(fleet: Fleet, model: ModelName) -> Instant:
    """Return when the first thing happened that registry and controllers remember of a model; now when nothing."""
    moments = [one.created_at for one in fleet.versions.get(model, ())]
    for target in fleet.environments_of(model):
        if not isinstance(target.rollout, Missing):
            moments += [record.started_at for record in target.rollout.served]
    return min((at for at in moments if not isinstance(at, Missing) and at > 0), default=fleet.at)


def _of_version(
    fleet: Fleet,
    model: ModelName,
    name: VersionId,
    listed: Version | None,
    happened: Iterable[Happening],
    gold: Mapping[VersionId, tuple[tuple[TargetKey, int], ...]],
) -> VersionTimeline:
    decided = dict.fromkeys(_decisions(fleet, model, name))
    all_of_it = [*_registration(fleet, model, name, listed), *decided, *happened]
    pointers = [] if listed is None else [*listed.pointers]
    if model in fleet.models:
        pointers += [pointer.name for pointer in fleet.models[model].pointers if pointer.version == name]
    return VersionTimeline(
        name,
        NO_DATA if listed is None else listed,
        tuple(sorted(all_of_it, key=lambda one: -1.0 if isinstance(one.at, Missing) else one.at)),
        tuple(target.key for target in fleet.environments_of(model) if _is_on(fleet, target.key, name)),
        tuple(dict.fromkeys(pointers)),
        gold.get(name, ()),
    )


def _is_on(fleet: Fleet, key: TargetKey, version: VersionId) -> bool:
    served = fleet.targets[key].version(version)
    if isinstance(served, Missing):
        return False
    shares = [share for share in (served.observed, served.desired) if not isinstance(share, Missing)]
    return any(share > 0 for share in shares) or (not shares and served.role is Role.STABLE)


def _registration(fleet: Fleet, model: ModelName, name: VersionId, listed: Version | None) -> Iterator[Happening]:
    if listed is None:
        return
    by = listed.created_by
    provenance = fleet.provenance.get((model, name))
    if isinstance(by, Missing) and provenance is not None:
        by = next(iter(said(provenance.registered)), NO_DATA)
    yield Happening(HappeningKind.REGISTERED, listed.created_at, by)


_YES: Final = ("approv", "accept", "grant", "pass", "valid")
_NO: Final = ("reject", "deny", "denied", "fail", "refus", "revok", "withdr", "invalid", "disapprov")
"""How the first word of a decision begins; other words (`pending`) are told as they are."""


def _decisions(fleet: Fleet, model: ModelName, name: VersionId) -> Iterator[Happening]:
    provenance = fleet.provenance.get((model, name))
    if provenance is None:
        return
    for approvals in said(provenance.approvals):
        for approval in approvals:
            why = "" if isinstance(approval.comment, Missing) else approval.comment
            kind = _decision_kind(approval)
            if kind is HappeningKind.DECIDED:
                why = f"{approval.decision}: {why}" if why else approval.decision
            yield Happening(kind, approval.at, approval.by, safe_text(why, 400))


def _decision_kind(approval: Approval) -> HappeningKind:
    word = (approval.decision.lower().split() or [""])[0]
    if word in ("no", "not") or word.startswith(_NO):
        return HappeningKind.REJECTED
    return HappeningKind.APPROVED if word in ("yes", "ok") or word.startswith(_YES) else HappeningKind.DECIDED


def _gold(fleet: Fleet, model: ModelName) -> Mapping[VersionId, tuple[tuple[TargetKey, int], ...]]:
    found: dict[VersionId, tuple[tuple[TargetKey, int], ...]] = {}
    for target in fleet.environments_of(model):
        for place, good in enumerate(gold_of(fleet, target), start=1):
            found[good.version] = (*found.get(good.version, ()), (target.key, place))
    return found


def _actions(records: Iterable[Record], model: ModelName) -> Iterator[tuple[VersionId, Happening]]:
    """Yield what actions did to versions: the intent says what, the outcome whether, the reason why."""
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
    reasons = [record.entry.reason for record in told if record.entry.reason.text or record.entry.reason.incident]
    if not reasons:
        return SafeText("")
    last = reasons[-1]
    incident = f" ({last.incident})" if last.incident else ""
    return safe_text(f"{last.code.value}: {last.text or 'no words'}{incident}", 600)
