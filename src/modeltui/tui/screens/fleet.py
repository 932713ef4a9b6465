"""What is broken? All targets, worst first, with the card of the one under the cursor."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key
from textual.timer import Timer

from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.health import Level
from modeltui.domain.names import Missing, TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.skew import skewed_environments
from modeltui.present import rows as row_keys
from modeltui.present.card import Card
from modeltui.present.cells import cell_width
from modeltui.present.changes import change_line
from modeltui.present.events import tail_lines
from modeltui.present.rows import TargetRow
from modeltui.present.span import Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import FLEET
from modeltui.tui.charts import signal_chart, worst_first
from modeltui.tui.detail_layout import charts_below
from modeltui.tui.frame import FrameRows
from modeltui.tui.layout import NOWHERE, Box, SizeClass, choose_columns, fleet_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row
from modeltui.tui.widgets.chart import Chart
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Prompt

_MOVES = frozenset({"up", "down", "j", "k", "pageup", "pagedown", "home", "end", "g", "G"})

MOST_CHARTS = 3
REST_SECONDS = 0.3
"""How long the cursor stays on a target before what changed there is asked for."""
_CARD_TEXT_ROWS = 13
"""What the longest usual card needs: charts must not move for a line that comes or goes."""
_SIX = 6
"""Signals that have a column at 80 cells."""


class FleetScreen(Board):
    """The first screen: one look tells what hurts."""

    NAME = FLEET
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(FLEET)

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self._keys: list[TargetKey] = []
        self._chosen = False
        """Until somebody moves it, the cursor stays on the worst; then it stays on its target."""
        self._columns: tuple[str, ...] = ()
        self._resting: tuple[object, ...] | None = None
        """The target under the cursor as it was when what changed was asked for, or is about to be."""
        self._rests: Timer | None = None

    def forget(self) -> None:
        """Start over: another context's fleet has another worst."""
        self.filter_text, self._keys, self._chosen, self._resting = "", [], False, None

    def compose_body(self) -> ComposeResult:
        yield CellGrid(glyphs=self.glyphs, id="grid")
        yield StyledLines(glyphs=self.glyphs, id="card", classes="pane-lines")
        for place in range(MOST_CHARTS):
            yield Chart(glyphs=self.glyphs, id=f"chart{place}")
        yield StyledLines(glyphs=self.glyphs, id="tail", classes="pane-lines")

    # Where everything is

    def place_widgets(self, width: int, height: int) -> None:
        layout = fleet_layout(width, height)
        for name, box in layout.boxes.items():
            self._put("tail" if name == "journal" else name, box)
        self._boxes = layout
        card = layout.card
        # One empty column keeps it apart from the grid that it stands beside.
        self._card = Box(card.x + 1, card.y, card.width - 1, card.height) if layout.card_beside else card
        self._put("card", self._card)
        self._charts = charts_below(self._card, _CARD_TEXT_ROWS) if layout.card_beside else ()
        for place in range(MOST_CHARTS):
            box = self._charts[place] if place < len(self._charts) else NOWHERE
            self._put(f"chart{place}", box)
        self._choose_columns()

    def _choose_columns(self) -> None:
        layout = self._boxes
        wanted = fleet_columns(self.fleet, compact=layout.size_class is SizeClass.COMPACT)
        columns = choose_columns(wanted, layout.column_budget, margin=1)
        self.query_one("#grid", CellGrid).set_columns(columns)
        self._columns = tuple(column.key for column in columns)

    def remark(self) -> str:
        return self._boxes.notice

    # What is drawn

    def draw_body(self, changes: Changes | None) -> None:
        grid = self.query_one("#grid", CellGrid)
        if changes is None or changes.order or not self._keys:
            self._choose_columns()
            self._keys = _matching(self.fleet, self.filter_text)
            grid.set_rows(self._keys, self._row, empty=self._empty_words())
            if self._keys and not self._chosen:
                grid.move_to(self._keys[0])
        elif changes.targets:
            grid.refresh_rows()
        self._watch()
        self._rest()
        self._draw_card()
        self._draw_charts()
        self._draw_tail()

    def draw_ages(self) -> None:
        self.query_one("#grid", CellGrid).refresh_rows()
        self._draw_card()
        self.draw_keys()

    def _row(self, key: Hashable) -> Row:
        target = self.fleet.targets.get(cast(TargetKey, key))
        if target is None:
            return Row(key, ())
        row = TargetRow(self.fleet, target, self.glyphs)
        return Row(key, tuple(Cell(*row.cell(column)) for column in self._columns))

    def _draw_card(self) -> None:
        layout = self._boxes
        card = self.query_one("#card", StyledLines)
        target = self.cursor_target()
        if not layout.card.shown:
            return
        if target is None:
            card.update([])
            return
        width = self._card.width
        text_rows = self._charts[0].y - self._card.y if self._charts else self._card.height
        if layout.card_rows <= 1:
            card.update([Card(self.fleet, target, width, self.glyphs).one_line()])
            return
        suspect = self.program.top_suspect(target.key, self._draw_card_anew)
        card.update(Card(self.fleet, target, width, self.glyphs, suspect).lines(text_rows))

    def _draw_card_anew(self) -> None:
        if self.can_draw:
            self._draw_card()

    def _rest(self) -> None:
        """Ask what changed once the cursor rests: moving it must not hammer the registry."""
        target = self.cursor_target()
        asks = None
        if target is not None:
            versions = tuple(served.version for served in target.versions)
            asks = (target.key, target.level >= Level.WARN, target.stable, versions)
        if asks == self._resting:
            return
        self._resting = asks
        if self._rests is not None:
            self._rests.stop()
        self._rests = self.set_timer(REST_SECONDS, self._ask_suspect)

    def _ask_suspect(self) -> None:
        target = self.cursor_target()
        if target is not None:
            self.program.want_suspect(target.key)

    def _draw_charts(self) -> None:
        target = self.cursor_target()
        if target is None or not self._charts:
            return
        signals = worst_first(target, self.fleet.policy.signals)
        for place, _ in enumerate(self._charts[: len(signals)]):
            self.query_one(f"#chart{place}", Chart).show(signal_chart(self.fleet, target, signals[place]))

    def _draw_tail(self) -> None:
        box = self._boxes.journal
        if box.shown:
            lines = tail_lines(self.fleet, box.height - 1, self.glyphs)
            title = self.glyphs.rule("what changed and what was done, newest first", box.width)
            self.query_one("#tail", StyledLines).update([(Span(title, Tone.MUTED),), *lines])

    def _empty_words(self) -> tuple[str, Tone]:
        if self.filter_text:
            return f"nothing matches /{self.filter_text}: esc shows all {len(self.fleet.targets)}", Tone.UNKNOWN
        failed = [source for source in self.fleet.sources.values() if not isinstance(source.error, Missing)]
        if failed:
            return f"press s for what to do: {failed[0].error}", Tone.BREACH
        if all(not isinstance(source.answered_at, Missing) for source in self.fleet.sources.values()):
            return "the sources answer, and name no target: run 'modeltui doctor' for the labels", Tone.UNKNOWN
        return "connecting: nothing is known yet", Tone.UNKNOWN

    def _watch(self) -> None:
        keys = [cast(TargetKey, key) for key in self.query_one("#grid", CellGrid).visible_keys]
        self.program.watch_targets(keys)

    def frame_rows(self) -> FrameRows:
        """Return what is on the screen below row 1, for the first frame of the next start."""
        layout = self._boxes
        rows: list[list[tuple[str, str]]] = [
            [(text, tone.value) for text, tone in line] for line in self.query_one("#grid", CellGrid).painted_lines
        ]
        if layout.card.shown and not layout.card_beside:
            rows += [[(text, tone.value) for text, tone in line] for line in self.query_one("#card", StyledLines).lines]
        return rows

    # The cursor and the filter

    def cursor_target(self) -> Target | None:
        """Return the target under the cursor."""
        key = self.query_one("#grid", CellGrid).cursor_key
        return self.fleet.targets.get(key) if isinstance(key, TargetKey) else None

    @property
    def acting_target(self) -> TargetKey | None:
        target = self.cursor_target()
        return None if target is None else target.key

    def set_filter(self, text: str) -> None:
        """Show only targets whose text matches."""
        self.filter_text = text
        self._keys = []
        self.draw_body(None)

    def on_key(self, event: Key) -> None:
        if event.key in _MOVES:
            self._chosen = True

    def on_cell_grid_highlighted(self, message: CellGrid.Highlighted) -> None:
        message.stop()
        self._draw_card()
        self._draw_charts()
        self._watch()
        self._rest()
        self.draw_keys()

    def on_cell_grid_selected(self, message: CellGrid.Selected) -> None:
        message.stop()
        self.action_open_target()

    def action_open_target(self) -> None:
        target = self.cursor_target()
        if target is not None:
            self.program.open_target(target.key)

    def action_why(self) -> None:
        target = self.cursor_target()
        if target is not None:
            self.program.open_why(target.key)

    def action_filter(self) -> None:
        question = "filter: words in the model, environment, version or state"
        self.program.ask(
            Prompt(
                question,
                self.program.glyphs,
                on_text=self.set_filter,
                on_cancel=lambda: self.set_filter(""),
                text=self.filter_text,
            )
        )

    def action_copy(self) -> None:
        target = self.cursor_target()
        if target is not None:
            self.program.copy(change_line(self.fleet, target).at(self.fleet.at))

    def action_go_back(self) -> None:
        if self.filter_text:
            self.set_filter("")


def matches(fleet: Fleet, target: Target, text: str) -> bool:
    """Tell whether a target belongs to a filter: every word is in its name, its state or one of its versions."""
    name, state = str(target.key).lower(), target.level.name.lower()
    return all(
        word in name
        or word in state
        or any(word in version.version.lower() for version in target.versions)
        or (word in "skew" and bool(skewed_environments(fleet, target.key)))
        for word in text.lower().split()
    )


def _matching(fleet: Fleet, text: str) -> list[TargetKey]:
    """Return the targets that belong to a filter, worst first."""
    worst_first = fleet.worst_first()
    if not text:
        return [target.key for target in worst_first]
    return [target.key for target in worst_first if matches(fleet, target, text)]


def fleet_columns(fleet: Fleet, *, compact: bool) -> tuple[Column, ...]:
    """Return every column in order; the grid leaves out what does not fit, the highest priority number first."""
    model, environment, version = _longest_names(fleet)
    if compact:
        return (
            Column(row_keys.TARGET, "MODEL", 9, grow=3, most=model, elide_middle=True),
            Column(row_keys.ENVIRONMENT, "ENV", 7, grow=1, most=environment, priority=1),
            Column(row_keys.STATE, "STATE", 8, grow=1, most=18),
            Column(row_keys.SERVING, "LIVE", 6, grow=1, most=version, priority=2, elide_middle=True),
        )
    signals = [
        Column(str(signal.name), str(signal.title), 6, priority=1 if place < _SIX else 6)
        for place, signal in enumerate(fleet.policy.signals)
    ]
    # With more signals than columns the worst one may have none: then the state itself must be there.
    state = [Column(row_keys.STATE, "STATE", 9, grow=1, most=18)] if len(signals) > _SIX else []
    return (
        Column(row_keys.TARGET, "MODEL", 14, grow=40, most=model, elide_middle=True),
        Column(row_keys.ENVIRONMENT, "ENV", 7, grow=10, most=environment),
        *state,
        Column(row_keys.SERVING, "LIVE", 6, grow=10, most=version, elide_middle=True),
        Column(row_keys.CANDIDATE, "CAND", 6, grow=10, most=version, priority=2, elide_middle=True),
        *signals,
        Column(row_keys.STAGE, "SHARE", 5, priority=3),
        Column(row_keys.SINCE, "SINCE", 7, priority=4),
        Column(row_keys.TRAFFIC, "TRAFFIC", 7, priority=5),
        Column(row_keys.STAGE_TIME, "STAGE", 18, priority=7, grow=1, most=26),
        Column(row_keys.SKEW, "SKEW", 10, priority=6, grow=1, most=18),
    )


def _longest_names(fleet: Fleet) -> tuple[int, int, int]:
    """Return how wide the columns of models, environments and versions are worth being."""
    # Each name is measured once: a fleet of ten thousand has few environments and few versions.
    environments = {key.environment for key in fleet.targets}
    versions = {served.version for target in fleet.targets.values() for served in target.versions}
    model = max(map(cell_width, fleet.places), default=0)
    environment = max(map(cell_width, environments), default=0)
    version = max(map(cell_width, versions), default=0) + 1  # and a mark
    return _within(14, model, 40), _within(7, environment, 20), _within(8, version, 31)


def _within(least: int, width: int, most: int) -> int:
    return min(max(least, width), most)
