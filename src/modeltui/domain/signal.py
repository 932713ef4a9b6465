"""What is measured of a version, in which unit, and how many observations stand behind a number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Final, TypeAlias

from modeltui.domain.names import UNKNOWN, Instant, Missing, SegmentName, SignalName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text

NO_VALUE: Final = "(none)"
"""Stands in a segment for the label that a series does not have."""
_LONGEST_SEGMENT: Final = 120


def segment_name(dimension: str, value: str) -> SegmentName:
    """Return the name of the slice in which a label has this value; a value of blanks is seen to be one."""
    return SegmentName(safe_text(f"{dimension}={safe_text(value) or NO_VALUE}", _LONGEST_SEGMENT))


class Unit(StrEnum):
    """The unit of a signal's value inside the program; adapters convert into it."""

    RATIO = "ratio"
    """0 to 1."""
    SECONDS = "seconds"
    PER_SECOND = "per-second"
    SCORE = "score"
    """0 to 1, a mean."""
    INDEX = "index"
    """No dimension, 0 upwards: a population stability index."""
    NUMBER = "number"


class Direction(StrEnum):
    """Which way a signal gets worse."""

    HIGHER_IS_WORSE = "higher-is-worse"
    LOWER_IS_WORSE = "lower-is-worse"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Signal:
    """A measured series per version."""

    name: SignalName
    title: SafeText
    """At most five characters: the heading of its column."""
    unit: Unit
    direction: Direction
    window_seconds: float = 300.0
    """The rolling window that one value covers."""
    max_age_seconds: float = 60.0
    """A sample older than this is stale: four scrapes of 15 s; an hourly drift job needs hours."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of how many: 0 of 900 is a fact, 0 of 0 is no data."""

    bad: float
    total: float

    @property
    def value(self) -> float:
        return self.bad / self.total

    @property
    def n(self) -> float:
        return self.total


@dataclass(frozen=True, slots=True)
class Mean:
    """A sum over how many."""

    sum: float
    total: float

    @property
    def value(self) -> float:
        return self.sum / self.total

    @property
    def n(self) -> float:
        return self.total


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that the backend computed: a quantile, a rate, a gauge."""

    value: float
    n: float | Unknown = UNKNOWN
    """Observations behind it; gauges do not say."""


Measurement: TypeAlias = Counts | Mean | Estimate


def has_observations(measurement: Measurement) -> bool:
    """Tell whether there is a number with something behind it: NaN and infinity are missing data."""
    if isinstance(measurement, Estimate):
        return isfinite(measurement.value) and (isinstance(measurement.n, Missing) or measurement.n > 0)
    part = measurement.bad if isinstance(measurement, Counts) else measurement.sum
    total = measurement.total
    return total > 0 and isfinite(total) and isfinite(part) and isfinite(part / total)


@dataclass(frozen=True, slots=True)
class Sample:
    """One signal of one version at one target over one window."""

    target: TargetKey
    version: VersionId
    signal: SignalName
    measurement: Measurement
    at: Instant | Unknown
    """When the newest raw observation was made, by the backend's clock; unknown when nobody scrapes it any more."""
    window_seconds: float
    """What the value really covers: shorter than asked while a window fills."""
    segments: tuple[tuple[SegmentName, Measurement], ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One value on a time axis."""

    at: Instant
    value: float
    n: float | Unknown = UNKNOWN


LATENCY = "latency_p95"
THROUGHPUT = "throughput"
ERRORS = "error_rate"
CONFIDENCE = "confidence"
DRIFT = "drift"
BUSINESS = "business"


def _signal(name: str, title: str, unit: Unit, direction: Direction) -> Signal:
    return Signal(SignalName(SafeText(name)), SafeText(title), unit, direction)


STANDARD_SIGNALS: tuple[Signal, ...] = (
    _signal(ERRORS, "ERR", Unit.RATIO, Direction.HIGHER_IS_WORSE),
    _signal(LATENCY, "LAT", Unit.SECONDS, Direction.HIGHER_IS_WORSE),
    _signal(THROUGHPUT, "THR", Unit.PER_SECOND, Direction.LOWER_IS_WORSE),
    _signal(CONFIDENCE, "CONF", Unit.SCORE, Direction.LOWER_IS_WORSE),
    _signal(DRIFT, "DRIFT", Unit.INDEX, Direction.HIGHER_IS_WORSE),
    _signal(BUSINESS, "BIZ", Unit.RATIO, Direction.EITHER),
)
"""The six that every target has a column for."""
