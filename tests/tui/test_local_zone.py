"""The operator's own clock: what it says on a day is what it said on that day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from modeltui.domain.names import Instant
from modeltui.present.times import both_date_times
from modeltui.tui.local_zone import LOCAL
from modeltui.tui.recalling import moment_typed


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An operator in a zone with summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-07-15 02:07", "2026-07-15T00:07Z"),
        ("2026-01-15 02:07", "2026-01-15T01:07Z"),
        ("2026-01-15", "2026-01-14T23:00Z"),
        ("2026-07-15 02:07Z", "2026-07-15T02:07Z"),
        ("2026-07-15 02:07+09:00", "2026-07-14T17:07Z"),
    ],
)
def test_a_time_is_meant_by_the_clock_of_its_day(typed: str, meant: str) -> None:
    """A time that I type is by the clock on my wall on that day, whatever the time of year is now."""
    assert moment_typed(typed) == datetime.fromisoformat(meant).timestamp()


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-07-15T00:07Z", "2026-07-15 00:07 UTC (2026-07-15 02:07 CEST)"),
        ("2026-01-15T01:07Z", "2026-01-15 01:07 UTC (2026-01-15 02:07 CET)"),
        ("2026-10-25T00:30Z", "2026-10-25 00:30 UTC (2026-10-25 02:30 CEST)"),
        ("2026-10-25T01:30Z", "2026-10-25 01:30 UTC (2026-10-25 02:30 CET)"),
    ],
)
def test_a_moment_is_told_by_the_clock_of_its_day(at: str, said: str) -> None:
    """An old record says what my clock said then, also in the hour that comes twice."""
    assert both_date_times(Instant(datetime.fromisoformat(at).timestamp()), LOCAL) == said


@pytest.mark.parametrize("typed", ["", "yesterday", "9999-12-31 23:59", "0001-01-01"])
def test_what_is_no_time_is_none(typed: str) -> None:
    """What names no moment that can be looked up is refused."""
    found = moment_typed(typed)
    assert found is None or datetime.fromtimestamp(found, UTC).year in (1, 9998, 9999)
