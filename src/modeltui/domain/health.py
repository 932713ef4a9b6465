"""Is this number all right? Rules, their memory, and the verdict with its evidence.

A rule looks at one value over its rolling window, against an absolute limit or against the baseline of the same
minutes. A violation must last (`for_seconds`), and ends only when the value has stayed well inside the limit
(`clear_fraction`, `keep_firing_seconds`): a Schmitt trigger with hold, as alert rules have them. Time is the time of
the samples, so a frozen backend neither starts nor ends anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum, StrEnum
from typing import Final, TypeAlias

from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, NoData, SegmentName, Unknown, VersionId
from modeltui.domain.signal import Counts, Measurement, has_observations
from modeltui.domain.text import SafeText


class Level(IntEnum):
    """How bad; the worst of several is their maximum."""

    OK = 0
    NO_LIMIT = 1
    """Measured, and nothing to judge it by: no absolute limit and no baseline."""
    NO_DATA = 2
    STALE = 3
    WARN = 4
    BREACH = 5


class Cause(Enum):
    """Why a verdict is what it is; `present` makes the sentence."""

    WITHIN_LIMITS = "within limits"
    OVER_LIMIT = "over the limit"
    NOT_YET_LONG_ENOUGH = "over the limit, not yet for long enough"
    NOT_YET_CALM = "back inside the limit, not yet for long enough"
    SEGMENT = "a segment is over the limit"
    TOO_FEW_SAMPLES = "too few samples"
    NO_OBSERVATIONS = "no observations"
    NOTHING_TO_COMPARE = "no limit and no baseline"
    TOO_OLD = "too old"
    NOT_SCRAPED = "no longer scraped"


class BaselineKind(StrEnum):
    """What a value is compared with."""

    STABLE = "stable"
    """The stable version, same target, same minutes."""
    LAST_KNOWN_GOOD = "last known good"
    """The last known good version, still serving beside this one, same minutes."""
    EARLIER = "last known good, earlier"
    """The last known good version when it last served: not the same minutes."""
    EXPECTED_SHARE = "expected share"
    """The target's traffic times the share this version should have."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The other side of a comparison."""

    kind: BaselineKind
    version: VersionId
    measurement: Measurement
    segments: tuple[tuple[SegmentName, Measurement], ...] = ()


@dataclass(frozen=True, slots=True)
class Above:
    """Worse when higher than `value`, in the signal's unit."""

    value: float


@dataclass(frozen=True, slots=True)
class Below:
    """Worse when lower than `value`, in the signal's unit."""

    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """Worse when it differs from the baseline by more than a fraction and by more than a margin."""

    fraction: float
    """-0.15 is fifteen per cent down; +1.0 is doubled."""
    margin: float = 0.0
    """At least this far from the baseline too, in the signal's unit: 0.01 % to 0.03 % pages nobody."""


Limit: TypeAlias = Above | Below | Change


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition on one signal."""

    name: SafeText
    limit: Limit
    severity: Level = Level.BREACH
    for_seconds: float = 60.0
    clear_fraction: float = 0.7
    """Calm again when the distance to the reference is below this part of the limit's."""
    keep_firing_seconds: float = 60.0
    min_samples: float = 100.0
    """Observations needed on both sides; fewer is no data, never ok."""
    min_events: float = 0.0
    """For counts: bad events needed on both sides together."""


class Phase(Enum):
    """Where a rule is on one value."""

    CLEAR = "clear"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class Watch:
    """The memory of one rule on one value."""

    phase: Phase = Phase.CLEAR
    since: Instant = Instant(0.0)
    """When the violation began; meaningless while clear."""
    calm_since: Instant | Unknown = UNKNOWN


CLEAR: Final = Watch()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of one signal of one version, and on what evidence."""

    level: Level
    cause: Cause
    value: float | NoData = NO_DATA
    n: float | Unknown = UNKNOWN
    baseline: Baseline | NoData = NO_DATA
    limit: float | NoData = NO_DATA
    """The limit that counts, in the signal's unit."""
    rule: Rule | NoData = NO_DATA
    """The rule behind the level or, when all is well, the nearest to it."""
    since: Instant | Unknown = UNKNOWN
    """When the level began, by the samples' time."""
    before: Level = Level.OK
    """What it was when it was last judged: a stale breach is not a stale ok."""
    segment: SegmentName | NoData = NO_DATA
    """The segment that makes the level, where one does."""


@dataclass(frozen=True, slots=True)
class _Finding:
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
) -> tuple[tuple[Watch, ...], Verdict]:
    """Return the verdict on `measurement` at `at`, and the rules' memory after it.

    `watches` is the memory after the value before, one per rule, or empty at the start.
    """
    if isinstance(baseline, Baseline) and not has_observations(baseline.measurement):
        baseline = NO_DATA
    if not has_observations(measurement):
        before = _worst_phase_level(rules, watches)
        return watches, Verdict(Level.NO_DATA, Cause.NO_OBSERVATIONS, n=0.0, baseline=baseline, before=before)
    findings = [
        _consult(rule, watches[index] if watches else CLEAR, measurement, baseline, at)
        for index, rule in enumerate(rules)
    ]
    decided = [finding for finding in findings if finding.cause is not Cause.NOTHING_TO_COMPARE]
    if not decided:
        verdict = Verdict(Level.NO_LIMIT, Cause.NOTHING_TO_COMPARE, measurement.value, measurement.n, baseline)
        return tuple(f.watch for f in findings), verdict
    worst = max(decided, key=lambda finding: _telling(finding, measurement.value))
    since = worst.watch.since if worst.watch.phase is not Phase.CLEAR else UNKNOWN
    verdict = Verdict(
        worst.level,
        worst.cause,
        measurement.value,
        measurement.n,
        baseline,
        worst.limit,
        worst.rule,
        since,
        before=_worst_phase_level(rules, watches) if worst.level is Level.NO_DATA else worst.level,
    )
    return tuple(f.watch for f in findings), verdict


def grown_old(verdict: Verdict, cause: Cause) -> Verdict:
    """Return the verdict as it stands when its sample is too old to act on."""
    if verdict.level is Level.STALE:
        return verdict
    before = verdict.before if verdict.level is Level.NO_DATA else verdict.level
    return replace(verdict, level=Level.STALE, cause=cause, before=before)


def limit_of(limit: Limit, baseline: Baseline | NoData) -> float | NoData:
    """Return where the limit lies now, in the signal's unit."""
    match limit:
        case Above(value=value) | Below(value=value):
            return value
        case Change(fraction=fraction, margin=margin):
            if isinstance(baseline, Missing):
                return NO_DATA
            reference = baseline.measurement.value
            if fraction >= 0:
                return max(reference * (1 + fraction), reference + margin)
            return min(reference * (1 + fraction), reference - margin)


def _consult(rule: Rule, watch: Watch, measurement: Measurement, baseline: Baseline | NoData, at: Instant) -> _Finding:
    relative = isinstance(rule.limit, Change)
    if relative and isinstance(baseline, Missing):
        return _Finding(rule, watch, Level.NO_LIMIT, Cause.NOTHING_TO_COMPARE)
    against = baseline if relative else NO_DATA
    limit = limit_of(rule.limit, against)
    if isinstance(limit, Missing):
        return _Finding(rule, watch, Level.NO_LIMIT, Cause.NOTHING_TO_COMPARE)
    if not _enough(rule, measurement, against):
        return _Finding(rule, watch, Level.NO_DATA, Cause.TOO_FEW_SAMPLES, limit)
    upwards = _is_upwards(rule.limit)
    value = measurement.value
    violated = (value > limit if upwards else value < limit) and _has_events(rule, measurement, against)
    calm_limit = _calm_limit(rule, limit, against)
    calm = value <= calm_limit if upwards else value >= calm_limit
    after = _advance(rule, watch, violated=violated, calm=calm, at=at)
    level, cause = _read(rule, after, violated=violated)
    return _Finding(rule, after, level, cause, limit)


def _advance(rule: Rule, watch: Watch, *, violated: bool, calm: bool, at: Instant) -> Watch:
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
    since = watch.since if watch.phase is Phase.PENDING else at
    phase = Phase.FIRING if at - since >= rule.for_seconds else Phase.PENDING
    return watch if watch.phase is phase else Watch(phase, since)


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
    match limit:
        case Above():
            return True
        case Below():
            return False
        case Change(fraction=fraction):
            return fraction >= 0


def _calm_limit(rule: Rule, limit: float, baseline: Baseline | NoData) -> float:
    if isinstance(baseline, Baseline):
        reference = baseline.measurement.value
        return reference + (limit - reference) * rule.clear_fraction
    return limit * rule.clear_fraction if _is_upwards(rule.limit) else limit * (2 - rule.clear_fraction)


def _telling(finding: _Finding, value: float) -> tuple[Level, bool, float, float]:
    """Return how much a finding tells: the worst, then what is over its limit now, the oldest, the nearest."""
    violated = finding.watch.phase is not Phase.CLEAR
    since = -finding.watch.since if violated else 0.0
    return finding.level, finding.cause is Cause.OVER_LIMIT, since, -_distance(finding, value)


def _distance(finding: _Finding, value: float) -> float:
    return abs(value - finding.limit) if isinstance(finding.limit, float) else float("inf")


def _worst_phase_level(rules: tuple[Rule, ...], watches: tuple[Watch, ...]) -> Level:
    level = Level.OK
    for rule, watch in zip(rules, watches, strict=False):
        if watch.phase is Phase.FIRING:
            level = max(level, rule.severity)
        elif watch.phase is Phase.PENDING:
            level = max(level, Level.WARN)
    return level
