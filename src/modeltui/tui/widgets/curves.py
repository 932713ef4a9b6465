"""Curves on a raster of dots or characters: where a series of points passes, column by column. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10, nan
from typing import Final, NamedTuple

from modeltui.domain.names import NoData
from modeltui.present.glyphs import LARGEST, SMALLEST_RANGE

Points = Sequence[tuple[float, "float | NoData"]]
"""Moments and values, ascending in time; a value that is no finite number is missing."""
Visible = list[tuple[float, float]]
"""The points in view; what is missing is `nan`, which is equal to nothing and costs no call to find."""

_DOTS_ACROSS: Final = 2
_DOTS_DOWN: Final = 4
_LEFT_DOTS: Final = (0x01, 0x02, 0x04, 0x40)
_RIGHT_DOTS: Final = (0x08, 0x10, 0x20, 0x80)
_FIRST_BRAILLE: Final = 0x2800


def _filled(dots: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """For a first and a last dot of one cell, the pattern with all between them."""
    return tuple(
        tuple(sum(dots[row] for row in range(first, last + 1)) for last in range(_DOTS_DOWN))
        for first in range(_DOTS_DOWN)
    )


_FILLED: Final = (_filled(_LEFT_DOTS), _filled(_RIGHT_DOTS))


class Window(NamedTuple):
    """The part of the plane that is drawn."""

    start: float
    end: float
    low: float
    high: float

    @property
    def is_flat(self) -> bool:
        """Whether there is no height to divide by: everything is drawn in the middle."""
        return not self.high - self.low > SMALLEST_RANGE


def in_view(points: Points, start: float, end: float) -> Visible:
    """Return the points from `start` to `end`, every missing value as `nan`."""
    return [
        (at, value) if value.__class__ is float and -LARGEST < value < LARGEST else (at, _number_or_nan(value))
        for at, value in points
        if start <= at <= end
    ]


def _number_or_nan(value: float | NoData) -> float:
    return float(value) if isinstance(value, int | float) and -LARGEST < value < LARGEST else nan


class Trace:
    """Which rows a curve passes in each column; 0 is at the top. `bottoms` is -1 where it passes none."""

    __slots__ = ("bottoms", "tops")

    def __init__(self, columns: int, rows: int) -> None:
        self.tops = [rows] * columns
        self.bottoms = [-1] * columns

    def mark(self, x: int, y1: float, y2: float) -> None:
        """Add the rows from `y1` to `y2`, in either order, to column `x`."""
        top, bottom = (int(y1 + 0.5), int(y2 + 0.5)) if y1 <= y2 else (int(y2 + 0.5), int(y1 + 0.5))
        if top < self.tops[x]:
            self.tops[x] = top
        if bottom > self.bottoms[x]:
            self.bottoms[x] = bottom

    def join(self, x1: int, y1: float, x2: int, y2: float) -> None:
        """Add a line: each column takes the rows from half a column before it to half a column after."""
        slope = (y2 - y1) / (x2 - x1)
        half = slope / 2
        mark = self.mark
        mark(x1, y1, y1 + half)
        y = y1
        for x in range(x1 + 1, x2):
            y += slope
            mark(x, y - half, y + half)
        mark(x2, y2 - half, y2)


def trace(points: Visible, window: Window, columns: int, rows: int, gap_after_seconds: float) -> Trace:
    """Return where the curve through `points` passes.

    Neighbouring points are joined by a line unless one is missing or they are further apart than
    `gap_after_seconds`: what was not measured is not drawn. What lies outside is drawn at the edge.
    """
    traced = Trace(columns, rows)
    start, end, low, high = window
    if end <= start or columns <= 0 or rows <= 0:
        return traced
    across, bottom = (columns - 1) / (end - start), rows - 1
    down, flat = (0.0, bottom / 2) if window.is_flat else (bottom / (high - low), 0.0)
    mark, join = traced.mark, traced.join
    before_at = before_y = 0.0
    before_x = -1
    for at, value in points:
        if value != value:  # `nan`
            before_x = -1
            continue
        x = int((at - start) * across + 0.5)
        y = (high - value) * down + flat
        if y < 0.0 or y > bottom:
            y = 0.0 if y < 0.0 else bottom
        if before_x < 0 or at - before_at > gap_after_seconds:
            mark(x, y, y)
        elif x == before_x:
            mark(x, before_y, y)
        else:
            join(before_x, before_y, x, y)
        before_at, before_x, before_y = at, x, y
    return traced


def braille_cells(
    points: Visible, window: Window, width: int, height: int, gap_after_seconds: float
) -> list[list[int]]:
    """Return the braille pattern (0 for none) of every cell of a `width` × `height` plot, row by row."""
    cells = [[0] * width for _ in range(height)]
    traced = trace(points, window, width * _DOTS_ACROSS, height * _DOTS_DOWN, gap_after_seconds)
    for column, (top, bottom) in enumerate(zip(traced.tops, traced.bottoms, strict=True)):
        if bottom < 0:
            continue
        x, filled = column >> 1, _FILLED[column & 1]
        first_row, last_row = top >> 2, bottom >> 2
        if first_row == last_row:
            cells[first_row][x] |= filled[top & 3][bottom & 3]
            continue
        cells[first_row][x] |= filled[top & 3][3]
        for row in range(first_row + 1, last_row):
            cells[row][x] |= filled[0][3]
        cells[last_row][x] |= filled[0][bottom & 3]
    return cells


BRAILLE: Final = tuple(chr(_FIRST_BRAILLE + pattern) for pattern in range(256))
"""The character of each pattern of dots."""


def nice_steps(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round values between `low` and `high`, at most `most` of them, evenly apart."""
    if not high - low > SMALLEST_RANGE or most < 1:
        return (low,)
    rough = (high - low) / most
    magnitude = 10.0 ** floor(log10(rough))
    step = next(size * magnitude for size in (1.0, 2.0, 2.5, 5.0, 10.0) if size * magnitude >= rough * 0.999)
    first = floor(low / step)
    values = (round((first + place) * step, 12) for place in range(most + 3))
    return tuple(value for value in values if low <= value <= high)[:most]
