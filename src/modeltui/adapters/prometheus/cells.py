"""What the rows of one version add up to, and the measurement that this makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Final

from modeltui.adapters.prometheus.arithmetic import Span, classic_quantile, native_quantile, number, whole_count
from modeltui.adapters.prometheus.plan import Gauge, Histogram, MeanOf, Own, Ratio, Role, SignalPlan
from modeltui.adapters.prometheus.promql import Leg
from modeltui.adapters.prometheus.wire import NativeHistogram
from modeltui.domain.names import NO_DATA, UNKNOWN, Missing, NoData
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement

_BOUNDS: Final[dict[str, float]] = {}
"""Bucket bounds by their text: `1` and `1.0` are one bound, and a fleet has few of them."""
_MOST_BOUNDS: Final = 10_000


@dataclass(slots=True, eq=False)
class Cell:
    """The parts of one signal of one version, or of one segment of it."""

    bad: float | None = None
    total: float | None = None
    sum: float | None = None
    value: float | None = None
    seen_at: float | None = None
    buckets: dict[float, float] | None = None
    spans: dict[tuple[float, float], float] | None = None
    native_count: float | None = None
    segments: dict[tuple[int, str], Cell] | None = field(default=None)
    """By index of the segment label, and its value."""

    def take(self, leg: Leg, amount: float) -> None:
        """Add a row's number. What is no number, or a negative count, adds nothing."""
        role = leg.role
        if not isfinite(amount):
            return
        if role is Role.SEEN_AT:
            self.seen_at = amount if self.seen_at is None else max(self.seen_at, amount)
        elif role is Role.VALUE:
            amount *= leg.scale
            self.value = amount if self.value is None else max(self.value, amount)
        elif role is Role.SUM:
            self.sum = (self.sum or 0.0) + amount * leg.scale
        elif amount >= 0:
            self._count(role, amount * leg.scale)

    def take_bucket(self, bound: float, amount: float) -> None:
        """Add a row of a classic histogram: so many were at most `bound`."""
        # Neither NaN nor -Inf bounds anything.
        if bound > -inf and 0 <= amount < inf:
            buckets = self.buckets
            if buckets is None:
                buckets = self.buckets = {}
            buckets[bound] = buckets.get(bound, 0.0) + amount

    def take_native(self, leg: Leg, histogram: NativeHistogram) -> None:
        """Add a row's native histogram."""
        count, total = number(histogram.count), number(histogram.sum)
        if not isfinite(count) or count < 0:
            return
        self.native_count = (self.native_count or 0.0) + count
        if isfinite(total):
            self.sum = (self.sum or 0.0) + total * leg.scale
        spans = self.spans = self.spans if self.spans is not None else {}
        for span in histogram.spans():
            if span.count > 0 and span.low <= span.high:
                place = (span.low * leg.scale, span.high * leg.scale)
                spans[place] = spans.get(place, 0.0) + span.count

    def add(self, other: Cell) -> None:
        """Add another segment to this one."""
        for role, amount in ((Role.BAD, other.bad), (Role.TOTAL, other.total), (Role.SUM, other.sum)):
            if amount is not None:
                self.take(Leg(role), amount)
        if other.value is not None:
            self.take(Leg(Role.VALUE), other.value)
        for bound, amount in (other.buckets or {}).items():
            self.take_bucket(bound, amount)
        for place, amount in (other.spans or {}).items():
            self.spans = self.spans or {}
            self.spans[place] = self.spans.get(place, 0.0) + amount
        if other.native_count is not None:
            self.native_count = (self.native_count or 0.0) + other.native_count

    def observations(self) -> float | NoData:
        """Return how many events the window held: the total, or what the histogram counted."""
        if self.total is not None:
            return whole_count(self.total)
        classic = max(self.buckets.values(), default=0.0) if self.buckets else 0.0
        if self.buckets and (classic > 0 or self.native_count is None):
            return whole_count(classic)
        return NO_DATA if self.native_count is None else whole_count(self.native_count)

    def _count(self, role: Role, amount: float) -> None:
        if role is Role.TOTAL:
            self.total = (self.total or 0.0) + amount
        elif role is Role.BAD:
            self.bad = (self.bad or 0.0) + amount


@dataclass(frozen=True, slots=True)
class Reading:
    """A measurement, and whether it is only a lower bound."""

    measurement: Measurement
    is_clamped: bool = False


def read_cell(plan: SignalPlan, cell: Cell) -> Reading | NoData:
    """Return what a cell says; no data when a part is missing without which the rest means nothing."""
    recipe = plan.recipe
    match recipe:
        case Ratio():
            return _counts(cell)
        case MeanOf():
            return _mean(cell)
        case Gauge():
            return NO_DATA if cell.value is None else Reading(Estimate(cell.value))
        case Histogram(quantile=quantile):
            return _quantile(cell, quantile)
        case Own(is_rate=True):
            return _rate(cell, plan.window_seconds)
        case Own(parts=parts, quantile=quantile):
            roles = {part.role for part in parts}
            if Role.BUCKET in roles or Role.NATIVE in roles:
                return _quantile(cell, quantile)
            if Role.SUM in roles:
                return _mean(cell)
            if Role.BAD in roles:
                return _counts(cell)
            return NO_DATA if cell.value is None else Reading(Estimate(cell.value))


def _rate(cell: Cell, window_seconds: float) -> Reading | NoData:
    if cell.total is None:
        return NO_DATA
    n = whole_count(cell.total * window_seconds)
    return Reading(Estimate(cell.total, n if n > 0 else UNKNOWN))


def _counts(cell: Cell) -> Reading | NoData:
    if cell.total is None:
        # A version that is there and was scraped once has no increase yet: known, without observations.
        return NO_DATA if cell.seen_at is None or cell.bad is not None else Reading(Counts(0.0, 0.0))
    total = whole_count(cell.total)
    return Reading(Counts(min(whole_count(cell.bad or 0.0), total), total))


def _mean(cell: Cell) -> Reading | NoData:
    count = cell.total if cell.total is not None else cell.native_count
    if count is None or cell.sum is None:
        return NO_DATA if cell.seen_at is None or cell.sum is not None else Reading(Mean(0.0, 0.0))
    whole = whole_count(count)
    # The sum is extrapolated as far as the count: the mean must not suffer from rounding one of them.
    return Reading(Mean(cell.sum * whole / count if count > 0 else 0.0, whole))


def _quantile(cell: Cell, q: float) -> Reading | NoData:
    found = classic_quantile(q, cell.buckets) if cell.buckets else NO_DATA
    is_empty = isinstance(found, Missing) or found.n <= 0
    if is_empty and cell.spans is not None:
        found = native_quantile(q, [Span(low, high, count) for (low, high), count in cell.spans.items()])
        if isinstance(found, Missing) and cell.native_count is not None:
            return Reading(Estimate(0.0, 0.0))
    if isinstance(found, Missing):
        return Reading(Estimate(0.0, 0.0)) if cell.seen_at is not None and not cell.buckets else NO_DATA
    return Reading(Estimate(found.value, whole_count(found.n)), found.is_clamped)


def bucket_bound(text: str) -> float:
    """Return the bound that a label value writes; NaN when it writes none."""
    known = _BOUNDS.get(text)
    if known is None:
        known = number(text)
        if len(_BOUNDS) < _MOST_BOUNDS:
            _BOUNDS[text] = known
    return known
