"""Counts, quantiles and rounding, as PromQL does them, on numbers that come as text from anywhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import Final, TypeAlias

from modeltui.domain.names import NO_DATA, NoData

Buckets: TypeAlias = Mapping[float, float]
"""Cumulative: how many observations were at most the bound; the bound +Inf has all of them."""

_SAME_RATIO: Final = 1e-6
_LARGEST_EXPONENTIAL_RATIO: Final = 65_536.0
"""Schema -4, the coarsest of the standard schemas."""


@dataclass(frozen=True, slots=True)
class Span:
    """One bucket of a native histogram."""

    low: float
    high: float
    count: float


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile and what stands behind it."""

    value: float
    n: float
    is_clamped: bool = False
    """It lies above the highest finite bound, which is given in its place."""


def number(text: str) -> float:
    """Return the number that `text` writes, NaN when it writes none."""
    try:
        return float(text)
    except ValueError:
        return nan


def whole_count(extrapolated: float) -> float:
    """Return how many events `increase()` means: Prometheus extrapolates to the window's edges, events are whole."""
    return float(round(extrapolated)) if isfinite(extrapolated) and extrapolated > 0 else 0.0


def classic_quantile(q: float, buckets: Buckets) -> Quantile | NoData:
    """Return the `q` quantile of cumulative buckets, as `histogram_quantile` computes it.

    Without a +Inf bucket nothing is known of the total, and without a finite one nothing of the values: no data.
    Counts that fall with a rising bound (pods with different buckets, a scrape in between) are lifted to the
    highest before them.
    """
    bounds, counts = _monotone(buckets)
    if len(bounds) < 2 or bounds[-1] != inf:
        return NO_DATA
    n = counts[-1]
    if n <= 0:
        return Quantile(0.0, 0.0)
    rank = q * n
    # The last count is the total, so there is always a bucket.
    index = bisect_left(counts, rank)
    if index == len(bounds) - 1:
        return Quantile(bounds[-2], n, is_clamped=True)
    high = bounds[index]
    if index == 0 and high <= 0:
        return Quantile(high, n)
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    share = (rank - below) / inside if inside > 0 else 1.0
    return Quantile(low + (high - low) * share, n)


def native_quantile(q: float, spans: Sequence[Span]) -> Quantile | NoData:
    """Return the `q` quantile of a native histogram's buckets.

    Within an exponential bucket values are taken as spread evenly over the exponent, elsewhere evenly over the
    value (Prometheus 3; version 2 is linear everywhere: the difference is within one bucket).
    """
    ordered = sorted((span for span in spans if span.count > 0), key=lambda span: span.high)
    n = sum(span.count for span in ordered)
    if n <= 0:
        return Quantile(0.0, 0.0) if spans else NO_DATA
    rank, below = q * n, 0.0
    exponential = _is_exponential(ordered)
    for span in ordered:
        if below + span.count >= rank:
            return _inside(span, (rank - below) / span.count, n, exponential)
        below += span.count
    return _inside(ordered[-1], 1.0, n, exponential)


def _inside(span: Span, share: float, n: float, exponential: bool) -> Quantile:
    if span.high == inf:
        return Quantile(span.low, n, is_clamped=True)
    if span.low == -inf:
        return Quantile(span.high, n, is_clamped=True)
    if exponential and span.low > 0:
        return Quantile(span.low * (span.high / span.low) ** share, n)
    return Quantile(span.low + (span.high - span.low) * share, n)


def _is_exponential(spans: Sequence[Span]) -> bool:
    ratios = [span.high / span.low for span in spans if span.low > 0 and isfinite(span.high)]
    if not ratios or max(ratios) > _LARGEST_EXPONENTIAL_RATIO:
        return False
    return max(ratios) - min(ratios) <= _SAME_RATIO * max(ratios)


def _monotone(buckets: Buckets) -> tuple[list[float], list[float]]:
    bounds = sorted(bound for bound in buckets if not isnan(bound))
    counts = []
    highest = 0.0
    for bound in bounds:
        count = buckets[bound]
        if highest < count < inf:
            highest = count
        counts.append(highest)
    return bounds, counts
