"""Answers on saved cases of which none was asked of both versions: they cannot be held against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from modeltui.domain.comparison import tables
from modeltui.domain.comparison.difference import State
from modeltui.domain.comparison.rows import Row
from modeltui.domain.names import VersionId
from modeltui.domain.text import SafeText

_ONE_SIDED: Final = frozenset({State.ONLY_A, State.ONLY_B})


def with_unmatched(rows: Iterable[Row], versions: Iterable[VersionId]) -> list[Row]:
    """Return the rows, those of saved cases as not comparable where both versions have some and none in common.

    That a version was asked other questions, or that its cases are named in another way, is no difference of it.
    """
    rows = list(rows)
    cases = [row.difference for row in rows if row.table is tables.CASES]
    has_common = any(case.a.claims and case.b.claims for case in cases)
    if has_common or not {case.state for case in cases} >= _ONE_SIDED:
        return rows
    why = SafeText(f"{' and '.join(sorted(versions))} have no saved case in common.")
    return [_not_comparable(row, why) for row in rows]


def _not_comparable(row: Row, why: SafeText) -> Row:
    if row.table is not tables.CASES or row.difference.state not in _ONE_SIDED:
        return row
    return row._replace(difference=replace(row.difference, state=State.NOT_COMPARABLE, why=why))
