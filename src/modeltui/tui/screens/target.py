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
from modeltui.present.target_detail import (
    controller_words,
    heading_lines,
    other_lines,
    segment_lines,
    version_lines,
)
from modeltui.present.tone import Tone
from modeltui.tui.actions import TARGET
from modeltui.tui.charts import signal_chart, worst_first
from modeltui.tui.detail_layout import target_layout
from modeltui.tui.layout import NOWHERE
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.chart import Chart
from modeltui.tui.widgets.lines import StyledLines

MOST_CHARTS = 6
_MOST_LOWER_ROWS = 14
_TABLES = ("versions", "segments", "others")


class TargetScreen(Board):
    """One target, closely."""

    NAME = TARGET
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TARGET)

    def __init__(self, key: TargetKey) -> None:
        super().__init__()
        self.key = key
        self._order: list[Signal] = []
        """The signals in the order of their charts: the worst first, until one is chosen."""
        self._place = 0
        self._chosen = False

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="versions")
        for place in range(MOST_CHARTS):
            yield Chart(glyphs=self.glyphs, id=f"chart{place}")
        yield StyledLines(glyphs=self.glyphs, id="segments")
        yield StyledLines(glyphs=self.glyphs, id="others")

    def on_mount(self) -> None:
        self.program.watch_targets([self.key])
        target = self.target
        if target is not None:
            for version in target.versions[:3]:
                self.program.want_provenance(self.key.model, version.version)
        super().on_mount()

    @property
    def target(self) -> Target | None:
        """Return the target, while it exists."""
        return self.fleet.targets.get(self.key)

    @property
    def acting_target(self) -> TargetKey | None:
        return self.key

    @property
    def chosen(self) -> Signal:
        """Return the signal whose chart comes first."""
        return self._order[self._place % len(self._order)]

    def place_widgets(self, width: int, height: int) -> None:
        target = self.target
        layout = target_layout(width, height, len(target.versions) if target else 1, self._lower_rows())
        self._boxes = layout
        for name, box in layout.boxes.items():
            self._put(name, box)
        for place in range(MOST_CHARTS):
            self._put(f"chart{place}", layout.charts[place] if place < len(layout.charts) else NOWHERE)

    def _lower_rows(self) -> int:
        """Return how many rows the tables below could use now: beyond them the charts are worth more."""
        target = self.target
        if target is None:
            return 3
        named = {segment.name for version in target.versions for c in version.cells.values() for segment in c.segments}
        return min(max(len(named) + 1, len(target.changes) + 2 * len(target.versions[:3]) + 3), _MOST_LOWER_ROWS)

    def draw_body(self, changes: Changes | None) -> None:
        if changes is not None and self.key not in changes.targets and self.key.model not in changes.details:
            return
        self._draw_tables()
        target = self.target
        if target is None or not self._order:
            return
        for place, _ in enumerate(self._boxes.charts):
            signal = self._order[(self._place + place) % len(self._order)]
            self.query_one(f"#chart{place}", Chart).show(signal_chart(self.fleet, target, signal))

    def draw_ages(self) -> None:
        self._draw_tables()

    def _draw_tables(self) -> None:
        versions, segments, others = (self.query_one(f"#{name}", StyledLines) for name in _TABLES)
        target = self.target
        if target is None:
            gone = f" {self.key} is not known any more"
            versions.update([(Span(gone, Tone.UNKNOWN),)])
            segments.update([])
            others.update([])
            return
        if not self._chosen:
            self._order = worst_first(target, self.fleet.policy.signals)
        if not self._order:
            return
        boxes, chosen = self._boxes.boxes, self.chosen
        width, rows = boxes["versions"].width, boxes["versions"].height
        lines = heading_lines(self.fleet, target, self.glyphs, width)
        says_in_heading = any(span.text.strip() == controller_words(target) for span in lines[0])
        lines += version_lines(self.fleet, target, self.glyphs, chosen.name, width, rows - 1)
        versions.update(lines)
        box = boxes["segments"]
        segments.update(segment_lines(target, chosen, self.glyphs, box.width, box.height))
        box = boxes["others"]
        others.update(other_lines(self.fleet, target, box.width, box.height, with_controller=not says_in_heading))

    def update_fleet(self, changes: Changes) -> None:
        if self.can_draw and self.key in changes.targets:
            self.place_widgets(self.size.width, self.size.height)
        super().update_fleet(changes)

    def action_next_signal(self) -> None:
        self._step(1)

    def action_previous_signal(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self._order:
            return
        self._place = (self._place + by) % len(self._order)
        self._chosen = True
        self.draw_body(None)

    def action_explore(self) -> None:
        if self._order:
            self.program.open_chart(self.key, self.chosen)

    def action_why(self) -> None:
        self.program.open_why(self.key)

    def action_copy(self) -> None:
        if self.target is not None:
            self.program.copy(change_line(self.fleet, self.target).at(self.fleet.at))
