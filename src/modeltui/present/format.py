"""Numbers, ages and times as people read them, the same on every face."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo

from modeltui.domain.names import Instant, Missing
from modeltui.domain.signal import Unit

MISSING = "?"
_LARGEST = 9e99
"""Beyond it a number is not a measurement; written with two digits of exponent it still fits its cell."""
_LONGEST_SECONDS = 99_999 * 86_400.0
_LAST_MOMENT = 253_402_200_000.0
"""Within the year 9999, in every zone."""


def value(number: float | Missing, unit: Unit) -> str:
    """Return a number with its unit in at most seven characters: `21.3%`, `41ms`, `212/s`, `0.71`."""
    if isinstance(number, Missing) or not math.isfinite(number):
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
    """Return a share as a percentage: `0.02%`, `4.8%`, `21%`; what is nearly nothing as `<0.01%`."""
    if isinstance(share, Missing) or not math.isfinite(share):
        return MISSING
    hundredths = abs(share) * 100
    if hundredths == 0:
        return "0%"
    if hundredths < 0.005:
        return "<0.01%"
    if hundredths < 0.1:
        return f"{share * 100:.2f}%"
    if hundredths < 999.5:
        return f"{share * 100:.1f}%" if hundredths < 9.95 else f"{share * 100:.0f}%"
    return f"{quantity(max(min(share, _LARGEST), -_LARGEST) * 100)}%"


def seconds(duration: float) -> str:
    """Return a latency: `0.8ms`, `41ms`, `1.24s`, `72s`, `90m`."""
    if not math.isfinite(duration):
        return MISSING
    length = abs(duration)
    if length == 0:
        return "0ms"
    if length < 0.000005:
        return "<0.01ms"
    if length < 0.0009995:
        return f"{duration * 1000:.2f}ms"
    if length < 0.00995:
        return f"{duration * 1000:.1f}ms"
    if length < 0.9995:
        return f"{duration * 1000:.0f}ms"
    if length < 9.995:
        return f"{duration:.2f}s"
    if length < 999.5:
        return f"{duration:.0f}s"
    return f"{quantity(duration / 60)}m" if length < 60 * 999.5 else f"{quantity(duration / 3600)}h"


def quantity(number: float | Missing) -> str:
    """Return a count or rate in at most five characters, with its sign: `0.25`, `41`, `4.1k`, `780k`, `1.2M`."""
    if isinstance(number, Missing) or not math.isfinite(number):
        return MISSING
    magnitude = abs(number)
    if magnitude >= 999.5e9:
        return f"{max(min(number, _LARGEST), -_LARGEST):.0e}".replace("e+", "e")
    for divisor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if magnitude >= divisor * 0.9995:
            scaled = number / divisor
            return f"{scaled:.1f}{suffix}" if abs(scaled) < 9.95 else f"{scaled:.0f}{suffix}"
    if magnitude == int(magnitude):
        return f"{magnitude:.0f}" if number >= 0 else f"-{magnitude:.0f}"
    if magnitude < 0.995:
        return _small(number)
    return f"{number:.1f}" if magnitude < 9.95 else f"{number:.0f}"


def _small(number: float) -> str:
    if number < 0:
        return f"{number:.2f}" if number < -0.005 else ">-.01"
    if number >= 0.0095:
        return f"{number:.2f}"
    return f"{number:.3f}" if number >= 0.0005 else "<.001"


def duration(length: float | Missing) -> str:
    """Return a length of time in at most six characters: `0s`, `47s`, `3m12s`, `2h05m`, `9d04h`."""
    if isinstance(length, Missing) or not math.isfinite(length):
        return MISSING
    whole = int(max(min(length, _LONGEST_SECONDS), 0.0))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    if whole < 100 * 86_400:
        return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"
    return f"{whole // 86_400}d"


def about(length: float) -> str:
    """Return a length of time to one unit: `47s`, `3m`, `2h`, `9d`."""
    if not math.isfinite(length):
        return MISSING
    for size, suffix in ((86_400, "d"), (3600, "h"), (60, "m")):
        if length >= size:
            return f"{min(length, _LONGEST_SECONDS) / size:.0f}{suffix}"
    return f"{max(length, 0.0):.0f}s"


def age(at: Instant | Missing, now: Instant) -> str:
    """Return how long ago something was; a moment in the future counts as now."""
    return MISSING if isinstance(at, Missing) else duration(now - at)


def clock_time(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return the time of day: `02:07:31`."""
    moment = _moment(at, zone)
    return MISSING if moment is None else moment.strftime("%H:%M:%S")


def date_time(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return date and time to the minute: `2026-01-15 02:07`."""
    moment = _moment(at, zone)
    return MISSING if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def rfc3339(at: Instant) -> str:
    """Return a moment for machines: UTC with milliseconds and `Z`; an impossible one as the beginning of time."""
    moment = _moment(at, UTC) or datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_moment(at: Instant | Missing) -> bool:
    """Tell whether a calendar has this moment."""
    return _moment(at, UTC) is not None


def _moment(at: Instant | Missing, zone: tzinfo) -> datetime | None:
    """Return a moment in a zone; none when no calendar has it: backends mistake nanoseconds for seconds."""
    if isinstance(at, Missing) or not 0 <= at <= _LAST_MOMENT:
        return None
    return datetime.fromtimestamp(at, zone)
