"""Fact by fact, what holding two versions against each other finds.

What counts:

- a source that has no place for a field, could not be read, or has not answered says nothing: the fact is unknown,
  never equal and never changed;
- a fact is only in A when a source that tells it of A says of B that it has none, and no other source of B is owed;
- sources that agree are one claim; where they do not, the versions differ only if nothing that is said of one is said
  of the other, and cannot be compared otherwise; a source that says 'none' where another says something is such a
  contradiction too, so that one more source never makes a difference disappear;
- saved cases of which no one was asked of both versions cannot be compared;
- a version held against itself differs in nothing, whatever its sources say of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from modeltui.domain.comparison import tables
from modeltui.domain.comparison.bundling import bundled
from modeltui.domain.comparison.details import Senses, detail_of, nature_of, size_of
from modeltui.domain.comparison.difference import Claim, Detail, Difference, Group, Nature, RankChange, Side, State
from modeltui.domain.comparison.facts import Kind, Table, Told, Weight
from modeltui.domain.comparison.reasons import contradiction, no_measure, unknown
from modeltui.domain.comparison.relations import Relation, relation
from modeltui.domain.comparison.rows import Row, place
from modeltui.domain.comparison.sides import NOT_RECORDED, Said, Silence, Version
from modeltui.domain.comparison.speaking import claims_of, held
from modeltui.domain.comparison.unmatched import with_unmatched
from modeltui.domain.names import NO_DATA, NoData
from modeltui.domain.text import SafeText

_NOTHING: Final[list[Said]] = []
_SIDE_OF_NOBODY: Final = Side(why_none=NOT_RECORDED.why)
_HIDDEN_PARTS: Final = frozenset({State.ONLY_A, State.ONLY_B, State.UNKNOWN})
_FIRST: Final = {
    # What the rest of its group only follows from.
    "artifact.digest": 2.0,
    "code.commit": 2.0,
    "environment.python": 5.0,
    "environment.base_image": 4.0,
    "environment.base_image.digest": 3.0,
    "environment.hardware": 2.0,
}
_ONE_SIDED: Final = frozenset({State.ONLY_A, State.ONLY_B})
_NO_WHY: Final = SafeText("")


class Differ:
    """Compares two versions; `is_same` when they are one, told by the same sources."""

    def __init__(self, a: Version, b: Version, senses: Senses, *, is_same: bool) -> None:
        self._a = a
        self._b = b
        self._senses = senses
        self._is_same = is_same

    def facts(self) -> tuple[Difference, ...]:
        """Return every fact that one of the two tells, in order."""
        names = dict.fromkeys((*self._a.said, *self._b.said))
        rows = self._folded(self._without_hidden_parts({name: self._row(name) for name in names}))
        rows = with_unmatched(rows, (self._a.id, self._b.id))
        rows += [] if self._is_same else self._untold()
        rows.sort(key=place)
        return tuple(row.difference for row in rows)

    def _row(self, name: str) -> Row:
        a, b = self._a.said.get(name, _NOTHING), self._b.said.get(name, _NOTHING)
        one, other = (a or b)[0].told, (b or a)[0].told
        if one.table is not other.table and (other.table.name, other.title) < (one.table.name, one.title):
            # Told in two ways: named in one of them, the same whichever version comes first.
            one, other = other, one
        if a and b:
            state, why = self._both(name, a, b)
            side_a = Side(claims_of(a, b))
            is_alike = len(a) == len(b) == 1 and a[0].source == b[0].source and a[0].told.value is b[0].told.value
            side_b = side_a if is_alike else Side(claims_of(b, a))
        elif a:
            state, side_b, why = self._one(name, a, self._b, State.ONLY_A)
            side_a = Side(claims_of(a, b))
        else:
            state, side_a, why = self._one(name, b, self._a, State.ONLY_B)
            side_b = Side(claims_of(b, a))
        nature = nature_of(a, b)
        detail = self._detail(state, nature, a, b)
        table = one.table
        difference = Difference(
            SafeText(name), table.group, nature, state, side_a, side_b, SafeText(one.title), detail, why
        )
        size = size_of(detail, a[0].told, b[0].told) if a and b and state is State.CHANGED else 1.0
        return _placed(difference, one, size, (a[0].told.order if a else 0, b[0].told.order if b else 0))

    def _detail(self, state: State, nature: Nature, a: Sequence[Said], b: Sequence[Said]) -> Detail | NoData:
        if state is State.CHANGED:
            return detail_of(nature, a[0].told, b[0].told, self._senses)
        if state in _ONE_SIDED and (a or b)[0].told.kind is Kind.IMPORTANCE:
            return RankChange(_rank(a), _rank(b))
        return NO_DATA

    def _both(self, name: str, a: Sequence[Said], b: Sequence[Said]) -> tuple[State, SafeText]:
        """Return the state of a fact that both sides tell."""
        if self._is_same:
            return State.EQUAL, _NO_WHY
        if len(a) == len(b) == 1 and a[0].source == b[0].source and a[0].told.table is b[0].told.table:
            # One source that says it of both: it denies neither.
            return self._by_one(a[0], b[0])
        found = {held(one, other) for one in a for other in b}
        denying_a, denying_b = self._a.denying(name, b), self._b.denying(name, a)
        if found == {Relation.NO_MEASURE}:
            return no_measure(self._a.id, a[0], self._b.id, b[0])
        found.discard(Relation.NO_MEASURE)
        if found == {Relation.DIFFERENT}:
            return State.CHANGED, _NO_WHY
        if found == {Relation.SAME} and not denying_a and not denying_b:
            return State.EQUAL, _NO_WHY
        return State.NOT_COMPARABLE, contradiction(((self._a.id, a, denying_a), (self._b.id, b, denying_b)))

    def _by_one(self, a: Said, b: Said) -> tuple[State, SafeText]:
        found = relation(a.told, b.told)
        if found is Relation.NO_MEASURE:
            return no_measure(self._a.id, a, self._b.id, b)
        return State.EQUAL if found is Relation.SAME else State.CHANGED, _NO_WHY

    def _one(self, name: str, said: Sequence[Said], silent: Version, only: State) -> tuple[State, Side, SafeText]:
        """Return the state of a fact that one side tells, and the other side."""
        table = said[0].told.table
        if denying := silent.denying(name, said):
            silence = silent.silence(table, denying)
            if silence is None:
                return only, _SIDE_OF_NOBODY, _NO_WHY
        else:
            silence = silent.why_none(name, table)
        return State.UNKNOWN, Side((), silence.why, silence.is_awaited), unknown(silent.id, silence)

    def _without_hidden_parts(self, rows: dict[str, Row]) -> list[Row]:
        """Return the rows without what is said already by saying that the whole of it is missing."""
        kept = []
        with_parts = {row.owner for row in rows.values() if row.owner in rows}
        for name, row in rows.items():
            owner = rows.get(row.owner)
            if owner is not None and owner.difference.state in _HIDDEN_PARTS:
                continue
            is_there = row.table is tables.DATA and row.difference.state is State.EQUAL
            if not is_there:
                kept.append(row)
            elif name not in with_parts and not self._is_same:
                # Both have it, and nobody tells what is in it: that is not the same data.
                kept.append(self._untold_digest(row))
        return kept

    def _untold_digest(self, row: Row) -> Row:
        field = SafeText(f"{row.difference.field}.digest")
        silences = [version.why_none(field, tables.DATA_PARTS) for version in (self._a, self._b)]
        return self._unknown_row(field, SafeText(f"{row.difference.title} digest"), tables.DATA_PARTS, silences)

    def _unknown_row(self, field: str, title: str, table: Table, silences: Sequence[Silence]) -> Row:
        sides = [Side((), silence.why, silence.is_awaited) for silence in silences]
        whys = [unknown(version.id, silence) for version, silence in zip((self._a, self._b), silences, strict=True)]
        difference = Difference(
            SafeText(field),
            table.group,
            Nature.TEXT,
            State.UNKNOWN,
            sides[0],
            sides[1],
            SafeText(title),
            why=SafeText(" ".join(sorted(set(whys)))),
        )
        return Row(difference, table, 1.0, title)

    def _folded(self, rows: list[Row]) -> list[Row]:
        """Return the rows with lists as one fact each, and whole tables that nobody tells of a side as one."""
        lists: dict[Table, list[Row]] = {}
        untold: dict[tuple[Table, bool], list[Row]] = {}
        resolved: set[tuple[Table, bool]] = set()
        kept = []
        for row in rows:
            if row.table.is_set:
                lists.setdefault(row.table, []).append(row)
                continue
            difference = row.difference
            is_a_missing = not difference.a.claims
            if not row.table.has_rows or (difference.a.claims and difference.b.claims):
                kept.append(row)
                continue
            key = (row.table, is_a_missing)
            untold.setdefault(key, []).append(row)
            if difference.state is not State.UNKNOWN:
                resolved.add(key)
        for key, found in untold.items():
            table, is_a_missing = key
            version = self._a if is_a_missing else self._b
            is_whole = key not in resolved and table not in version.tables
            kept += [_whole_table(table, found, is_a_missing=is_a_missing)] if is_whole else found
        return kept + [bundled(table, found) for table, found in lists.items()]

    def _untold(self) -> Iterator[Row]:
        """Yield a fact for each field that no source tells of either and that one could not give."""
        told = {table.field for table in self._a.tables | self._b.tables}
        for table in tables.MAIN:
            if table.field not in told and (self._a.untold(table.field) or self._b.untold(table.field)):
                silences = [version.why_untold(table) for version in (self._a, self._b)]
                yield self._unknown_row(table.name, table.title, table, silences)


def _placed(difference: Difference, told: Told, size: float, orders: tuple[int, int]) -> Row:
    table = told.table
    if table.group is Group.DATA:
        # Parts of one data set stand together, whichever changed most.
        return Row(difference, table, 1.0, told.owner or told.field, told.order, told.owner)
    size = _FIRST.get(told.field, size)
    return Row(difference, table, size, told.title, 0, told.owner, orders)


def _rank(said: Sequence[Said]) -> int | NoData:
    basis = said[0].told.basis if said else None
    return basis.rank if isinstance(basis, Weight) else NO_DATA


def _whole_table(table: Table, rows: Sequence[Row], *, is_a_missing: bool) -> Row:
    """Return one unknown fact for all rows of a table of which nobody tells anything on a side."""
    first = rows[0].difference
    known, missing = (first.b, first.a) if is_a_missing else (first.a, first.b)
    sources = dict.fromkeys(
        source
        for row in rows
        for claim in (row.difference.b if is_a_missing else row.difference.a).claims
        for source in claim.sources
    )
    known = Side((Claim(SafeText(f"{len(rows)} told"), tuple(sources)),))
    a, b = (missing, known) if is_a_missing else (known, missing)
    difference = Difference(
        SafeText(table.name),
        table.group,
        Nature.TEXT,
        State.UNKNOWN,
        a,
        b,
        SafeText(table.title),
        why=first.why,
    )
    return Row(difference, table, 1.0, table.title)
