"""One line of text word by word: which words went, which came, and what stands between them.

What both begin and end with is cut off first; a long rest is cut in two where a block of it stands once in both, again
and again; what is small then is aligned word by word. After a fixed amount of work the rest is replaced as a whole, so
that a line of any length costs little more than reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import LineMark
from modeltui.domain.comparison.text_change import equal_runs
from modeltui.domain.text import SafeText

Piece: TypeAlias = tuple[LineMark, str]
"""Same, removed or added, and what."""

_ALONE: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Scripts that put no blanks between words: each sign is one."""
_JOINED: Final = "\u0300-\u036f\u200d\ufe00-\ufe0f"
_WORD: Final = re.compile(rf"\d+(?:[.,]\d+)+|[{_ALONE}]|[^\W{_ALONE}](?:[^\W{_ALONE}]|[{_JOINED}])*|\s+|.[{_JOINED}]*")
_CHANGES: Final = (LineMark.REMOVED, LineMark.ADDED)
_OTHER: Final = {LineMark.SAME: LineMark.SAME, LineMark.REMOVED: LineMark.ADDED, LineMark.ADDED: LineMark.REMOVED}

_BESIDE: Final = 200
"""Characters before and behind a change that are aligned with it, so that no word is cut in two."""
_SMALL: Final = 8_000
"""Characters of both that are aligned word by word at once."""
_MOST_ALIGNED: Final = 60_000
"""Characters of all parts that are aligned word by word: about 50 ms."""
_MOST_SOUGHT: Final = 100_000_000
"""Characters in which blocks are looked for: about 100 ms."""
_BLOCK: Final = 48
_PLACES: Final = (4, 2, 6, 1, 3, 5, 7)
"""Eighths of a text at which a block is tried."""
_LEAST_COMMON: Final = 0.4
"""Of the letters of the shorter line: below it one was not made of the other."""
_MOST_PAIRS: Final = 400
_READ: Final = 2_000
"""Characters at either end by which two lines are held to be alike."""


def words_change(a: str, b: str) -> tuple[Piece, ...]:
    """Return how one line became the other, in order; empty where too little of it stayed to be worth marking.

    The pieces without those that were added are A, without those that were removed B. B to A is the same with removed
    and added swapped.
    """
    if a == b:
        return ()
    pieces = _smooth(_Aligner().pieces(b, a) if b < a else _Aligner().pieces(a, b))
    if b < a:
        pieces = [(_OTHER[mark], text) for mark, text in pieces]
    pieces = _joined(pieces)
    common = sum(_letters(text) for mark, text in pieces if mark is LineMark.SAME)
    least = min(sum(_letters(text) for mark, text in pieces if mark is not change) for change in _CHANGES)
    return tuple(pieces) if common and common >= _LEAST_COMMON * least else ()


def paired(removed: Sequence[str], added: Sequence[str]) -> dict[int, tuple[int, tuple[Piece, ...]]]:
    """Return which removed line became which added one, by their places, and how; those alike only, in order."""
    if tuple(added) < tuple(removed):
        # One order for both directions, as for the words.
        return {
            other: (place, tuple(_joined((_OTHER[mark], text) for mark, text in pieces)))
            for place, (other, pieces) in paired(added, removed).items()
        }
    if len(removed) * len(added) > _MOST_PAIRS:
        return {}
    found: dict[int, tuple[int, tuple[Piece, ...]]] = {}
    ours, theirs = [_words_of(line) for line in removed], [_words_of(line) for line in added]
    start = 0
    for place, words in enumerate(ours):
        likeness = {other: len(words & theirs[other]) for other in range(start, len(added))}
        best = max(likeness, key=lambda other: (likeness[other], -other), default=None)
        pieces = words_change(removed[place], added[best]) if best is not None and likeness[best] else ()
        if best is not None and pieces:
            found[place] = (best, pieces)
            start = best + 1
    return found


def _words_of(line: str) -> set[str]:
    ends = line if len(line) <= 2 * _READ else f"{line[:_READ]} {line[-_READ:]}"
    return {word for word in _WORD.findall(ends) if word[0].isalnum()}


def _letters(text: str) -> int:
    return len(text) - text.count(" ")


@dataclass(slots=True)
class _Aligner:
    _left: int = _MOST_ALIGNED
    _sought: int = _MOST_SOUGHT

    def pieces(self, a: str, b: str) -> Iterator[Piece]:
        """Yield the pieces in order; some may be empty, or follow another of the same mark."""
        head = max(_common(a, b) - _BESIDE, 0)
        most = min(len(a), len(b)) - head
        tail = max(min(_common(a[::-1], b[::-1]), most) - _BESIDE, 0)
        yield LineMark.SAME, a[:head]
        one, other = a[head : len(a) - tail], b[head : len(b) - tail]
        if len(one) + len(other) <= min(_SMALL, self._left):
            self._left -= len(one) + len(other)
            yield from _aligned(_WORD.findall(one), _WORD.findall(other))
        elif (cut := self._cut(one, other)) is not None:
            yield from self.pieces(one[: cut[0]], other[: cut[1]])
            yield from self.pieces(one[cut[0] :], other[cut[1] :])
        else:
            yield LineMark.REMOVED, one
            yield LineMark.ADDED, other
        yield LineMark.SAME, a[len(a) - tail :]

    def _cut(self, one: str, other: str) -> tuple[int, int] | None:
        """Return where a block begins that stands once in both; None where none is found with the work that is left."""
        for eighth in _PLACES:
            middle = len(one) * eighth // 8
            place = one.find(" ", middle, middle + _BESIDE) + 1 or middle
            block = one[place : place + _BLOCK]
            self._sought -= len(one) + 2 * len(other)
            if self._sought < 0:
                return None
            found = other.find(block)
            is_single = found > 0 and len(block) == _BLOCK and place and other.find(block, found + 1) < 0
            if is_single and one.find(block) == place and one.find(block, place + 1) < 0:
                return place, found
        return None


def _common(a: str, b: str) -> int:
    """Return how many characters both begin with."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _aligned(one: Sequence[str], other: Sequence[str]) -> Iterator[Piece]:
    """Yield equal words, and between them what went and what came, in order."""
    at_a = at_b = 0
    runs = equal_runs([SafeText(part) for part in one], [SafeText(part) for part in other])
    for i, j, length in (*runs, (len(one), len(other), 0)):
        yield LineMark.REMOVED, "".join(one[at_a:i])
        yield LineMark.ADDED, "".join(other[at_b:j])
        at_a, at_b = i + length, j + length
        yield LineMark.SAME, "".join(one[i:at_a])


def _smooth(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces with blanks between two changes as part of them: `[-a b-]` reads better than `[-a-] [-b-]`."""
    told = [piece for piece in pieces if piece[1]]
    smooth: list[Piece] = []
    for place, (mark, text) in enumerate(told):
        is_between = mark is LineMark.SAME and text.isspace() and 0 < place < len(told) - 1
        if is_between and LineMark.SAME not in (told[place - 1][0], told[place + 1][0]):
            smooth += [(LineMark.REMOVED, text), (LineMark.ADDED, text)]
        else:
            smooth.append((mark, text))
    return smooth


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return each change as what went and then what came, and what is equal between two changes as one."""
    found: list[Piece] = []
    waiting = dict.fromkeys(LineMark, "")

    def tell() -> None:
        found.extend((mark, waiting[mark]) for mark in (*_CHANGES, LineMark.SAME) if waiting[mark])
        waiting.update(dict.fromkeys(waiting, ""))

    for mark, text in pieces:
        if mark is not LineMark.SAME and waiting[LineMark.SAME]:
            tell()
        waiting[mark] += text
    tell()
    return found
