"""Invented numbers that behave like counted ones."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters.embedded.plans import Fault, Quality
from modeltui.adapters.embedded.schema import LATENCY_BOUNDS
from modeltui.adapters.embedded.traffic import Counter, Weather, binomial, counted, poisson, struck
from modeltui.adapters.embedded.windows import quantile

FINE = Weather(load=1.0, slowness=1.0, trouble=1.0, doubt=0.0)


@pytest.mark.parametrize("mean", [0.3, 4.0, 29.0, 31.0, 900.0])
def test_arrivals_scatter_as_arrivals_do(mean: float) -> None:
    """Mean and variance of the number of requests are those of a Poisson number, small or large."""
    random = Random(5)
    drawn = [poisson(random, mean) for _ in range(4000)]
    assert fmean(drawn) == pytest.approx(mean, abs=5 * math.sqrt(mean / 4000))
    assert pvariance(drawn) == pytest.approx(mean, rel=0.15)


@pytest.mark.parametrize(("n", "share"), [(10, 0.3), (500, 0.01), (5000, 0.002), (5000, 0.4), (300, 0.97)])
def test_failures_scatter_as_failures_do(n: int, share: float) -> None:
    """Of n requests about the right share fails, with the scatter of a binomial number."""
    random = Random(5)
    drawn = [binomial(random, n, share) for _ in range(3000)]
    assert fmean(drawn) == pytest.approx(n * share, abs=5 * math.sqrt(n * share / 3000) + 0.01)
    assert pvariance(drawn) == pytest.approx(n * share * (1 - share), rel=0.15)


@given(
    requests=st.floats(0, 5000),
    error_rate=st.floats(0, 1),
    confidence=st.floats(0, 1),
    business=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_counts_never_contradict_each_other(
    requests: float, error_rate: float, confidence: float, business: float, seed: int
) -> None:
    """No more failures than requests, no more confidence than predictions, no more good outcomes than outcomes."""
    quality = Quality(error_rate=error_rate, confidence=confidence, business=business)
    counter = counted(Random(seed), requests, quality, FINE)
    assert 0 <= counter.errors <= counter.requests == sum(counter.latency)
    assert counter.predictions == counter.requests - counter.errors
    assert 0 <= counter.confidence_sum <= counter.predictions
    assert 0 <= counter.good_outcomes <= counter.outcomes
    both = Counter()
    both.add(counter)
    both.add(counter)
    assert both.requests == 2 * counter.requests
    assert both.latency == [2 * count for count in counter.latency]


def test_the_percentile_of_the_buckets_is_the_one_that_was_meant() -> None:
    """From a hundred thousand requests the 95th percentile comes back within the width of a bucket."""
    quality = Quality(latency_seconds=0.1, latency_spread=0.4)
    counter = counted(Random(1), 100_000, quality, FINE)
    assert quantile(counter.latency, 0.95) == pytest.approx(0.1 * math.exp(1.645 * 0.4), rel=0.12)


def test_percentiles_at_the_edges() -> None:
    """Nothing has no percentile but nought; what is slower than every bucket is as slow as the last bound."""
    none = [0] * (len(LATENCY_BOUNDS) + 1)
    assert quantile(none, 0.95) == 0.0
    assert quantile([*none[:-1], 9], 0.95) == LATENCY_BOUNDS[-1]
    assert quantile([10, *none[1:]], 0.5) == pytest.approx(LATENCY_BOUNDS[0] / 2)


def test_a_fault_strikes_its_segment_and_grows() -> None:
    """Before it begins nothing is bad, then half, then all of it, and only where it was meant."""
    fault = Fault(match="*", segment="region=hk", begins_at=40, lasts_to_grow=10, quality={"error_rate": 0.2})
    quality = Quality(error_rate=0.0)
    rates = [struck(quality, (fault,), "region=hk", at).error_rate for at in (39, 45, 50, 5000)]
    assert rates == pytest.approx([0, 0.1, 0.2, 0.2])
    assert struck(quality, (fault,), "region=cn", 5000) == quality
