"""Text of documents, made safe to show: one line or many, without credentials; and times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.domain.masking import without_tokens
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText, safe_text

LONG_TEXT: Final = 16_000
"""Longest value that is kept of a parameter or tag."""
ADDRESS: Final = 1_000
_EARLIEST: Final = 0.0
_LAST_SECOND: Final = 253_402_300_800.0
"""The year 10000: later times cannot be written as a date."""


def shown(text: str, limit: int = 200) -> SafeText:
    """Return text as one safe line, credentials masked."""
    return safe_text(without_tokens(text), limit)


def told(text: str, limit: int = 200) -> SafeText | Unknown:
    """Return text as one safe line; unknown when there is none."""
    return shown(text.strip(), limit) if text.strip() else UNKNOWN


def named(name: str, value: str, limit: int = LONG_TEXT) -> SafeText:
    """Return the value of something that has a name: masked when the name says that it is a secret."""
    return whole_text(value, limit, name)


def lines(text: str) -> tuple[SafeText, ...]:
    """Return a longer text line by line without blank lines at its ends, credentials masked."""
    return text_lines(text.strip("\r\n"))


def listed(texts: Iterable[str], limit: int = LONG_TEXT) -> tuple[SafeText, ...]:
    """Return texts that are not empty, each once, in their order."""
    return tuple(dict.fromkeys(shown(text.strip(), limit) for text in texts if text.strip()))


def moment(text: str) -> Instant | Unknown:
    """Return a time in ISO 8601, UTC unless it says otherwise."""
    try:
        read = datetime.fromisoformat(text.strip())
        seconds = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return UNKNOWN
    return Instant(seconds) if _EARLIEST < seconds < _LAST_SECOND else UNKNOWN
