"""The points of what is looked at: of each signal as a whole, and of each segment, where harm hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from modeltui.domain.names import Instant, Missing, SegmentName, SignalName, TargetKey, VersionId
from modeltui.domain.signal import Measurement, Point, Sample, has_observations
from modeltui.domain.text import SafeText

SERIES_SECONDS: Final = 3_900.0
"""An hour for the charts, and five minutes more so that the left edge is never bare."""
POINT_SECONDS: Final = 15.0
"""Least distance of two points besides the newest: half a cell of a chart; a poll each second would keep 100 MB."""
WHOLE: Final = SegmentName(SafeText(""))
"""All segments together."""

SeriesKey: TypeAlias = tuple[TargetKey, VersionId, SignalName, SegmentName]
AllSeries: TypeAlias = Mapping[SeriesKey, tuple[Point, ...]]


def with_samples(series: AllSeries, samples: Iterable[Sample], now: Instant) -> AllSeries:
    """Return the series after these samples; a sample seen before adds nothing, what is too old leaves."""
    began = now - SERIES_SECONDS
    result = {key: points for key, points in series.items() if points[-1].at > began}
    for sample in samples:
        if isinstance(sample.at, Missing):
            continue
        for key, measurement in _parts(sample):
            points = result.get(key, ())
            if points and sample.at <= points[-1].at:
                continue
            if len(points) > 1 and sample.at - points[-2].at < POINT_SECONDS:
                points = points[:-1]
            first = next((place for place, point in enumerate(points) if point.at > began), len(points))
            result[key] = (*points[first:], Point(sample.at, measurement.value, measurement.n))
    return result


def with_past(
    series: AllSeries, steps: Iterable[tuple[Instant, tuple[Sample, ...]]], watched: frozenset[TargetKey]
) -> AllSeries:
    """Return the series with this past in place of what they had of it; newer points stay."""
    past: dict[SeriesKey, list[Point]] = {}
    for at, samples in steps:
        for sample in samples:
            if sample.target in watched:
                for key, measurement in _parts(sample):
                    past.setdefault(key, []).append(Point(at, measurement.value, measurement.n))
    joined = {
        key: (*points, *(point for point in series.get(key, ()) if point.at > points[-1].at))
        for key, points in past.items()
    }
    return {**series, **joined}


def only_of(series: AllSeries, watched: frozenset[TargetKey]) -> AllSeries:
    """Return the series of these targets."""
    return {key: points for key, points in series.items() if key[0] in watched}


def _parts(sample: Sample) -> Iterator[tuple[SeriesKey, Measurement]]:
    """Yield the whole and each segment, where there is anything behind the number."""
    if has_observations(sample.measurement):
        yield (sample.target, sample.version, sample.signal, WHOLE), sample.measurement
    for segment, measurement in sample.segments:
        if has_observations(measurement):
            yield (sample.target, sample.version, sample.signal, segment), measurement
