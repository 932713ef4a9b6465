"""`CellGrid`: a table that paints only the cells that changed, whose cost grows with what is visible.

Rows are made when they come into view, from a sequence of keys and a function; 100 000 keys cost no more than 40.
The screen library's own `DataTable` repaints all of itself for one cell and measures every row before its first
frame; this compares text and tone with what is painted and refreshes the regions that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from modeltui.present.cells import Align, fit
from modeltui.present.glyphs import UNICODE, Glyphs, drawable_text, elide_middle
from modeltui.present.span import Span
from modeltui.present.tone import Tone
from modeltui.tui.layout import Placed, place_columns
from modeltui.tui.widgets.cursor import RowsWithCursor
from modeltui.tui.widgets.row_window import CursorMove

_MARGIN: Final = 1
"""The cell for the cursor's marker."""
_GAP: Final = 1
_THUMB: Final = 1
"""The cell at the right that shows where the visible rows are among all."""


Cell: TypeAlias = Span
"""What one cell says, and what it means."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the grid: a cell for each column, in their order."""

    key: Hashable
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the grid."""

    key: str
    title: str
    width: int
    """The least cells that it is worth showing with."""
    align: Align = "left"
    tone: Tone = Tone.TITLE
    """The tone of its heading."""
    priority: int = 0
    """When the screen is too narrow the highest number goes first; 0 stays to the end."""
    grow: int = 0
    """Its share of the cells that are left over."""
    most: int = 0
    """The width beyond which it does not grow; 0 for no limit."""
    elide_middle: bool = False
    """Cut long text in its middle: for names, which differ at their ends."""


_NOTHING: Final[tuple[Cell, ...]] = ()
_Painted: TypeAlias = tuple[tuple[tuple[str, Tone], ...], int, str]
"""One painted line: its fitted cells, how the cursor is drawn on it, and the cell of the thumb."""
_NO_CURSOR, _CURSOR, _CURSOR_BLURRED = 0, 1, 2
_BLANK: Final[_Painted] = ((), _NO_CURSOR, " ")


class CellGrid(RowsWithCursor, can_focus=True):
    """A live table with a cursor that belongs to a row's key, not to a place on the screen."""

    DEFAULT_CSS = """
    CellGrid { height: 1fr; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "open", show=False),
    ]

    class _OfRow(Message):
        def __init__(self, grid: CellGrid, key: Hashable) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> CellGrid:
            """The grid that says so."""
            return self.grid

    class Highlighted(_OfRow):
        """The cursor is on another row now."""

    class Selected(_OfRow):
        """Enter was pressed on a row."""

    class Vanished(_OfRow):
        """The row under the cursor is gone; the cursor is on its neighbour, if there is one."""

    def __init__(
        self,
        columns: Sequence[Column] = (),
        glyphs: Glyphs = UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - the screen library's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs, id=id, classes=classes)
        self._columns: tuple[Column, ...] = tuple(columns)
        self._render_row: Callable[[Hashable], Row] = _empty_row
        self._empty_words: tuple[str, Tone] = ("", Tone.MUTED)
        self._placed: tuple[Placed, ...] = ()
        self._placed_for: tuple[int, int] = (-1, -1)
        self._painted: list[_Painted] = []

    # What is shown

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, also those that do not fit at present."""
        return self._columns

    @property
    def visible_columns(self) -> tuple[str, ...]:
        """The keys of the columns that are drawn."""
        self._place()
        return tuple(self._columns[placed.place].key for placed in self._placed)

    @property
    def visible_keys(self) -> tuple[Hashable, ...]:
        """The keys of the rows on the screen: what is worth asking the backends about."""
        return tuple(self._rows.visible)

    @property
    def painted_lines(self) -> list[list[tuple[str, Tone]]]:
        """What is painted, line by line, headings first, without the cursor."""
        lines: list[list[tuple[str, Tone]]] = []
        for cells, _, _ in self._painted:
            line: list[tuple[str, Tone]] = []
            x = 0
            for (text, tone), placed in zip(cells, self._placed, strict=False):
                line += [(" " * (placed.x - x), Tone.PLAIN), (text, tone)]
                x = placed.x + placed.width
            lines.append(line)
        return lines

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; the cursor stays."""
        wanted = tuple(columns)
        if wanted != self._columns:
            self._columns = wanted
            self._placed_for = (-1, -1)
            # Not compared now: whoever changes the columns is about to give rows that match them.
            self._painted.clear()
            self.refresh()

    def set_rows(
        self,
        keys: Sequence[Hashable],
        render: Callable[[Hashable], Row],
        empty: tuple[str, Tone] = ("", Tone.MUTED),
    ) -> None:
        """Show these rows in this order. `render` is called for visible keys only, again whenever they are compared.

        The cursor stays on its key wherever that is now; when the key is gone it takes the row that came into its
        place, and `Vanished` is posted. `empty` is shown, in its tone, while there are no rows.
        """
        before = self._rows.cursor_key
        self._render_row, self._empty_words = render, empty
        self._announce(self._rows.set_keys(keys), before)
        self._paint()

    def refresh_rows(self) -> None:
        """Compare the visible rows with what is painted: call this when their content may have changed."""
        self._paint()

    # The cursor

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if self._rows.keys:
            self.post_message(self.Selected(self, self._rows.cursor_key))

    def _go(self, place: int) -> None:
        before = self._rows.cursor_key
        self._announce(self._rows.go(place), before)
        self._paint()

    def _announce(self, move: CursorMove, before: Hashable) -> None:
        if move is CursorMove.VANISHED:
            self.post_message(self.Vanished(self, before))
        if move is not CursorMove.STAYED and self._rows.keys:
            self.post_message(self.Highlighted(self, self._rows.cursor_key))

    # Events

    def on_resize(self) -> None:
        """Place the columns anew; the cursor stays in view."""
        self._rows.set_page(self.size.height - self._heading)
        self._painted.clear()
        self._paint()

    # Painting

    @property
    def _heading(self) -> int:
        # A single line is worth more as the row under the cursor than as headings.
        return 1 if self.size.height > 1 else 0

    def _place(self) -> None:
        key = (self.size.width, _THUMB if self._rows.overflows else 0)
        if self._placed_for != key:
            self._placed_for = key
            self._placed = place_columns(self._columns, key[0] - key[1], _GAP, _MARGIN)
            self._painted.clear()

    def repaint_all(self) -> None:
        """Paint everything again, with the styles of now."""
        self._painted.clear()
        super().repaint_all()

    def _paint(self) -> None:
        """Find what differs from the painted lines, and refresh just that."""
        if not self.is_mounted or not self.size:
            return
        self._place()
        wanted = self._wanted()
        painted = self._painted
        self._painted = wanted
        if len(painted) != len(wanted):
            self.refresh()
            return
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(painted, wanted, strict=True)):
            if old != new:
                regions.extend(self._differences(y, old, new))
        if regions:
            self.refresh(*regions)

    def _differences(self, y: int, old: _Painted, new: _Painted) -> list[Region]:
        width = self.size.width
        if old[1] != new[1] or len(old[0]) != len(new[0]) or y < self._heading:
            return [Region(0, y, width, 1)]
        regions = [
            Region(placed.x, y, placed.width, 1)
            for placed, before, after in zip(self._placed, old[0], new[0], strict=False)
            if before != after
        ]
        if old[2] != new[2]:
            regions.append(Region(width - 1, y, 1, 1))
        return regions or [Region(0, y, width, 1)]

    def _wanted(self) -> list[_Painted]:
        height, rows = self.size.height, self._rows
        lines: list[_Painted] = [(self._header(), _NO_CURSOR, " ")] * self._heading
        if not rows.keys:
            lines.append((self._empty_line(), _NO_CURSOR, " "))
        thumb, cursor = rows.thumb, _CURSOR if self.has_focus else _CURSOR_BLURRED
        for line, key in enumerate(rows.visible):
            cells = self._fitted(self._render_row(key).cells)
            mark = self._glyphs.thumb if line in thumb else " "
            lines.append((cells, cursor if rows.top + line == rows.cursor else _NO_CURSOR, mark))
        lines.extend([_BLANK] * (height - len(lines)))
        return lines[:height]

    def _empty_line(self) -> tuple[tuple[str, Tone], ...]:
        text, tone = self._empty_words
        text = " " + drawable_text(text, self._glyphs)
        return ((fit(text, self.size.width, self._glyphs.ellipsis), tone),)

    def _header(self) -> tuple[tuple[str, Tone], ...]:
        return tuple(
            (
                fit(
                    drawable_text(self._columns[placed.place].title, self._glyphs),
                    placed.width,
                    self._glyphs.ellipsis,
                    self._columns[placed.place].align,
                ),
                self._columns[placed.place].tone,
            )
            for placed in self._placed
        )

    def _fitted(self, cells: tuple[Cell, ...]) -> tuple[tuple[str, Tone], ...]:
        glyphs, columns = self._glyphs, self._columns
        ellipsis, plain = glyphs.ellipsis, not glyphs.braille
        result: list[tuple[str, Tone]] = []
        for place, _, width in self._placed:
            if place >= len(cells):
                result.append((" " * width, Tone.PLAIN))
                continue
            cell, column = cells[place], columns[place]
            text = drawable_text(cell.text, glyphs) if plain else cell.text
            if column.elide_middle:
                text = elide_middle(text, width, glyphs)
            result.append((fit(text, width, ellipsis, column.align), cell.tone))
        return tuple(result)

    def render_line(self, y: int) -> Strip:
        """Return one painted line."""
        if not self._painted:
            self._place()
            self._painted = self._wanted()
        width = self.size.width
        if y >= len(self._painted):
            return Strip.blank(width, self.base_style)
        cells, cursor, thumb = self._painted[y]
        base, styles = self.base_style, self.tone_styles
        if y == self._heading and not self._rows.keys:
            return Strip([Segment(text, base + styles.style(tone)) for text, tone in cells], width)

        def style_of(tone: Tone) -> Style:
            style = styles.on_cursor(tone, cursor == _CURSOR) if cursor else styles.style(tone)
            return base + style

        gap_style = style_of(Tone.PLAIN)
        segments = [Segment(self._glyphs.cursor if cursor else " ", style_of(Tone.ACCENT) if cursor else gap_style)]
        x = _MARGIN
        for (text, tone), placed in zip(cells, self._placed, strict=False):
            if placed.x > x:
                segments.append(Segment(" " * (placed.x - x), gap_style))
            said = text.rstrip()
            segments.append(Segment(said, style_of(tone)))
            if len(said) < len(text):
                # Blanks carry no state: underlined or reversed they would look like a field to fill in.
                segments.append(Segment(" " * (len(text) - len(said)), gap_style))
            x = placed.x + placed.width
        if x < width:
            segments.append(Segment(" " * (width - x), gap_style))
        if thumb != " ":
            segments[-1] = Segment(" " * (width - 1 - x), gap_style)
            segments.append(Segment(thumb, base + styles.style(Tone.MUTED)))
        return Strip(segments, width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The header and every row."""
        return self.row_count + 1


def _empty_row(key: Hashable) -> Row:
    return Row(key, _NOTHING)
