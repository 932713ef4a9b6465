"""New samples of one target become its next state: shares, verdicts, history, last known good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from modeltui.domain.baseline import comparison, expected_rate
from modeltui.domain.cells import aged_cell, judged_cell, with_memory
from modeltui.domain.fleet import Cell, Change, ChangeKind, ServedVersion, Target
from modeltui.domain.forgetting import is_forgotten
from modeltui.domain.health import LONGEST_GAP_SECONDS, Level
from modeltui.domain.history import ServingSpan, merged, observe
from modeltui.domain.known_good import KnownGood, last_known_good
from modeltui.domain.names import (
    NO_DATA,
    UNKNOWN,
    Instant,
    Missing,
    NoData,
    SignalName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.policy import Policy
from modeltui.domain.proof import proven_level
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import Sample
from modeltui.domain.standing import MOST_CHANGES, expiry, rollout_changes, standing
from modeltui.domain.text import SafeText
from modeltui.domain.traffic import RATE, as_shares, fresh_rates, known_shares, request_rates
from modeltui.domain.version import version_order

MOST_REFERENCES = 3
"""Versions whose good figures are kept to compare with."""
_ROLE_ORDER = {Role.STABLE: 0, Role.CANDIDATE: 1, Role.UNASSIGNED: 2, Role.SHADOW: 3}

_Samples: TypeAlias = Mapping[VersionId, Mapping[SignalName, Sample]]


class _Look(NamedTuple):
    """One look at a target: all that is needed to judge it."""

    samples: _Samples
    rates: Mapping[VersionId, float]
    """Requests per second."""
    shares: Mapping[VersionId, float]
    seen_at: Mapping[VersionId, Instant]
    """When each version was seen; those that are not in it when they were seen before."""
    max_ages: Mapping[SignalName, float]
    now: Instant


class _Place(NamedTuple):
    """What a version is on a target, before its signals are judged."""

    version: VersionId
    role: Role
    desired: float | Unknown
    observed: float | NoData
    cells: Mapping[SignalName, Cell]
    seen_at: Instant


def new_target(key: TargetKey, policy: Policy) -> Target:
    """Return a target of which nothing is known yet."""
    rules = {signal.name: policy.rules_for(key, signal.name) for signal in policy.signals}
    return Target(key, rules=rules)


def judge_target(target: Target, samples: Iterable[Sample], policy: Policy, now: Instant) -> Target:
    """Return the target after these samples, which are all that a metrics source has of it at `now`."""
    by_version: dict[VersionId, dict[SignalName, Sample]] = {}
    for sample in samples:
        by_version.setdefault(sample.version, {})[sample.signal] = sample
    max_ages = _max_ages(policy)
    if any(RATE in signals for signals in by_version.values()):
        rates = request_rates(by_version, target.rollout)
    else:
        # A source of other signals: who answers the requests is known from elsewhere.
        rates = fresh_rates(target.versions, target.rollout, now, max_ages.get(RATE, 60.0))
    look = _Look(by_version, rates, as_shares(rates), dict.fromkeys(by_version, now), max_ages, now)
    versions = _judged(target, look)
    spans = target.spans
    for version in versions:
        if version.last_seen_at == now and not isinstance(version.observed, Missing) and version.observed > 0:
            spans = observe(
                spans,
                version.version,
                version.observed,
                proven_level(version, versions, target.rules),
                now,
                longest_gap_seconds=LONGEST_GAP_SECONDS,
                proving_share=policy.proven_share,
            )
    return _concluded(target, versions, spans, look, policy)


def rejudge(target: Target, rollout: Rollout | Unknown, policy: Policy, now: Instant) -> Target:
    """Return the target under a new desired state, judged on the samples it already has: nobody was seen anew."""
    changes = (*target.changes, *rollout_changes(target.rollout, rollout, now))[-MOST_CHANGES:]
    target = replace(target, rollout=rollout, changes=changes)
    look = _last_look(target, policy, now)
    return _concluded(target, _judged(target, look), target.spans, look, policy)


def continued(past: Target, live: Target, policy: Policy, now: Instant) -> Target:
    """Return the target with the memory of its past and the samples of its present."""
    look = _last_look(live, policy, now)
    versions = tuple([_with_memory(version, past.version(version.version)) for version in live.versions])
    spans = merged(past.spans, live.spans)
    # What only both together prove must be known before anything is compared with it.
    good = _known_good(past, spans, policy, now)
    past = replace(past, versions=versions, references={**past.references, **live.references}, known_good=good)
    return _concluded(past, _judged(past, look), spans, look, policy)


def aged(target: Target, policy: Policy, now: Instant) -> Target:
    """Return the target with every sample that is too old at `now` marked as stale."""
    max_ages = _max_ages(policy)
    versions = tuple([_aged_version(version, max_ages, now) for version in target.versions])
    level, last_judged, since, changes = standing(target, versions, target.changes, now)
    return replace(
        target,
        versions=versions,
        expires_at=expiry(versions, max_ages),
        level=level,
        last_judged=last_judged,
        since=since,
        changes=changes,
    )


def _max_ages(policy: Policy) -> dict[SignalName, float]:
    return {signal.name: signal.max_age_seconds for signal in policy.signals}


def _last_look(target: Target, policy: Policy, now: Instant) -> _Look:
    versions = target.versions
    samples = {v.version: {name: cell.sample for name, cell in v.cells.items()} for v in versions if v.cells}
    present: _Samples = {v.version: samples[v.version] for v in versions if v.observed and v.version in samples}
    rates = request_rates(present, target.rollout)
    seen_at = {v.version: v.last_seen_at for v in versions}
    return _Look(samples, rates, known_shares(versions, target.rollout), seen_at, _max_ages(policy), now)


def _judged(target: Target, look: _Look) -> tuple[ServedVersion, ...]:
    places = [_place(target, version, look) for version in _present_versions(target, look)]
    stable = _stable(target, places)
    all_requests = sum(look.rates.values())
    versions = [_judged_version(target, place, stable, all_requests, look) for place in places]
    if len(versions) > 1:
        versions.sort(key=lambda version: version_order(version.version), reverse=True)
        versions.sort(key=lambda version: _ROLE_ORDER[version.role])
    return tuple(versions)


def _present_versions(target: Target, look: _Look) -> list[VersionId]:
    present = dict.fromkeys(look.samples)
    rollout = target.rollout
    if isinstance(rollout, Rollout):
        named = (rollout.stable, rollout.candidate, rollout.shadow, *rollout.weights)
        present.update(dict.fromkeys([version for version in named if not isinstance(version, Missing)]))
    for version in target.versions:
        if not is_forgotten(target, version, look.now):
            present.setdefault(version.version)
    return list(present)


def _place(target: Target, version: VersionId, look: _Look) -> _Place:
    known = next((served for served in target.versions if served.version == version), None)
    rollout = target.rollout
    role = Role.UNASSIGNED
    desired: float | Unknown = UNKNOWN
    if isinstance(rollout, Rollout):
        role = rollout.role_of(version)
        desired = rollout.weights.get(version, 0.0) if rollout.weights else UNKNOWN
    observed: float | NoData = look.shares.get(version, 0.0) if look.shares else NO_DATA
    seen_at = look.seen_at.get(version, known.last_seen_at if known else Instant(0.0))
    return _Place(version, role, desired, observed, known.cells if known else {}, seen_at)


def _stable(target: Target, places: list[_Place]) -> VersionId | Unknown:
    """Return the version to compare with: the named one; where nobody names it, the one that serves now."""
    named = target.rollout.stable if isinstance(target.rollout, Rollout) else UNKNOWN
    if not isinstance(named, Missing):
        return named
    serving = [(place.observed, place.version) for place in places if not isinstance(place.observed, Missing)]
    return max(serving, key=lambda one: one[0])[1] if serving else target.stable


def _judged_version(
    target: Target, place: _Place, stable: VersionId | Unknown, all_requests: float, look: _Look
) -> ServedVersion:
    cells = dict(place.cells)
    fresh = look.samples.get(place.version, {})
    against = comparison(target, stable, place.version, place.role, look.samples) if fresh else NO_DATA
    is_first_look = not any(version.cells for version in target.versions)
    for name, sample in fresh.items():
        max_age = look.max_ages.get(name, 60.0)
        if name == RATE:
            baseline = expected_rate(place.version, place.role, place.desired, all_requests)
        else:
            baseline = NO_DATA if isinstance(against, Missing) else against.baseline(name, look.now, max_age)
        before = cells.get(name)
        if before is None or not _repeats_old(before.sample, sample, max_age, look.now):
            rules = target.rules.get(name, ())
            before = judged_cell(before, sample, rules, baseline, is_first_look=is_first_look)
        cells[name] = aged_cell(before, max_age, look.now)
    for name in place.cells.keys() - fresh.keys():
        cells[name] = aged_cell(cells[name], look.max_ages.get(name, 60.0), look.now)
    return ServedVersion(place.version, place.role, place.desired, place.observed, cells, place.seen_at)


def _repeats_old(before: Sample, sample: Sample, max_age_seconds: float, now: Instant) -> bool:
    """Tell whether a sample is one that was judged already and has grown too old to be judged again.

    The other side of its comparison has grown old too: judging anew would put what is left in place of the evidence.
    """
    return sample.at == before.at and not isinstance(sample.at, Missing) and now - sample.at > max_age_seconds


def _aged_version(version: ServedVersion, max_ages: Mapping[SignalName, float], now: Instant) -> ServedVersion:
    cells = {name: aged_cell(cell, max_ages.get(name, 60.0), now) for name, cell in version.cells.items()}
    return ServedVersion(version.version, version.role, version.desired, version.observed, cells, version.last_seen_at)


def _concluded(
    target: Target, versions: tuple[ServedVersion, ...], spans: tuple[ServingSpan, ...], look: _Look, policy: Policy
) -> Target:
    good = _known_good(target, spans, policy, look.now)
    changes = _with_serving_change(target, versions, look.now)
    level, last_judged, since, changes = standing(target, versions, changes, look.now)
    return Target(
        target.key,
        versions,
        target.rollout,
        good,
        _references(target, versions, good),
        spans,
        changes,
        level,
        last_judged,
        since,
        expiry(versions, look.max_ages),
        target.rules,
    )


def _known_good(target: Target, spans: tuple[ServingSpan, ...], policy: Policy, now: Instant) -> KnownGood | Unknown:
    records = target.rollout.served if isinstance(target.rollout, Rollout) else ()
    return last_known_good(spans, records, now=now, proven_after_seconds=policy.proven_after_seconds)


def _with_memory(live: ServedVersion, past: ServedVersion | NoData) -> ServedVersion:
    """Return what was seen live with what its rules remember of the time before."""
    if isinstance(past, Missing):
        return live
    return replace(live, cells={name: with_memory(cell, past.cells.get(name)) for name, cell in live.cells.items()})


def _references(
    target: Target, versions: tuple[ServedVersion, ...], good: KnownGood | Unknown
) -> Mapping[VersionId, Mapping[SignalName, Cell]]:
    """Return the figures to compare with later: of the last known good while it is within all its limits."""
    if isinstance(good, Missing):
        return target.references
    served = next((version for version in versions if version.version == good.version), None)
    if served is None or served.level is not Level.OK:
        return target.references
    others = [(version, cells) for version, cells in target.references.items() if version != good.version]
    return dict([*others[1 - MOST_REFERENCES :], (good.version, served.cells)])


def _with_serving_change(target: Target, versions: tuple[ServedVersion, ...], now: Instant) -> tuple[Change, ...]:
    was, serves = _observed_most(target.versions), _observed_most(versions)
    if isinstance(was, Missing) or isinstance(serves, Missing) or was == serves:
        return target.changes
    change = Change(now, ChangeKind.SERVING, SafeText(was), SafeText(serves))
    return (*target.changes, change)[-MOST_CHANGES:]


def _observed_most(versions: Iterable[ServedVersion]) -> VersionId | NoData:
    """Return the version that was seen to answer most requests; an intention is not seen."""
    observed = [version for version in versions if not isinstance(version.observed, Missing)]
    if not observed:
        return NO_DATA
    return max(observed, key=lambda version: (version.observed or 0.0, version.role is Role.STABLE)).version
