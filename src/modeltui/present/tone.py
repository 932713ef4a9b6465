"""The meaning of a piece of text, from which a theme makes a colour."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """What a cell means. Themes map each to a style; no tone carries information that the words lack."""

    PLAIN = "plain"
    """Ordinary text and numbers."""
    MUTED = "muted"
    """Labels, units, separators: read last."""
    STRONG = "strong"
    """Names and the value under the cursor's attention."""
    TITLE = "title"
    """Headings of columns and panes."""
    OK = "ok"
    """Judged and within its limits."""
    WARN = "warn"
    """Outside a limit that asks for attention."""
    BREACH = "breach"
    """Outside a limit that hurts people."""
    STALE = "stale"
    """Was true; too old to act on."""
    UNKNOWN = "unknown"
    """No data, or nothing to judge it by: never drawn like ok."""
    ACCENT = "accent"
    """Keys and the marker of the cursor."""
    BANNER = "banner"
    """Row 1 in a normal context."""
    BANNER_DEMO = "banner-demo"
    """Row 1 on simulated data: cannot be missed."""
    BANNER_PRODUCTION = "banner-production"
    """Row 1 in a context marked as production."""

    SERIES_1 = "series-1"
    """The first curve of a chart: what is judged."""
    SERIES_2 = "series-2"
    """The second curve: what it is compared with."""
    SERIES_3 = "series-3"
    """Any further curve."""
    LIMIT = "limit"
    """The line that must not be crossed."""
    DEPLOY = "deploy"
    """The moment when a version was put in service."""


STATES = frozenset({Tone.OK, Tone.WARN, Tone.BREACH, Tone.STALE, Tone.UNKNOWN})
"""The tones that are states: each has a mark and must be told from the others at a glance."""
BANNERS = frozenset({Tone.BANNER, Tone.BANNER_DEMO, Tone.BANNER_PRODUCTION})
"""The tones that colour a whole row."""
