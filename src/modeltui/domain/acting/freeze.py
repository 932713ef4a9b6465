"""Times in which nothing risky is changed: every weekend, the days around a release, the end of a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text

if TYPE_CHECKING:
    from modeltui.domain.acting.deed import Deed

MINUTES_IN_A_DAY = 1_440
MINUTES_IN_A_WEEK = 7 * MINUTES_IN_A_DAY


@dataclass(frozen=True, slots=True)
class Weekly:
    """The same hours each week, by the clock on the wall of a time zone: summer time moves them with the wall."""

    from_minute: int
    """Minutes after Monday 00:00, 0 to 10 079."""
    to_minute: int
    """Not included. Smaller than `from_minute` when it goes over Sunday night; equal for the whole week."""
    zone: tzinfo

    def end(self, now: Instant) -> Instant | Unknown:
        """Return when the window that is open now ends; unknown when none is open."""
        local = datetime.fromtimestamp(now, self.zone)
        minute = local.weekday() * MINUTES_IN_A_DAY + local.hour * 60 + local.minute
        length = (self.to_minute - self.from_minute) % MINUTES_IN_A_WEEK or MINUTES_IN_A_WEEK
        if (minute - self.from_minute) % MINUTES_IN_A_WEEK >= length:
            return UNKNOWN
        left = (self.to_minute - minute) % MINUTES_IN_A_WEEK or MINUTES_IN_A_WEEK
        wall = local.replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=left)
        return Instant(wall.replace(tzinfo=self.zone).timestamp())


@dataclass(frozen=True, slots=True)
class Once:
    """One stretch of time."""

    starts_at: Instant
    ends_at: Instant
    """Not included."""
    zone: tzinfo
    """In which its end is told."""

    def end(self, now: Instant) -> Instant | Unknown:
        """Return its end while it lasts; unknown before and after."""
        return self.ends_at if self.starts_at <= now < self.ends_at else UNKNOWN


Window: TypeAlias = Weekly | Once


@dataclass(frozen=True, slots=True)
class Freeze:
    """A named freeze: when, where, for what, and who goes on."""

    name: SafeText
    windows: tuple[Window, ...]
    deeds: frozenset[Deed]
    match: tuple[SafeText, ...] = (SafeText("*"),)
    """Shell patterns on `model@environment`; one match is enough."""
    production: bool | Unknown = UNKNOWN
    """Only where people are served from, or only where not; unknown for both."""
    exempt: frozenset[SafeText] = frozenset()
    """Roles that it does not hold up."""

    def concerns(self, deed: Deed, target: TargetKey, *, production: bool) -> bool:
        """Tell whether it is about such an action there, at whatever time."""
        where = isinstance(self.production, Missing) or self.production is production
        return where and deed in self.deeds and any(fnmatchcase(str(target), pattern) for pattern in self.match)

    def end(self, now: Instant) -> Instant | Unknown:
        """Return when the last of its windows that are open now ends; unknown when none is open."""
        return max(self._open(now), default=(UNKNOWN, UNKNOWN), key=_by_end)[0]

    def says(self, now: Instant) -> SafeText:
        """Return its name, and its end in the time zone that the policy was written in."""
        end, window = max(self._open(now), default=(UNKNOWN, UNKNOWN), key=_by_end)
        if isinstance(end, Missing) or isinstance(window, Missing):
            return safe_text(f"freeze {self.name}")
        local = datetime.fromtimestamp(end, window.zone)
        return safe_text(f"freeze {self.name} until {local:%a %Y-%m-%d %H:%M} {window.zone}")

    def _open(self, now: Instant) -> list[tuple[Instant | Unknown, Window | Unknown]]:
        ends = ((window.end(now), window) for window in self.windows)
        return [(end, window) for end, window in ends if not isinstance(end, Missing)]


def _by_end(found: tuple[Instant | Unknown, Window | Unknown]) -> float:
    return 0.0 if isinstance(found[0], Missing) else found[0]
