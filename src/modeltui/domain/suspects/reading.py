"""What a side of a difference says, as text or as a number; and what changed in lines and words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from modeltui.domain.comparison.difference import Difference, LineMark, LinesChange, Side

_NUMBER: Final = re.compile(r"\s*([+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?:%|[a-zA-Z]{0,8})\s*")
_WORD: Final = re.compile(r"[^\W_]+")
_COMMENT: Final = re.compile(r"--.*$|/\*.*?\*/")
_MOMENT: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}))?")
_LARGEST: Final = 1.7e308
"""What a float holds; NaN is not below it."""
_MOST_LINES: Final = 2_000


def text_of(side: Side) -> str:
    """Return what a side says as one text; empty where it says nothing, or sources contradict each other."""
    value = side.value
    if isinstance(value, tuple):
        return "\n".join(value[:_MOST_LINES])
    if isinstance(value, float | int) and not isinstance(value, bool):
        return "beyond any amount" if abs(value) > _LARGEST else f"{value:g}"
    return value if isinstance(value, str) else ""


def lines_of(side: Side) -> tuple[str, ...]:
    """Return what a side says line by line."""
    return tuple(text_of(side).splitlines())


def number_of(side: Side) -> float | None:
    """Return what a side says as a number (`0.72`, `4Gi`, `30s`); None where it is none."""
    value = side.value
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value) if abs(value) <= _LARGEST else None
    found = _NUMBER.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    number = float(found[1].replace("_", "")) if found else math.nan
    return number if math.isfinite(number) else None


def distance(a: float, b: float) -> float:
    """Return how far apart two numbers are, 0 to 1 and the same both ways: relative to the larger; 1 across zero."""
    largest = max(abs(a), abs(b))
    return min(abs(a - b) / largest, 1.0) if largest else 0.0


def days_of(span: str) -> float | None:
    """Return the days between the two moments that a span names; None where it names one, or none."""
    moments = [_day(*found) for found in _MOMENT.findall(span)]
    return moments[1] - moments[0] if len(moments) == 2 else None


def _day(year: str, month: str, day: str, hour: str, minute: str) -> float:
    # Of the months' lengths the average is near enough for what is told by fifths.
    return int(year) * 365.2425 + int(month) * 30.436875 + int(day) + int(hour or 0) / 24 + int(minute or 0) / 1440


def changed_lines(fact: Difference) -> tuple[tuple[LineMark, str], ...]:
    """Return the lines that only one side has, removed ones marked so."""
    if isinstance(fact.detail, LinesChange):
        return tuple((mark, text) for mark, text in fact.detail.lines if mark in (LineMark.ADDED, LineMark.REMOVED))
    a, b = lines_of(fact.a), lines_of(fact.b)
    old, new = set(a), set(b)
    removed = [(LineMark.REMOVED, line) for line in a if line not in new]
    return (*removed, *((LineMark.ADDED, line) for line in b if line not in old))


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters: `merchant`, `size` of `merchant_size`."""
    return tuple(_WORD.findall(text.lower()))


def changed_words(fact: Difference) -> tuple[str, ...]:
    """Return the words that only one side says, each once, in the order of the text."""
    a, b = dict.fromkeys(words(text_of(fact.a))), dict.fromkeys(words(text_of(fact.b)))
    return (*(word for word in a if word not in b), *(word for word in b if word not in a))


def is_cosmetic(lines: Iterable[tuple[LineMark, str]], *, is_sql: bool) -> bool:
    """Tell whether changed lines say the same: other white space; in SQL other comments and case outside of quotes."""
    sides: dict[LineMark, list[str]] = {LineMark.ADDED: [], LineMark.REMOVED: []}
    for mark, text in lines:
        sides[mark].extend(_essence(text) if is_sql else text.split())
    return sides[LineMark.ADDED] == sides[LineMark.REMOVED]


def _essence(line: str) -> list[str]:
    text = _COMMENT.sub("", line).replace(";", " ")
    # What stands between quotes is meant as it is written.
    return "'".join(part if at % 2 else part.lower() for at, part in enumerate(text.split("'"))).split()
