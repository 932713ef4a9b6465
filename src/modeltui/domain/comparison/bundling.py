"""Lists to which every source may add, each shown as one fact: approvals, parents, attestations, effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    is_list = max(len(_lines(a)), len(_lines(b))) > 1
    detail = lines_change(_lines(a), _lines(b)) if state is State.CHANGED and is_list else NO_DATA
    whys = dict.fromkeys(row.difference.why for row in rows if row.difference.why)
    why = SafeText(" ".join(sorted(whys)[:3])) if state in {State.UNKNOWN, State.NOT_COMPARABLE} else SafeText("")
    told = rows[0].difference
    nature = Nature.LINES if is_list else Nature.TEXT
    if not is_list:
        a, b = _of_one_line(a), _of_one_line(b)
    difference = Difference(SafeText(table.name), table.group, nature, state, a, b, SafeText(table.title), detail, why)
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
    sides = [(row.orders[0 if is_a else 1], row.difference.a if is_a else row.difference.b) for row in rows]
    entries = [(order, claim) for order, side in sides for claim in side.claims]
    if not entries:
        return min((side for _, side in sides), key=lambda side: side.why_none)
    # What two sources list in the same place stands in the order of its text.
    entries.sort(key=lambda entry: (entry[0], str(entry[1].value)))
    sources: dict[SourceName, None] = {}
    for _, claim in entries:
        sources.update(dict.fromkeys(claim.sources))
    lines = tuple(claim.value if isinstance(claim.value, str) else SafeText(str(claim.value)) for _, claim in entries)
    return Side((Claim(lines, tuple(sources)),), is_awaited=any(side.is_awaited for _, side in sides))


def _of_one_line(side: Side) -> Side:
    """Return a side with its one entry as text: a list of one is read as what is in it."""
    return replace(side, claims=tuple(Claim(_lines(side)[0], claim.sources) for claim in side.claims))


def _lines(side: Side) -> tuple[SafeText, ...]:
    value = side.value
    return value if isinstance(value, tuple) else ()
