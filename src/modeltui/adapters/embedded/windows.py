"""What the series of a world file counted over a window: two rows each, whatever the window."""

# ruff: noqa: S608 - what is put into the queries is the list of columns below

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

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

COUNTED_SIGNALS: Final = (ERRORS, LATENCY, THROUGHPUT, CONFIDENCE, BUSINESS)
WHOLE: Final = SegmentName(SafeText(""))
"""The segment of the series that counts everything."""

# CROSS JOIN tells SQLite to take the tables in this order: series first, then one look-up each. Left to itself it
# reads every counter there is.

LATE_SECONDS: Final = 60.0
"""A window begins at a row at most this much before it: further back lies a pause of the simulator."""
SILENT_SECONDS: Final = 120.0
"""What was last counted is the past's answer for this long after a series fell silent; then it has none."""

SeriesId: TypeAlias = int
Row: TypeAlias = tuple[Any, ...]
"""The columns below, of one row."""

_COLUMNS: Final = "at, requests, errors, predictions, confidence_sum, outcomes, good_outcomes, latency"
_AT, _REQUESTS, _ERRORS, _PREDICTIONS, _CONFIDENCE_SUM, _OUTCOMES, _GOOD_OUTCOMES, _LATENCY = range(8)


@dataclass(frozen=True, slots=True)
class SeriesName:
    """What one series is about."""

    target: TargetKey
    version: VersionId
    segment: SegmentName


class Growth:
    """What one series counted between two of its rows; worked out when it is asked for."""

    __slots__ = ("_newest", "_oldest", "at", "covered_seconds", "name")

    def __init__(self, name: SeriesName, newest: Row, oldest: Row) -> None:
        self.name = name
        self.at = Instant(wire.number(newest[_AT]))
        """Of the newer row."""
        self.covered_seconds = max(self.at - wire.number(oldest[_AT]), 0.0)
        self._newest = newest
        self._oldest = oldest

    def measurement(self, signal: str) -> Measurement:
        """Return one of the counted signals; raise `ValueError` when the rows do not hold numbers that grow."""
        if signal == ERRORS:
            return Counts(self._grown(_ERRORS), self._grown(_REQUESTS))
        if signal == CONFIDENCE:
            return Mean(self._grown(_CONFIDENCE_SUM), self._grown(_PREDICTIONS))
        if signal == BUSINESS:
            return Counts(self._grown(_GOOD_OUTCOMES), self._grown(_OUTCOMES))
        if signal == THROUGHPUT:
            return self._throughput()
        if signal == LATENCY:
            buckets = self._buckets()
            return Estimate(quantile(buckets, 0.95), float(sum(buckets)))
        raise ValueError(f"the world does not count {signal}")

    def _throughput(self) -> Estimate:
        if self.covered_seconds <= 0:
            return Estimate(0.0, 0.0)
        requests = self._grown(_REQUESTS)
        # No request at all is a rate of nought, and not a lack of data.
        return Estimate(requests / self.covered_seconds, requests or UNKNOWN)

    def _grown(self, column: int) -> float:
        grown = wire.number(self._newest[column]) - wire.number(self._oldest[column])
        return grown if grown >= 0 else self._ran_backwards()

    def _buckets(self) -> tuple[int, ...]:
        try:
            newest, oldest = BUCKETS.unpack(self._newest[_LATENCY]), BUCKETS.unpack(self._oldest[_LATENCY])
        except struct.error as error:
            raise ValueError(f"latency buckets cannot be read: {error}") from error
        grown = tuple(map(int.__sub__, newest, oldest))
        if min(grown) < 0:
            self._ran_backwards()
        return grown

    def _ran_backwards(self) -> float:
        raise ValueError(f"a counter of {self.name.target} {self.name.version} runs backwards")


def newest_growths(connection: sqlite3.Connection, windows: Iterable[float]) -> Iterator[tuple[float, Growth]]:
    """Yield, window by window, what every series of a deployed version counted up to its newest row."""
    series = "FROM series CROSS JOIN counters AS one ON one.series = series.id"
    last = "(SELECT MAX(at) FROM counters WHERE series = series.id)"
    deployed = "series.ended_at IS NULL"
    names = _names(connection)
    newest = {
        row[0]: row[1:]
        for row in connection.execute(f"SELECT series.id, {_COLUMNS} {series} WHERE {deployed} AND one.at = {last}")
    }
    for window in windows:
        span = f"{last} - :window - {LATE_SECONDS} AND {last} - :window"
        before = f"(SELECT MAX(at) FROM counters WHERE series = series.id AND at BETWEEN {span})"
        after = f"(SELECT MIN(at) FROM counters WHERE series = series.id AND at > {last} - :window)"
        rows = connection.execute(
            f"SELECT series.id, {_COLUMNS} {series} WHERE {deployed} AND one.at = COALESCE({before}, {after})",
            {"window": window},
        )
        for row in rows:
            yield window, Growth(names[row[0]], newest[row[0]], row[1:])


def past_growths(
    connection: sqlite3.Connection, targets: Iterable[TargetKey], moments: Sequence[float], windows: Iterable[float]
) -> Iterator[tuple[float, float, Growth]]:
    """Yield, for each moment and window, what each series of these targets had counted up to then."""
    windows = tuple(windows)
    names = _names(connection)
    wanted = sorted({moment - window for moment in moments for window in (0.0, *windows)})
    for series, ended_at in _series_of(connection, targets):
        rows = _rows_at(connection, series, wanted)
        first = next(iter(rows.values()), None)
        growths: dict[float, Growth] = {}
        for moment in moments:
            newest = rows.get(moment)
            if newest is None or not _is_heard(newest[_AT], moment, ended_at):
                continue
            for window in windows:
                known = growths.get(window)
                if known is None or known.at != newest[_AT]:
                    oldest = rows.get(moment - window) or first or newest
                    if oldest[_AT] < moment - window - LATE_SECONDS:
                        oldest = newest  # a pause lies before it: nothing is known of this window
                    growths[window] = Growth(names[series], newest, oldest)
                yield moment, window, growths[window]


def newest_drift(connection: sqlite3.Connection) -> Iterator[tuple[SeriesName, Instant, float]]:
    """Yield the newest drift of every deployed version and feature."""
    names = _names(connection)
    rows = connection.execute(
        "SELECT series.id, gauges.at, gauges.drift FROM series CROSS JOIN gauges ON gauges.series = series.id"
        " AND gauges.at = (SELECT MAX(at) FROM gauges WHERE series = series.id) WHERE series.ended_at IS NULL"
    )
    for series, at, drift in rows:
        yield names[series], Instant(wire.number(at)), wire.number(drift)


def past_drift(
    connection: sqlite3.Connection, targets: Iterable[TargetKey], moments: Sequence[float]
) -> Iterator[tuple[float, SeriesName, Instant, float]]:
    """Yield the drift that was known at each of these moments."""
    names = _names(connection)
    for series, ended_at in _series_of(connection, targets):
        rows = connection.execute(
            "SELECT moment.value, at, drift FROM json_each(:moments) AS moment CROSS JOIN gauges ON series = :series"
            " AND at = (SELECT MAX(at) FROM gauges WHERE series = :series AND at <= moment.value)",
            {"series": series, "moments": json.dumps(moments)},
        )
        for moment, at, drift in rows:
            if _is_heard(at, moment, ended_at):
                yield moment, names[series], Instant(wire.number(at)), wire.number(drift)


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


def _is_heard(at: float, moment: float, ended_at: float | None) -> bool:
    """Tell whether a row is what one would have read at a moment."""
    return moment - at <= SILENT_SECONDS and (ended_at is None or ended_at >= moment)


def _rows_at(connection: sqlite3.Connection, series: SeriesId, moments: Sequence[float]) -> Mapping[float, Row]:
    """Return the newest row at or before each of these moments, oldest first; none where there was none yet."""
    rows = connection.execute(
        f"SELECT moment.value, {_COLUMNS} FROM json_each(:moments) AS moment CROSS JOIN counters ON series = :series"
        " AND at = (SELECT MAX(at) FROM counters WHERE series = :series AND at <= moment.value)",
        {"series": series, "moments": json.dumps(moments)},
    )
    found = {row[0]: row[1:] for row in rows}
    return {moment: found[moment] for moment in moments if moment in found}


def _series_of(connection: sqlite3.Connection, targets: Iterable[TargetKey]) -> Iterator[tuple[SeriesId, float | None]]:
    """Yield the series of these targets and when they ended, also of versions that are no longer deployed."""
    for target in targets:
        yield from connection.execute(
            "SELECT id, ended_at FROM series WHERE model = ? AND environment = ?", [target.model, target.environment]
        ).fetchall()


def _names(connection: sqlite3.Connection) -> Mapping[SeriesId, SeriesName]:
    rows = connection.execute("SELECT id, model, environment, version, segment FROM series")
    return {
        series: SeriesName(
            wire.target_key(model, environment), wire.version_id(version), SegmentName(safe_text(segment))
        )
        for series, model, environment, version, segment in rows
    }
