"""What the series of a world file counted over a window: two rows each, whatever the window."""

# ruff: noqa: S608 - what is put into the queries is the list of columns below

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters.embedded import wire
from modeltui.adapters.embedded.schema import BUCKETS, LATENCY_BOUNDS
from modeltui.domain.names import UNKNOWN, Instant, SegmentName, TargetKey, VersionId
from modeltui.domain.signal import (
    BUSINESS,
    CONFIDENCE,
    ERRORS,
    LATENCY,
    THROUGHPUT,
    Counts,
    Estimate,
    Mean,
    Measurement,
)
from modeltui.domain.text import SafeText, safe_text

WHOLE: Final = SegmentName(SafeText(""))
"""The segment of the series that counts everything."""

_COUNTED: Final = ("requests", "errors", "predictions", "confidence_sum", "outcomes", "good_outcomes", "latency")
_COLUMNS: Final = ", ".join(f"newest.{name}, oldest.{name}" for name in _COUNTED)


@dataclass(frozen=True, slots=True)
class SeriesName:
    """What one series is about."""

    target: TargetKey
    version: VersionId
    segment: SegmentName


@dataclass(frozen=True, slots=True)
class Growth:
    """What one series counted between two of its rows."""

    name: SeriesName
    at: Instant
    """Of the newer row."""
    covered_seconds: float
    requests: float
    errors: float
    predictions: float
    confidence_sum: float
    outcomes: float
    good_outcomes: float
    latency: tuple[int, ...]

    def measurement(self, signal: str) -> Measurement:
        """Return one of the counted signals."""
        if signal == ERRORS:
            return Counts(self.errors, self.requests)
        if signal == CONFIDENCE:
            return Mean(self.confidence_sum, self.predictions)
        if signal == BUSINESS:
            return Counts(self.good_outcomes, self.outcomes)
        if signal == LATENCY:
            return Estimate(quantile(self.latency, 0.95), float(sum(self.latency)))
        if signal == THROUGHPUT:
            return self._throughput()
        raise ValueError(f"the world does not count {signal}")

    def _throughput(self) -> Estimate:
        if self.covered_seconds <= 0:
            return Estimate(0.0, 0.0)
        # No request at all is a rate of nought, and not a lack of data.
        return Estimate(self.requests / self.covered_seconds, self.requests or UNKNOWN)


COUNTED_SIGNALS: Final = (ERRORS, LATENCY, THROUGHPUT, CONFIDENCE, BUSINESS)

_NEWEST: Final = f"""
    SELECT series.model, series.environment, series.version, series.segment, newest.at, oldest.at, {_COLUMNS}
    FROM series
    JOIN counters AS newest ON newest.series = series.id
        AND newest.at = (SELECT MAX(at) FROM counters WHERE series = series.id)
    JOIN counters AS oldest ON oldest.series = series.id
        AND oldest.at = COALESCE(
            (SELECT MAX(at) FROM counters WHERE series = series.id AND at <= newest.at - :window),
            (SELECT MIN(at) FROM counters WHERE series = series.id))
    WHERE series.ended_at IS NULL
"""

_PAST: Final = f"""
    SELECT moment.value, series.model, series.environment, series.version, series.segment,
        newest.at, oldest.at, {_COLUMNS}
    FROM json_each(:series) AS wanted
    JOIN series ON series.id = wanted.value
    JOIN json_each(:moments) AS moment
    JOIN counters AS newest ON newest.series = series.id
        AND newest.at = (SELECT MAX(at) FROM counters WHERE series = series.id AND at <= moment.value)
    JOIN counters AS oldest ON oldest.series = series.id
        AND oldest.at = COALESCE(
            (SELECT MAX(at) FROM counters WHERE series = series.id AND at <= newest.at - :window),
            (SELECT MIN(at) FROM counters WHERE series = series.id))
    WHERE series.ended_at IS NULL OR series.ended_at >= moment.value
"""


def newest_growths(connection: sqlite3.Connection, window_seconds: float) -> list[Growth]:
    """Return what every series of a deployed version counted over its newest window."""
    return [_growth(row) for row in connection.execute(_NEWEST, {"window": window_seconds})]


def past_growths(
    connection: sqlite3.Connection, series: Sequence[int], moments: Iterable[float], window_seconds: float
) -> Iterator[tuple[float, Growth]]:
    """Yield, for each of these moments, what each series had counted over the window before it."""
    parameters = {"series": json.dumps(series), "moments": json.dumps(list(moments)), "window": window_seconds}
    for moment, *row in connection.execute(_PAST, parameters):
        yield wire.number(moment), _growth(row)


def newest_drift(connection: sqlite3.Connection) -> list[tuple[SeriesName, Instant, float]]:
    """Return the newest drift of every deployed version and feature."""
    rows = connection.execute(
        "SELECT series.model, series.environment, series.version, series.segment, gauges.at, gauges.drift FROM series"
        " JOIN gauges ON gauges.series = series.id"
        " AND gauges.at = (SELECT MAX(at) FROM gauges WHERE series = series.id) WHERE series.ended_at IS NULL"
    )
    return [(_name(row), Instant(wire.number(row[4])), wire.number(row[5])) for row in rows]


def past_drift(
    connection: sqlite3.Connection, series: Sequence[int], moments: Iterable[float]
) -> Iterator[tuple[float, SeriesName, Instant, float]]:
    """Yield the drift that was known at each of these moments."""
    rows = connection.execute(
        "SELECT moment.value, series.model, series.environment, series.version, series.segment, gauges.at, gauges.drift"
        " FROM json_each(:series) AS wanted JOIN series ON series.id = wanted.value"
        " JOIN json_each(:moments) AS moment JOIN gauges ON gauges.series = series.id"
        " AND gauges.at = (SELECT MAX(at) FROM gauges WHERE series = series.id AND at <= moment.value)"
        " WHERE series.ended_at IS NULL OR series.ended_at >= moment.value",
        {"series": json.dumps(series), "moments": json.dumps(list(moments))},
    )
    for moment, *row in rows:
        yield wire.number(moment), _name(row), Instant(wire.number(row[4])), wire.number(row[5])


def series_of(connection: sqlite3.Connection, targets: Iterable[TargetKey]) -> list[int]:
    """Return the series of these targets, also of versions that are no longer deployed."""
    found: list[int] = []
    for target in targets:
        rows = connection.execute(
            "SELECT id FROM series WHERE model = ? AND environment = ?", [target.model, target.environment]
        )
        found.extend(int(row[0]) for row in rows)
    return found


def quantile(buckets: Sequence[int], share: float) -> float:
    """Return the value below which `share` of the observations lie, in proportion inside its bucket; 0 of none."""
    total = sum(buckets)
    if total <= 0:
        return 0.0
    rank, below = share * total, 0
    for position, count in enumerate(buckets):
        if count and below + count >= rank:
            if position >= len(LATENCY_BOUNDS):
                break  # slower than the last bound: that bound is all that is known
            lower = LATENCY_BOUNDS[position - 1] if position else 0.0
            return lower + (LATENCY_BOUNDS[position] - lower) * (rank - below) / count
        below += count
    return LATENCY_BOUNDS[-1]


def _name(row: Sequence[Any]) -> SeriesName:
    return SeriesName(wire.target_key(row[0], row[1]), wire.version_id(row[2]), SegmentName(safe_text(row[3])))


def _growth(row: Sequence[Any]) -> Growth:
    newest_at, oldest_at = wire.number(row[4]), wire.number(row[5])
    counted = [wire.number(row[i]) - wire.number(row[i + 1]) for i in range(6, 18, 2)]
    newest, oldest = row[18], row[19]
    if not isinstance(newest, bytes) or not isinstance(oldest, bytes):
        raise ValueError("latency buckets were expected")
    try:
        latency = tuple(map(int.__sub__, BUCKETS.unpack(newest), BUCKETS.unpack(oldest)))
    except struct.error as error:
        raise ValueError(f"latency buckets cannot be read: {error}") from error
    if min(*counted, *latency) < 0:
        raise ValueError(f"a counter of {row[0]}@{row[1]} {row[2]} runs backwards")
    requests, errors, predictions, confidence_sum, outcomes, good_outcomes = counted
    return Growth(
        name=_name(row),
        at=Instant(newest_at),
        covered_seconds=max(newest_at - oldest_at, 0.0),
        requests=requests,
        errors=errors,
        predictions=predictions,
        confidence_sum=confidence_sum,
        outcomes=outcomes,
        good_outcomes=good_outcomes,
        latency=latency,
    )
