"""How does each version behave? Traffic, signals side by side, charts, segments, what happened here."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.fleet import Target
from modeltui.domain.names import TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.signal import Signal
from modeltui.present.changes import change_line
from modeltui.present.span import Span
from modeltui.present.target_detail import heading_lines, other_lines, segment_lines, version_lines
from modeltui.present.tone import Tone
from modeltui.tui.actions import TARGET
from modeltui.tui.charts import signal_chart, worst_first
from modeltui.tui.detail_layout import target_layout
from modeltui.tui.layout import Box
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.chart import Chart
from modeltui.tui.widgets.lines import StyledLines

MOST_CHARTS = 6


class TargetScreen(Board):
    """One target, closely."""

    NAME = TARGET
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TARGET)

    def __init__(self, key: TargetKey) -> None:
        super().__init__()
        self.key = key
        self._signal_index = 0
        self._chosen = False

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="versions")
        for place in range(MOST_CHARTS):
            yield Chart(glyphs=self.glyphs, id=f"chart{place}")
        yield StyledLines(glyphs=self.glyphs, id="segments")
        yield StyledLines(glyphs=self.glyphs, id="others")

    def on_mount(self) -> None:
        self.board_app.watch_targets([self.key])
        target = self.target
        if target is not None:
            for version in target.versions[:3]:
                self.board_app.want_provenance(self.key.model, version.version)
        super().on_mount()

    @property
    def target(self) -> Target | None:
        """Return the target, while it exists."""
        return self.fleet.targets.get(self.key)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Return the signals in the order of their charts."""
        return self.fleet.policy.signals

    def place_widgets(self, width: int, height: int) -> None:
        target = self.target
        rows = 2 + 2 * max(len(target.versions), 1) if target else 3
        layout = target_layout(width, height, version_rows=rows)
        self._boxes = layout
        for name, box in layout.boxes.items():
            self._put(name, box)
        for place in range(MOST_CHARTS):
            self._put(f"chart{place}", layout.charts[place] if place < len(layout.charts) else Box(0, 0, 0, 0))

    def draw_body(self, changes: Changes | None) -> None:
        if changes is not None and self.key not in changes.targets and self.key.model not in changes.details:
            return
        target = self.target
        if target is None:
            gone = f" {self.key} is not known any more"
            self.query_one("#versions", StyledLines).update([(Span(gone, Tone.UNKNOWN),)])
            return
        if not self._chosen:
            self._signal_index = self.signals.index(worst_first(target, self.signals)[0])
        chosen = self.signals[self._signal_index]
        lines = heading_lines(self.fleet, target, self.glyphs)
        lines += version_lines(self.fleet, target, self.glyphs, chosen.name)
        self.query_one("#versions", StyledLines).update(lines)
        for place, _ in enumerate(self._boxes.charts):
            signal = self.signals[(self._signal_index + place) % len(self.signals)]
            self.query_one(f"#chart{place}", Chart).show(signal_chart(self.fleet, target, signal))
        segments = self._boxes.boxes["segments"]
        self.query_one("#segments", StyledLines).update(
            segment_lines(self.fleet, target, chosen, self.glyphs, segments.height)
        )
        others = self._boxes.boxes["others"]
        self.query_one("#others", StyledLines).update(other_lines(self.fleet, target, others.width, others.height))

    def update_fleet(self, changes: Changes) -> None:
        if self.key in changes.targets:
            self.place_widgets(self.size.width, self.size.height)
        super().update_fleet(changes)

    def action_next_signal(self) -> None:
        self._step(1)

    def action_previous_signal(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        self._signal_index = (self._signal_index + by) % len(self.signals)
        self._chosen = True
        self.draw_body(None)

    def action_explore(self) -> None:
        self.board_app.open_chart(self.key, self.signals[self._signal_index])

    def action_why(self) -> None:
        self.board_app.open_why(self.key)

    def action_copy(self) -> None:
        if self.target is not None:
            self.board_app.copy(change_line(self.fleet, self.target).at(self.fleet.at))
