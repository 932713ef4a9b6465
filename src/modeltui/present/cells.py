"""How wide text is on a terminal, and how it is made to fit a cell of a given width."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

Align = Literal["left", "right", "center"]

_ZERO_WIDTH_CATEGORIES: Final = frozenset({"Mn", "Me", "Mc", "Cf"})

_CHANGED_WIDTHS: Final = (
    # (first, after the last, cells): where terminals, and Unicode since 16, differ from the general rule.
    (0x00AD, 0x00AE, 1),
    (0x0600, 0x0606, 1),
    (0x06DD, 0x06DE, 1),
    (0x070F, 0x0710, 1),
    (0x0890, 0x0892, 1),
    (0x08E2, 0x08E3, 1),
    (0x1160, 0x1200, 0),  # Hangul vowels and finals join the syllable before them
    (0x2630, 0x2638, 2),
    (0x268A, 0x2690, 2),
    (0x3164, 0x3165, 0),
    (0x4DC0, 0x4E00, 2),
    (0xD7B0, 0xD7C7, 0),
    (0xD7CB, 0xD7FC, 0),
    (0xFFA0, 0xFFA1, 0),
    (0x110BD, 0x110BE, 1),
    (0x110CD, 0x110CE, 1),
    (0x1D300, 0x1D357, 2),
    (0x1D360, 0x1D377, 2),
    (0x1F3FB, 0x1F400, 0),
)
_CHANGED_STARTS: Final = tuple(first for first, _, _ in _CHANGED_WIDTHS)


@lru_cache(4096)
def character_width(character: str) -> int:
    """Return how many cells one character takes: 0 if it joins the one before, 2 if it is wide, else 1."""
    code = ord(character)
    place = bisect_right(_CHANGED_STARTS, code) - 1
    if place >= 0 and code < _CHANGED_WIDTHS[place][1]:
        return _CHANGED_WIDTHS[place][2]
    category = unicodedata.category(character)
    if category in _ZERO_WIDTH_CATEGORIES:
        return 0
    if category == "Cn":  # unassigned: Python calls some of them wide, terminals draw one box
        return 1
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@lru_cache(8192)
def cell_width(text: str) -> int:
    """Return how many cells `text` takes on a terminal."""
    return len(text) if text.isascii() else sum(map(character_width, text))


@lru_cache(8192)
def fit(text: str, width: int, ellipsis: str = "…", align: Align = "left") -> str:
    """Return `text` in exactly `width` cells: padded, or cut at its end with an ellipsis that says so."""
    if width <= 0:
        return ""
    room = width - cell_width(text)
    if room < 0:
        text = _cut_end(text, width, ellipsis)
        room = width - cell_width(text)
    if align == "right":
        return " " * room + text
    if align == "center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


@lru_cache(8192)
def elide_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text` in at most `width` cells, cut in its middle: names differ most at their two ends."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(ellipsis)
    if room < 2:
        return _cut_end(text, width, ellipsis)
    return _cut_at(text, room // 2, room, ellipsis)


def elide_end(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text` in at most `width` cells, cut at its end."""
    return text if cell_width(text) <= width else _cut_end(text, max(width, 0), ellipsis)


def elide_apart(texts: Sequence[str], width: int, ellipsis: str = "…") -> tuple[str, ...]:
    """Return each text in at most `width` cells, with one cut for all that keeps most of them distinct.

    `v10.2.1-sha1111-canary-eu` and `v10.2.1-sha2222-canary-eu` differ where `elide_middle` cuts; this cuts
    elsewhere.
    """
    middle = tuple(elide_middle(text, width, ellipsis) for text in texts)
    wanted = len(set(texts))
    if len(set(middle)) == wanted:
        return middle
    room = width - cell_width(ellipsis)
    best = middle
    for head in sorted(range(1, max(room, 1)), key=lambda cells: abs(cells - room // 2)):
        cut = tuple(text if cell_width(text) <= width else _cut_at(text, head, room, ellipsis) for text in texts)
        if len(set(cut)) > len(set(best)):
            best = cut
        if len(set(best)) == wanted:
            break
    return best


def _cut_at(text: str, head_cells: int, room: int, ellipsis: str) -> str:
    head = _take(text, head_cells)
    tail_clusters = _clusters(text[len(head) :])
    tail = ""
    left = room - cell_width(head)
    for cluster in reversed(tail_clusters):
        left -= cell_width(cluster)
        if left < 0:
            break
        tail = cluster + tail
    return head + ellipsis + tail


def _cut_end(text: str, width: int, ellipsis: str) -> str:
    mark = _take(ellipsis, width)
    return _take(text, width - cell_width(mark)) + mark


def _take(text: str, width: int) -> str:
    if text.isascii():
        return text[: max(width, 0)]
    taken = ""
    for cluster in _clusters(text):
        width -= cell_width(cluster)
        if width < 0:
            break
        taken += cluster
    return taken


def _clusters(text: str) -> list[str]:
    """Split into what is drawn together: a character with the marks that join it."""
    clusters: list[str] = []
    for character in text:
        if clusters and character_width(character) == 0:
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters
