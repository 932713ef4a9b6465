"""Is it the same everywhere? Versions over environments, and what the environments of a model run."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.names import ModelName, TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.skew import Sameness, SkewRow, skew_matrix
from modeltui.present.glyphs import elide_middle
from modeltui.present.skew import environments_in_order, parity_rows
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import SKEW
from modeltui.tui.detail_layout import skew_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row
from modeltui.tui.widgets.lines import StyledLines

_SAMENESS_TONES = {Sameness.DIFFERENT: Tone.WARN, Sameness.UNKNOWN: Tone.UNKNOWN, Sameness.SAME: Tone.MUTED}


class SkewScreen(Board):
    """The matrix above, the parity of the model under the cursor below."""

    NAME = SKEW
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(SKEW)

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[ModelName, SkewRow] = {}

    def compose_body(self) -> ComposeResult:
        yield CellGrid(glyphs=self.glyphs, id="grid")
        yield StyledLines(glyphs=self.glyphs, id="parity")

    def place_widgets(self, width: int, height: int) -> None:
        self._boxes = skew_layout(width, height)
        for name, box in self._boxes.items():
            self._put(name, box)

    def draw_body(self, changes: Changes | None) -> None:
        environments = environments_in_order(self.fleet)
        grid = self.query_one("#grid", CellGrid)
        grid.set_columns(
            (
                Column("model", "MODEL", 16, grow=2, most=32, elide_middle=True),
                Column("skew", "SKEW", 7, priority=1),
                *(
                    Column(place, place.upper(), 9, grow=1, most=16, priority=2 + i)
                    for i, place in enumerate(environments)
                ),
            )
        )
        self._rows = {row.model: row for row in skew_matrix(self.fleet)}
        grid.set_rows(list(self._rows), self._row, empty=("no target is known yet", Tone.UNKNOWN))
        self._draw_parity()

    def _row(self, key: Hashable) -> Row:
        row = self._rows[cast(ModelName, key)]
        stable = dict(row.stable)
        cells = [Cell(row.model, Tone.STRONG), Cell("skewed" if row.is_skewed else "", Tone.WARN)]
        for place in environments_in_order(self.fleet):
            known = TargetKey(row.model, place) in self.fleet.targets
            version = stable.get(place)
            if version is None:
                cells.append(Cell("?" if known else "-", Tone.UNKNOWN if known else Tone.MUTED))
            else:
                odd = row.is_skewed and self._differs(row, place, version)
                cells.append(Cell(version, Tone.WARN if odd else Tone.PLAIN))
        return Row(key, tuple(cells))

    def _differs(self, row: SkewRow, place: str, version: str) -> bool:
        group = self.fleet.policy.group_of
        mine = [v for p, v in row.stable if group(p) == group(place)]  # type: ignore[arg-type]  # environments
        return any(other != version for other in mine)

    def _draw_parity(self) -> None:
        pane = self.query_one("#parity", StyledLines)
        box = self._boxes["parity"]
        key = self.query_one("#grid", CellGrid).cursor_key
        if not box.shown or key is None:
            pane.update([])
            return
        pane.update(self._parity_lines(cast(ModelName, key), box.width)[: box.height])

    def _parity_lines(self, model: ModelName, width: int) -> list[Line]:
        rule = self.glyphs.rule(f"what the environments of {model} run", width)
        lines: list[Line] = [(Span(rule, Tone.MUTED),)]
        rows = parity_rows(self.fleet, model)
        if not rows:
            lines.append((Span(" none of the sources tells images or libraries of its environments", Tone.UNKNOWN),))
        for row in rows:
            each = max((width - 31) // max(len(row.values), 1) - 11, 8)
            values = "  ".join(
                f"{place} {elide_middle(value, each, self.glyphs) if value is not None else '?'}"
                for place, value in row.values
            )
            tone = _SAMENESS_TONES[row.sameness]
            lines.append((Span(f" {row.sameness.value:<10}", tone), Span(f"{row.name:<16} "), Span(values, tone)))
        return lines

    def on_cell_grid_highlighted(self, message: CellGrid.Highlighted) -> None:
        message.stop()
        self._draw_parity()

    def on_cell_grid_selected(self, message: CellGrid.Selected) -> None:
        message.stop()
        model = cast(ModelName, message.key)
        targets = [target for target in self.fleet.worst_first() if target.key.model == model]
        if targets:
            self.board_app.open_target(targets[0].key)
