"""One signal over the whole screen, to look around in."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.names import TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.signal import Signal
from modeltui.tui.actions import TEXT
from modeltui.tui.charts import signal_chart
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.chart import Chart


class ChartScreen(Board):
    """The exploratory chart."""

    NAME = TEXT
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TEXT)

    def __init__(self, key: TargetKey, signal: Signal) -> None:
        super().__init__()
        self._target_key = key
        self._signal = signal

    def compose_body(self) -> ComposeResult:
        yield Chart(glyphs=self.glyphs, id="chart")

    def draw_body(self, changes: Changes | None) -> None:
        target = self.fleet.targets.get(self._target_key)
        if target is not None and (changes is None or self._target_key in changes.targets):
            self.query_one("#chart", Chart).show(signal_chart(self.fleet, target, self._signal, whole_screen=True))
