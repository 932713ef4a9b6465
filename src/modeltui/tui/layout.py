"""Where everything goes on a screen of a given size: pure arithmetic, tested without a terminal.

Growing never takes anything away: a larger screen shows the bands, columns and panes of a smaller one, in the
same reading order, and adds to them. `PRODUCT.md` names the sizes: 80×24, 120×36, 200×50, and a list below 80×24.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, Protocol, TypeVar

SMALL: Final = (80, 24)
MEDIUM: Final = (120, 36)
LARGE: Final = (200, 50)
_BESIDE_FROM: Final = 160
"""From this width the card stands beside the grid: below it, half of the screen would be empty."""
_CARD_ROWS: Final = 10
"""A title, six signals, the worst segment, the way back, and a blank between: a whole card."""
_CARD_EXTRA_ROWS: Final = 6
_CARD_ONE_LINE: Final = 1
_LEAST_CARD_ROWS: Final = 4
"""A title, the two worst signals and the way back."""
_LEAST_GRID_ROWS: Final = 4
"""The header and three targets: with fewer, the card gives way."""
_LEAST_CARD_WIDTH: Final = 60
_MOST_CARD_WIDTH: Final = 96
_JOURNAL_ROWS: Final = 4
_JOURNAL_FROM: Final = 30


class SizeClass(IntEnum):
    """The largest of the named sizes that fits."""

    COMPACT = 0
    """Below 80×24: a list and a card of one line."""
    SMALL = 1
    MEDIUM = 2
    LARGE = 3


class Box(NamedTuple):
    """A rectangle in cells; without area it is not shown."""

    x: int
    y: int
    width: int
    height: int

    @property
    def shown(self) -> bool:
        """Whether there is anything to draw in."""
        return self.width > 0 and self.height > 0


NOWHERE: Final = Box(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FleetLayout:
    """The bands of the fleet screen, in reading order: banner, grid, card, tail of the journal, keys."""

    size_class: SizeClass
    banner: Box
    grid: Box
    card: Box
    journal: Box
    keys: Box
    card_beside: bool
    """Beside the grid rather than below it."""
    card_rows: int
    """1: only the line that says what is wrong; else the whole card."""
    column_budget: int
    """Choose the columns for this width, not the grid's own: it never shrinks while the screen grows."""
    notice: str
    """What to tell the operator about the size; empty at 80×24 and above."""

    @property
    def boxes(self) -> dict[str, Box]:
        """Every band by name, in reading order."""
        return {
            "banner": self.banner,
            "grid": self.grid,
            "card": self.card,
            "journal": self.journal,
            "keys": self.keys,
        }


def size_class(width: int, height: int) -> SizeClass:
    """Return the largest named size that fits in `width` × `height`."""
    for name, (needed_width, needed_height) in (
        (SizeClass.LARGE, LARGE),
        (SizeClass.MEDIUM, MEDIUM),
        (SizeClass.SMALL, SMALL),
    ):
        if width >= needed_width and height >= needed_height:
            return name
    return SizeClass.COMPACT


def fleet_layout(width: int, height: int) -> FleetLayout:
    """Return the fleet screen for a terminal of `width` × `height` cells; any size, down to 1×1, has an answer.

    When rows run out the card shrinks to one line, then goes; then the keys; the banner and the grid stay last.
    """
    width, height = max(width, 0), max(height, 0)
    banner_rows = 1 if height >= 2 else 0
    key_rows = 1 if height >= 4 else 0
    between = height - banner_rows - key_rows
    beside = width >= _BESIDE_FROM and height >= SMALL[1]
    card_width = _card_width(width) if beside else width
    journal_rows = _journal_rows(height)
    card_rows = _card_rows(width, between - journal_rows, beside)
    banner = Box(0, 0, width, banner_rows) if banner_rows else NOWHERE
    keys = Box(0, height - key_rows, width, key_rows) if key_rows else NOWHERE
    journal = Box(0, height - key_rows - journal_rows, width, journal_rows) if journal_rows else NOWHERE
    bottom = height - key_rows - journal_rows
    if beside:
        grid = Box(0, banner_rows, width - card_width, bottom - banner_rows)
        card = Box(width - card_width, banner_rows, card_width, bottom - banner_rows)
    else:
        grid = Box(0, banner_rows, width, bottom - banner_rows - card_rows)
        card = Box(0, bottom - card_rows, width, card_rows) if card_rows else NOWHERE
    small = size_class(width, height)
    return FleetLayout(
        size_class=small,
        banner=banner,
        grid=grid,
        card=card,
        journal=journal,
        keys=keys,
        card_beside=beside,
        card_rows=card.height,
        column_budget=min(width, _BESIDE_FROM - _LEAST_CARD_WIDTH) if not beside else grid.width,
        notice=_notice(width, height, small),
    )


def _card_rows(width: int, available: int, beside: bool) -> int:
    if beside:
        return available
    half = available // 2
    if width >= SMALL[0] and half >= _LEAST_CARD_ROWS:
        # Half of the rows up to a whole card; of what a taller screen adds, half again, while it is of use.
        return min(half, _CARD_ROWS + min(_CARD_EXTRA_ROWS, max(0, available - 2 * _CARD_ROWS - 2) // 2))
    return _CARD_ONE_LINE if available - _CARD_ONE_LINE >= _LEAST_GRID_ROWS else 0


def _card_width(width: int) -> int:
    return min(_MOST_CARD_WIDTH, _LEAST_CARD_WIDTH + (width - _BESIDE_FROM) // 2)


def _journal_rows(height: int) -> int:
    # Each row beyond 30 goes here until it has its four, so that nothing else shrinks when it appears.
    return min(_JOURNAL_ROWS, max(0, height - _JOURNAL_FROM))


def _notice(width: int, height: int, small: SizeClass) -> str:
    if small is not SizeClass.COMPACT:
        return ""
    return f"{width}x{height}, all of it needs {SMALL[0]}x{SMALL[1]}"


class ColumnNeed(Protocol):
    """What the arithmetic needs to know of a column."""

    @property
    def width(self) -> int:
        """The least cells that it is worth showing with."""

    @property
    def priority(self) -> int:
        """The column with the highest number is the first to go; 0 stays to the end."""

    @property
    def grow(self) -> int:
        """Its share of the cells that are left over; 0 for a fixed width."""

    @property
    def most(self) -> int:
        """The width beyond which it does not grow; 0 for no limit."""


_Column = TypeVar("_Column", bound=ColumnNeed)


class Placed(NamedTuple):
    """Where one column is drawn."""

    place: int
    """Which of the given columns."""
    x: int
    width: int


def choose_columns(columns: Sequence[_Column], width: int, gap: int = 1, margin: int = 0) -> tuple[_Column, ...]:
    """Return the columns that fit whole in `width`, in their given order; the last one stays even if it does not."""
    kept = list(columns)
    while len(kept) > 1 and _needed(kept, gap, margin) > width:
        # Of equals the rightmost goes first.
        worst = max(range(len(kept)), key=lambda place: (kept[place].priority, place))
        del kept[worst]
    return tuple(kept)


def place_columns(columns: Sequence[_Column], width: int, gap: int = 1, margin: int = 0) -> tuple[Placed, ...]:
    """Return which columns are drawn, where and how wide: whole columns only, the spare cells shared by `grow`."""
    kept = choose_columns(columns, width, gap, margin)
    chosen = [index for index, column in enumerate(columns) if any(column is one for one in kept)]
    widths = [columns[index].width for index in chosen]
    spare = width - _needed(kept, gap, margin)
    if spare < 0 and widths:
        widths[-1] = max(0, widths[-1] + spare)
    elif spare > 0:
        _share(kept, widths, spare)
    placed: list[Placed] = []
    x = margin
    for index, cells in zip(chosen, widths, strict=True):
        if cells > 0:
            placed.append(Placed(index, x, cells))
        x += cells + gap
    return tuple(placed)


def _needed(columns: Sequence[ColumnNeed], gap: int, margin: int) -> int:
    return margin + sum(column.width for column in columns) + gap * (len(columns) - 1)


def _share(columns: Sequence[ColumnNeed], widths: list[int], spare: int) -> None:
    """Give the spare cells to the growing columns in proportion, none beyond its limit."""
    while spare > 0:
        open_ = [
            place
            for place, column in enumerate(columns)
            if column.grow > 0 and (column.most == 0 or widths[place] < column.most)
        ]
        if not open_:
            return
        total = sum(columns[place].grow for place in open_)
        before = spare
        for place in open_:
            column = columns[place]
            gift = min(max(1, before * column.grow // total), spare)
            if column.most:
                gift = min(gift, column.most - widths[place])
            widths[place] += gift
            spare -= gift
