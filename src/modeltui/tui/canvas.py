"""What the terminal should show, what it shows already, and the bytes between the two.

Nothing here knows the framework: a canvas is painted cell by cell and asked for the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from modeltui.tui.cells import WIDE_TAIL, advances_alike
from modeltui.tui.pens import PLAIN, Pen, sgr_between

_LONGEST_REPEATED_GAP = 3
"""Unchanged cells that are sent again rather than skipped: `ESC[4C` would be four bytes."""


class _Row:
    """One row: wanted and shown text and pens. None is a cell that nobody painted, or that nobody knows."""

    __slots__ = ("shown_pens", "shown_text", "wanted_pens", "wanted_text")

    def __init__(self, width: int) -> None:
        self.wanted_text: list[str | None] = [None] * width
        self.wanted_pens: list[Pen] = [PLAIN] * width
        self.shown_text: list[str | None] = [None] * width
        self.shown_pens: list[Pen] = [PLAIN] * width

    def changed_columns(self) -> list[int]:
        """Return the columns whose wanted cell differs from the shown one, ascending."""
        if self.wanted_text == self.shown_text and self.wanted_pens == self.shown_pens:
            return []
        columns = zip(self.wanted_text, self.shown_text, self.wanted_pens, self.shown_pens, strict=True)
        return [
            column
            for column, (text, old_text, pen, old_pen) in enumerate(columns)
            if text is not None and (text != old_text or pen != old_pen)
        ]

    def mark_shown(self) -> None:
        """Record that the terminal now shows what is wanted."""
        self.shown_text[:] = self.wanted_text
        self.shown_pens[:] = self.wanted_pens


class Canvas:
    """A screenful of cells that yields only its differences.

    Equal pens should be the same object: comparing them is then a matter of identity.
    """

    __slots__ = ("_pen_known", "_rows", "_touched", "height", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [_Row(width) for _ in range(height)]
        self._touched: set[int] = set()
        self._pen_known = False

    @property
    def has_changes(self) -> bool:
        """Whether a row was painted since the last difference: it may still turn out equal."""
        return bool(self._touched)

    def forget(self) -> None:
        """Assume nothing about the terminal any more: the next difference paints every cell."""
        for row in self._rows:
            row.shown_text[:] = [None] * self.width
        self._touched.update(range(self.height))
        self._pen_known = False

    def forget_painted(self) -> None:
        """Assume nothing about the rows painted since the last difference: they are sent whole."""
        for y in self._touched:
            self._rows[y].shown_text[:] = [None] * self.width

    def paint(self, x: int, y: int, cells: Sequence[str], pen: Pen) -> None:
        """Want `cells` from column `x` of row `y` on; what falls outside the screen is cut off.

        Half a wide character, left by an edge of what is painted, becomes a space.
        """
        if x < 0:
            cells, x = cells[-x:], 0
        end = min(x + len(cells), self.width)
        if not 0 <= y < self.height or end <= x:
            return
        row = self._rows[y]
        text = row.wanted_text
        if text[x] == WIDE_TAIL:
            text[x - 1] = " "
        if end < self.width and text[end] == WIDE_TAIL:
            text[end] = " "
        text[x:end] = cells[: end - x]
        row.wanted_pens[x:end] = [pen] * (end - x)
        if text[x] == WIDE_TAIL:
            text[x] = " "
        if end - x < len(cells) and cells[end - x] == WIDE_TAIL:
            text[end - 1] = " "
        self._touched.add(y)

    def difference(self) -> str:
        """Return the sequence that makes the terminal show what is wanted, and assume that it is sent.

        It starts and ends with a plain pen and places the cursor itself; it is empty when nothing differs.
        """
        writer = _Writer(self._pen_known)
        for y in sorted(self._touched):
            row = self._rows[y]
            columns = row.changed_columns()
            if columns:
                _write_row(writer, y, row, columns)
                row.mark_shown()
        self._touched.clear()
        self._pen_known = True
        return writer.finish()


class _Writer:
    """Collects a frame, knowing where the cursor is and how the pen looks."""

    __slots__ = ("column", "parts", "pen")

    def __init__(self, pen_known: bool) -> None:
        self.parts: list[str] = []
        self.pen: Pen | None = PLAIN if pen_known else None
        self.column = -1
        """Where the cursor is in the current row; -1 when it is elsewhere or not known."""

    def finish(self) -> str:
        if self.parts and self.pen != PLAIN:
            self.parts.append("\x1b[m")
        return "".join(self.parts)

    def write(self, text: str, pen: Pen, cells: int) -> None:
        if pen is not self.pen:
            if pen != self.pen:
                self.parts.append(sgr_between(self.pen, pen))
            self.pen = pen
        self.parts.append(text)
        self.column = self.column + cells if advances_alike(text) else -1


def _write_row(writer: _Writer, y: int, row: _Row, columns: list[int]) -> None:
    """Write the changed columns of a row, skipping what is shown already."""
    text, pens = row.wanted_text, row.wanted_pens
    width = len(text)
    writer.column = -1
    for column in columns:
        if text[column] == WIDE_TAIL:
            continue  # its head has changed too: both halves always get the same pen and come together
        _move(writer, y, row, column)
        tail = column + 1 < width and text[column + 1] == WIDE_TAIL
        writer.write(text[column] or " ", pens[column], 2 if tail else 1)
        if writer.column >= width:
            writer.column = -1  # terminals differ on where the cursor waits after the last column


def _move(writer: _Writer, y: int, row: _Row, column: int) -> None:
    """Bring the cursor to `column`, by the shortest way."""
    gap = column - writer.column
    if writer.column < 0 or gap < 0:
        writer.parts.append(f"\x1b[{y + 1};{column + 1}H")
    elif gap > _LONGEST_REPEATED_GAP or not _repeatable(row, writer, column):
        if gap:
            writer.parts.append(f"\x1b[{gap}C" if gap > 1 else "\x1b[C")
    else:
        writer.parts.extend(cell or " " for cell in row.wanted_text[writer.column : column])
    writer.column = column


def _repeatable(row: _Row, writer: _Writer, column: int) -> bool:
    """Tell whether the cells up to `column` can be sent again with the pen as it is."""
    gap = range(writer.column, column)
    return all(row.wanted_pens[x] == writer.pen and (row.wanted_text[x] or "\x80") < "\x7f" for x in gap)
