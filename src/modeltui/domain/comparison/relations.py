"""Two values of one fact held against each other: the same, different, or without a common measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final

from modeltui.domain.claims import algorithm, is_same_commit, repository_key
from modeltui.domain.comparison import tables
from modeltui.domain.comparison.facts import Kind, Span, Told, Weight
from modeltui.domain.comparison.numbers import NOISE, NOISE_OF_TEXT, is_same_number, number_of
from modeltui.domain.comparison.releases import is_same_release
from modeltui.domain.comparison.shape import is_same_shape
from modeltui.domain.text import SafeText


class Relation(Enum):
    """What holding one value against another found."""

    SAME = auto()
    DIFFERENT = auto()
    NO_MEASURE = auto()
    """Neither follows: digests of two algorithms, a span without the end that the other has."""


_SAME_MOMENT_SECONDS: Final = 0.001
_FLAGS: Final = frozenset({"true", "false"})
_MAYBE_RELEASE: Final = 1.0
"""From here on `1.10` may be a release; below it (`0.10`) somebody meant a number."""


def relation(one: Told, other: Told) -> Relation:
    """Return how two values of one fact relate; the same whichever comes first."""
    kind = one.kind if one.kind is other.kind else Kind.TEXT
    if kind in _JUDGES:
        return _JUDGES[kind](one, other)
    if one.value == other.value:
        return Relation.SAME
    # What one source keeps as a text of many lines another may keep as one line.
    return _as_relation(_joined(one) == _joined(other))


def _as_relation(is_same: bool) -> Relation:
    return Relation.SAME if is_same else Relation.DIFFERENT


def _joined(told: Told) -> str:
    return "\n".join(told.value) if isinstance(told.value, tuple) else str(told.value)


def _value(one: Told, other: Told) -> Relation:
    if one.value == other.value:
        return Relation.SAME
    a, b = number_of(one.value), number_of(other.value)
    if a is not None and b is not None:
        is_written = isinstance(one.value, str) and isinstance(other.value, str)
        return _as_relation(is_same_number(a, b, NOISE_OF_TEXT if is_written else NOISE))
    return _as_relation(_folded(one) == _folded(other))


def _folded(told: Told) -> str:
    text = str(told.value)
    return text.lower() if text.lower() in _FLAGS else text


def _setting(one: Told, other: Told) -> Relation:
    if one.value == other.value:
        return Relation.SAME
    a, b = number_of(one.value), number_of(other.value)
    if a is not None and b is not None and max(abs(a), abs(b)) >= _MAYBE_RELEASE and a == b:
        return Relation.DIFFERENT
    return _value(one, other)


def _number(one: Told, other: Told) -> Relation:
    a, b = number_of(one.value), number_of(other.value)
    if a is None or b is None:
        return _as_relation(one.value == other.value)
    return _as_relation(is_same_number(a, b))


def _importance(one: Told, other: Told) -> Relation:
    a, b = one.basis, other.basis
    if _number(one, other) is Relation.SAME or not (isinstance(a, Weight) and isinstance(b, Weight)):
        return _number(one, other)
    if math.isnan(a.share) or math.isnan(b.share):
        return _as_relation(math.isnan(a.share) and math.isnan(b.share))
    return _as_relation(abs(a.share - b.share) < min(a.noise, b.noise))


def _digest(one: Told, other: Told) -> Relation:
    if one.value == other.value:
        return Relation.SAME
    a, b = str(one.value), str(other.value)
    if algorithm(SafeText(a)) != algorithm(SafeText(b)):
        return Relation.NO_MEASURE
    # Hexadecimal digits are one in either case; so are the names of algorithms.
    a, b = a.lower(), b.lower()
    if len(a) != len(b):
        # Different lengths without an algorithm: not made the same way. One that begins the other is cut short.
        is_cut = a.startswith(b) or b.startswith(a)
        return Relation.NO_MEASURE if is_cut or not algorithm(SafeText(a)) else Relation.DIFFERENT
    return _as_relation(a == b)


def _release(one: Told, other: Told) -> Relation:
    return _as_relation(is_same_release(str(one.value), str(other.value)))


def _commit(one: Told, other: Told) -> Relation:
    return _as_relation(is_same_commit(str(one.value), str(other.value)))


def _repository(one: Told, other: Told) -> Relation:
    return _as_relation(repository_key(SafeText(str(one.value))) == repository_key(SafeText(str(other.value))))


def _moment(one: Told, other: Told) -> Relation:
    a, b = one.value, other.value
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        return _as_relation(a == b)
    is_near = a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) < _SAME_MOMENT_SECONDS
    return _as_relation(is_near)


def _span(one: Told, other: Told) -> Relation:
    a, b = one.basis, other.basis
    if not (isinstance(a, Span) and isinstance(b, Span)):
        return _as_relation(one.value == other.value)
    pairs = [(mine, theirs) for mine, theirs in zip(a, b, strict=True) if mine is not None and theirs is not None]
    if any(mine != theirs and not (math.isnan(mine) and math.isnan(theirs)) for mine, theirs in pairs):
        return Relation.DIFFERENT
    return Relation.SAME if len(pairs) == len(a) else Relation.NO_MEASURE


def _unsaved(one: Told, other: Told) -> Relation:
    if one.value != other.value:
        return Relation.DIFFERENT
    return Relation.SAME if one.value == "no" else Relation.NO_MEASURE


def _lines(one: Told, other: Told) -> Relation:
    if one.value == other.value:
        return Relation.SAME
    # A model reads a prompt with every blank in it; of other texts blanks at the ends of lines are how it was stored.
    is_prompt = one.table is tables.PROMPTS
    return _as_relation(_bare(one.value, is_prompt=is_prompt) == _bare(other.value, is_prompt=is_prompt))


def _bare(value: object, *, is_prompt: bool) -> list[str]:
    """Return lines without empty ones at the end, and without blanks at their ends where these mean nothing."""
    lines: Sequence[str] = value if isinstance(value, tuple) else (str(value),)
    bare = [line if is_prompt else line.rstrip() for line in lines]
    while bare and not bare[-1]:
        bare.pop()
    return bare


def _shape(one: Told, other: Told) -> Relation:
    return _as_relation(is_same_shape(str(one.value), str(other.value)))


def _presence(one: Told, other: Told) -> Relation:
    return Relation.SAME


_JUDGES: Final[dict[Kind, Callable[[Told, Told], Relation]]] = {
    Kind.VALUE: _value,
    Kind.SETTING: _setting,
    Kind.SCORE: _number,
    Kind.COUNT: _number,
    Kind.IMPORTANCE: _importance,
    Kind.DIGEST: _digest,
    Kind.RELEASE: _release,
    Kind.COMMIT: _commit,
    Kind.REPOSITORY: _repository,
    Kind.LINES: _lines,
    Kind.MOMENT: _moment,
    Kind.SPAN: _span,
    Kind.SHAPE: _shape,
    Kind.UNSAVED: _unsaved,
    Kind.PRESENCE: _presence,
}
