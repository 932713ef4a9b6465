"""Where does it come from? One version, what went into it, what came of it, and who serves it."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.ancestry import ancestry
from modeltui.domain.fleet import VersionKey
from modeltui.domain.names import TargetKey, VersionId
from modeltui.domain.reduce import Changes
from modeltui.domain.version import version_order
from modeltui.present.compare_text import version_note
from modeltui.present.export_text import command_line, export_lines
from modeltui.present.lineage_text import LineagePage, RowKey, warning_spans
from modeltui.present.span import Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import LINEAGE
from modeltui.tui.comparing import Subject
from modeltui.tui.detail_layout import compare_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Prompt
from modeltui.tui.widgets.row_list import RowList

_MOST_KIN = 12
"""Parents that are read by themselves as soon as they are known."""


class LineageScreen(Board):
    """One version at a time; enter on another goes there, esc comes back."""

    NAME = LINEAGE
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(LINEAGE)

    def __init__(self, key: VersionKey, target: TargetKey | None) -> None:
        super().__init__()
        self.key = key
        self._target = target
        self._been: list[tuple[VersionKey, RowKey | None]] = []
        """Where esc leads, newest last, with the row that was left."""
        self._opened: frozenset[str] = frozenset()
        self.filter_text = ""
        self._page: LineagePage | None = None
        self._asked: set[VersionKey] = set()
        """Asked for once: who could not say it is not asked again with every answer."""

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="title")
        yield RowList(glyphs=self.glyphs, id="grid")

    def on_mount(self) -> None:
        self._ask()
        super().on_mount()

    @property
    def looked_at(self) -> TargetKey | None:
        if self._target is not None and self._target.model == self.key[0]:
            return self._target
        return next((target.key for target in self.fleet.environments_of(self.key[0])), None)

    @property
    def looked_at_version(self) -> VersionKey:
        """Return the version that is shown."""
        return self.key

    def place_widgets(self, width: int, height: int) -> None:
        for name, box in compare_layout(width, height).items():
            self._put(name, box)

    def _ask(self, *, again: bool = False) -> None:
        self._asked.add(self.key)
        self.program.want_provenance(*self.key, again=again)
        self.program.want_versions(self.key[0])

    def ask_again(self) -> None:
        self._asked.clear()
        self._ask(again=True)
        self.draw_body(None)

    def draw_body(self, changes: Changes | None) -> None:
        if changes is not None and not (changes.details or changes.order or changes.targets):
            return
        found = ancestry(self.fleet, *self.key)
        for relative in found.parents[:_MOST_KIN]:
            if not relative.is_read and isinstance(relative.key, tuple) and relative.key not in self._asked:
                self._asked.add(relative.key)
                self.program.want_provenance(*relative.key)
        width, height = max(self.size.width - 1, 1), max(self.size.height - 3, 1)
        page = LineagePage(found, self.fleet.at, width, self.glyphs, self._opened, text=self.filter_text, rows=height)
        self._page = page
        self.query_one("#grid", RowList).set_rows(page.keys, lambda key: page.line(cast(RowKey, key)))
        model, version = self.key
        note = version_note(self.fleet, self.looked_at, version)
        way = f"  from {' '.join(self._been[-1][0])}: esc" if self._been else ""
        self.query_one("#title", StyledLines).update(
            [
                (
                    Span(f" {model} {version}", Tone.STRONG),
                    Span(f" {note}" if note else ""),
                    *warning_spans(found, self.glyphs),
                    Span(way, Tone.MUTED),
                )
            ]
        )
        self.draw_keys()

    def draw_ages(self) -> None:
        """Nothing here grows old fast enough to be drawn anew."""

    def remark(self) -> str:
        if self.filter_text:
            return f"/{self.filter_text}"
        first, last, count = self.query_one("#grid", RowList).position
        return f"rows {first} to {last} of {count}" if first > 1 or last < count else ""

    def on_row_list_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.draw_keys()

    def on_row_list_selected(self, message: RowList.Selected) -> None:
        message.stop()
        self.action_open_origin()

    def _cursor(self) -> RowKey | None:
        return cast("RowKey | None", self.query_one("#grid", RowList).cursor_key)

    def action_open_origin(self) -> None:
        """Go where the row under the cursor leads, or show all of it."""
        key, page = self._cursor(), self._page
        if key is None or page is None:
            return
        goes = page.goes_to(key)
        if isinstance(goes, TargetKey):
            self.program.open_target(goes)
        elif goes is not None:
            self._been.append((self.key, key))
            self._go(goes)
        elif page.opens(key):
            self._opened ^= {page.opens(key)}
            self.draw_body(None)

    def _go(self, key: VersionKey, row: RowKey | None = None) -> None:
        self.key = key
        self._opened, self.filter_text = frozenset(), ""
        self._ask()
        self.draw_body(None)
        if self._page is not None and self._page.keys:
            grid = self.query_one("#grid", RowList)
            if row is None or not grid.move_to(row):
                grid.move_to(self._page.keys[0])

    def action_next_version(self) -> None:
        self._step(1)

    def action_previous_version(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        model, version = self.key
        known = sorted({*Subject(model, None).known_versions(self.fleet), version}, key=version_order)
        place = known.index(version) + by
        if 0 <= place < len(known):
            self._go((model, VersionId(known[place])))
            return
        self.program.say(f"no {'newer' if by > 0 else 'older'} version of {model} is known", Tone.UNKNOWN)

    def set_filter(self, text: str) -> None:
        """Show only what holds a text."""
        self.filter_text = text
        self.draw_body(None)

    def action_filter(self) -> None:
        question = "filter: words in a fact, its source or a relative"
        cancel = partial(self.set_filter, "")
        self.program.ask(
            Prompt(question, self.glyphs, on_text=self.set_filter, on_cancel=cancel, text=self.filter_text)
        )

    def action_copy(self) -> None:
        key = self._cursor()
        if key is not None and self._page is not None:
            self.program.copy(self._page.copied(key))

    def action_export(self) -> None:
        options = (*self.program.started_with, "--context", str(self.fleet.context.name))
        command = command_line(options, "lineage", *self.key)
        lines = export_lines("a lineage", [f"{command} --json > lineage.json", f"{command} --all > lineage.txt"])
        self.program.show_text(lambda _: lines)

    def action_go_back(self) -> None:
        if self.filter_text:
            self.set_filter("")
        elif self._been:
            key, row = self._been.pop()
            self._go(key, row)
        else:
            self.program.go_back()
