"""A number is judged: by which rule, since when, and on what evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.health import (
    Above,
    Baseline,
    BaselineKind,
    Below,
    Cause,
    Change,
    Level,
    Limit,
    Rule,
    Verdict,
    Watch,
)
from modeltui.domain.judgement import grown_old, judge, limit_of
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, NoData
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, mean, measurement, version_id

CONFIDENCE_DROP = Rule(SafeText("confidence-drop"), Change(-0.15), for_seconds=60.0)
HARD_ERRORS = Rule(SafeText("hard-errors"), Above(0.2), for_seconds=0.0, min_events=5.0)
DOUBLED = Rule(SafeText("error-spike"), Change(1.0, margin=0.01), for_seconds=0.0, min_events=5.0)


def against(value: object, version: str = "1") -> Baseline:
    """Return a baseline of the stable version."""
    return Baseline(BaselineKind.STABLE, version_id(version), measurement(value))  # type: ignore[arg-type]


class Judge:
    """Rules with their memory; each call is the next look, a number of seconds after the start."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.watches: tuple[Watch, ...] = ()

    def at(self, seconds: float, value: Measurement, baseline: Baseline | NoData = NO_DATA) -> Verdict:
        """Return the verdict on one value."""
        self.watches, verdict = judge(self.rules, self.watches, value, baseline, Instant(START + seconds))
        return verdict


def once(rule: Rule, value: Measurement, baseline: Baseline | NoData = NO_DATA) -> Verdict:
    """Return the verdict on a single value."""
    return Judge(rule).at(0, value, baseline)


# The classic example


def test_a_confidence_drop_of_more_than_15_percent_becomes_a_breach_after_a_minute() -> None:
    """Confidence 20 % under the stable version over five minutes warns at once and is a breach after 60 s."""
    judge = Judge(CONFIDENCE_DROP)
    healthy, dropped = mean(0.90, 900), mean(0.72, 900)
    assert judge.at(0, healthy, against(healthy)).level is Level.OK
    seen = [judge.at(seconds, dropped, against(healthy)) for seconds in (15, 30, 45, 60, 75)]
    assert [verdict.level for verdict in seen] == [Level.WARN] * 4 + [Level.BREACH]
    assert [verdict.cause for verdict in seen] == [Cause.NOT_YET_LONG_ENOUGH] * 4 + [Cause.OVER_LIMIT]
    breach = seen[-1]
    assert breach.since == START + 15
    assert breach.limit == pytest.approx(0.9 * 0.85)
    assert breach.value == pytest.approx(0.72)
    assert breach.n == 900
    assert breach.rule is CONFIDENCE_DROP


def test_a_drop_of_exactly_15_percent_is_still_within_the_limit() -> None:
    """The limit itself is allowed: more than 15 % is a breach, 15 % is not."""
    assert once(CONFIDENCE_DROP, Mean(85.0, 100), against(Mean(100.0, 100))).level is Level.OK


def test_a_drop_that_does_not_last_never_becomes_a_breach() -> None:
    """A dip of half a minute is a warning that goes away; the next dip starts to count afresh."""
    judge = Judge(CONFIDENCE_DROP)
    healthy, dropped = mean(0.90, 900), mean(0.72, 900)
    levels = [
        judge.at(seconds, value, against(healthy)).level
        for seconds, value in enumerate([dropped, dropped, healthy, dropped, dropped, dropped])
        for seconds in [seconds * 30]
    ]
    assert levels == [Level.WARN, Level.WARN, Level.OK, Level.WARN, Level.WARN, Level.BREACH]


# Ends: hysteresis and hold


def test_a_breach_ends_only_when_the_value_is_well_inside_for_a_while() -> None:
    """Just inside the limit does not end a breach; well inside does, after the hold, without flapping."""
    rule = Rule(SafeText("errors"), Above(0.10), for_seconds=0.0, clear_fraction=0.7, keep_firing_seconds=60.0)
    judge = Judge(rule)
    assert judge.at(0, Counts(120, 1000)).level is Level.BREACH
    just_inside = judge.at(15, Counts(90, 1000))
    assert (just_inside.level, just_inside.cause) == (Level.BREACH, Cause.NOT_YET_CALM)
    assert judge.at(600, Counts(90, 1000)).level is Level.BREACH
    assert judge.at(615, Counts(60, 1000)).level is Level.BREACH
    assert judge.at(660, Counts(60, 1000)).level is Level.BREACH
    calm = judge.at(675, Counts(60, 1000))
    assert (calm.level, calm.cause, calm.since) == (Level.OK, Cause.WITHIN_LIMITS, UNKNOWN)


def test_a_relapse_during_the_hold_starts_the_hold_again() -> None:
    """A value that leaves the calm zone once must be calm for the whole hold again; the breach keeps its beginning."""
    rule = Rule(SafeText("errors"), Above(0.10), for_seconds=0.0, keep_firing_seconds=60.0)
    judge = Judge(rule)
    values = [(0, 200), (30, 20), (60, 150), (90, 20), (120, 20), (150, 20)]
    seen = [judge.at(seconds, Counts(bad, 1000)) for seconds, bad in values]
    assert [verdict.level for verdict in seen] == [Level.BREACH] * 5 + [Level.OK]
    assert {verdict.since for verdict in seen[:5]} == {START}


def test_a_warning_rule_never_makes_a_breach() -> None:
    """A rule of severity warn stays a warning however long it is broken."""
    rule = Rule(SafeText("drift"), Above(0.1), Level.WARN, for_seconds=60.0, min_samples=0.0)
    judge = Judge(rule)
    assert {judge.at(seconds, Estimate(0.3)).level for seconds in range(0, 600, 15)} == {Level.WARN}


# Time is the time of the samples


def test_a_frozen_backend_neither_starts_nor_ends_anything() -> None:
    """The same old sample looked at for an hour does not become a breach, nor does a breach heal."""
    judge = Judge(CONFIDENCE_DROP)
    healthy, dropped = mean(0.90, 900), mean(0.72, 900)
    assert {judge.at(0, dropped, against(healthy)).level for _ in range(240)} == {Level.WARN}
    judge.at(60, dropped, against(healthy))
    assert {judge.at(75, healthy, against(healthy)).level for _ in range(240)} == {Level.BREACH}


# Sample sizes


def test_too_few_samples_on_this_side_are_no_data() -> None:
    """99 requests when 100 are needed give no verdict, however bad they look."""
    verdict = once(HARD_ERRORS, Counts(99, 99))
    assert (verdict.level, verdict.cause, verdict.n) == (Level.NO_DATA, Cause.TOO_FEW_SAMPLES, 99)
    assert once(HARD_ERRORS, Counts(99, 100)).level is Level.BREACH


def test_too_few_samples_of_the_baseline_are_no_data() -> None:
    """A comparison with 20 requests of the stable version says nothing."""
    verdict = once(DOUBLED, Counts(300, 1000), against((0, 20)))
    assert (verdict.level, verdict.cause) == (Level.NO_DATA, Cause.TOO_FEW_SAMPLES)


def test_an_absolute_limit_needs_no_samples_of_the_baseline() -> None:
    """A hard limit is judged although the stable version has hardly any traffic."""
    assert once(HARD_ERRORS, Counts(300, 1000), against((0, 20))).level is Level.BREACH


def test_two_errors_are_an_anecdote() -> None:
    """A rate above the limit that stands on too few bad events is not a violation."""
    rule = Rule(SafeText("errors"), Above(0.01), for_seconds=0.0, min_events=5.0)
    assert once(rule, Counts(4, 100)).level is Level.OK
    assert once(rule, Counts(5, 100)).level is Level.BREACH


def test_bad_events_of_both_sides_count() -> None:
    """In a comparison the bad events of the baseline are evidence too."""
    assert once(DOUBLED, Counts(3, 100), against((3, 300))).level is Level.BREACH


def test_a_gauge_that_tells_no_sample_size_is_judged() -> None:
    """A drift index comes without a count; it is judged all the same."""
    assert once(Rule(SafeText("drift"), Above(0.1), for_seconds=0.0), Estimate(0.2)).level is Level.BREACH


# Missing things


def test_no_errors_of_900_is_ok_and_none_of_none_is_no_data() -> None:
    """A version without errors is not a version without data."""
    good = once(HARD_ERRORS, Counts(0, 900))
    assert (good.level, good.value, good.n) == (Level.OK, 0.0, 900)
    nothing = once(HARD_ERRORS, Counts(0, 0))
    assert (nothing.level, nothing.cause, nothing.value) == (Level.NO_DATA, Cause.NO_OBSERVATIONS, NO_DATA)


@pytest.mark.parametrize(
    "value",
    [
        Counts(0, 0),
        Mean(0, 0),
        Mean(math.nan, 900),
        Counts(math.nan, 900),
        Counts(1, math.nan),
        Estimate(0.01, 0),
        Estimate(0.01, 0.0),
        Estimate(math.nan),
        Estimate(math.inf),
        Estimate(0.01, math.nan),
    ],
)
def test_what_is_no_number_is_no_observation(value: Measurement) -> None:
    """NaN, infinity and an empty window are missing data: never ok, never a breach."""
    verdict = once(HARD_ERRORS, value)
    assert (verdict.level, verdict.cause, verdict.value) == (Level.NO_DATA, Cause.NO_OBSERVATIONS, NO_DATA)


@pytest.mark.parametrize("baseline", [NO_DATA, against((0, 0)), against(math.nan)])
def test_a_comparison_without_a_baseline_is_no_limit(baseline: Baseline | NoData) -> None:
    """With nothing to compare with and no hard limit, the value is shown and not judged."""
    verdict = once(CONFIDENCE_DROP, mean(0.5, 900), baseline)
    assert (verdict.level, verdict.cause) == (Level.NO_LIMIT, Cause.NOTHING_TO_COMPARE)
    assert verdict.value == pytest.approx(0.5)
    assert verdict.baseline is NO_DATA


def test_without_any_rule_a_value_is_not_judged() -> None:
    """A signal without rules is shown and is never ok."""
    assert judge((), (), Estimate(1.0), NO_DATA, START)[1].level is Level.NO_LIMIT


def test_a_hard_limit_decides_where_there_is_no_baseline() -> None:
    """One rule that can be judged is enough for a verdict, and the verdict names it."""
    verdict = Judge(DOUBLED, HARD_ERRORS).at(0, Counts(10, 900))
    assert (verdict.level, verdict.rule) == (Level.OK, HARD_ERRORS)


def test_one_rule_without_enough_samples_keeps_the_signal_from_ok() -> None:
    """A signal is ok only when every rule that can be asked says so."""
    assert Judge(DOUBLED, HARD_ERRORS).at(0, Counts(0, 900), against((0, 20))).level is Level.NO_DATA


def test_a_breach_whose_traffic_dries_up_is_no_data_and_remembers_the_breach() -> None:
    """When requests stop in a breach, nothing says that it is over."""
    judge = Judge(HARD_ERRORS)
    judge.at(0, Counts(300, 1000))
    for value in (Counts(0, 0), Counts(1, 20)):
        verdict = judge.at(60, value)
        assert (verdict.level, verdict.before) == (Level.NO_DATA, Level.BREACH)
    assert judge.at(120, Counts(300, 1000)).since == START


def test_a_breach_that_loses_its_baseline_is_not_called_fine() -> None:
    """When the stable version vanishes in the middle of a breach, the comparison is missing, not passed."""
    judge = Judge(CONFIDENCE_DROP, Rule(SafeText("floor"), Below(0.1)))
    for seconds in (0, 60):
        judge.at(seconds, mean(0.5, 900), against(mean(0.9, 900)))
    verdict = judge.at(75, mean(0.5, 900))
    assert (verdict.level, verdict.cause, verdict.before) == (Level.NO_DATA, Cause.NOTHING_TO_COMPARE, Level.BREACH)


# Limits


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Above(0.2), 0.2),
        (Below(0.7), 0.7),
        (Change(1.0), 0.04),
        (Change(1.0, margin=0.05), 0.07),
        (Change(-0.5), 0.01),
        (Change(-0.5, margin=0.015), 0.005),
    ],
)
def test_where_the_limit_lies(limit: Limit, expected: float) -> None:
    """The limit is in the signal's own unit; relative to the baseline it needs the fraction and the margin both."""
    assert limit_of(limit, against((20, 1000))) == pytest.approx(expected)


def test_a_tiny_rate_that_triples_pages_nobody() -> None:
    """0.01 % to 0.03 % is beyond the fraction and far inside the margin."""
    assert once(DOUBLED, Counts(30, 100_000), against((10, 100_000))).level is Level.OK


def test_lower_is_worse_is_calm_again_from_below() -> None:
    """For a floor, calm is well above it."""
    rule = Rule(SafeText("floor"), Below(0.5), for_seconds=0.0, keep_firing_seconds=0.0)
    judge = Judge(rule)
    assert judge.at(0, mean(0.4, 900)).level is Level.BREACH
    assert judge.at(15, mean(0.55, 900)).cause is Cause.NOT_YET_CALM
    assert judge.at(30, mean(0.7, 900)).level is Level.OK


def test_the_rule_behind_the_level_is_the_worst_that_broke_first() -> None:
    """Of two broken rules the verdict names the worse one; of two equal ones the one that broke first."""
    early = Rule(SafeText("early"), Above(0.1), for_seconds=0.0)
    late = Rule(SafeText("late"), Above(0.2), for_seconds=0.0)
    warn = Rule(SafeText("warn"), Above(0.05), Level.WARN, for_seconds=0.0)
    judge = Judge(warn, late, early)
    judge.at(0, Counts(150, 1000))
    verdict = judge.at(15, Counts(300, 1000))
    assert (verdict.level, verdict.rule, verdict.since) == (Level.BREACH, early, START)


# Age


def test_a_stale_breach_is_not_a_stale_ok() -> None:
    """What grows old keeps its figures and what it was."""
    breach = once(HARD_ERRORS, Counts(300, 1000))
    old = grown_old(breach, Cause.TOO_OLD)
    assert (old.level, old.cause, old.before, old.value) == (Level.STALE, Cause.TOO_OLD, Level.BREACH, breach.value)
    assert grown_old(old, Cause.NOT_SCRAPED) is old


def test_what_was_never_judged_is_not_said_to_have_been_fine() -> None:
    """No data that grows old was no data before, not ok."""
    assert grown_old(once(HARD_ERRORS, Counts(0, 0)), Cause.TOO_OLD).before is Level.NO_DATA
    assert grown_old(once(HARD_ERRORS, Counts(1, 20)), Cause.TOO_OLD).before is Level.NO_DATA


# Properties

NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1)
MEASUREMENTS = (
    st.builds(Counts, NUMBERS, NUMBERS)
    | st.builds(Mean, NUMBERS, NUMBERS)
    | st.builds(Estimate, NUMBERS, NUMBERS | st.just(UNKNOWN))
)
LIMITS = (
    st.builds(Above, st.floats(0, 1))
    | st.builds(Below, st.floats(0, 1))
    | st.builds(Change, st.floats(-1, 3), st.floats(0, 1))
)
RULES = st.builds(
    Rule,
    st.just(SafeText("rule")),
    LIMITS,
    st.sampled_from([Level.WARN, Level.BREACH]),
    for_seconds=st.sampled_from([0.0, 60.0]),
    min_samples=st.sampled_from([0.0, 100.0]),
    min_events=st.sampled_from([0.0, 5.0]),
)
BASELINES = st.just(NO_DATA) | st.builds(Baseline, st.just(BaselineKind.STABLE), st.just(version_id("1")), MEASUREMENTS)


def can_be_judged(rule: Rule, value: Measurement, baseline: Baseline | NoData) -> bool:
    """Tell, in other words than the program, whether a rule has all that it needs."""

    def enough(side: Measurement) -> bool:
        sizes = [side.n] if isinstance(side, Estimate) else [side.total]
        numbers = [side.value] if isinstance(side, Estimate) else []
        numbers += [side.bad, side.total] if isinstance(side, Counts) else []
        numbers += [side.sum, side.total] if isinstance(side, Mean) else []
        known = [size for size in sizes if not isinstance(size, Missing)]
        return all(map(math.isfinite, numbers)) and all(size > 0 and size >= rule.min_samples for size in known)

    if not enough(value):
        return False
    return not isinstance(rule.limit, Change) or (isinstance(baseline, Baseline) and enough(baseline.measurement))


@given(RULES, MEASUREMENTS, BASELINES)
def test_a_single_value_is_ok_only_when_it_was_judged(
    rule: Rule, value: Measurement, baseline: Baseline | NoData
) -> None:
    """Whatever is missing (samples, baseline, the number itself), green is never shown for it."""
    verdict = once(rule, value, baseline)
    if verdict.level is Level.OK:
        assert can_be_judged(rule, value, baseline)
    if verdict.level in (Level.WARN, Level.BREACH):
        assert can_be_judged(rule, value, baseline)
        assert isinstance(verdict.since, float)


@given(st.lists(RULES, max_size=3), st.lists(st.tuples(MEASUREMENTS, BASELINES), max_size=12))
def test_any_sequence_of_values_is_judged(
    rules: list[Rule], values: Sequence[tuple[Measurement, Baseline | NoData]]
) -> None:
    """No value stops the judge, and no figure in a verdict is anything but a number."""
    judge = Judge(*rules)
    for index, (value, baseline) in enumerate(values):
        verdict = judge.at(index * 15, value, baseline)
        assert isinstance(verdict.value, Missing) or math.isfinite(verdict.value)
        assert isinstance(verdict.limit, Missing) or math.isfinite(verdict.limit)
        assert verdict.level is not Level.STALE
        assert len(judge.watches) in (0, len(rules))
