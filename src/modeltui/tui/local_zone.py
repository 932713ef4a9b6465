"""The operator's time zone with its rules: a day in July is told by the clock of July, also in November."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final


class _LocalZone(tzinfo):
    """The zone of this machine, as the system library knows it for each moment."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else _there(dt).utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return nothing: how much of the offset is summer time is not told."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else _there(dt).tzname()

    def fromutc(self, dt: datetime) -> datetime:
        return datetime.fromtimestamp(dt.replace(tzinfo=UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006


LOCAL: Final = _LocalZone()


def _there(at: datetime) -> datetime:
    """Return a time by the wall with the offset that it has there then."""
    return at.replace(tzinfo=None).astimezone()
