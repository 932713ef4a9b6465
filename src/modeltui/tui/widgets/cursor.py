"""What every list of rows does alike: its cursor belongs to a row's key, and goes where keys and wheel send it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.tui.widgets.row_window import RowWindow
from modeltui.tui.widgets.toned import TonedWidget

_ROWS_PER_NOTCH = 3


class RowsWithCursor(TonedWidget):
    """Rows, a window on them and the cursor; who inherits paints them, and says what a move means."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "first", "first", show=False),
        Binding("end,G", "last", "last", show=False),
    ]

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - the screen library's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs, id=id, classes=classes)
        self._rows = RowWindow()

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row under the cursor; None while there are no rows."""
        return self._rows.cursor_key if self._rows.keys else None

    @property
    def row_count(self) -> int:
        """How many rows there are, seen or not."""
        return len(self._rows.keys)

    @property
    def position(self) -> tuple[int, int, int]:
        """The first and last visible row, counted from 1, and how many there are."""
        return self._rows.position

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row of `key`; False when there is no such row."""
        place = self._rows.place_of(key)
        if place >= 0:
            self._go(place)
        return place >= 0

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._rows.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by so many screens."""
        self._go(self._rows.cursor + by * max(1, self._rows.page - 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._go(self.row_count - 1)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor as the one that keys move, or as a mere mark."""
        super().watch_has_focus(has_focus)
        self._paint()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the pointer is; only when the mouse was asked for."""
        place = event.y - self._heading + self._rows.top
        if event.y >= self._heading and place < self.row_count:
            self._go(place)

    def on_mouse_scroll_down(self) -> None:
        """Move down; the cursor goes along, so that it is always in view."""
        self.action_move(_ROWS_PER_NOTCH)

    def on_mouse_scroll_up(self) -> None:
        """Move up."""
        self.action_move(-_ROWS_PER_NOTCH)

    @property
    def _heading(self) -> int:
        """How many lines stand above the first row."""
        return 0

    def _go(self, place: int) -> None:
        """Put the cursor on a row, or the nearest there is, and say so."""
        raise NotImplementedError

    def _paint(self) -> None:
        """Find what differs from the painted lines, and refresh just that."""
        raise NotImplementedError
