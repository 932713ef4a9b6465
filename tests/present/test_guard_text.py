"""The words of the guard that depend on nothing but the plan and the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.present import plans

from modeltui.domain.names import Instant
from modeltui.present.guard_text import night_line
from modeltui.present.span import plain

HONG_KONG = timezone(timedelta(hours=8), "HKT")


@pytest.mark.parametrize(
    ("clock", "is_asked"),
    [("21:59", False), ("22:00", True), ("02:07", True), ("06:59", True), ("07:00", False), ("13:00", False)],
)
@pytest.mark.parametrize("zone", [UTC, HONG_KONG])
def test_at_night_it_is_asked_whether_this_is_what_the_page_named(clock: str, is_asked: bool, zone: timezone) -> None:
    """Between ten at night and seven by my own clock the guard names the target once more, and wants no key for it."""
    at = datetime.fromisoformat(f"2026-01-15T{clock}").replace(tzinfo=zone)
    said = plain(night_line(plans.rollback(), Instant(at.timestamp()), zone))
    assert said == ("just woken? Is fraud-detector@prod-hk what the page named?" if is_asked else "")
