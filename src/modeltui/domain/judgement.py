"""Rules applied to one value: the verdict, and what the rules remember for the next one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from modeltui.domain.health import (
    CLEAR,
    LONGEST_GAP_SECONDS,
    Above,
    Baseline,
    Cause,
    Change,
    Level,
    Limit,
    Phase,
    Rule,
    Verdict,
    Watch,
)
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, NoData
from modeltui.domain.signal import Counts, Measurement, has_observations


class _Finding(NamedTuple):
    """One rule's opinion of one value."""

    rule: Rule
    watch: Watch
    level: Level
    cause: Cause
    limit: float | NoData = NO_DATA


def judge(
    rules: tuple[Rule, ...],
    watches: tuple[Watch, ...],
    measurement: Measurement,
    baseline: Baseline | NoData,
    at: Instant,
    *,
    is_first_look: bool = False,
) -> tuple[tuple[Watch, ...], Verdict]:
    """Return the verdict on `measurement` at `at`, and the rules' memory after it.

    `watches` is the memory after the value before, one per rule, or empty at the start. What is violated at the
    first look may have been for longer.
    """
    if isinstance(baseline, Baseline) and not has_observations(baseline.measurement):
        baseline = NO_DATA
    if not has_observations(measurement):
        before = _remembered(rules, watches)
        return watches, Verdict(Level.NO_DATA, Cause.NO_OBSERVATIONS, n=0.0, baseline=baseline, before=before)
    value, n = measurement.value, measurement.n
    findings = [
        _consult(rule, watch, measurement, value, baseline, at, is_first_look)
        for rule, watch in zip(rules, watches if len(watches) == len(rules) else [CLEAR] * len(rules), strict=True)
    ]
    after = tuple([finding.watch for finding in findings])
    decided = [finding for finding in findings if finding.level is not Level.NO_LIMIT]
    if not decided:
        return after, Verdict(Level.NO_LIMIT, Cause.NOTHING_TO_COMPARE, value, n, baseline, before=Level.NO_LIMIT)
    worst = decided[0] if len(decided) == 1 else max(decided, key=lambda finding: _telling(finding, value))
    verdict = Verdict(
        worst.level,
        worst.cause,
        value,
        n,
        baseline,
        worst.limit,
        worst.rule,
        worst.watch.since if worst.watch.phase is not Phase.CLEAR else UNKNOWN,
        _remembered(rules, watches) if worst.level is Level.NO_DATA else worst.level,
        since_or_earlier=worst.watch.was_found,
    )
    return after, verdict


def grown_old(verdict: Verdict, cause: Cause) -> Verdict:
    """Return the verdict as it stands when its sample is too old to act on."""
    if verdict.level is Level.STALE:
        return verdict
    before = verdict.before if verdict.level is Level.NO_DATA else verdict.level
    # Spelled out, for a whole fleet grows old in one second when a backend is away.
    return Verdict(
        Level.STALE,
        cause,
        verdict.value,
        verdict.n,
        verdict.baseline,
        verdict.limit,
        verdict.rule,
        verdict.since,
        before,
        verdict.segment,
        verdict.since_or_earlier,
    )


def remembered(past: tuple[Watch, ...], live: tuple[Watch, ...]) -> tuple[Watch, ...]:
    """Return one memory of what a backend tells of the past and what was seen live: nothing is calmed by reading."""
    if len(past) != len(live):
        return live or past
    return tuple(_longer(one, other) for one, other in zip(past, live, strict=True))


def limit_of(limit: Limit, baseline: Baseline | NoData) -> float | NoData:
    """Return where the limit lies now, in the signal's unit."""
    if not isinstance(limit, Change):
        return limit.value
    if isinstance(baseline, Missing):
        return NO_DATA
    reference, fraction, margin = baseline.measurement.value, limit.fraction, limit.margin
    relative = reference * (1 + fraction)
    far = max(relative, reference + margin) if fraction >= 0 else min(relative, reference - margin)
    # Nothing that is counted goes below zero: a limit there could never be broken, and would call everything well.
    is_possible = math.isfinite(far) and (far >= 0 or reference < 0)
    return far if is_possible else NO_DATA


def _consult(
    rule: Rule,
    watch: Watch,
    measurement: Measurement,
    value: float,
    baseline: Baseline | NoData,
    at: Instant,
    is_first_look: bool,
) -> _Finding:
    against = baseline if isinstance(rule.limit, Change) else NO_DATA
    limit = limit_of(rule.limit, against)
    if isinstance(limit, Missing):
        # A violation that can no longer be compared is missing something: it has not passed.
        level = Level.NO_LIMIT if watch.phase is Phase.CLEAR else Level.NO_DATA
        return _Finding(rule, watch, level, Cause.NOTHING_TO_COMPARE)
    if not _enough(rule, measurement, against):
        return _Finding(rule, watch, Level.NO_DATA, Cause.TOO_FEW_SAMPLES, limit)
    upwards = _is_upwards(rule.limit)
    is_beyond = value > limit if upwards else value < limit
    violated = is_beyond and _has_events(rule, measurement, against)
    if watch.phase is Phase.CLEAR and not violated:
        return _Finding(rule, CLEAR, Level.OK, Cause.WITHIN_LIMITS, limit)
    calm_limit = _calm_limit(rule, limit, against)
    calm = value <= calm_limit if upwards else value >= calm_limit
    after = _advance(rule, watch, violated=violated, calm=calm, at=at, is_first_look=is_first_look)
    level, cause = _read(rule, after, violated=violated)
    return _Finding(rule, after, level, cause, limit)


def _advance(rule: Rule, watch: Watch, *, violated: bool, calm: bool, at: Instant, is_first_look: bool) -> Watch:
    if watch.phase is Phase.FIRING:
        if not calm:
            return watch if isinstance(watch.calm_since, Missing) else replace(watch, calm_since=UNKNOWN)
        if isinstance(watch.calm_since, Missing):
            watch = replace(watch, calm_since=at)
        calm_since = watch.calm_since
        over = not isinstance(calm_since, Missing) and at - calm_since >= rule.keep_firing_seconds
        return CLEAR if over else watch
    if not violated:
        return CLEAR
    # Two looks with nothing in between do not show that it lasted.
    lasts = watch.phase is Phase.PENDING and at - watch.seen_at <= LONGEST_GAP_SECONDS
    since = watch.since if lasts else at
    phase = Phase.FIRING if at - since >= rule.for_seconds else Phase.PENDING
    was_found = watch.was_found if lasts else is_first_look or watch.phase is Phase.PENDING
    return Watch(phase, since, seen_at=at, was_found=was_found)


def _longer(past: Watch, live: Watch) -> Watch:
    if live.phase is Phase.CLEAR:
        return past
    if past.phase is Phase.CLEAR:
        return replace(live, was_found=False)  # the past shows it well: it began with what is seen live
    first = past if past.since <= live.since else live
    further = live if live.phase is Phase.FIRING else past
    seen_at = max(past.seen_at, live.seen_at)
    return replace(further, since=first.since, seen_at=seen_at, was_found=first.was_found)


def _read(rule: Rule, watch: Watch, *, violated: bool) -> tuple[Level, Cause]:
    match watch.phase:
        case Phase.CLEAR:
            return Level.OK, Cause.WITHIN_LIMITS
        case Phase.PENDING:
            return Level.WARN, Cause.NOT_YET_LONG_ENOUGH
        case Phase.FIRING:
            return rule.severity, Cause.OVER_LIMIT if violated else Cause.NOT_YET_CALM


def _enough(rule: Rule, measurement: Measurement, baseline: Baseline | NoData) -> bool:
    n = measurement.n
    if not isinstance(n, Missing) and n < rule.min_samples:
        return False
    if isinstance(baseline, Baseline):
        baseline_n = baseline.measurement.n
        if not isinstance(baseline_n, Missing) and baseline_n < rule.min_samples:
            return False
    return True


def _has_events(rule: Rule, measurement: Measurement, baseline: Baseline | NoData) -> bool:
    """Tell whether enough bad events stand behind a violation: two errors are an anecdote."""
    if not isinstance(measurement, Counts):
        return True
    events = measurement.bad
    if isinstance(baseline, Baseline) and isinstance(baseline.measurement, Counts):
        events += baseline.measurement.bad
    return events >= rule.min_events


def _is_upwards(limit: Limit) -> bool:
    return limit.fraction >= 0 if isinstance(limit, Change) else isinstance(limit, Above)


def _calm_limit(rule: Rule, limit: float, baseline: Baseline | NoData) -> float:
    if isinstance(baseline, Baseline):
        reference = baseline.measurement.value
        return reference + (limit - reference) * rule.clear_fraction
    return limit * rule.clear_fraction if _is_upwards(rule.limit) else limit * (2 - rule.clear_fraction)


def _telling(finding: _Finding, value: float) -> tuple[Level, bool, float, float]:
    """Return how much a finding tells: the worst, then what is over its limit now, the oldest, the nearest."""
    since = -finding.watch.since if finding.watch.phase is not Phase.CLEAR else 0.0
    distance = abs(value - finding.limit) if not isinstance(finding.limit, Missing) else math.inf
    return finding.level, finding.cause is Cause.OVER_LIMIT, since, -distance


def _remembered(rules: tuple[Rule, ...], watches: tuple[Watch, ...]) -> Level:
    """Return the level that the rules' memory stands for; no data when no rule was broken."""
    levels = [
        rule.severity if watch.phase is Phase.FIRING else Level.WARN
        for rule, watch in zip(rules, watches, strict=False)
        if watch.phase is not Phase.CLEAR
    ]
    return max(levels, default=Level.NO_DATA)
