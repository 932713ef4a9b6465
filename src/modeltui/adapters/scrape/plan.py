"""What is to be measured on a page of metrics: which lines count, and how they become signals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from modeltui.domain.names import SignalName
from modeltui.domain.text import safe_text

DIMENSIONS: Final = ("model", "version", "environment")
BUCKET_BOUND: Final = "le"

_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL: Final = r"[a-zA-Z_][a-zA-Z0-9_]*"
_SELECTOR: Final = re.compile(rf'\s*({_NAME})\s*(?:\{{((?:[^"}}]|"(?:[^"\\]|\\.)*")*)\}})?\s*(?:\+|$)')
_MATCHER: Final = re.compile(rf'\s*({_LABEL})\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.DOTALL)


class Role(Enum):
    """What a series adds to its signal."""

    BAD = "bad"
    TOTAL = "total"
    FALLBACK = "fallback total"
    """Counts where the total is not exported."""
    SUM = "sum"
    BUCKET = "bucket"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: `code=~"5.."`."""

    label: str
    value: str
    is_pattern: bool
    is_negated: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels fulfil it; a label that is not there is empty, as in PromQL."""
        found = labels.get(self.label, "")
        equal = _compiled(self.value).fullmatch(found) is not None if self.is_pattern else found == self.value
        return equal != self.is_negated


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric, perhaps narrowed: `istio_requests_total{reporter="destination"}`."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a series of the metric with these labels counts."""
        return all(matcher.holds(labels) for matcher in self.matchers)

    def of(self, suffix: str) -> Selector:
        """Return the selector for another part of the same histogram: `_bucket`, `_count`."""
        return Selector(self.metric + suffix, self.matchers)


@dataclass(frozen=True, slots=True)
class Ratio:
    """(bad, total): events among events, from counters. Several counters are added."""

    bad: tuple[Selector, ...]
    total: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """A quantile, from the buckets of a histogram."""

    base: Selector
    """The name without `_bucket`."""
    quantile: float = 0.95
    scale: float = 1.0
    """From the metric's unit into the signal's: 0.001 for milliseconds."""


@dataclass(frozen=True, slots=True)
class MeanOf:
    """A sum over how many, from counters."""

    sum: tuple[Selector, ...]
    count: tuple[Selector, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is there to be read; the largest of a version's instances counts."""

    value: tuple[Selector, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per second, from counters."""

    total: tuple[Selector, ...]
    fallback: tuple[Selector, ...] = ()


Recipe: TypeAlias = Ratio | Histogram | MeanOf | Gauge | Rate


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a series says which model, version and environment it is about."""

    model: tuple[str, ...]
    """Label names, the first non-empty one counts."""
    version: tuple[str, ...]
    environment: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """By dimension (`environment`): the value, whatever the labels say."""

    def of(self, dimension: str) -> tuple[str, ...]:
        """Return the label names of `model`, `version` or `environment`."""
        return {"model": self.model, "version": self.version, "environment": self.environment}[dimension]

    def value(self, dimension: str, labels: Mapping[str, str]) -> str:
        """Return what a series says of a dimension, *not yet safe to show*; empty when it says nothing."""
        fixed = self.fixed.get(dimension)
        return fixed or next((found for label in self.of(dimension) if (found := labels.get(label))), "")


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """One signal: how it is measured, and over which window."""

    signal: SignalName
    recipe: Recipe
    window_seconds: float


@dataclass(frozen=True, slots=True)
class Leg:
    """One way in which a metric's series count for a signal."""

    signal_index: int
    """Of the plan in its tuple of plans."""
    role: Role
    selector: Selector
    scale: float = 1.0
    """Of a bucket's bound; other values are scaled when they are read."""


def legs_by_metric(plans: tuple[SignalPlan, ...]) -> Mapping[str, tuple[Leg, ...]]:
    """Return what each metric name is needed for."""
    legs: dict[str, tuple[Leg, ...]] = {}
    for index, plan in enumerate(plans):
        for role, selector, scale in _parts(plan.recipe):
            legs[selector.metric] = (*legs.get(selector.metric, ()), Leg(index, role, selector, scale))
    return legs


def metrics_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the metrics that a signal cannot do without: totals, buckets, values."""
    optional = (Role.BAD, Role.FALLBACK)
    needed = (selector.metric for role, selector, _ in _parts(recipe) if role not in optional)
    return tuple(dict.fromkeys(needed))


def selectors(text: str) -> tuple[Selector, ...]:
    """Return the selectors in `a_total{code=~"5.."} + b_total`; raise `ValueError` with what cannot be read."""
    found: list[Selector] = []
    position = 0
    while position < len(text):
        match = _SELECTOR.match(text, position)
        if match is None:
            raise ValueError(f"cannot read {safe_text(text[position:], 60)!r}")
        found.append(Selector(match[1], tuple(_matchers(match[2] or ""))))
        position = match.end()
    if not found or text.rstrip().endswith("+"):
        raise ValueError('expected a metric such as requests_total{code=~"5.."}')
    return tuple(found)


def _matchers(text: str) -> Iterator[Matcher]:
    position = 0
    while position < len(text.rstrip()):
        match = _MATCHER.match(text, position)
        if match is None:
            raise ValueError(f'cannot read {safe_text(text[position:], 60)!r}; write label="value"')
        label, operator, written = match.groups()
        value = re.sub(r'\\(["\\])', r"\1", written)
        if "~" in operator:
            _compiled(value)
        yield Matcher(label, value, "~" in operator, operator.startswith("!"))
        position = match.end()


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{safe_text(pattern, 60)!r} is not a regular expression: {error}") from error


def _parts(recipe: Recipe) -> Iterator[tuple[Role, Selector, float]]:
    match recipe:
        case Ratio(bad=bad, total=total):
            yield from ((Role.TOTAL, selector, 1.0) for selector in total)
            yield from ((Role.BAD, selector, 1.0) for selector in bad)
        case Histogram(base=base, scale=scale):
            yield Role.BUCKET, base.of("_bucket"), scale
            # An exporter that leaves out the bucket +Inf still says how many there were.
            yield Role.FALLBACK, base.of("_count"), 1.0
        case MeanOf(sum=total, count=count):
            yield from ((Role.SUM, selector, 1.0) for selector in total)
            yield from ((Role.TOTAL, selector, 1.0) for selector in count)
        case Gauge(value=value):
            yield from ((Role.VALUE, selector, 1.0) for selector in value)
        case Rate(total=total, fallback=fallback):
            yield from ((Role.TOTAL, selector, 1.0) for selector in total)
            yield from ((Role.FALLBACK, selector, 1.0) for selector in fallback)
