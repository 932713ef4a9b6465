"""Numbers, ages and times as people read them, the same on every face."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from modeltui.domain.names import Instant, Missing
from modeltui.domain.signal import Unit

MISSING = "?"


def value(number: float | Missing, unit: Unit) -> str:
    """Return a number with its unit in at most seven characters: `21.3%`, `41ms`, `212/s`, `0.71`."""
    if isinstance(number, Missing):
        return MISSING
    match unit:
        case Unit.RATIO:
            return percent(number)
        case Unit.SECONDS:
            return seconds(number)
        case Unit.PER_SECOND:
            return f"{quantity(number)}/s"
        case Unit.SCORE | Unit.INDEX:
            return f"{number:.2f}" if abs(number) < 100 else quantity(number)
        case Unit.NUMBER:
            return quantity(number)


def percent(share: float | Missing) -> str:
    """Return a share as a percentage: `0.02%`, `4.8%`, `21%`."""
    if isinstance(share, Missing):
        return MISSING
    hundredths = abs(share) * 100
    if hundredths == 0:
        return "0%"
    if hundredths < 0.1:
        return f"{share * 100:.2f}%"
    return f"{share * 100:.1f}%" if hundredths < 9.95 else f"{share * 100:.0f}%"


def seconds(duration: float) -> str:
    """Return a latency: `0.8ms`, `41ms`, `1.24s`, `72s`."""
    if abs(duration) < 0.001:
        return f"{duration * 1000:.2f}ms"
    if abs(duration) < 0.01:
        return f"{duration * 1000:.1f}ms"
    if abs(duration) < 1:
        return f"{duration * 1000:.0f}ms"
    return f"{duration:.2f}s" if abs(duration) < 10 else f"{duration:.0f}s"


def quantity(number: float | Missing) -> str:
    """Return a count or rate in at most five characters: `0.25`, `41`, `4.1k`, `780k`, `1.2M`."""
    if isinstance(number, Missing):
        return MISSING
    magnitude = abs(number)
    for divisor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if magnitude >= divisor * 0.9995:
            scaled = number / divisor
            return f"{scaled:.1f}{suffix}" if abs(scaled) < 9.95 else f"{scaled:.0f}{suffix}"
    if magnitude == int(magnitude):
        return f"{number:.0f}"
    if magnitude < 1:
        return f"{number:.2f}"
    return f"{number:.1f}" if magnitude < 9.95 else f"{number:.0f}"


def duration(length: float | Missing) -> str:
    """Return a length of time in at most six characters: `0s`, `47s`, `3m12s`, `2h05m`, `9d04h`."""
    if isinstance(length, Missing):
        return MISSING
    whole = int(max(length, 0.0))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"


def about(length: float) -> str:
    """Return a length of time to one unit: `47s`, `3m`, `2h`, `9d`."""
    for size, suffix in ((86_400, "d"), (3600, "h"), (60, "m")):
        if length >= size:
            return f"{length / size:.0f}{suffix}"
    return f"{max(length, 0.0):.0f}s"


def age(at: Instant | Missing, now: Instant) -> str:
    """Return how long ago something was; a moment in the future counts as now."""
    return MISSING if isinstance(at, Missing) else duration(now - at)


def clock_time(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return the time of day: `02:07:31`."""
    return MISSING if isinstance(at, Missing) else datetime.fromtimestamp(at, zone).strftime("%H:%M:%S")


def date_time(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return date and time to the minute: `2026-01-15 02:07`."""
    return MISSING if isinstance(at, Missing) else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


def rfc3339(at: Instant) -> str:
    """Return a moment for machines: UTC with milliseconds and `Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
