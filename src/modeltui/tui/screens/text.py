"""A page of lines to read: help, evidence, sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from modeltui.domain.reduce import Changes
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import hanging_indent, wrapped
from modeltui.tui.actions import TEXT, Action, valid_on
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.lines import ScrollingLines


class TextScreen(Board):
    """Lines that are made anew with each snapshot, so that an open page does not grow old."""

    NAME = TEXT
    AUTO_FOCUS = "#text"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TEXT)

    def __init__(self, make: Callable[[int], list[Line]]) -> None:
        super().__init__()
        self._make = make

    def compose_body(self) -> ComposeResult:
        yield ScrollingLines(glyphs=self.glyphs, id="text")

    def draw_body(self, changes: Changes | None) -> None:
        width = max(self.size.width - 2, 1)
        rows = [
            row for line in self._make(width) for row in wrapped(line, width, min(hanging_indent(line), width // 2))
        ]
        self.query_one("#text", ScrollingLines).update([(Span(" "), *row) for row in rows])
        self.draw_keys()

    def draw_ages(self) -> None:
        self.draw_body(None)

    def remark(self) -> str:
        """Return which lines are shown, where not all are."""
        first, last, count = self.query_one("#text", ScrollingLines).position
        is_laid_out = last > 0
        is_whole = first == 1 and last == count
        return f"up down: line {first} to {last} of {count}" if is_laid_out and not is_whole else ""

    def on_scrolling_lines_scrolled(self, message: ScrollingLines.Scrolled) -> None:
        message.stop()
        self.draw_keys()


def help_lines(
    screen: str, glyphs: Glyphs, notice: str = "", disabled: Callable[[Action], str] = lambda _: ""
) -> list[Line]:
    """Return every key that is valid on a screen, from the table of actions, and what the marks mean."""
    lines: list[Line] = [(Span(f"Window  {notice}", Tone.WARN),)] if notice else []
    lines.append((Span("Keys", Tone.TITLE),))
    said = ""
    for action in valid_on(screen):
        keys = ", ".join([action.shown] if action.shown else action.keys) or f":{action.words}"
        why_not = disabled(action)
        if why_not and why_not != said:
            lines.append((Span(f"  {'':<12}"), Span(f"not now: {why_not}", Tone.WARN)))
        said = why_not
        shown = f"({keys})" if why_not else keys
        lines.append((Span(f"  {shown:<12}", Tone.MUTED if why_not else Tone.ACCENT), Span(action.help)))
    lines += [
        (Span(f"  {'up down':<12}", Tone.ACCENT), Span("Move; also j k, page up, page down, home, end.")),
        (),
        (Span("States", Tone.TITLE), Span("  a mark and a word or a number, never colour alone", Tone.MUTED)),
        (Span("  ok       ", Tone.OK), Span("measured, enough samples, within its limits")),
        (Span("  breach   ", Tone.BREACH), Span("outside a limit that hurts people, for long enough")),
        (Span("  warn     ", Tone.WARN), Span("outside a limit, not yet for long enough, or of less weight")),
        (Span("  stale    ", Tone.STALE), Span("was true; the newest sample is too old to act on")),
        (Span("  ? none   ", Tone.UNKNOWN), Span("no requests; '? few': too few samples for a judgement")),
        (Span("  a number ", Tone.MUTED), Span("measured, and no limit or other version to judge it by")),
        (
            Span("  LIVE     ", Tone.PLAIN),
            Span("the version seen to answer most requests; with '?' intended, not seen"),
        ),
        (Span(f"  LIVE {glyphs.skew}   ", Tone.WARN), Span("a sibling environment trusts another version")),
        (),
        (Span("Small letters never change anything; A and R show a plan first, and the guard asks.", Tone.MUTED),),
    ]
    return lines
