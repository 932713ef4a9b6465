"""The metrics of a world file: every signal of every deployed version, over its own window."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from modeltui.adapters.embedded import windows
from modeltui.adapters.embedded.file import Options, WorldFile, opened
from modeltui.adapters.embedded.schema import SCHEMA_VERSION
from modeltui.adapters.embedded.windows import COUNTED_SIGNALS, WHOLE, Growth, SeriesName
from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Instant, SegmentName, TargetKey, VersionId
from modeltui.domain.signal import DRIFT, Estimate, Measurement, Sample, Signal, has_observations
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Connect, Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import HistoryAnswer, Metrics, SamplesAnswer
from modeltui.ports.probe import Finding, Probe

KIND: Final = "embedded"
PORT: Final = SourceKind.METRICS
POLL_SECONDS: Final = 2.0
"""As often as the simulator writes."""
__all__ = ["KIND", "POLL_SECONDS", "PORT", "EmbeddedMetrics", "Options", "connect"]

RUNNING_WITHIN_SECONDS: Final = 10.0
"""A simulator that runs has written within this time: five of its ticks."""
MOST_STEPS: Final = 1_500
"""Of one history: more than any chart has columns."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One measurement on its way into a sample."""

    name: SeriesName
    signal: Signal
    measurement: Measurement
    at: Instant
    window_seconds: float


class EmbeddedMetrics:
    """Reads the counters of a world file."""

    def __init__(self, file: WorldFile, signals: Sequence[Signal], clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._counted: dict[float, list[Signal]] = {}
        """Signals by their window: each window is one query."""
        for signal in signals:
            if signal.name in COUNTED_SIGNALS:
                self._counted.setdefault(signal.window_seconds, []).append(signal)
        self._drift = next((signal for signal in signals if signal.name == DRIFT), None)
        known = (*COUNTED_SIGNALS, DRIFT)
        self._warnings = tuple(
            safe_text(f"the embedded world does not measure {signal.name}")
            for signal in signals
            if signal.name not in known
        )

    async def read(self) -> SamplesAnswer:
        """Return the newest samples of all targets, over each signal's own window, from one look at the file."""
        readings = await self._file.ask(self._newest)
        return SamplesAnswer(_samples(readings), self._warnings)

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return the samples of these targets at `start`, `start + step`, … up to `end`.

        The world keeps a little more than an hour; steps before that hold no samples.
        """
        moments = _moments(start, end, step_seconds)
        by_moment = await self._file.ask(lambda connection: self._past(connection, targets, moments))
        steps = tuple((Instant(moment), _samples(by_moment.get(moment, ()))) for moment in moments)
        return HistoryAnswer(steps, self._warnings)

    async def probe(self) -> Probe:
        """Return whether the simulator runs, and which signals it measures."""
        began = self._clock.boottime()
        newest, series, segments = await self._file.ask(_surveyed)
        took = self._clock.boottime() - began
        age = self._clock.now() - newest if newest else math.inf
        running = age <= RUNNING_WITHIN_SECONDS
        labels = f"model, environment, version; segments: {segments or 'none'}"
        findings = (
            Finding(
                SafeText("simulator"),
                running,
                safe_text(f"wrote {age:.0f} s ago" if math.isfinite(age) else "never wrote"),
                SafeText("" if running else "Start it with `modeltui demo --dir DIRECTORY`."),
            ),
            Finding(SafeText("series"), series > 0, safe_text(f"{series} series")),
            Finding(SafeText("labels"), True, safe_text(labels)),
            *(Finding(SafeText("signals"), False, warning) for warning in self._warnings),
        )
        return Probe(safe_text(f"world format {SCHEMA_VERSION}"), took, 0.0, findings)

    def _newest(self, connection: sqlite3.Connection) -> list[_Reading]:
        readings: list[_Reading] = []
        for window_seconds, growth in windows.newest_growths(connection, self._counted):
            readings.extend(_readings(growth, self._counted[window_seconds]))
        if self._drift:
            for name, at, drift in windows.newest_drift(connection):
                readings.append(_Reading(name, self._drift, Estimate(drift), at, self._drift.window_seconds))
        return readings

    def _past(
        self, connection: sqlite3.Connection, targets: Sequence[TargetKey], moments: Sequence[float]
    ) -> dict[float, list[_Reading]]:
        by_moment: dict[float, list[_Reading]] = {}
        for moment, window_seconds, growth in windows.past_growths(connection, targets, moments, self._counted):
            by_moment.setdefault(moment, []).extend(_readings(growth, self._counted[window_seconds]))
        if self._drift:
            for moment, name, at, drift in windows.past_drift(connection, targets, moments):
                reading = _Reading(name, self._drift, Estimate(drift), at, self._drift.window_seconds)
                by_moment.setdefault(moment, []).append(reading)
        return by_moment


def _moments(start: Instant, end: Instant, step_seconds: float) -> list[float]:
    """Return the steps, the newest of them when there are too many."""
    count = max(int((end - start) / step_seconds + 1e-9) + 1, 0) if step_seconds > 0 else 0
    return [start + step * step_seconds for step in range(max(count - MOST_STEPS, 0), count)]


def _readings(growth: Growth, signals: Iterable[Signal]) -> list[_Reading]:
    if growth.covered_seconds <= 0:
        return []  # deployed this very moment
    return [
        _Reading(
            growth.name,
            signal,
            growth.measurement(signal.name),
            growth.at,
            # Rows lie some seconds apart, so that a window may begin a little before its time.
            min(growth.covered_seconds, signal.window_seconds),
        )
        for signal in signals
    ]


def _samples(readings: Iterable[_Reading]) -> tuple[Sample, ...]:
    """Return a sample per signal, its segments beside it."""
    wholes: dict[tuple[TargetKey, VersionId, str], _Reading] = {}
    segments: dict[tuple[TargetKey, VersionId, str], list[tuple[SegmentName, Measurement]]] = {}
    for reading in readings:
        key = (reading.name.target, reading.name.version, reading.signal.name)
        if reading.name.segment == WHOLE:
            wholes[key] = reading
        elif has_observations(reading.measurement):
            segments.setdefault(key, []).append((reading.name.segment, reading.measurement))
    return tuple(
        Sample(
            target=whole.name.target,
            version=whole.name.version,
            signal=whole.signal.name,
            measurement=whole.measurement,
            at=whole.at,
            window_seconds=whole.window_seconds,
            segments=tuple(sorted(segments.get(key, ()), key=lambda segment: segment[0])),
        )
        for key, whole in wholes.items()
    )


def _surveyed(connection: sqlite3.Connection) -> tuple[float, int, str]:
    (newest,) = connection.execute("SELECT MAX(at) FROM counters").fetchone()
    (series,) = connection.execute("SELECT COUNT(*) FROM series WHERE ended_at IS NULL").fetchone()
    rows = connection.execute("SELECT DISTINCT segment FROM series WHERE segment <> ''")
    dimensions = sorted({safe_text(segment).partition("=")[0] for (segment,) in rows})
    return float(newest or 0.0), int(series), ", ".join(dimensions[:10])


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Metrics]:
    """Open the metrics of the world file that the options name."""
    async with opened(options, surroundings.base_directory) as file:
        yield EmbeddedMetrics(file, surroundings.signals, surroundings.clock)


_: Connect = connect
