"""The sentences: what a verdict means, why a version is trusted, what a source is doing."""

from __future__ import annotations

from modeltui.domain.fleet import Change, ChangeKind, SourceCondition, SourceState, Target
from modeltui.domain.health import Above, Baseline, BaselineKind, Below, Cause, Level, Rule, Verdict
from modeltui.domain.health import Change as Relative
from modeltui.domain.known_good import KnownGood
from modeltui.domain.names import Instant, Missing
from modeltui.domain.signal import Signal, Unit
from modeltui.present import format as form
from modeltui.present.tone import Tone

LEVEL_WORDS: dict[Level, str] = {
    Level.OK: "ok",
    Level.NO_LIMIT: "no-limit",
    Level.NO_DATA: "no-data",
    Level.STALE: "stale",
    Level.WARN: "warn",
    Level.BREACH: "breach",
}
"""As in the JSON; on screen with a space instead of the hyphen."""

LEVEL_TONES: dict[Level, Tone] = {
    Level.OK: Tone.OK,
    Level.NO_LIMIT: Tone.MUTED,
    Level.NO_DATA: Tone.UNKNOWN,
    Level.STALE: Tone.STALE,
    Level.WARN: Tone.WARN,
    Level.BREACH: Tone.BREACH,
}


def level_word(level: Level) -> str:
    """Return the word for a level, as screens show it."""
    return LEVEL_WORDS[level].replace("-", " ")


def because(verdict: Verdict, signal: Signal) -> str:
    """Return the evidence of a verdict in one sentence without a full stop."""
    unit = signal.unit
    number = form.value(verdict.value, unit)
    match verdict.cause:
        case Cause.WITHIN_LIMITS:
            return f"{number} is within {_limit_words(verdict, unit)}"
        case Cause.OVER_LIMIT:
            return f"{number} is beyond {_limit_words(verdict, unit)}"
        case Cause.NOT_YET_LONG_ENOUGH:
            held = _rule_seconds(verdict)
            return f"{number} is beyond {_limit_words(verdict, unit)}, for less than {held} so far"
        case Cause.NOT_YET_CALM:
            return f"{number} is back inside {_limit_words(verdict, unit)}, not yet for long enough to trust"
        case Cause.SEGMENT:
            return f"{verdict.segment} is beyond its limit; all segments together are at {number}"
        case Cause.TOO_FEW_SAMPLES:
            return _too_few(verdict)
        case Cause.NO_OBSERVATIONS:
            return f"no requests in the last {form.about(signal.window_seconds)}"
        case Cause.NOTHING_TO_COMPARE:
            return f"{number}: no absolute limit is set, and there is nothing to compare it with"
        case Cause.TOO_OLD:
            return f"the newest sample is too old to act on; it was {level_word(verdict.before)} then"
        case Cause.NOT_SCRAPED:
            return f"nobody scrapes it any more; it was {level_word(verdict.before)} when last seen"


def lasted(judged: Target | Verdict, now: Instant) -> str:
    """Return for how long something has been so; `>1h00m` when it already was when somebody began to look."""
    return f"{'>' if judged.since_or_earlier else ''}{form.age(judged.since, now)}"


def baseline_words(baseline: Baseline | Missing, unit: Unit) -> str:
    """Return what a value was compared with: `1.0% of stable 2.3.1`."""
    if isinstance(baseline, Missing):
        return "no baseline"
    number = form.value(_baseline_value(baseline), unit)
    match baseline.kind:
        case BaselineKind.EXPECTED_SHARE:
            return f"{number} expected from its share"
        case BaselineKind.STABLE | BaselineKind.LAST_KNOWN_GOOD | BaselineKind.EARLIER:
            return f"{number} of {baseline.kind} {baseline.version}"


def known_good_words(good: KnownGood | Missing, now: Instant) -> str:
    """Return why a version is the last known good, in one sentence."""
    if isinstance(good, Missing):
        return "no version has been seen to serve within its limits for long enough yet"
    if good.by_controller:
        ended = "serves now" if now - good.served_until < 60 else f"until {form.about(now - good.served_until)} ago"
        return f"the controller records that it passed its gates, {ended}"
    seen = form.about(good.healthy_seconds)
    ended = "and serves now" if now - good.served_until < 60 else f"until {form.about(now - good.served_until)} ago"
    return f"served {seen} within all limits as seen here, {ended}"


def source_words(source: SourceState, now: Instant) -> tuple[str, Tone]:
    """Return what row 1 says of a source, and in which tone: `mlflow 2s`, `prometheus DOWN 3m12s`."""
    since = form.age(source.known_at, now)
    match source.condition(now):
        case SourceCondition.FRESH:
            return f"{source.name} {since}", Tone.WARN if source.warnings else Tone.MUTED
        case SourceCondition.STALE:
            return f"{source.name} STALE {since}", Tone.WARN
        case SourceCondition.CONNECTING:
            return f"{source.name} connecting", Tone.UNKNOWN
        case SourceCondition.DOWN:
            never = isinstance(source.answered_at, Missing)
            return f"{source.name} DOWN" if never else f"{source.name} DOWN {since}", Tone.BREACH


def change_words(change: Change) -> str:
    """Return what happened on a target, as it was seen."""
    match change.kind:
        case ChangeKind.SERVING:
            return f"serving {change.after} (was {change.before})"
        case ChangeKind.STABLE:
            return f"stable is {change.after} (was {change.before})"
        case ChangeKind.CANDIDATE:
            return f"candidate is {change.after} (was {change.before})"
        case ChangeKind.STAGE:
            return f"stage {change.after} (was {change.before})"
        case ChangeKind.LEVEL:
            return f"{_level_change(change.after)} (was {_level_change(change.before)})"


def _level_change(name: str) -> str:
    return name.lower().replace("_", " ")


def _limit_words(verdict: Verdict, unit: Unit) -> str:
    limit = form.value(verdict.limit, unit)
    rule = verdict.rule
    if isinstance(rule, Rule) and not isinstance(rule.limit, Above | Below):
        return f"the limit {limit} ({_how_far(rule.limit, verdict.baseline, unit)})"
    return f"the limit {limit}"


def _how_far(limit: Relative, baseline: Baseline | Missing, unit: Unit) -> str:
    """Return where a limit lies from the baseline: `100% above 1.0% of stable 2.3.1`."""
    compared = baseline_words(baseline, unit)
    if isinstance(baseline, Missing):
        return compared
    side = "above" if limit.fraction >= 0 else "below"
    if limit.margin > abs(_baseline_value(baseline) * limit.fraction):
        return f"a margin of {form.value(limit.margin, unit)} {side} {compared}"
    return f"{abs(limit.fraction):.0%} {side} {compared}"


def _rule_seconds(verdict: Verdict) -> str:
    return form.duration(verdict.rule.for_seconds) if isinstance(verdict.rule, Rule) else form.MISSING


def _baseline_value(baseline: Baseline) -> float:
    return baseline.measurement.value


def _too_few(verdict: Verdict) -> str:
    needed = verdict.rule.min_samples if isinstance(verdict.rule, Rule) else 0.0
    n = verdict.n
    if isinstance(n, float | int) and n < needed:
        return f"{form.quantity(n)} of the {form.quantity(needed)} samples that a judgement needs"
    baseline = verdict.baseline
    if isinstance(baseline, Missing):
        return "too few samples for a judgement"
    count = form.quantity(baseline.measurement.n)
    return f"the baseline {baseline.version} has {count} of the {form.quantity(needed)} samples needed"
