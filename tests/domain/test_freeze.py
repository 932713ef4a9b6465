"""Freeze windows, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.acting.deed import RISKS
from modeltui.domain.acting.freeze import MINUTES_IN_A_DAY, MINUTES_IN_A_WEEK, Freeze, Once, Weekly
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import SafeText

ZURICH = ZoneInfo("Europe/Zurich")
FRIDAY_16 = 4 * MINUTES_IN_A_DAY + 16 * 60
MONDAY_8 = 8 * 60
WEEKEND = Weekly(FRIDAY_16, MONDAY_8, ZURICH)


def at(words: str, zone: ZoneInfo = ZURICH, fold: int = 0) -> Instant:
    """Return the moment at which a clock in that zone shows this."""
    return Instant(datetime.fromisoformat(words).replace(tzinfo=zone, fold=fold).timestamp())


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-20 15:59:59", False),
        ("2026-11-20 16:00", True),
        ("2026-11-21 12:00", True),
        ("2026-11-22 23:59", True),
        ("2026-11-23 07:59:59", True),
        ("2026-11-23 08:00", False),
        ("2026-11-25 12:00", False),
    ],
)
def test_a_weekend_goes_over_sunday_night(when: str, is_open: bool) -> None:
    """From Friday afternoon to Monday morning it is in force, to the minute, and its end is not in it."""
    end = WEEKEND.end(at(when))
    assert end == (at("2026-11-23 08:00") if is_open else UNKNOWN)


@pytest.mark.parametrize(("day", "offset"), [("2026-03-29", 2), ("2026-10-25", 1)])
def test_summer_time_moves_it_with_the_wall(day: str, offset: int) -> None:
    """Over the night in which the clocks change, it ends when the wall shows eight, not an hour off."""
    sunday = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=ZURICH)
    end = WEEKEND.end(Instant((sunday - timedelta(days=1)).timestamp()))
    assert isinstance(end, float)
    shown = datetime.fromtimestamp(end, ZURICH)
    assert (shown.weekday(), shown.hour, shown.minute) == (0, 8, 0)
    assert shown.utcoffset() == timedelta(hours=offset)


def test_an_hour_that_comes_twice_is_frozen_twice() -> None:
    """When the clocks go back, a window over that hour is open both times."""
    night = Weekly(6 * MINUTES_IN_A_DAY + 120, 6 * MINUTES_IN_A_DAY + 180, ZURICH)
    assert night.end(at("2026-10-25 02:30", fold=0))
    assert night.end(at("2026-10-25 02:30", fold=1))


minutes = st.integers(0, MINUTES_IN_A_WEEK - 1)
moments = st.integers(0, 4_000_000_000)


@given(minutes, minutes, moments)
def test_a_week_is_frozen_as_long_as_it_says(start: int, end: int, moment: int) -> None:
    """In every week a window is open for exactly the minutes between its beginning and its end."""
    window = Weekly(start, end, UTC)
    monday = moment - moment % 604_800 + 4 * 86_400  # 1970 began on a Thursday
    length = (end - start) % MINUTES_IN_A_WEEK or MINUTES_IN_A_WEEK
    for minute in {start, end, (start - 1) % MINUTES_IN_A_WEEK, (end - 1) % MINUTES_IN_A_WEEK, moment % 10_080}:
        inside = (minute - start) % MINUTES_IN_A_WEEK < length
        assert bool(window.end(Instant(monday + minute * 60.0))) == inside


@given(minutes, minutes, moments, st.sampled_from(["UTC", "Europe/Zurich", "America/St_Johns", "Asia/Kathmandu"]))
def test_an_end_is_later_and_within_a_week(start: int, end: int, moment: int, zone: str) -> None:
    """Whoever is told until when is told a time to come, at which the wall shows the end of the window."""
    found = Weekly(start, end, ZoneInfo(zone)).end(Instant(moment))
    if not isinstance(found, float):
        return
    assert moment - 3_600 < found <= moment + 8 * 86_400
    assert Weekly(start, end, ZoneInfo(zone)).end(Instant(moment)) == found


def test_the_latest_end_is_told() -> None:
    """Where two windows of a freeze are open, it lasts until the later one ends."""
    short = Once(at("2026-11-21 00:00"), at("2026-11-22 00:00"), ZURICH)
    freeze = Freeze(SafeText("release"), (short, WEEKEND), RISKS)
    assert freeze.end(at("2026-11-21 10:00")) == at("2026-11-23 08:00")
    assert freeze.says(at("2026-11-21 10:00")) == "freeze release until Mon 2026-11-23 08:00 Europe/Zurich"
    assert freeze.end(at("2026-11-25 10:00")) is UNKNOWN
    assert freeze.says(at("2026-11-25 10:00")) == "freeze release"
