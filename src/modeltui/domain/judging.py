"""New samples of one target become its next state: shares, baselines, verdicts, history, last known good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from modeltui.domain.fleet import Cell, Change, ChangeKind, SegmentCell, ServedVersion, Target
from modeltui.domain.health import Baseline, BaselineKind, Cause, Level, Rule, Verdict
from modeltui.domain.history import observe
from modeltui.domain.judgement import grown_old, judge
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
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import THROUGHPUT, Estimate, Measurement, Sample, has_observations
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import version_order

FORGET_AFTER_SECONDS = 600.0
"""A version that nobody wants and nobody sees leaves the target: two windows of five minutes."""
LONGEST_GAP_SECONDS = 330.0
"""Two looks further apart than this do not prove what was between: a five-minute history step and its delay."""
MOST_CHANGES = 24
_THROUGHPUT = SignalName(SafeText(THROUGHPUT))
_ROLE_ORDER = {Role.STABLE: 0, Role.CANDIDATE: 1, Role.UNASSIGNED: 2, Role.SHADOW: 3}


def new_target(key: TargetKey, policy: Policy) -> Target:
    """Return a target of which nothing is known yet."""
    rules = {signal.name: policy.rules_for(key, signal.name) for signal in policy.signals}
    return Target(key, rules=rules)


def judge_target(target: Target, samples: Iterable[Sample], policy: Policy, now: Instant) -> Target:
    """Return the target after these samples, which are all that a metrics source has of it at `now`."""
    by_version: dict[VersionId, dict[SignalName, Sample]] = {}
    for sample in samples:
        by_version.setdefault(sample.version, {})[sample.signal] = sample
    shares = _observed_shares(target, by_version)
    served = [
        _placed(target, version, by_version, shares, now) for version in _present_versions(target, by_version, now)
    ]
    judged = _judged(target, served, by_version, policy, now)
    judged.sort(key=lambda version: (_ROLE_ORDER[version.role], _newest_first(version.version)))
    return _concluded(target, tuple(judged), policy, now)


def rejudge(target: Target, rollout: Rollout | Unknown, policy: Policy, now: Instant) -> Target:
    """Return the target under a new desired state, judged on the samples it already has."""
    samples = [cell.sample for version in target.versions for cell in version.cells.values()]
    changes = target.changes
    if isinstance(rollout, Rollout):
        before = target.rollout if isinstance(target.rollout, Rollout) else None
        changes = (*changes, *_rollout_changes(before, rollout, now))[-MOST_CHANGES:]
    return judge_target(replace(target, rollout=rollout, changes=changes), samples, policy, now)


def aged(target: Target, policy: Policy, now: Instant) -> Target:
    """Return the target with every sample that is too old at `now` marked as stale."""
    max_age = {signal.name: signal.max_age_seconds for signal in policy.signals}
    versions = tuple(
        replace(
            version,
            cells={name: _aged_cell(cell, max_age.get(name, 60.0), now) for name, cell in version.cells.items()},
        )
        for version in target.versions
    )
    return _with_level(replace(target, versions=versions, expires_at=_expiry(versions, policy)), now)


def _present_versions(target: Target, by_version: Mapping[VersionId, object], now: Instant) -> list[VersionId]:
    present = dict.fromkeys(by_version)
    rollout = target.rollout
    if isinstance(rollout, Rollout):
        named = (rollout.stable, rollout.candidate, rollout.shadow, *rollout.weights)
        present.update(dict.fromkeys(version for version in named if not isinstance(version, Missing)))
    for version in target.versions:
        if now - version.last_seen_at <= FORGET_AFTER_SECONDS:
            present.setdefault(version.version)
    return list(present)


def _observed_shares(
    target: Target, by_version: Mapping[VersionId, Mapping[SignalName, Sample]]
) -> dict[VersionId, float]:
    totals = _live_throughputs(target, by_version)
    everything = sum(totals.values())
    return {version: total / everything for version, total in totals.items()} if everything > 0 else {}


def _live_throughputs(
    target: Target, by_version: Mapping[VersionId, Mapping[SignalName, Sample]]
) -> dict[VersionId, float]:
    """Return the requests per second by version, without the copies that a shadow gets."""
    shadow = target.rollout.shadow if isinstance(target.rollout, Rollout) else UNKNOWN
    totals: dict[VersionId, float] = {}
    for version, samples in by_version.items():
        throughput = samples.get(_THROUGHPUT)
        if throughput is not None and version != shadow and not isinstance(throughput.at, Missing):
            totals[version] = max(throughput.measurement.value, 0.0)
    return totals


def _placed(
    target: Target,
    version: VersionId,
    by_version: Mapping[VersionId, object],
    shares: Mapping[VersionId, float],
    now: Instant,
) -> ServedVersion:
    found = target.version(version)
    known = None if isinstance(found, Missing) else found
    rollout = target.rollout
    role = Role.UNASSIGNED
    share: float | Unknown = UNKNOWN
    if isinstance(rollout, Rollout):
        role = rollout.role_of(version)
        share = rollout.weights.get(version, 0.0) if rollout.weights else UNKNOWN
    observed: float | NoData = shares.get(version, 0.0 if shares else NO_DATA)
    seen_at = now if version in by_version else (known.last_seen_at if known else Instant(0.0))
    return ServedVersion(version, role, share, observed, known.cells if known else {}, seen_at)


def _judged(
    target: Target,
    served: list[ServedVersion],
    by_version: Mapping[VersionId, Mapping[SignalName, Sample]],
    policy: Policy,
    now: Instant,
) -> list[ServedVersion]:
    max_age = {signal.name: signal.max_age_seconds for signal in policy.signals}
    traffic = sum(_live_throughputs(target, by_version).values())
    result = []
    for version in served:
        fresh = by_version.get(version.version)
        if fresh is None:
            cells = {n: _aged_cell(cell, max_age.get(n, 60.0), now) for n, cell in version.cells.items()}
            result.append(replace(version, cells=cells))
            continue
        against = _baseline_version(target, version, by_version)
        cells = dict(version.cells)
        for name, sample in fresh.items():
            baseline = _baseline(target, version, name, against, by_version, traffic)
            rules = target.rules.get(name, ())
            cell = _judge_cell(cells.get(name), sample, rules, baseline)
            cells[name] = _aged_cell(cell, max_age.get(name, 60.0), now)
        for name in cells.keys() - fresh.keys():
            cells[name] = _aged_cell(cells[name], max_age.get(name, 60.0), now)
        result.append(replace(version, cells=cells))
    return result


def _baseline_version(
    target: Target, version: ServedVersion, by_version: Mapping[VersionId, object]
) -> tuple[VersionId, BaselineKind] | None:
    stable = target.stable
    if version.role is not Role.STABLE and stable != version.version:
        if not isinstance(stable, Missing) and stable in by_version:
            return stable, BaselineKind.STABLE
        return None
    good = target.known_good
    if isinstance(good, Missing) or good.version == version.version:
        return None
    kind = BaselineKind.LAST_KNOWN_GOOD if good.version in by_version else BaselineKind.EARLIER
    return good.version, kind


def _baseline(
    target: Target,
    version: ServedVersion,
    signal: SignalName,
    against: tuple[VersionId, BaselineKind] | None,
    by_version: Mapping[VersionId, Mapping[SignalName, Sample]],
    traffic: float,
) -> Baseline | NoData:
    if signal == _THROUGHPUT:
        if not isinstance(version.desired, float) or version.role is Role.SHADOW:
            return NO_DATA
        expected = Estimate(version.desired * traffic)
        return Baseline(BaselineKind.EXPECTED_SHARE, version.version, expected)
    if against is None:
        return NO_DATA
    other, kind = against
    if kind is BaselineKind.EARLIER:
        measurement = target.reference.get(signal)
        return Baseline(kind, other, measurement) if measurement is not None else NO_DATA
    sample = by_version[other].get(signal)
    if sample is None or isinstance(sample.at, Missing):
        return NO_DATA
    return Baseline(kind, other, sample.measurement, sample.segments)


def _judge_cell(before: Cell | None, sample: Sample, rules: tuple[Rule, ...], baseline: Baseline | NoData) -> Cell:
    watches = before.watches if before else ()
    if isinstance(sample.at, Missing):
        verdict = before.verdict if before else Verdict(Level.NO_DATA, Cause.NOT_SCRAPED)
        value = sample.measurement.value if has_observations(sample.measurement) else NO_DATA
        return Cell(sample, grown_old(replace(verdict, value=value), Cause.NOT_SCRAPED), watches)
    watches, verdict = judge(rules, watches, sample.measurement, baseline, sample.at)
    if not sample.segments:
        return Cell(sample, verdict, watches)
    segments = _judge_segments(before, sample, rules, baseline, sample.at)
    cell = Cell(sample, verdict, watches, segments)
    worst = cell.worst_segment()
    if isinstance(worst, Missing) or worst.verdict.level <= verdict.level:
        return cell
    raised = replace(
        verdict,
        level=worst.verdict.level,
        before=worst.verdict.level,
        cause=Cause.SEGMENT,
        rule=worst.verdict.rule,
        since=worst.verdict.since,
        segment=worst.name,
    )
    return replace(cell, verdict=raised)


def _judge_segments(
    before: Cell | None, sample: Sample, rules: tuple[Rule, ...], baseline: Baseline | NoData, at: Instant
) -> tuple[SegmentCell, ...]:
    earlier = {segment.name: segment for segment in before.segments} if before else {}
    judged = []
    for name, measurement in sample.segments:
        known = earlier.get(name)
        same_segment = _segment_baseline(baseline, name)
        watches, verdict = judge(rules, known.watches if known else (), measurement, same_segment, at)
        judged.append(SegmentCell(name, measurement, verdict, watches))
    return tuple(judged)


def _segment_baseline(baseline: Baseline | NoData, name: SafeText) -> Baseline | NoData:
    if isinstance(baseline, Missing):
        return NO_DATA
    for segment, measurement in baseline.segments:
        if segment == name:
            return replace(baseline, measurement=measurement, segments=())
    return NO_DATA


def _aged_cell(cell: Cell, max_age_seconds: float, now: Instant) -> Cell:
    at = cell.sample.at
    if isinstance(at, Missing) or now - at > max_age_seconds:
        cause = Cause.NOT_SCRAPED if isinstance(at, Missing) else Cause.TOO_OLD
        old = grown_old(cell.verdict, cause)
        return cell if old is cell.verdict else replace(cell, verdict=old)
    return cell


def _concluded(target: Target, versions: tuple[ServedVersion, ...], policy: Policy, now: Instant) -> Target:
    before = target
    target = replace(target, versions=versions, expires_at=_expiry(versions, policy))
    spans = target.spans
    for version in versions:
        if isinstance(version.observed, float) and version.observed > 0 and version.last_seen_at == now:
            spans = observe(
                spans,
                version.version,
                version.observed,
                version.level,
                now,
                longest_gap_seconds=LONGEST_GAP_SECONDS,
                proving_share=policy.proven_share,
            )
    records = target.rollout.served if isinstance(target.rollout, Rollout) else ()
    good = last_known_good(spans, records, now=now, proven_after_seconds=policy.proven_after_seconds)
    target = replace(target, spans=spans, known_good=good, reference=_reference(target, good))
    return _with_level(_with_serving_change(before, target, now), now)


def _reference(target: Target, good: KnownGood | Unknown) -> Mapping[SignalName, Measurement]:
    if isinstance(good, Missing):
        return target.reference
    served = target.version(good.version)
    if isinstance(served, Missing) or served.level is not Level.OK:
        return target.reference
    return {name: cell.sample.measurement for name, cell in served.cells.items()}


def _with_serving_change(before: Target, after: Target, now: Instant) -> Target:
    was, serves = before.serving, after.serving
    if not before.is_serving_observed or was == serves or isinstance(serves, Missing):
        return after
    change = Change(now, ChangeKind.SERVING, safe_text(was if not isinstance(was, Missing) else "-"), serves)
    return replace(after, changes=(*after.changes, change)[-MOST_CHANGES:])


def _rollout_changes(before: Rollout | None, after: Rollout, now: Instant) -> list[Change]:
    if before is None:
        return []
    pairs = (
        (ChangeKind.STABLE, before.stable, after.stable),
        (ChangeKind.CANDIDATE, before.candidate, after.candidate),
        (ChangeKind.STAGE, _stage_name(before), _stage_name(after)),
    )
    return [Change(now, kind, _word(was), _word(is_now)) for kind, was, is_now in pairs if was != is_now]


def _stage_name(rollout: Rollout) -> SafeText | Unknown:
    return rollout.stage if isinstance(rollout.stage, Missing) else rollout.stage.name


def _word(value: SafeText | Unknown) -> SafeText:
    return SafeText("none") if isinstance(value, Missing) else value


def counts_for_target(version: ServedVersion) -> bool:
    """Tell whether a version's verdict is the target's: it answers requests, or it should."""
    answers = isinstance(version.observed, float) and version.observed > 0
    should = isinstance(version.desired, float) and version.desired > 0
    unmeasured = isinstance(version.observed, Missing) and version.role is Role.STABLE
    return answers or should or unmeasured


def _with_level(target: Target, now: Instant) -> Target:
    levels = [version.level for version in target.versions if counts_for_target(version)]
    level = max(levels, default=Level.NO_DATA)
    if level is Level.STALE:
        before = [
            cell.verdict.before
            for version in target.versions
            if counts_for_target(version)
            for cell in version.cells.values()
        ]
        last_judged = max(before, default=Level.OK)
    else:
        last_judged = level
    if level is target.level and isinstance(target.since, float):
        return replace(target, last_judged=last_judged)
    change = Change(now, ChangeKind.LEVEL, safe_text(target.level.name), safe_text(level.name))
    changes = target.changes if target.since is UNKNOWN else (*target.changes, change)[-MOST_CHANGES:]
    return replace(
        target, level=level, last_judged=last_judged, since=_level_since(target, level, now), changes=changes
    )


def _level_since(target: Target, level: Level, now: Instant) -> Instant:
    if level < Level.WARN:
        return now
    starts = [
        cell.verdict.since
        for version in target.versions
        if counts_for_target(version)
        for cell in version.cells.values()
        if cell.verdict.level is level and not isinstance(cell.verdict.since, Missing)
    ]
    return min(starts, default=now)


def _expiry(versions: tuple[ServedVersion, ...], policy: Policy) -> Instant:
    max_age = {signal.name: signal.max_age_seconds for signal in policy.signals}
    expiries = [
        cell.sample.at + max_age.get(name, 60.0)
        for version in versions
        for name, cell in version.cells.items()
        if cell.verdict.level is not Level.STALE and not isinstance(cell.sample.at, Missing)
    ]
    return Instant(min(expiries, default=float("inf")))


def _newest_first(version: VersionId) -> tuple[tuple[int, int, str], ...]:
    return tuple((-a, -b, c) for a, b, c in version_order(version))
