"""What became of each version of a model: registered, approved, served, taken back and why; gaps are gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from modeltui.domain.fleet import Fleet
from modeltui.domain.gold import gold_of
from modeltui.domain.happening import TIMELINE_KINDS, Happening, HappeningKind, actions_on
from modeltui.domain.journal.record import Record
from modeltui.domain.journal.serving_history import SAME_SHARE, Interval
from modeltui.domain.lineage import Approval
from modeltui.domain.names import NO_DATA, Instant, Missing, ModelName, NoData, TargetKey, VersionId
from modeltui.domain.references import said
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Version, version_order

__all__ = [
    "TIMELINE_KINDS",
    "Happening",
    "HappeningKind",
    "Timeline",
    "VersionTimeline",
    "earliest_moment",
    "joined_intervals",
    "timeline",
]


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
    for interval in joined_intervals(own):
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
    for version, happening in actions_on(records, model):
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


def joined_intervals(found: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals with those of one version joined that follow each other by the same word and share.

    A version that serves on while another comes and goes beside it has served once.
    """
    last: dict[tuple[TargetKey, VersionId | NoData], int] = {}
    result: list[Interval] = []
    for one in found:
        key = (one.target, one.version)
        before = result[last[key]] if key in last else None
        if before is not None and _goes_on(before, one):
            seqs = tuple(dict.fromkeys((*before.seqs, *one.seqs)))
            result[last[key]] = replace(before, until=one.until, seqs=seqs, until_or_later=one.until_or_later)
            continue
        last[key] = len(result)
        result.append(one)
    return tuple(result)


def _goes_on(before: Interval, one: Interval) -> bool:
    if before.until != one.since:
        return False
    first, second = before.share, one.share
    if isinstance(first, Missing) or isinstance(second, Missing):
        same_share = first is second
    else:
        same_share = abs(first - second) < SAME_SHARE
    said = (before.basis, before.done_by, before.approvals)
    return same_share and said == (one.basis, one.done_by, one.approvals)


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
