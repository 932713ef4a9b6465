"""Moments in UTC and in the operator's zone, side by side: nobody converts by head at night."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form


def both_times(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return the time of day twice: `02:07:31 UTC (10:07:31 HKT)`; once where the zone is UTC."""
    if isinstance(at, Missing) or not form.is_moment(at):
        return form.MISSING
    there = datetime.fromtimestamp(at, zone)
    utc = f"{form.clock_time(at)} UTC"
    if not there.utcoffset():
        return utc
    return f"{utc} ({there.strftime('%H:%M:%S')} {there.tzname() or 'local'})"


def both_date_times(at: Instant | Missing, zone: tzinfo = UTC) -> str:
    """Return date and time twice: `2026-01-15 02:07 UTC (2026-01-15 10:07 HKT)`; once where the zone is UTC."""
    if isinstance(at, Missing) or not form.is_moment(at):
        return form.MISSING
    there = datetime.fromtimestamp(at, zone)
    utc = f"{form.date_time(at)} UTC"
    return utc if not there.utcoffset() else f"{utc} ({form.date_time(at, zone)} {there.tzname() or 'local'})"
