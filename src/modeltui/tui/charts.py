"""The chart of one signal of a target: every version's points, the limits, and when something changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

from modeltui.domain.fleet import ChangeKind, Fleet, SegmentCell, ServedVersion, Target
from modeltui.domain.names import Missing, SegmentName
from modeltui.domain.rollout import Role
from modeltui.domain.signal import Point, Signal
from modeltui.present import format as form
from modeltui.present.glyphs import Glyphs, elide_apart
from modeltui.present.rows import worst_cell
from modeltui.present.span import Line
from modeltui.present.tone import Tone
from modeltui.tui.widgets.chart import Draw, Limit, Marker, Series, full_screen_chart, render_chart

CHART_SECONDS = 3_600.0
_TONES = {Role.STABLE: Tone.SERIES_2, Role.CANDIDATE: Tone.SERIES_1}
_OTHER_TONES = (Tone.SERIES_1, Tone.SERIES_3)
_MARKED = (ChangeKind.SERVING, ChangeKind.STABLE, ChangeKind.CANDIDATE, ChangeKind.STAGE)
_LEAST_GAP_SECONDS = 95.0
_LONGEST_NAME = 16


def signal_chart(fleet: Fleet, target: Target, signal: Signal, *, whole_screen: bool = False) -> Draw:
    """Return how to draw one signal over the last hour: every version, and the segment that is over its limit."""
    series: list[Series] = []
    gap = _LEAST_GAP_SECONDS
    whole = [version.version for version in target.versions]
    names = dict(zip(whole, elide_apart(whole, _LONGEST_NAME), strict=True))
    for place, version in enumerate(sorted(target.versions, key=lambda version: version.role is Role.STABLE)):
        points = fleet.points(target.key, version.version, signal.name)
        gap = max(gap, _usual_gap(points))
        tone = _TONES.get(version.role, _OTHER_TONES[place % len(_OTHER_TONES)])
        series.append(_series(names[version.version], points, tone))
        segment = _harmed_segment(version, signal)
        if segment is not None:
            points = fleet.points(target.key, version.version, signal.name, segment)
            short = segment.rpartition("=")[2]
            series.insert(0, _series(f"{names[version.version]} {short}", points, Tone.SERIES_3))
    if series:
        series[0] = replace(series[0], label=f"{signal.title.lower()} {series[0].label}")
    limits = _limits(target, signal)
    markers = tuple(Marker(change.at, str(change.after)) for change in target.changes if change.kind in _MARKED)
    render = full_screen_chart if whole_screen else render_chart
    return partial(_draw, render, tuple(series), limits, markers, float(fleet.at), gap, signal)


def worst_first(target: Target, signals: tuple[Signal, ...]) -> list[Signal]:
    """Return the signals in the order in which to look at their charts."""

    def level(signal: Signal) -> int:
        found = worst_cell(target, signal.name)
        return found[1].verdict.level if found else -1

    return sorted(signals, key=lambda signal: -level(signal))


def _series(label: str, points: tuple[Point, ...], tone: Tone) -> Series:
    return Series(label, tuple((point.at, point.value) for point in points), tone)


def _harmed_segment(version: ServedVersion, signal: Signal) -> SegmentName | None:
    cell = version.cells.get(signal.name)
    worst = cell.worst_segment() if cell else None
    return worst.name if isinstance(worst, SegmentCell) else None


def _limits(target: Target, signal: Signal) -> tuple[Limit, ...]:
    """Return the limit of the worst version, and of its segment where that is another: one line says more than four."""
    found = worst_cell(target, signal.name)
    if found is None:
        return ()
    cell = found[1]
    segment = cell.worst_segment()
    limit = cell.verdict.limit if isinstance(segment, Missing) else segment.verdict.limit
    return () if isinstance(limit, Missing) else (Limit(limit),)


def _draw(
    render: Callable[..., tuple[Line, ...]],
    series: tuple[Series, ...],
    limits: tuple[Limit, ...],
    markers: tuple[Marker, ...],
    end: float,
    gap: float,
    signal: Signal,
    width: int,
    height: int,
    glyphs: Glyphs,
) -> tuple[Line, ...]:
    return render(
        series,
        limits,
        markers,
        width=width,
        height=height,
        start=end - CHART_SECONDS,
        end=end,
        format_value=partial(form.value, unit=signal.unit),
        gap_after_seconds=gap,
        glyphs=glyphs,
    )


def _usual_gap(points: tuple[Point, ...]) -> float:
    """Return three times the usual distance of points: what is further apart was not measured in between."""
    if len(points) < 3:
        return 0.0
    gaps = sorted(after.at - before.at for before, after in pairwise(points))
    return 3 * gaps[len(gaps) // 2]
