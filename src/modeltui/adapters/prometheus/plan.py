"""What is to be measured, before it becomes a query: selectors, and the recipes that turn them into signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from modeltui.domain.names import SignalName


class Role(Enum):
    """What a row of a joined answer is, known by the part label that its query gave it."""

    BAD = "bad"
    TOTAL = "total"
    SUM = "sum"
    BUCKET = "bucket"
    NATIVE = "native"
    VALUE = "value"
    SEEN_AT = "seen at"
    """Timestamp of the newest raw observation, by the server's clock."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric, perhaps narrowed by matchers: `istio_requests_total{reporter="destination"}`."""

    metric: str
    matchers: tuple[str, ...] = ()

    def narrowed(self, *matchers: str) -> Selector:
        """Return the selector with further matchers."""
        return Selector(self.metric, (*self.matchers, *matchers))


@dataclass(frozen=True, slots=True)
class Ratio:
    """(bad, total): events among events, from counters. Several counters are added."""

    bad: tuple[Selector, ...]
    total: tuple[Selector, ...]
    told_by: str = ""
    """The label that says which are bad: a series without it says nothing."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """A quantile, from the buckets of a histogram, classic or native."""

    base: Selector
    """The name without `_bucket`."""
    quantile: float = 0.95
    scale: float = 1.0
    """From the metric's unit into the signal's: 0.001 for milliseconds."""


@dataclass(frozen=True, slots=True)
class MeanOf:
    """A sum over how many, from two counters."""

    sum: Selector
    count: Selector
    scale: float = 1.0
    native: Selector | None = None
    """The same histogram's base name, where it may be a native one."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is there to be read; the largest of a version's pods counts."""

    selector: Selector
    scale: float = 1.0


Recipe: TypeAlias = Ratio | Histogram | MeanOf | Gauge


@dataclass(frozen=True, slots=True)
class OwnPart:
    """One part of a signal as a team wrote it in PromQL."""

    role: Role
    text: str
    """With `{by}`, `{window}` and `{matchers}` in it."""
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Own:
    """A signal in a team's own PromQL."""

    parts: tuple[OwnPart, ...]
    is_rate: bool = False
    """The total is per second, and is the value."""
    freshness: str = ""
    """The selector whose newest raw observation says how old the value is."""
    quantile: float = 0.95


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a row says which model, version and environment it is about."""

    model: tuple[str, ...]
    """Label names, the first non-empty one counts."""
    version: tuple[str, ...]
    environment: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """By dimension (`environment`): the value where the server has no label for it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The label names to group by, without repeats."""
        return tuple(dict.fromkeys((*self.model, *self.version, *self.environment)))

    def of(self, dimension: str) -> tuple[str, ...]:
        """Return the label names of `model`, `version` or `environment`."""
        return {"model": self.model, "version": self.version, "environment": self.environment}[dimension]


@dataclass(frozen=True, slots=True)
class Join:
    """Identity labels that are not on the metric itself but on an information metric beside it."""

    on: tuple[str, ...]
    info: Selector


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """One signal: how it is measured, and over which window."""

    signal: SignalName
    recipe: Recipe | Own
    window_seconds: float


DIMENSIONS = ("model", "version", "environment")
