"""What a side of a difference says, as text or as a number; and what changed in lines and words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from modeltui.domain.comparison.difference import Difference, LineMark, LinesChange, Side, Value
from modeltui.domain.names import Missing

_NUMBER: Final = re.compile(r"\s*([+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?:%|[a-zA-Z]{0,8})\s*")
_WORD: Final = re.compile(r"[^\W_]+")
_SOLID: Final = re.compile(r"\S+")
_SQL: Final = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'?|\"[^\"]*\"?|`[^`]*`?)|(?P<nothing>(?:--[^\n]*|/\*(?!!).*?(?:\*/|\Z)|[\s;])+)"
    r"|(?P<said>[^\s;'\"`/-]+|[/-])",
    re.DOTALL,
)
_UNSURE: Final = re.compile(r"\\|#|\$\w*\$", re.ASCII)
"""A quote that is escaped or a text between dollars, a comment of some databases: where quotes end is not certain."""
_MOST_READ: Final = 200_000
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


def is_cosmetic(fact: Difference, *, is_sql: bool) -> bool:
    """Tell whether both texts say the same: other white space; in SQL other comments and case outside of quotes.

    False wherever that cannot be told: of sources that contradict each other, of what only one side has, of a text of
    more than `_MOST_READ` characters, and of SQL in which it hangs on the database what a quote or a comment is.
    """
    a, b = fact.a.value, fact.b.value
    if isinstance(a, Missing) or isinstance(b, Missing):
        return False
    one, other = (value if isinstance(value, str) else _whole(value) for value in (a, b))
    if max(len(one), len(other)) > _MOST_READ or (is_sql and _UNSURE.search(f"{one}\n{other}")):
        return False
    read = _essence if is_sql else _words
    return all(mine == theirs for mine, theirs in zip_longest(read(one), read(other)))


def _whole(value: Value) -> str:
    return "\n".join(value) if isinstance(value, tuple) else str(value)


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in _SOLID.finditer(text))


def _essence(sql: str) -> Iterator[str]:
    """Yield what a query says, piece by piece: a comment is as good as a blank, one blank as good as many."""
    is_first, is_apart = True, False
    for found in _SQL.finditer(sql):
        match found.lastgroup:
            case "nothing":
                is_apart = not is_first
                continue
            # What stands between quotes is meant as it is written.
            case "quoted":
                piece = found[0]
            case _:
                piece = found[0].lower()
        yield f" {piece}" if is_apart else piece
        is_first, is_apart = False, False
