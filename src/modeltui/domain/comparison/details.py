"""How much a fact changed, in the terms of its nature; and how large that is beside other changes of its group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from modeltui.domain.comparison import tables
from modeltui.domain.comparison.difference import Bump, Detail, LinesChange, Nature, NumberChange, RankChange
from modeltui.domain.comparison.difference import ReleaseChange as Released
from modeltui.domain.comparison.facts import NATURES, Kind, Told, Weight
from modeltui.domain.comparison.numbers import number_change, number_of, quantity_of, share_of_change
from modeltui.domain.comparison.releases import is_release, named_release, release_change
from modeltui.domain.comparison.sense import Sense, segment_sense, sense_of
from modeltui.domain.comparison.shape import shape_change
from modeltui.domain.comparison.sides import Said
from modeltui.domain.comparison.text_change import lines_change
from modeltui.domain.names import NO_DATA, Missing, NoData
from modeltui.domain.text import SafeText

_OPEN_KINDS: Final = frozenset({Kind.VALUE, Kind.SETTING})
_BUMP_SIZES: Final = {Bump.MAJOR: 1.0, Bump.MINOR: 0.5, Bump.PATCH: 0.25, Bump.OTHER: 0.1}
_UNREAD: Final = Sense()
_UNITS: Final = {"artifact.size": "bytes"}


@dataclass(frozen=True, slots=True)
class Senses:
    """How metrics are read: as the team says, and what segments are segments of."""

    own: Mapping[SafeText, Sense]
    shared: Sense = _UNREAD
    """What all metrics there are have in common; segments that name none are segments of one of them."""

    def of(self, told: Told) -> Sense:
        """Return the sense of a fact, whatever it is."""
        if told.table is tables.METRICS:
            return sense_of(told.title, self.own)
        if told.table is tables.SEGMENTS:
            return segment_sense(told.title, self.shared, self.own)
        if told.kind is Kind.MOMENT:
            return Sense(unit=SafeText("seconds"))
        if told.kind is Kind.COUNT:
            return Sense(unit=SafeText(_UNITS.get(told.field, "rows")))
        return Sense()


def nature_of(a: Sequence[Said], b: Sequence[Said]) -> Nature:
    """Return how a fact is shown: text that spells numbers, or releases of one thing, on every side is that."""
    kind = (a or b)[0].told.kind
    if kind in NATURES and len(a) + len(b) == 2 and a and b and b[0].told.kind is kind:
        return NATURES[kind]
    told = [said.told for said in (*a, *b)]
    kinds = {one.kind for one in told}
    if len(kinds) == 1 and kind not in _OPEN_KINDS:
        return NATURES.get(kind, Nature.TEXT)
    if Kind.LINES in kinds:
        return Nature.LINES
    if all(number_of(one.value) is not None for one in told):
        return Nature.NUMBER
    units = {quantity[1] if (quantity := quantity_of(one.value)) else None for one in told}
    if len(units) == 1 and None not in units:
        return Nature.NUMBER
    named = {_name(one) for one in told}
    return Nature.RELEASE if len(named) == 1 and None not in named else Nature.TEXT


def _name(told: Told) -> str | None:
    named = named_release(told.value) if isinstance(told.value, str) else None
    return named[0] if named else None


def detail_of(nature: Nature, one: Told, other: Told, senses: Senses) -> Detail | NoData:
    """Return what became of a value; no data where only the two values themselves can be shown."""
    if isinstance(one.basis, Weight) and isinstance(other.basis, Weight):
        return RankChange(one.basis.rank, other.basis.rank)
    match nature:
        case Nature.NUMBER:
            return _number(one, other, senses)
        case Nature.MOMENT:
            change = _number(one, other, senses)
            # A moment is no share of the time since 1970.
            return change if isinstance(change, Missing) else replace(change, fraction=NO_DATA)
        case Nature.RELEASE:
            return _release(str(one.value), str(other.value))
        case Nature.LINES:
            return lines_change(_lines(one), _lines(other))
        case Nature.SHAPE:
            return shape_change(str(one.value), str(other.value))
    return NO_DATA


def _number(one: Told, other: Told, senses: Senses) -> NumberChange | NoData:
    a, b = number_of(one.value), number_of(other.value)
    if a is not None and b is not None:
        return number_change(a, b, senses.of(other))
    mine, theirs = quantity_of(one.value), quantity_of(other.value)
    if mine is None or theirs is None or mine[1] != theirs[1]:
        return NO_DATA
    return number_change(mine[0], theirs[0], Sense(unit=SafeText(mine[1])))


def _release(one: str, other: str) -> Released | NoData:
    mine, theirs = named_release(one), named_release(other)
    if mine and theirs and mine[0] == theirs[0]:
        return release_change(mine[1], theirs[1])
    return release_change(one, other) if is_release(one) and is_release(other) else NO_DATA


def _lines(told: Told) -> tuple[SafeText, ...]:
    return told.value if isinstance(told.value, tuple) else (SafeText(str(told.value)),)


def size_of(detail: Detail | NoData, one: Told, other: Told) -> float:
    """Return how large a change is, 0 to 1, the same seen from both sides; 1 for what has no number."""
    if isinstance(one.basis, Weight) and isinstance(other.basis, Weight):
        return abs(one.basis.share - other.basis.share)
    match detail:
        case NumberChange():
            a, b = number_of(one.value), number_of(other.value)
            return share_of_change(a, b) if a is not None and b is not None else 1.0
        case Released(bump=bump):
            return _BUMP_SIZES[bump]
        case LinesChange(added=added, removed=removed):
            return (added + removed) / (added + removed + 1)
    return 1.0
