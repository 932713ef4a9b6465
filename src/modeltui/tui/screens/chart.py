"""One signal over the whole screen, to look around in."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.names import TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.signal import Signal
from modeltui.present.span import Span
from modeltui.present.target_detail import signal_heading
from modeltui.present.tone import Tone
from modeltui.tui.actions import TEXT
from modeltui.tui.charts import signal_chart
from modeltui.tui.detail_layout import chart_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.chart import Chart
from modeltui.tui.widgets.lines import StyledLines


class ChartScreen(Board):
    """The exploratory chart."""

    NAME = TEXT
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TEXT)

    def __init__(self, key: TargetKey, signal: Signal) -> None:
        super().__init__()
        self._target_key = key
        self._signal = signal

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="heading")
        yield Chart(glyphs=self.glyphs, id="chart")

    def place_widgets(self, width: int, height: int) -> None:
        for name, box in chart_layout(width, height).items():
            self._put(name, box)

    def draw_body(self, changes: Changes | None) -> None:
        target = self.fleet.targets.get(self._target_key)
        if target is None:
            gone = f" {self._target_key} is not known any more"
            self.query_one("#heading", StyledLines).update([(Span(gone, Tone.UNKNOWN),)])
        elif changes is None or self._target_key in changes.targets:
            self.query_one("#heading", StyledLines).update([signal_heading(self.fleet, target, self._signal)])
            self.query_one("#chart", Chart).show(signal_chart(self.fleet, target, self._signal, whole_screen=True))

    def draw_ages(self) -> None:
        """A curve has its ages on its axis, and moves with the data."""
