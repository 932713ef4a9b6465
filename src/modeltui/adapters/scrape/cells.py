"""What the totals of one version add up to, and the measurement that this makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from modeltui.adapters.scrape.catalogue import Part
from modeltui.adapters.scrape.plan import Gauge, Histogram, MeanOf, Rate, Ratio, Recipe, Role
from modeltui.adapters.scrape.ring import Span
from modeltui.domain.names import NO_DATA, UNKNOWN, NoData
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement

_FEWEST_BOUNDS: Final = 2
"""+Inf alone says how many there were, and nothing of their values."""


@dataclass(slots=True, eq=False)
class Cell:
    """The parts of one signal of one version, or of one segment of it; None: there is no such series."""

    bad: float | None = None
    total: float | None = None
    fallback: float | None = None
    sum: float | None = None
    value: float | None = None
    buckets: dict[float, float] | None = None
    """Cumulative: how many were at most the bound."""

    def take(self, role: Role, amount: float) -> None:
        """Add what was counted, or a gauge's value; buckets have their bound beside them."""
        match role:
            case Role.TOTAL:
                self.total = (self.total or 0.0) + amount
            case Role.BAD:
                self.bad = (self.bad or 0.0) + amount
            case Role.FALLBACK:
                self.fallback = (self.fallback or 0.0) + amount
            case Role.SUM:
                self.sum = (self.sum or 0.0) + amount
            case Role.VALUE:
                self.value = amount if self.value is None else max(self.value, amount)
            case Role.BUCKET:
                raise ValueError("a bucket without its bound")

    def take_grown(self, parts: Iterable[Part], span: Span) -> None:
        """Add what parts grew by within a span."""
        before, after = span.before, span.after
        known_before, known_after = len(before), len(after)
        buckets = self.buckets
        for slot, role, bound in parts:
            grown = after[slot] - (before[slot] if slot < known_before else 0.0) if slot < known_after else 0.0
            # What was taken back (`Ring.subtract`) is taken back exactly only where numbers are whole.
            grown = max(grown, 0.0)
            if role is Role.BUCKET:
                if buckets is None:
                    buckets = self.buckets = {}
                buckets[bound] = buckets.get(bound, 0.0) + grown
            else:
                self.take(role, grown)

    def add(self, other: Cell) -> None:
        """Add another segment to this one."""
        self.bad = _added(self.bad, other.bad)
        self.total = _added(self.total, other.total)
        self.fallback = _added(self.fallback, other.fallback)
        self.sum = _added(self.sum, other.sum)
        if other.value is not None:
            self.value = other.value if self.value is None else max(self.value, other.value)
        if other.buckets is not None:
            mine = self.buckets = self.buckets or {}
            for bound, amount in other.buckets.items():
                mine[bound] = mine.get(bound, 0.0) + amount

    def weight(self) -> float:
        """Return how much it matters beside other segments: its events, or its value."""
        if self.total is not None or self.fallback is not None:
            return (self.total if self.total is not None else self.fallback) or 0.0
        return max(self.buckets.values(), default=0.0) if self.buckets else self.value or 0.0


@dataclass(frozen=True, slots=True)
class CellReading:
    """A measurement, and whether it is only a lower bound."""

    measurement: Measurement
    is_clamped: bool = False


def read_cell(recipe: Recipe, cell: Cell, covered_seconds: float) -> CellReading | NoData:
    """Return what a cell says; no data when a part is missing without which the rest means nothing."""
    match recipe:
        case Gauge(scale=scale):
            return NO_DATA if cell.value is None else CellReading(Estimate(cell.value * scale))
        case Ratio():
            if cell.total is None:
                return NO_DATA
            # No series of bad ones, though there is one of all: none was bad.
            return CellReading(Counts(min(cell.bad or 0.0, cell.total), cell.total))
        case MeanOf(scale=scale):
            if cell.total is None or cell.sum is None:
                return NO_DATA
            return CellReading(Mean(cell.sum * scale if cell.total > 0 else 0.0, cell.total))
        case Rate():
            total = cell.total if cell.total is not None else cell.fallback
            if total is None or covered_seconds <= 0:
                return NO_DATA
            # No event in the window is a fact about the traffic, not a lack of observations: n is left unknown.
            return CellReading(Estimate(total / covered_seconds, total if total > 0 else UNKNOWN))
        case Histogram(quantile=quantile):
            return _quantile(quantile, cell)


def _quantile(share: float, cell: Cell) -> CellReading | NoData:
    """Return the value that a share of the observations do not exceed, in proportion inside its bucket.

    Above the highest finite bound nothing is known but that: the bound stands for the value.
    """
    buckets = dict(cell.buckets or {})
    if inf not in buckets and cell.fallback is not None:
        buckets[inf] = cell.fallback
    if len(buckets) < _FEWEST_BOUNDS or inf not in buckets:
        return NO_DATA
    bounds, counts = _monotone(buckets)
    n = counts[-1]
    if n <= 0:
        return CellReading(Estimate(0.0, 0.0))
    rank = share * n
    index = next(place for place, count in enumerate(counts) if count >= rank)
    if bounds[index] == inf:
        return CellReading(Estimate(bounds[-2], n), is_clamped=True)
    if index == 0 and bounds[0] <= 0:
        return CellReading(Estimate(bounds[0], n))
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    part = (rank - below) / inside if inside > 0 else 1.0
    return CellReading(Estimate(low + (bounds[index] - low) * part, n))


def _monotone(buckets: Mapping[float, float]) -> tuple[list[float], list[float]]:
    """Return bounds and counts in order; a count that falls is lifted to the one before.

    Instances of one version may have other bounds, as after a new release of a library.
    """
    bounds = sorted(buckets)
    counts: list[float] = []
    for bound in bounds:
        counts.append(max(buckets[bound], counts[-1] if counts else 0.0))
    return bounds, counts


def _added(mine: float | None, other: float | None) -> float | None:
    return mine if other is None else (mine or 0.0) + other
