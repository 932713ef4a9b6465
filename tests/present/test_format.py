"""Numbers, ages and times, as short as a cell and never misleading."""

from __future__ import annotations

import math
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing
from modeltui.domain.signal import Unit
from modeltui.present import format as form

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("number", "unit", "shown"),
    [
        (0.0, Unit.RATIO, "0%"),
        (0.00001, Unit.RATIO, "<0.01%"),
        (0.0002, Unit.RATIO, "0.02%"),
        (0.00099, Unit.RATIO, "0.10%"),
        (0.048, Unit.RATIO, "4.8%"),
        (0.0995, Unit.RATIO, "10%"),
        (0.213, Unit.RATIO, "21%"),
        (1.0, Unit.RATIO, "100%"),
        (-0.02, Unit.RATIO, "-2.0%"),
        (0.0, Unit.SECONDS, "0ms"),
        (0.0008, Unit.SECONDS, "0.80ms"),
        (0.0041, Unit.SECONDS, "4.1ms"),
        (0.041, Unit.SECONDS, "41ms"),
        (0.9996, Unit.SECONDS, "1.00s"),
        (1.24, Unit.SECONDS, "1.24s"),
        (72.4, Unit.SECONDS, "72s"),
        (5_400, Unit.SECONDS, "90m"),
        (212.4, Unit.PER_SECOND, "212/s"),
        (0.25, Unit.PER_SECOND, "0.25/s"),
        (0.003, Unit.PER_SECOND, "0.003/s"),
        (4_100, Unit.PER_SECOND, "4.1k/s"),
        (0.712, Unit.SCORE, "0.71"),
        (0.1, Unit.INDEX, "0.10"),
        (250.0, Unit.INDEX, "250"),
        (4_100, Unit.NUMBER, "4.1k"),
        (779_600, Unit.NUMBER, "780k"),
        (1_234_567, Unit.NUMBER, "1.2M"),
        (3e9, Unit.NUMBER, "3.0G"),
        (7e20, Unit.NUMBER, "7e20"),
    ],
)
def test_a_number_with_its_unit(number: float, unit: Unit, shown: str) -> None:
    """Each number is written as an engineer would say it."""
    assert form.value(number, unit) == shown


@given(ANY_FLOAT, st.sampled_from(list(Unit)))
def test_no_number_is_wider_than_its_cell(number: float, unit: Unit) -> None:
    """Whatever a backend reports, a value takes seven cells at most, and one that is no number is a question mark."""
    shown = form.value(number, unit)
    assert 1 <= len(shown) <= 7
    assert shown.isascii()
    assert (shown == "?") == (not math.isfinite(number))


@given(st.floats(1e-9, 1e9), st.sampled_from(list(Unit)))
def test_something_is_never_shown_as_nothing(number: float, unit: Unit) -> None:
    """A small rate is not written as zero: a version with one error in a million has errors."""
    if unit in (Unit.RATIO, Unit.PER_SECOND, Unit.NUMBER, Unit.SECONDS):
        digits = [character for character in form.value(number, unit) if character.isdigit()]
        assert set(digits) != {"0"}


@pytest.mark.parametrize("missing", [NO_DATA, UNKNOWN])
def test_what_is_missing_is_a_question_mark(missing: Missing) -> None:
    """Missing is never a number."""
    assert form.value(missing, Unit.RATIO) == "?"
    assert form.percent(missing) == form.quantity(missing) == form.duration(missing) == "?"
    assert form.age(missing, Instant(0.0)) == form.clock_time(missing) == form.date_time(missing) == "?"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (47.9, "47s"),
        (192, "3m12s"),
        (7_500, "2h05m"),
        (9 * 86_400 + 4 * 3_600, "9d04h"),
        (99 * 86_400 + 23 * 3_600, "99d23h"),
        (365 * 86_400, "365d"),
    ],
)
def test_a_length_of_time(seconds: float, shown: str) -> None:
    """Two units at most, so that an age fits beside what is old."""
    assert form.duration(seconds) == shown


@given(ANY_FLOAT)
def test_no_length_of_time_is_wider_than_its_cell(seconds: float) -> None:
    """A broken clock makes no wide cells and no crash."""
    assert len(form.duration(seconds)) <= 6
    assert len(form.about(seconds)) <= 6


def test_an_age_counts_from_the_future_as_nothing() -> None:
    """A sample stamped a second ahead of our clock is new, not negative."""
    assert form.age(Instant(101.0), Instant(100.0)) == "0s"


def test_moments() -> None:
    """UTC unless a zone is asked for; for machines with milliseconds and Z."""
    at = Instant(1_768_442_851.5)
    assert form.clock_time(at) == "02:07:31"
    assert form.clock_time(at, timezone(timedelta(hours=8))) == "10:07:31"
    assert form.date_time(at) == "2026-01-15 02:07"
    assert form.rfc3339(at) == "2026-01-15T02:07:31.500Z"


@given(ANY_FLOAT)
def test_an_impossible_moment_crashes_nothing(at: float) -> None:
    """A registry that sends nanoseconds for seconds, or NaN, gets a question mark and not the whole screen."""
    assert len(form.clock_time(Instant(at))) in (1, 8)
    assert len(form.date_time(Instant(at))) in (1, 16)
    assert form.rfc3339(Instant(at)).endswith("Z")
