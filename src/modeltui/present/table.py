"""Plain tables and comma-separated values: the rows of the screen for pagers, scripts and screen readers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from modeltui.domain.fleet import Fleet, Target
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, Glyphs
from modeltui.present.rows import (
    CANDIDATE,
    ENVIRONMENT,
    SINCE,
    STAGE,
    STATE,
    TARGET,
    TRAFFIC,
    TargetRow,
)

_BEFORE = (
    (TARGET, "MODEL"),
    (ENVIRONMENT, "ENV"),
    (STATE, "STATE"),
    (SINCE, "SINCE"),
    ("served", "SERVING"),
    ("observed", "OBSERVED"),
)
_AFTER = ((TRAFFIC, "TRAFFIC"), ("skewed", "SKEW"))
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""The wide forms too: spreadsheets in East Asian settings run them."""


def status_columns(fleet: Fleet) -> list[tuple[str, str]]:
    """Return key and heading of every column, in order."""
    signals = [(str(signal.name), str(signal.title)) for signal in fleet.policy.signals]
    return [*_BEFORE, (CANDIDATE, "CAND"), (STAGE, "SHARE"), *signals, *_AFTER]


def status_table(fleet: Fleet, targets: Iterable[Target], glyphs: Glyphs = ASCII) -> list[list[str]]:
    """Return heading and rows as text."""
    columns = status_columns(fleet)
    rows = [[heading for _, heading in columns]]
    for target in targets:
        row = TargetRow(fleet, target, glyphs)
        rows.append([row.cell(key).text for key, _ in columns])
    return rows


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with their columns under each other."""
    if not rows:
        return []
    widths = [max(cell_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def comma_separated(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows as CSV lines; a cell that a spreadsheet would run as a formula is quoted as text."""
    lines: list[str] = []

    class _Lines:
        def write(self, line: str) -> int:
            lines.append(line.rstrip("\r\n"))
            return len(line)

    writer = csv.writer(_Lines())
    writer.writerows([[_inert(cell) for cell in row] for row in rows])
    return lines


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA_STARTS) and cell != "-" else cell
