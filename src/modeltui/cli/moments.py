"""Moments as an operator writes them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import click

from modeltui.cli.wishes import seconds_of
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import safe_text
from modeltui.present.format import is_moment


def moment(text: str | None, option: str, zone: tzinfo = UTC) -> Instant | Unknown:
    """Return the moment that an operator wrote: a date, a date and time by the clock of `zone`, or so long ago."""
    if text is None:
        return UNKNOWN
    from modeltui.wiring.observing import now

    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            found = Instant(now() - seconds_of(text, option))
        except click.UsageError:
            says = f"{option} {safe_text(text)!r}: write 2026-01-15, 2026-01-15T08:00Z or 2h"
            raise click.UsageError(says) from None
    else:
        found = Instant((at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp())
    if not is_moment(found):
        raise click.UsageError(f"{option} {safe_text(text)!r} is a time that no record can be of")
    return found
