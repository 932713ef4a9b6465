"""Moments as an operator writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from modeltui.cli.wishes import seconds_of
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import safe_text


def moment(text: str | None, option: str) -> Instant | Unknown:
    """Return the moment that an operator wrote: a date, a date and time, or so long ago."""
    if text is None:
        return UNKNOWN
    from modeltui.wiring.observing import now

    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return Instant(now() - seconds_of(text, option))
        except click.UsageError:
            says = f"{option} {safe_text(text)!r}: write 2026-01-15, 2026-01-15T08:00Z or 2h"
            raise click.UsageError(says) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return Instant(at.timestamp())
