"""`RowList`: lines with a cursor, drawn when they come into view; thousands cost no more than a screenful."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.widgets.cursor import RowsWithCursor
from modeltui.tui.widgets.lines import changed_columns, fit_line
from modeltui.tui.widgets.row_window import CursorMove

_Painted = tuple[tuple[Span, ...], int]
"""A fitted line, and how the cursor is drawn on it."""
_NO_CURSOR, _CURSOR, _CURSOR_BLURRED = 0, 1, 2


class RowList(RowsWithCursor, can_focus=True):
    """Rows of any shape with a cursor that belongs to a row's key, not to a place; each begins with a blank."""

    DEFAULT_CSS = """
    RowList { height: 1fr; width: 1fr; background: $background; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "select", "open", show=False),
    ]

    class Highlighted(Message):
        """The cursor is on another row now, or other rows are in view."""

    class Selected(Message):
        """Enter was pressed on a row."""

        def __init__(self, key: Hashable) -> None:
            super().__init__()
            self.key = key

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:  # noqa: A002 - the library's name
        super().__init__(glyphs, id=id)
        self._render_row: Callable[[Hashable], Line] = _empty_line
        self._painted: list[_Painted] = []
        self._marks: list[str] = []

    def set_rows(self, keys: Sequence[Hashable], render: Callable[[Hashable], Line]) -> None:
        """Show these rows in this order; `render` is called for visible keys only. The cursor stays on its key."""
        self._render_row = render
        self._rows.set_keys(keys)
        self._paint()

    def show_below(self, count: int) -> None:
        """Scroll so that as many as possible of the `count` rows below the cursor are in view, and the cursor stays."""
        rows = self._rows
        last = min(rows.cursor + count, len(rows.keys) - 1)
        rows.top = max(0, min(max(rows.top, last - rows.page + 1), rows.cursor))
        self._paint()

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if self._rows.keys:
            self.post_message(self.Selected(self._rows.cursor_key))

    def _go(self, place: int) -> None:
        if self._rows.go(place) is not CursorMove.STAYED:
            self.post_message(self.Highlighted())
        self._paint()

    def on_resize(self) -> None:
        """Cut the rows anew; the cursor stays in view."""
        before = self._rows.position
        self._rows.set_page(self.size.height)
        if self._rows.position != before:
            self.post_message(self.Highlighted())
        self._painted.clear()
        self._paint()

    def repaint_all(self) -> None:
        """Paint everything again, with the styles of now."""
        self._painted.clear()
        super().repaint_all()

    def _wanted(self) -> tuple[list[_Painted], list[str]]:
        (width, height), rows = self.size, self._rows
        width -= 1  # the last cell shows where the visible rows are among all
        cursor = _CURSOR if self.has_focus else _CURSOR_BLURRED
        lines: list[_Painted] = [
            (
                fit_line(self._render_row(key), width, self._glyphs),
                cursor if rows.top + place == rows.cursor else _NO_CURSOR,
            )
            for place, key in enumerate(rows.visible)
        ]
        lines += [((Span(" " * width),), _NO_CURSOR)] * (height - len(lines))
        thumb = rows.thumb
        return lines, [self._glyphs.thumb if place in thumb else " " for place in range(len(lines))]

    def _paint(self) -> None:
        """Find what differs from the painted lines, and refresh just that."""
        if not self.is_mounted or not self.size:
            return
        wanted, marks = self._wanted()
        painted, self._painted = self._painted, wanted
        before, self._marks = self._marks, marks
        if len(painted) != len(wanted) or len(before) != len(marks):
            self.refresh()
            return
        regions = [
            Region(0, y, self.size.width, 1)
            if old[1] != new[1] or before[y] != marks[y]
            else Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(painted, wanted, strict=True))
            if old != new or before[y] != marks[y]
            for start, end in (changed_columns(old[0], new[0]),)
        ]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return one painted line."""
        if not self._painted:
            self._painted, self._marks = self._wanted()
        if y >= len(self._painted):
            return Strip.blank(self.size.width, self.base_style)
        line, cursor = self._painted[y]
        base, styles = self.base_style, self.tone_styles

        def style_of(tone: Tone) -> Style:
            return base + (styles.on_cursor(tone, cursor == _CURSOR) if cursor else styles.style(tone))

        segments: list[Segment] = []
        if cursor and line:
            segments.append(Segment(self._glyphs.cursor, style_of(Tone.ACCENT)))
            line = (line[0]._replace(text=line[0].text[1:]), *line[1:])
        for text, tone in line:
            # Blanks carry no state: underlined or reversed they would look like a field to fill in.
            said = text.strip(" ")
            first = text.index(said) if said else len(text)
            parts = (text[:first], Tone.PLAIN), (said, tone), (text[first + len(said) :], Tone.PLAIN)
            segments += [Segment(part, style_of(part_tone)) for part, part_tone in parts if part]
        segments.append(Segment(self._marks[y], base + styles.style(Tone.MUTED)))
        return Strip(segments, self.size.width)


def _empty_line(key: Hashable) -> Line:
    return ()
