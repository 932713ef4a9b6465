"""Every glyph that is drawn, each with its ASCII twin; sparklines; and text that fits its cell.

No glyph stands alone: a state is always also a word. None is an emoji: terminals disagree on their width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeGuard

from modeltui.domain.names import NO_DATA, NoData
from modeltui.present import cells
from modeltui.present.cells import Align, cell_width, character_width
from modeltui.present.tone import Tone

__all__ = [
    "ASCII",
    "UNICODE",
    "Align",
    "Glyphs",
    "cell_width",
    "elide_apart",
    "elide_middle",
    "fit",
    "resample",
    "sparkline",
]

LARGEST: Final = 1e300
"""Beyond this a value is not drawn: the difference of two could overflow."""
SMALLEST_RANGE: Final = 1e-290
"""Below this all values are drawn as equal: dividing by their range could overflow."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One way to draw everything: `UNICODE`, or `ASCII` for terminals and fonts that have no more."""

    name: str
    # State marks. Each is one cell and differs from the others without colour.
    ok: str
    warn: str
    breach: str
    unknown: str
    """No data, or nothing to judge by."""
    stale: str
    """Was true; too old to act on."""
    missing: str
    """There is no such thing here: no candidate, no limit."""
    limit: str
    """Stands before a limit in a table."""
    skew: str
    """Another version serves in a sibling environment."""
    # Things that point.
    cursor: str
    up: str
    down: str
    right: str
    left: str
    both: str
    sorted_up: str
    sorted_down: str
    more_above: str
    more_below: str
    thumb: str
    """Where the visible rows are among all rows."""
    deploy: str
    """A version was put in service at this moment."""
    # Text.
    ellipsis: str
    separator: str
    bullet: str
    times: str
    # Lines.
    horizontal: str
    vertical: str
    corner_top_left: str
    corner_top_right: str
    corner_bottom_left: str
    corner_bottom_right: str
    tee_left: str
    tee_right: str
    cross: str
    tick: str
    """Where a label of the vertical axis meets the axis."""
    limit_line: str
    marker_line: str
    # Plots.
    levels: str
    """Heights of a sparkline, lowest first; the lowest is visible, so that only a gap is blank."""
    series_marks: str
    """One mark for each series of a chart, in order."""
    braille: bool
    """Whether curves may be drawn with braille patterns."""
    textual_border: str
    """The name of the border style of the screen library that matches."""

    def mark(self, tone: Tone) -> str:
        """Return the one-cell mark of a state; blank for a tone that is no state."""
        return {
            Tone.OK: self.ok,
            Tone.WARN: self.warn,
            Tone.BREACH: self.breach,
            Tone.UNKNOWN: self.unknown,
            Tone.STALE: self.stale,
        }.get(tone, " ")

    def rule(self, title: str, width: int) -> str:
        """Return a horizontal line of `width` cells that carries a title: `── credit-scorer ─────`."""
        if not title or width < 8:
            return self.horizontal * max(width, 0)
        shown = elide_middle(title, width - 6, self)
        head = f"{self.horizontal * 2} {shown} "
        return head + self.horizontal * (width - cell_width(head))


UNICODE: Final = Glyphs(
    name="unicode",
    ok="●",
    warn="▲",
    breach="✖",
    unknown="?",
    stale="~",
    missing="-",
    limit="⊣",
    skew="≠",
    cursor="▶",
    up="↑",
    down="↓",
    right="→",
    left="←",
    both="↔",
    sorted_up="▴",
    sorted_down="▾",
    more_above="↑",
    more_below="↓",
    thumb="▐",
    deploy="▼",
    ellipsis="…",
    separator="·",
    bullet="•",
    times="×",
    horizontal="─",
    vertical="│",
    corner_top_left="┌",
    corner_top_right="┐",
    corner_bottom_left="└",
    corner_bottom_right="┘",
    tee_left="├",
    tee_right="┤",
    cross="┼",
    tick="┤",
    limit_line="╌",
    marker_line="┊",
    levels="▁▂▃▄▅▆▇█",
    series_marks="■□◆◇",  # none is a state mark: a curve named ● would read as ok
    braille=True,
    textual_border="solid",
)

ASCII: Final = Glyphs(
    name="ascii",
    ok="o",
    warn="!",
    breach="X",
    unknown="?",
    stale="~",
    missing="-",
    limit="|",
    skew="#",
    cursor=">",
    up="^",
    down="v",
    right=">",
    left="<",
    both="=",
    sorted_up="^",
    sorted_down="v",
    more_above="^",
    more_below="v",
    thumb="|",
    deploy="V",
    ellipsis="..",
    separator="|",
    bullet="*",
    times="x",
    horizontal="-",
    vertical="|",
    corner_top_left="+",
    corner_top_right="+",
    corner_bottom_left="+",
    corner_bottom_right="+",
    tee_left="+",
    tee_right="+",
    cross="+",
    tick="+",
    limit_line="-",
    marker_line=":",
    levels="_.-=+*%#",
    series_marks="*+@&",
    braille=False,
    textual_border="ascii",
)


_ASCII_TWINS: Final = {
    **dict(zip(UNICODE.levels, ASCII.levels, strict=True)),
    **dict(zip(UNICODE.series_marks, ASCII.series_marks, strict=True)),
    **{
        getattr(UNICODE, field.name): getattr(ASCII, field.name)
        for field in fields(Glyphs)
        if field.type == "str" and len(getattr(UNICODE, field.name)) == 1 == len(getattr(ASCII, field.name))
    },
    "…": ".",
    **dict(zip("“”‘’", "\"\"''", strict=True)),
    "┬": "+",
    "┴": "+",
    "⢕": "#",
    "─": "-",
    "│": "|",
    "×": "x",
    "–": "-",
    "≥": ">",
    "≤": "<",
    "±": "~",
    "µ": "u",
}


def fit(text: str, width: int, glyphs: Glyphs = UNICODE, align: Align = "left") -> str:
    """Return `text` in exactly `width` cells: padded, or cut at its end with an ellipsis that says so."""
    return cells.fit(text, width, glyphs.ellipsis, align)


def elide_middle(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Return `text` in at most `width` cells, cut in its middle: names differ most at their two ends."""
    return cells.elide_middle(text, width, glyphs.ellipsis)


def elide_apart(texts: Sequence[str], width: int, glyphs: Glyphs = UNICODE) -> tuple[str, ...]:
    """Return each text in at most `width` cells, with one cut for all that keeps most of them distinct."""
    return cells.elide_apart(texts, width, glyphs.ellipsis)


def sparkline(
    values: Sequence[float | NoData],
    width: int,
    glyphs: Glyphs = UNICODE,
    low: float | NoData = NO_DATA,
    high: float | NoData = NO_DATA,
    limit: float | NoData = NO_DATA,
) -> str:
    """Return `values` as `width` cells, newest at the right; what is missing is blank, never a low value.

    Give `low` and `high` where several lines share one scale; they are found in the values otherwise. The
    range is widened to include `limit`, so that a line below its limit looks below it. Values outside are
    drawn at the edge. With more values than cells each cell keeps its most unusual one: a spike is not
    averaged away.
    """
    if width <= 0:
        return ""
    finite = [value for value in values if is_number(value)]
    if not finite:
        return " " * width
    bounds = [*finite] if not (is_number(low) and is_number(high)) else []
    bottom = low if is_number(low) else min(bounds)
    top = high if is_number(high) else max(bounds)
    if is_number(limit):
        bottom, top = min(bottom, limit), max(top, limit)
    shown = _squeeze(values, width, sorted(finite)[len(finite) // 2])
    highest = len(glyphs.levels) - 1
    # A line that never moves is drawn in the middle: it is neither low nor high.
    scale = highest / (top - bottom) if top - bottom > SMALLEST_RANGE else 0.0

    def level(value: float) -> str:
        if not scale:
            return glyphs.levels[round(highest / 2)]
        # Inside the range first: far outside of a narrow one the product has no value.
        return glyphs.levels[min(highest, max(0, round((min(max(value, bottom), top) - bottom) * scale)))]

    return "".join(level(value) if is_number(value) else " " for value in shown).rjust(width)


def resample(
    points: Iterable[tuple[float, float | NoData]], start: float, end: float, count: int, hold_seconds: float
) -> tuple[float | NoData, ...]:
    """Return `count` values at even steps from `start` to `end`; a step without a point is missing.

    A point is held for up to `hold_seconds`, so that a series slower than the steps is not torn apart.
    Several points in one step: the last counts. `points` ascend in time.
    """
    if count <= 0 or end <= start:
        return ()
    step = (end - start) / count
    result: list[float | NoData] = [NO_DATA] * count
    held = math.ceil(hold_seconds / step) if hold_seconds > 0 else 0
    last_index = -1
    last_value: float | NoData = NO_DATA
    for at, value in points:
        index = min(math.floor((at - start) / step), count - 1)
        if at < start or at > end:
            continue
        if last_index >= 0 and index - last_index <= held:
            result[last_index:index] = [last_value] * (index - last_index)
        result[index] = value
        last_index, last_value = index, value
    if last_index >= 0 and count - last_index <= held:
        result[last_index:] = [last_value] * (count - last_index)
    return tuple(result)


def drawable_text(text: str, glyphs: Glyphs) -> str:
    """Return `text` in the same number of cells or fewer, using ASCII alone where the glyphs are ASCII."""
    if glyphs.braille or text.isascii():
        return text
    return "".join(
        character if character.isascii() else _ASCII_TWINS.get(character, "?" * character_width(character))
        for character in text
    )


def is_number(value: object) -> TypeGuard[float]:
    """Say whether `value` can be drawn: a number that is neither infinite nor beyond `LARGEST`."""
    return isinstance(value, int | float) and -LARGEST < value < LARGEST


def _squeeze(values: Sequence[float | NoData], width: int, usual: float) -> Sequence[float | NoData]:
    if len(values) <= width:
        return values
    squeezed: list[float | NoData] = []
    for cell in range(width):
        bucket = values[cell * len(values) // width : (cell + 1) * len(values) // width]
        drawable = [(abs(value - usual), value) for value in bucket if is_number(value)]
        squeezed.append(max(drawable)[1] if drawable else NO_DATA)
    return squeezed
