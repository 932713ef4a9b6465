"""Counts and quantiles as PromQL computes them."""

from __future__ import annotations

from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters.prometheus.arithmetic import (
    Quantile,
    Span,
    classic_quantile,
    native_quantile,
    number,
    whole_count,
)
from modeltui.domain.names import NO_DATA, Missing

bounds = st.lists(st.floats(0.001, 1000, allow_nan=False), min_size=1, max_size=15, unique=True)
counts = st.floats(0, 1e6) | st.just(nan)


@given(bounds, st.data(), st.floats(0.0, 1.0))
def test_a_quantile_lies_within_the_buckets(finite: list[float], data: st.DataObject, q: float) -> None:
    """Whatever the counts are, the quantile is a number between nothing and the highest bound."""
    buckets = {bound: data.draw(counts) for bound in [*finite, inf]}
    found = classic_quantile(q, buckets)
    assert not isinstance(found, Missing)
    assert isfinite(found.value)
    assert 0 <= found.value <= max(finite)


@given(bounds, st.data())
def test_a_higher_quantile_is_not_lower(finite: list[float], data: st.DataObject) -> None:
    """p50 ≤ p95 ≤ p99, also of buckets that a scrape in between has spoiled."""
    buckets = {bound: data.draw(st.floats(0, 1e6)) for bound in [*finite, inf]}
    values = [classic_quantile(q, buckets) for q in (0.5, 0.95, 0.99)]
    plain = [found.value for found in values if not isinstance(found, Missing)]
    assert plain == sorted(plain)


def test_falling_counts_are_lifted() -> None:
    """A bucket with less than the one below it is taken as equal to it."""
    spoiled = classic_quantile(0.5, {1.0: 60, 2.0: 50, 4.0: 100, inf: 100})
    assert spoiled == classic_quantile(0.5, {1.0: 60, 2.0: 60, 4.0: 100, inf: 100})


def test_a_quantile_in_the_infinite_bucket_is_the_highest_bound() -> None:
    """It is marked: the truth is somewhere above."""
    assert classic_quantile(0.95, {1.0: 10, 2.0: 20, inf: 100}) == Quantile(2.0, 100, is_clamped=True)


@pytest.mark.parametrize("buckets", [{}, {1.0: 5.0}, {inf: 5.0}, {nan: 3.0, inf: 3.0}])
def test_half_a_histogram_is_no_data(buckets: dict[float, float]) -> None:
    """Without a total or without a bound there is nothing to say."""
    assert classic_quantile(0.5, buckets) is NO_DATA


def test_an_empty_histogram_has_no_observations() -> None:
    """Nothing happened, and that is known."""
    assert classic_quantile(0.5, {1.0: 0, inf: 0}) == Quantile(0.0, 0.0)


def test_a_native_histogram_is_exponential_where_its_buckets_are() -> None:
    """Half of a bucket from 1 to 2 lies at the root of two; in buckets of equal width it lies at 1.5."""
    exponential = native_quantile(0.25, [Span(1, 2, 50), Span(2, 4, 50)])
    assert exponential == Quantile(2**0.5, 100)
    linear = native_quantile(0.25, [Span(1, 2, 50), Span(2, 3, 50)])
    assert linear == Quantile(1.5, 100)


def test_a_native_histogram_with_an_open_end_is_clamped() -> None:
    """Custom buckets may end at infinity."""
    assert native_quantile(0.9, [Span(0, 1, 10), Span(1, inf, 90)]) == Quantile(1, 100, is_clamped=True)


@pytest.mark.parametrize(
    ("extrapolated", "whole"), [(12.6, 13.0), (0.4, 0.0), (-3.0, 0.0), (nan, 0.0), (inf, 0.0), (7.0, 7.0)]
)
def test_counts_are_whole(extrapolated: float, whole: float) -> None:
    """No part of a request ever failed."""
    assert whole_count(extrapolated) == whole


@pytest.mark.parametrize("text", ["", "x", "1,5", "0x10", "1" * 5000 + "y"])
def test_text_that_is_no_number_is_none(text: str) -> None:
    """It becomes NaN and adds nothing."""
    assert not isfinite(number(text))
