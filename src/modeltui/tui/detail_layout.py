"""Where everything goes on the screens of one target and of skew: pure arithmetic, like the fleet's."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.tui.layout import NOWHERE, Box

_LEAST_CHART_ROWS = 6
_WIDE = 160
_APART = 2


@dataclass(frozen=True, slots=True)
class TargetLayout:
    """The bands of a target: row 1, versions, charts, segments and the rest, keys."""

    boxes: dict[str, Box]
    charts: tuple[Box, ...]


def target_layout(width: int, height: int, version_count: int, lower_rows: int = 14) -> TargetLayout:
    """Return the target screen for any size; the charts take what the tables leave, and go when it is too little.

    Each version has a row for its values and one for their limits, while that takes no more than half of the screen.
    `lower_rows` is how many rows the tables below the charts could use.
    """
    top, bottom = min(1, height), max(height - 1, 1)
    free = max(bottom - top, 0)
    count = max(version_count, 1)
    wanted = 2 + 2 * count if 2 + 2 * count <= free // 2 else 2 + count
    versions = min(wanted, max(free // 2, 3), free)
    rest = free - versions
    lower = min(max(rest // 3, 4), max(lower_rows, 3)) if rest >= 8 else 0
    chart_rows = rest - lower
    if chart_rows < _LEAST_CHART_ROWS:
        lower, chart_rows = (rest, 0) if rest < _LEAST_CHART_ROWS else (0, rest)
    y = top + versions
    boxes = {
        "banner": Box(0, 0, width, min(height, 1)),
        "versions": Box(0, top, width, versions),
        **_lower_boxes(width, y + chart_rows, lower),
        "keys": Box(0, height - 1, width, 1) if height > 2 else NOWHERE,
    }
    return TargetLayout(boxes, _charts(width, y, chart_rows))


def _lower_boxes(width: int, y: int, rows: int) -> dict[str, Box]:
    if rows <= 0:
        return {"segments": NOWHERE, "others": NOWHERE}
    if width >= 120:
        half = width // 2
        return {"segments": Box(0, y, half, rows), "others": Box(half, y, width - half, rows)}
    segments = rows - rows // 2
    return {"segments": Box(0, y, width, segments), "others": Box(0, y + segments, width, rows - segments)}


def _charts(width: int, y: int, rows: int) -> tuple[Box, ...]:
    if rows <= 0:
        return ()
    columns = 3 if width >= _WIDE else 2 if width >= 120 else 1
    lines = 2 if rows >= 2 * 10 else 1
    each_width, each_rows = width // columns, rows // lines
    # A blank column keeps each from its neighbour and from the edge.
    return tuple(
        Box(column * each_width, y + line * each_rows, max(each_width - _APART, 1), each_rows)
        for line in range(lines)
        for column in range(columns)
    )


def charts_below(card: Box, text_rows: int) -> tuple[Box, ...]:
    """Return up to three charts under the text of a card that stands beside the grid."""
    free = card.height - text_rows
    count = min(free // 9, 3)
    if count <= 0:
        return ()
    each = free // count
    return tuple(Box(card.x, card.y + text_rows + place * each, max(card.width - 1, 1), each) for place in range(count))


def chart_layout(width: int, height: int) -> dict[str, Box]:
    """Return the screen of one chart: what it is, and as much of it as there is room for."""
    return {
        "banner": Box(0, 0, width, min(height, 1)),
        "heading": Box(0, 1, width, 1) if height > 3 else NOWHERE,
        "chart": Box(0, 2, width, height - 3) if height > 3 else NOWHERE,
        "keys": Box(0, height - 1, width, 1) if height > 2 else NOWHERE,
    }


def skew_layout(width: int, height: int) -> dict[str, Box]:
    """Return the skew screen: the matrix above, parity below; parity goes first when there is no room."""
    free = max(height - 2, 0)
    parity = free * 2 // 5 if free >= 12 else 0
    return {
        "banner": Box(0, 0, width, min(height, 1)),
        "grid": Box(0, min(1, height), width, max(free - parity, 1)),
        "parity": Box(0, 1 + free - parity, width, parity) if parity else NOWHERE,
        "keys": Box(0, height - 1, width, 1) if height > 2 else NOWHERE,
    }


def compare_layout(width: int, height: int) -> dict[str, Box]:
    """Return the screens of a comparison and of a lineage: what it is of, the rows, the keys."""
    title = 1 if height >= 5 else 0
    return {
        "banner": Box(0, 0, width, min(height, 1)),
        "title": Box(0, 1, width, title) if title else NOWHERE,
        "grid": Box(0, 1 + title, width, max(height - 2 - title, 1)),
        "keys": Box(0, height - 1, width, 1) if height > 2 else NOWHERE,
    }
