"""Is it the same everywhere? Versions over environments, and what the environments of a model run."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.names import Environment, ModelName, TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.skew import SkewRow, skew_matrix
from modeltui.present.cells import cell_width
from modeltui.present.skew import environments_by_version, environments_in_order, parity_lines
from modeltui.present.span import Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import SKEW
from modeltui.tui.detail_layout import skew_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row
from modeltui.tui.widgets.lines import StyledLines

_LEAST_VERSION = 9
_LEFT = 26
"""Cells that the model and the word beside it need, with the margins."""


class SkewScreen(Board):
    """The matrix above, the parity of the model under the cursor below."""

    NAME = SKEW
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(SKEW)

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[ModelName, SkewRow] = {}
        self._in_columns = True

    def compose_body(self) -> ComposeResult:
        yield CellGrid(glyphs=self.glyphs, id="grid")
        yield StyledLines(glyphs=self.glyphs, id="parity")

    @property
    def looked_at(self) -> TargetKey | None:
        key = self.query_one("#grid", CellGrid).cursor_key
        targets = [target for target in self.fleet.worst_first() if target.key.model == key]
        return targets[0].key if targets else None

    def place_widgets(self, width: int, height: int) -> None:
        self._boxes = skew_layout(width, height)
        for name, box in self._boxes.items():
            self._put(name, box)

    def draw_body(self, changes: Changes | None) -> None:
        if changes is not None and not (changes.targets or changes.order):
            return
        environments = environments_in_order(self.fleet)
        self._in_columns = _LEFT + len(environments) * (_LEAST_VERSION + 1) <= self.size.width
        self._rows = {row.model: row for row in skew_matrix(self.fleet)}
        grid = self.query_one("#grid", CellGrid)
        grid.set_columns((*self._left_columns(), *self._right_columns(environments)))
        grid.set_rows(list(self._rows), self._row, empty=("no target is known yet", Tone.UNKNOWN))
        self._draw_parity()

    def draw_ages(self) -> None:
        """Nothing here grows old by itself."""

    def _left_columns(self) -> tuple[Column, Column]:
        longest = min(max((cell_width(model) for model in self._rows), default=0), 40)
        return (
            Column("model", "MODEL", 16 if self._in_columns else 10, grow=8, most=max(longest, 16), elide_middle=True),
            Column("skew", "SKEW", 6),
        )

    def _right_columns(self, environments: list[Environment]) -> list[Column]:
        if not self._in_columns:
            # A column left out could be the one that differs.
            return [Column("versions", f"IN {len(environments)} ENVIRONMENTS", 18, grow=8)]
        versions = [cell_width(version) for row in self._rows.values() for _, version in row.stable]
        most = max(min(max(versions, default=0), 30), _LEAST_VERSION)
        return [
            Column(place, place.upper(), _LEAST_VERSION, grow=1, most=max(most, cell_width(place)), elide_middle=True)
            for place in environments
        ]

    def _row(self, key: Hashable) -> Row:
        row = self._rows[cast(ModelName, key)]
        cells = [Cell(row.model, Tone.STRONG), Cell("skewed" if row.is_skewed else "", Tone.WARN)]
        stable = dict(row.stable)
        if not self._in_columns:
            known = [place for place in environments_in_order(self.fleet) if self._is_known(row, place)]
            words = environments_by_version((place, stable.get(place, "?")) for place in known)
            return Row(key, (*cells, Cell(words, Tone.WARN if row.is_skewed else Tone.PLAIN)))
        for place in environments_in_order(self.fleet):
            version = stable.get(place)
            if version is None:
                unknown = self._is_known(row, place)
                cells.append(Cell("?", Tone.UNKNOWN) if unknown else Cell("-", Tone.MUTED))
            else:
                odd = row.is_skewed and self._differs(row, place, version)
                cells.append(Cell(version, Tone.WARN if odd else Tone.PLAIN))
        return Row(key, tuple(cells))

    def _is_known(self, row: SkewRow, place: Environment) -> bool:
        return TargetKey(row.model, place) in self.fleet.targets

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
        model = cast(ModelName, key)
        rule = self.glyphs.rule(f"what the environments of {model} run", box.width)
        lines = [(Span(rule, Tone.MUTED),), *parity_lines(self.fleet, model, box.width, self.glyphs)]
        if len(lines) > box.height:
            left = len(lines) - box.height + 1
            lines[box.height - 1 :] = [(Span(f" and {left} more: 'modeltui skew --json' lists all", Tone.MUTED),)]
        pane.update(lines[: box.height])

    def on_cell_grid_highlighted(self, message: CellGrid.Highlighted) -> None:
        message.stop()
        self._draw_parity()

    def on_cell_grid_selected(self, message: CellGrid.Selected) -> None:
        message.stop()
        if self.looked_at is not None:
            self.program.open_target(self.looked_at)
