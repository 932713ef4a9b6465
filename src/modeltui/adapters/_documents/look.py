"""Finds its way in a parsed document of which nothing is certain: what is not there, or not of its kind, is empty."""

from __future__ import annotations

import math
from typing import Any, Final

MOST_ENTRIES: Final = 2_000
"""Entries of one list or object that are looked at."""


def at(document: object, *path: str) -> object:
    """Return what stands under these names, one inside the other; None when nothing does."""
    value = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(document: object, *path: str) -> str:
    """Return the text there; a number as it is written; else empty."""
    return text_of(at(document, *path))


def text_of(value: object) -> str:
    """Return a text, or a number as it is written; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value)


def list_at(document: object, *path: str) -> list[Any]:
    """Return the list there, its first entries at most; else an empty one."""
    value = at(document, *path)
    return value[:MOST_ENTRIES] if isinstance(value, list) else []


def members_at(document: object, *path: str) -> dict[str, Any]:
    """Return the object there, its first members at most; else an empty one."""
    value = at(document, *path)
    if not isinstance(value, dict):
        return {}
    if len(value) <= MOST_ENTRIES:
        return value
    return dict(list(value.items())[:MOST_ENTRIES])


def number_of(value: object) -> float | None:
    """Return a number, also one that was written as text; None for anything else. May be NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def count_of(value: object) -> int | None:
    """Return a whole number that is not negative; None for anything else."""
    number = number_of(value)
    if number is None or not math.isfinite(number) or number < 0 or number != int(number):
        return None
    return int(number)
