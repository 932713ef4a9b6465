"""Who did what, when, why? The record, newest first, with what is open above it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.journal.record import Record
from modeltui.domain.journal.view import NO_JOURNAL, JournalView
from modeltui.domain.names import Missing
from modeltui.domain.reduce import Changes
from modeltui.present.export_text import command_line, export_lines
from modeltui.present.journal_text import (
    chain_words,
    detail_lines,
    filtered,
    journal_row,
    open_lines,
)
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped
from modeltui.tui.actions import JOURNAL
from modeltui.tui.layout import Box
from modeltui.tui.local_zone import LOCAL
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Prompt

_WIDE = 100
_MOST_HEAD_ROWS = 6


class JournalScreen(Board):
    """The chain's state and what is open above, the records below."""

    NAME = JOURNAL
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(JOURNAL)

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self._records: dict[int, Record] = {}
        self._head: list[Line] = []

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="head", classes="pane-lines")
        yield CellGrid(glyphs=self.glyphs, id="grid")

    def on_mount(self) -> None:
        self.program.seen_sticky()
        super().on_mount()
        self.program.ask_waiting()

    @property
    def _view(self) -> JournalView:
        view = self.fleet.journal
        return NO_JOURNAL if isinstance(view, Missing) else view

    def place_widgets(self, width: int, height: int) -> None:
        self._head = self._head_lines(width)
        room = max(height - 2, 0)
        head = min(len(self._head), max(room - 3, 0))
        self._put("banner", Box(0, 0, width, 1))
        self._put("keys", Box(0, height - 1, width, 1))
        self._put("head", Box(0, 1, width, head))
        self._put("grid", Box(0, 1 + head, width, room - head))

    def draw_body(self, changes: Changes | None) -> None:
        if changes is not None and not changes.journal:
            self._draw_head()
            return
        records = filtered(self._view.records, self.filter_text)
        self._records = {record.seq: record for record in records}
        self._draw_head()
        grid = self.query_one("#grid", CellGrid)
        grid.set_columns(self._columns())
        grid.set_rows(list(self._records), self._row, empty=self._empty_words())

    def draw_ages(self) -> None:
        self._draw_head()

    def _draw_head(self) -> None:
        lines = self._head_lines(self.size.width)
        if len(lines) != len(self._head):
            self.place_widgets(self.size.width, self.size.height)
        self.query_one("#head", StyledLines).update(lines)

    def _head_lines(self, width: int) -> list[Line]:
        if isinstance(self.fleet.journal, Missing):
            return [(Span(" nobody keeps or reads a journal in this context", Tone.UNKNOWN),)]
        view, now = self.fleet.journal, self.fleet.at
        says, tone = chain_words(view)
        lines: list[Line] = [(Span(f" {says}", tone),)]
        lines += open_lines(view, now, self.glyphs)
        lines += self.program.waiting_approvals()
        rows = [row for line in lines for row in wrapped(line, width, 4)]
        if len(rows) > _MOST_HEAD_ROWS:
            left = len(rows) - _MOST_HEAD_ROWS + 1
            rows[_MOST_HEAD_ROWS - 1 :] = [(Span(f" and {left} more rows: 'modeltui journal list'", Tone.WARN),)]
        return rows

    def _columns(self) -> tuple[Column, ...]:
        wide = self.size.width >= _WIDE
        return (
            Column("time", "TIME", 9),
            *([Column("who", "WHO", 10, grow=1, most=24)] if wide else []),
            Column("target", "TARGET", 16, grow=2, most=40, elide_middle=True),
            Column("what", "WHAT", 24, grow=10, most=200),
            *([] if wide else [Column("who", "WHO", 8, grow=1, most=16, priority=1)]),
            Column("seq", "SEQ", 6, priority=2),
        )

    def _row(self, key: Hashable) -> Row:
        row = journal_row(self._records[cast(int, key)])
        cells = {
            "time": Cell(row.time, Tone.MUTED),
            "who": Cell(row.who, Tone.PLAIN),
            "target": Cell(row.target, Tone.PLAIN),
            "what": Cell(row.what, row.tone),
            "seq": Cell(row.seq, Tone.MUTED),
        }
        grid = self.query_one("#grid", CellGrid)
        return Row(key, tuple(cells[column.key] for column in grid.columns))

    def _empty_words(self) -> tuple[str, Tone]:
        view = self._view
        if self.filter_text:
            return f"nothing matches /{self.filter_text}: esc shows all {len(view.records)}", Tone.UNKNOWN
        if not isinstance(view.error, Missing):
            return "the journal cannot be read", Tone.BREACH
        if isinstance(view.read_at, Missing):
            return "the journal has not been read yet", Tone.UNKNOWN
        return "nothing is recorded yet", Tone.UNKNOWN

    def remark(self) -> str:
        return f"/{self.filter_text}: {len(self._records)} of {len(self._view.records)}" if self.filter_text else ""

    # The cursor and the filter

    def _cursor_record(self) -> Record | None:
        key = self.query_one("#grid", CellGrid).cursor_key
        return None if key is None else self._records.get(cast(int, key))

    def on_cell_grid_selected(self, message: CellGrid.Selected) -> None:
        message.stop()
        self.action_open_record()

    def on_cell_grid_highlighted(self, message: CellGrid.Highlighted) -> None:
        message.stop()

    def action_open_record(self) -> None:
        record = self._cursor_record()
        if record is None or self.program.reopen(record.entry.plan_id):
            return
        self.program.show_text(lambda _: detail_lines(record, self.glyphs, LOCAL))

    def set_filter(self, text: str) -> None:
        """Show only records whose text matches."""
        self.filter_text = text
        self.draw_body(None)
        self.draw_keys()

    def action_filter(self) -> None:
        self.program.ask(
            Prompt(
                "filter: words in who, target, what",
                self.glyphs,
                on_text=self.set_filter,
                on_cancel=lambda: self.set_filter(""),
                text=self.filter_text,
            )
        )

    def action_as_of(self) -> None:
        self.program.ask_as_of()

    def action_export(self) -> None:
        options = (*self.program.started_with, "--context", str(self.fleet.context.name))
        whole = f"{command_line(options, 'journal', 'export')} > journal.jsonl"
        lines = export_lines("the record", [whole, command_line(options, "journal", "verify")])
        self.program.show_text(lambda _: lines)

    def action_go_back(self) -> None:
        if self.filter_text:
            self.set_filter("")
        else:
            self.program.go_back()
