"""Lists to which every source may add, each shown as one fact: approvals, parents, attestations, effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modeltui.domain.comparison.difference import Claim, Difference, Nature, Side, State
from modeltui.domain.comparison.facts import Table
from modeltui.domain.comparison.rows import Row
from modeltui.domain.comparison.text_change import lines_change
from modeltui.domain.names import NO_DATA, SourceName
from modeltui.domain.text import SafeText

_ONE_SIDED: Final = frozenset({State.ONLY_A, State.ONLY_B})


def bundled(table: Table, rows: Sequence[Row]) -> Row:
    """Return the entries of one list as one fact: changed when an entry is surely missing on a side."""
    states = {row.difference.state for row in rows}
    a, b = _side(rows, is_a=True), _side(rows, is_a=False)
    state = _state(states, has_a=bool(a.claims), has_b=bool(b.claims))
    detail = lines_change(_lines(a), _lines(b)) if state is State.CHANGED else NO_DATA
    whys = dict.fromkeys(row.difference.why for row in rows if row.difference.why)
    why = SafeText(" ".join(sorted(whys)[:3])) if state in {State.UNKNOWN, State.NOT_COMPARABLE} else SafeText("")
    told = rows[0].difference
    difference = Difference(
        SafeText(table.name), table.group, Nature.LINES, state, a, b, SafeText(table.title), detail, why
    )
    return Row(difference, table, size=1.0, name=told.title)


def _state(states: set[State], *, has_a: bool, has_b: bool) -> State:
    if states & _ONE_SIDED:
        if has_a and has_b:
            return State.CHANGED
        return State.ONLY_A if has_a else State.ONLY_B
    for state in (State.NOT_COMPARABLE, State.UNKNOWN):
        if state in states:
            return state
    return State.EQUAL


def _side(rows: Sequence[Row], *, is_a: bool) -> Side:
    sides = [(row.order, row.difference.a if is_a else row.difference.b) for row in rows]
    entries = [(order, claim) for order, side in sides for claim in side.claims]
    if not entries:
        return next(side for _, side in sides)
    entries.sort(key=lambda entry: entry[0])
    sources: dict[SourceName, None] = {}
    for _, claim in entries:
        sources.update(dict.fromkeys(claim.sources))
    lines = tuple(claim.value if isinstance(claim.value, str) else SafeText(str(claim.value)) for _, claim in entries)
    return Side((Claim(lines, tuple(sources)),), is_awaited=any(side.is_awaited for _, side in sides))


def _lines(side: Side) -> tuple[SafeText, ...]:
    value = side.value
    return value if isinstance(value, tuple) else ()
