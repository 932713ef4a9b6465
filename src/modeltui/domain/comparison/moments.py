"""Moments and spans of time as text, in UTC; what lies outside the calendar stays a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from modeltui.domain.text import SafeText

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def date_text(seconds: float) -> SafeText:
    """Return `2026-03-18`, and the time where it is not midnight: `2026-03-18 09:12Z`."""
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return SafeText(f"{seconds!r} s")
    whole = at.strftime("%H:%M:%S")
    return SafeText(f"{at:%Y-%m-%d}" if whole == "00:00:00" else f"{at:%Y-%m-%d %H:%M}Z")


def span_text(begins_at: float | None, ends_at: float | None) -> SafeText:
    """Return `2025-01-01 to 2025-12-31`, `from …` or `until …`."""
    if begins_at is None or ends_at is None:
        return SafeText(f"until {date_text(ends_at)}" if ends_at is not None else f"from {date_text(begins_at or 0.0)}")
    return SafeText(f"{date_text(begins_at)} to {date_text(ends_at)}")
