"""Text as terminal cells.

A cell is the text drawn in it: one character with at most two marks above it, `""` for the right half of a wide
character. Whatever could make a terminal act, or draw elsewhere than in its cell, ends here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, split_graphemes

from modeltui.tui.twins import UNKNOWN_TWIN, ascii_twin

WIDE_TAIL: Final = ""
"""The right half of a wide character: drawn by its left half."""

_MOST_MARKS = 2


def cells_of(text: str, ascii_only: bool = False) -> Sequence[str]:
    """Return `text` cut into cells, as many as it is wide.

    Characters that take no cell (control, bidirectional, zero-width) vanish; sequences whose width terminals
    dispute (joined or recoloured emoji, flags) are reduced to their first character, padded to the same width.
    """
    if text.isascii() and text.isprintable():
        return text  # a text is a sequence of its characters: nothing to copy, nothing to remember
    return _cells_of_any(text, ascii_only)


@lru_cache(maxsize=2048)
def _cells_of_any(text: str, ascii_only: bool) -> tuple[str, ...]:
    spans, _ = split_graphemes(text)
    cells: list[str] = []
    for start, end, width in spans:
        if width:
            cells.extend(_cell(text[start:end], width, ascii_only))
    return tuple(cells)


def _cell(cluster: str, width: int, ascii_only: bool) -> tuple[str, ...]:
    base = next((character for character in cluster if cell_len(character)), UNKNOWN_TWIN)
    if base == "\xad":
        base = "-"
    elif base.isspace():
        base = " "
    elif not base.isprintable():
        base = UNKNOWN_TWIN
    if ascii_only:
        return (ascii_twin(base), " ")[:width]
    base_width = cell_len(base)
    if base_width > width:
        return (UNKNOWN_TWIN,)
    drawn = base + _marks(cluster)
    if width == 1:
        return (drawn,)
    return (drawn, WIDE_TAIL if base_width == width else " ")


def _marks(cluster: str) -> str:
    if len(cluster) == 1:
        return ""
    marks = [character for character in cluster[1:] if unicodedata.combining(character)]
    return "".join(marks[:_MOST_MARKS])


def advances_alike(cell: str) -> bool:
    """Tell whether all terminals move the cursor alike after this cell, so that its place is known.

    Emoji and symbols that have an emoji form are drawn one or two cells wide, by terminal and font; the cursor is
    placed anew after them.
    """
    if len(cell) != 1:
        return False
    return (
        cell < "\u2300"
        or "\u2500" <= cell <= "\u25ff"
        or "\u2800" <= cell <= "\u28ff"
        or "\u2e80" <= cell <= "\ud7ff"
        or "\uff00" <= cell <= "\uffef"
    )
