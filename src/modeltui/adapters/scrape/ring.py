"""The recent past of one page: every total as it was at each scrape."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan
from typing import Final

_TOLERANCE: Final = 0.1
"""Part of a window by which it may be longer than asked: scrapes never fall on its edge."""
_FEWEST_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Two scrapes, and what lies between them."""

    begin: float
    end: float
    before: Sequence[float]
    """The totals at `begin`; shorter than those at the end when series began in between."""
    after: Sequence[float]

    def grown(self, slot: int) -> float:
        """Return by how much a total grew; a series that began in between grew from nothing."""
        return self.after[slot] - (self.before[slot] if slot < len(self.before) else 0.0)


class Ring:
    """Scrapes by their moment, pruned by age and thinned out when they would be too many numbers."""

    def __init__(self, keep_seconds: float, most_numbers: int) -> None:
        self._keep_seconds = keep_seconds
        self._most_numbers = most_numbers
        self._moments: list[float] = []
        self._vectors: list[array[float]] = []

    def __len__(self) -> int:
        return len(self._moments)

    @property
    def newest(self) -> float | None:
        """The moment of the last scrape."""
        return self._moments[-1] if self._moments else None

    @property
    def oldest(self) -> float | None:
        """The moment of the first scrape that is still kept."""
        return self._moments[0] if self._moments else None

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return sum(map(len, self._vectors))

    def append(self, moment: float, totals: array[float]) -> None:
        """Keep what was scraped at `moment`, which is later than all before."""
        self._moments.append(moment)
        self._vectors.append(array("d", totals))
        old = bisect_left(self._moments, moment - self._keep_seconds)
        del self._moments[:old], self._vectors[:old]
        while self.numbers > self._most_numbers and len(self) > _FEWEST_KEPT:
            self._thin()

    def last_scrape(self, moment: float) -> float:
        """Return when was scraped last before or at a moment; minus infinity when never."""
        index = bisect_right(self._moments, moment) - 1
        return self._moments[index] if index >= 0 else -inf

    def span(self, reference: float, window_seconds: float) -> Span | None:
        """Return the scrapes that lie nearest to both ends of the window up to `reference`; None without two."""
        end = bisect_right(self._moments, reference) - 1
        wanted = reference - window_seconds
        if end < 1 or self._moments[end] <= wanted:
            return None
        begin = bisect_left(self._moments, wanted)
        before = begin - 1
        if before >= 0 and wanted - self._moments[before] <= window_seconds * _TOLERANCE:
            is_nearer = begin >= end or wanted - self._moments[before] <= self._moments[begin] - wanted
            begin = before if is_nearer else begin
        if begin >= end:
            return None
        return Span(self._moments[begin], self._moments[end], self._vectors[begin], self._vectors[end])

    def value(self, reference: float, slot: int) -> tuple[float, float]:
        """Return a number as it was at `reference`, and when it was scraped; NaN when it was not there."""
        index = bisect_right(self._moments, reference) - 1
        if index < 0 or slot >= len(self._vectors[index]):
            return nan, reference
        return self._vectors[index][slot], self._moments[index]

    def subtract(self, since: float, amounts: Mapping[int, float]) -> None:
        """Take back, from all scrapes since a moment, what was counted by mistake."""
        for vector in self._vectors[bisect_left(self._moments, since) :]:
            for slot, amount in amounts.items():
                if slot < len(vector):
                    vector[slot] -= amount

    def keep_slots(self, slots: Sequence[int]) -> None:
        """Forget all numbers but these, which move to the front in this order."""
        for index, vector in enumerate(self._vectors):
            self._vectors[index] = array("d", (vector[slot] for slot in slots if slot < len(vector)))

    def _thin(self) -> None:
        """Drop the scrape whose absence leaves the smallest gap, relative to its age: the recent past stays dense."""
        newest = self._moments[-1]
        gaps = [later - earlier for earlier, later in pairwise(self._moments)]
        costs = [
            (gaps[index - 1] + gaps[index]) / (newest - self._moments[index] + 1.0) for index in range(1, len(gaps))
        ]
        drop = 1 + costs.index(min(costs))
        del self._moments[drop], self._vectors[drop]
