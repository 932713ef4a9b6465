"""Which of many rows are on the screen, and which one the cursor is on: no drawing, no events."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum


class CursorMove(Enum):
    """What became of the cursor."""

    STAYED = "stayed"
    """On the same row, wherever that is now."""
    MOVED = "moved"
    """On another row, as asked."""
    VANISHED = "vanished"
    """Its row is gone: it is on the neighbour that came into its place, or nowhere."""


class RowWindow:
    """A window of `page` rows over a sequence of keys, with a cursor that holds on to its key."""

    __slots__ = ("cursor", "cursor_key", "keys", "page", "top")

    def __init__(self) -> None:
        self.keys: Sequence[Hashable] = ()
        self.page = 0
        """How many rows fit."""
        self.top = 0
        """The place of the first visible row."""
        self.cursor = 0
        """The place of the row under the cursor."""
        self.cursor_key: Hashable = None
        """Its key; kept while there are no rows, so that the cursor returns when they do."""

    def set_keys(self, keys: Sequence[Hashable]) -> CursorMove:
        """Take other rows, or the same in another order; the cursor stays on its key if that is still there."""
        had_rows = len(self.keys) > 0
        self.keys = keys
        if not keys:
            self.top = 0
            return CursorMove.VANISHED if had_rows else CursorMove.STAYED
        place = self.place_of(self.cursor_key)
        if place >= 0:
            self.cursor = place
            self.show_cursor()
            return CursorMove.STAYED if had_rows else CursorMove.MOVED
        self.cursor = min(self.cursor, len(keys) - 1) if had_rows else 0
        self.cursor_key = keys[self.cursor]
        self.show_cursor()
        return CursorMove.VANISHED if had_rows else CursorMove.MOVED

    def set_page(self, page: int) -> None:
        """Take another height; the cursor stays in view."""
        self.page = max(0, page)
        self.show_cursor()

    def go(self, place: int) -> CursorMove:
        """Put the cursor on the row at `place`, or on the nearest that exists."""
        if not self.keys:
            return CursorMove.STAYED
        place = max(0, min(place, len(self.keys) - 1))
        if place == self.cursor:
            return CursorMove.STAYED
        self.cursor, self.cursor_key = place, self.keys[place]
        self.show_cursor()
        return CursorMove.MOVED

    def place_of(self, key: Hashable) -> int:
        """Return where the row of `key` is, -1 when there is none."""
        # Mostly it has not moved, and a scan of 100 000 keys takes 1 ms: an index is not worth its upkeep.
        if self.cursor < len(self.keys) and self.keys[self.cursor] == key:
            return self.cursor
        try:
            return self.keys.index(key)
        except ValueError:
            return -1

    def show_cursor(self) -> None:
        """Move the window as little as it takes to have the cursor in it, and no blank rows at its end."""
        if self.page <= 0:
            return
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + self.page:
            self.top = self.cursor - self.page + 1
        self.top = max(0, min(self.top, len(self.keys) - self.page))

    @property
    def visible(self) -> Sequence[Hashable]:
        """The keys on the screen."""
        return self.keys[self.top : self.top + self.page]

    @property
    def overflows(self) -> bool:
        """Whether some rows are out of view."""
        return len(self.keys) > self.page

    @property
    def position(self) -> tuple[int, int, int]:
        """The first and last visible row, counted from 1, and how many there are."""
        count = len(self.keys)
        return min(self.top + 1, count), min(self.top + self.page, count), count

    @property
    def thumb(self) -> range:
        """The visible lines beside which a scroll bar's thumb stands; empty when all rows are in view."""
        count = len(self.keys)
        if count <= self.page or self.page <= 0:
            return range(0)
        size = max(1, self.page * self.page // count)
        first = round((self.page - size) * self.top / (count - self.page))
        return range(first, first + size)
