"""Moments as others write them."""

from __future__ import annotations

from datetime import UTC, datetime

from modeltui.domain.names import Instant


def rfc3339(at: Instant) -> str:
    """Return the moment in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
