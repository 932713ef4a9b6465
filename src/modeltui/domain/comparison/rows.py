"""A difference on its way into a comparison, with what decides where it stands."""

from __future__ import annotations

from typing import NamedTuple

from modeltui.domain.comparison.difference import Difference, Group, State
from modeltui.domain.comparison.facts import Table

_GROUPS = {group: place for place, group in enumerate(Group)}
_STATES = {
    State.CHANGED: 0,
    State.ONLY_A: 1,
    State.ONLY_B: 1,
    State.NOT_COMPARABLE: 2,
    State.UNKNOWN: 3,
    State.EQUAL: 4,
}


class Row(NamedTuple):
    """One fact and its place."""

    difference: Difference
    table: Table
    size: float
    """Of the change, 0 to 1; above 1 for what stands before everything of its group."""
    name: str
    """Parts of one thing stand together: the name of the thing."""
    order: int = 0
    """Among the parts of one thing."""
    owner: str = ""
    orders: tuple[int, int] = (0, 0)
    """Of an entry in the lists of A and of B."""


def place(row: Row) -> tuple[int, int, float, str, int, str]:
    """Return by what facts are sorted: group, differences first, large changes first, then by name."""
    difference = row.difference
    size = row.size if difference.state is State.CHANGED else min(row.size, 1.0)
    return _GROUPS[difference.group], _STATES[difference.state], -size, row.name, row.order, difference.field
