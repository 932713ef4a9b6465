"""Two texts line by line: which lines went, which came, with a little around them.

Equal heads and tails are cut off first; between them lines that occur once in both are anchors (patience diff, Bram
Cohen), again between the anchors; what is left is small and compared exactly, or too large and replaced as a whole.
No step is worse than n log n, so that a text of any length costs what reading it costs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from modeltui.domain.comparison.difference import LineMark, LinesChange
from modeltui.domain.text import SafeText

AROUND: Final = 3
"""Equal lines shown on each side of a change."""
MOST_SHOWN: Final = 1_000
"""Lines of a diff; nobody reads more, and all are counted."""
_DEEPEST: Final = 8
_MOST_CELLS: Final = 250_000
"""Of all exact comparisons together: about 50 ms."""

_Run = tuple[int, int, int]
"""Where equal lines begin in A and in B, and how many."""


def lines_change(a: Sequence[SafeText], b: Sequence[SafeText]) -> LinesChange:
    """Return how one text became the other; B to A is the same with removed and added swapped."""
    # One order for both directions: where several answers are as short, both give the same.
    is_swapped = tuple(b) < tuple(a)
    runs = [(j, i, length) for i, j, length in equal_runs(b, a)] if is_swapped else equal_runs(a, b)
    same = sum(length for _, _, length in runs)
    shown, is_cut = _shown(a, b, runs)
    return LinesChange(len(b) - same, len(a) - same, shown, is_cut)


def equal_runs(a: Sequence[SafeText], b: Sequence[SafeText]) -> list[_Run]:
    """Return the runs of equal lines, or words, in order: where each begins in A and in B, and how many."""
    numbers: dict[SafeText, int] = {}
    one = [numbers.setdefault(line, len(numbers)) for line in a]
    other = [numbers.setdefault(line, len(numbers)) for line in b]
    return _runs(sorted(_Aligner(one, other).pairs()))


def _runs(pairs: Iterable[tuple[int, int] | _Run]) -> list[_Run]:
    """Return pairs of equal lines, in order, as runs: what follows the one before belongs to it."""
    runs: list[_Run] = []
    for i, j, *more in pairs:
        length = more[0] if more else 1
        if runs and runs[-1][0] + runs[-1][2] == i and runs[-1][1] + runs[-1][2] == j:
            runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + length)
        else:
            runs.append((i, j, length))
    return runs


class _Aligner:
    def __init__(self, a: list[int], b: list[int]) -> None:
        self._a = a
        self._b = b
        self._cells_left = _MOST_CELLS

    def pairs(self) -> Iterator[_Run]:
        """Yield runs of equal lines, in no order."""
        parts = [(0, len(self._a), 0, len(self._b), 0)]
        while parts:
            low_a, high_a, low_b, high_b, depth = parts.pop()
            if low_a == high_a or low_b == high_b:
                continue
            head = self._same_ahead(low_a, high_a, low_b, high_b)
            if head:
                yield low_a, low_b, head
            low_a, low_b = low_a + head, low_b + head
            tail = self._same_behind(low_a, high_a, low_b, high_b)
            if tail:
                yield high_a - tail, high_b - tail, tail
            high_a, high_b = high_a - tail, high_b - tail
            if low_a == high_a or low_b == high_b or (high_a - low_a == high_b - low_b == 1):
                continue
            anchors = self._anchors(low_a, high_a, low_b, high_b) if depth < _DEEPEST else []
            if not anchors:
                yield from self._exactly(low_a, high_a, low_b, high_b)
                continue
            for i, j, length in _runs(anchors):
                yield i, j, length
                parts.append((low_a, i, low_b, j, depth + 1))
                low_a, low_b = i + length, j + length
            parts.append((low_a, high_a, low_b, high_b, depth + 1))

    def _same_ahead(self, low_a: int, high_a: int, low_b: int, high_b: int) -> int:
        most = min(high_a - low_a, high_b - low_b)
        return next((n for n in range(most) if self._a[low_a + n] != self._b[low_b + n]), most)

    def _same_behind(self, low_a: int, high_a: int, low_b: int, high_b: int) -> int:
        most = min(high_a - low_a, high_b - low_b)
        return next((n for n in range(most) if self._a[high_a - n - 1] != self._b[high_b - n - 1]), most)

    def _anchors(self, low_a: int, high_a: int, low_b: int, high_b: int) -> list[tuple[int, int]]:
        """Return pairs of lines that occur once on each side, the longest chain that rises on both."""
        once_b = _places_of_single(self._b, low_b, high_b)
        common = [(i, once_b[line]) for line, i in _places_of_single(self._a, low_a, high_a).items() if line in once_b]
        common.sort()
        return _rising(common)

    def _exactly(self, low_a: int, high_a: int, low_b: int, high_b: int) -> Iterator[_Run]:
        """Yield the longest common subsequence of a small part; nothing of a part that would take too long."""
        rows, columns = high_a - low_a, high_b - low_b
        if rows * columns > self._cells_left:
            return
        self._cells_left -= rows * columns
        longest = [[0] * (columns + 1) for _ in range(rows + 1)]
        for i in range(rows - 1, -1, -1):
            line, row, below = self._a[low_a + i], longest[i], longest[i + 1]
            for j in range(columns - 1, -1, -1):
                if line == self._b[low_b + j]:
                    row[j] = below[j + 1] + 1
                else:
                    row[j] = max(below[j], row[j + 1])
        i = j = 0
        while i < rows and j < columns:
            if self._a[low_a + i] == self._b[low_b + j]:
                yield low_a + i, low_b + j, 1
                i, j = i + 1, j + 1
            elif longest[i + 1][j] >= longest[i][j + 1]:
                i += 1
            else:
                j += 1


def _places_of_single(lines: list[int], low: int, high: int) -> dict[int, int]:
    places: dict[int, int] = {}
    for place in range(low, high):
        places[lines[place]] = -1 if lines[place] in places else place
    return {line: place for line, place in places.items() if place >= 0}


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest chain of pairs, sorted by their first, whose seconds rise too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [index]
    chain = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _shown(
    a: Sequence[SafeText], b: Sequence[SafeText], runs: list[_Run]
) -> tuple[tuple[tuple[LineMark, SafeText], ...], bool]:
    lines: list[tuple[LineMark, SafeText]] = []
    is_cut = False
    at_a = at_b = 0
    for i, j, length in (*runs, (len(a), len(b), 0)):
        room = max(0, MOST_SHOWN - len(lines))
        half = max(room // 2, room - min(i - at_a, j - at_b))
        gone, come = a[at_a : min(i, at_a + half)], b[at_b : min(j, at_b + half)]
        is_cut |= len(gone) < i - at_a or len(come) < j - at_b
        lines += [(LineMark.REMOVED, line) for line in gone]
        lines += [(LineMark.ADDED, line) for line in come]
        at_a, at_b = i + length, j + length
        if len(lines) < MOST_SHOWN:
            lines += _equal(a[i:at_a], is_first=i == 0 and j == 0, is_last=at_a == len(a) and at_b == len(b))
    return tuple(lines), is_cut


def _equal(lines: Sequence[SafeText], *, is_first: bool, is_last: bool) -> list[tuple[LineMark, SafeText]]:
    before = 0 if is_first else AROUND
    after = 0 if is_last else AROUND
    if len(lines) <= before + after + 1:
        return [(LineMark.SAME, line) for line in lines]
    end = len(lines) - after
    skipped = (LineMark.SKIPPED, SafeText(str(end - before)))
    head = [(LineMark.SAME, line) for line in lines[:before]]
    return [*head, skipped, *((LineMark.SAME, line) for line in lines[end:])]
