"""The chart of one signal of a target: every version's points, the limits, and when something changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from modeltui.domain.fleet import ChangeKind, Fleet, Target
from modeltui.domain.names import Missing
from modeltui.domain.rollout import Role
from modeltui.domain.signal import Point, Signal
from modeltui.present import format as form
from modeltui.present.glyphs import Glyphs
from modeltui.present.tone import Tone
from modeltui.tui.widgets.chart import Draw, Limit, Marker, Series, full_screen_chart, render_chart
from modeltui.present.span import Line

CHART_SECONDS = 3_600.0
_TONES = {Role.STABLE: Tone.SERIES_2, Role.CANDIDATE: Tone.SERIES_1}
_OTHER_TONES = (Tone.SERIES_1, Tone.SERIES_3)
_MARKED = (ChangeKind.SERVING, ChangeKind.STABLE, ChangeKind.CANDIDATE, ChangeKind.STAGE)
_LEAST_GAP_SECONDS = 95.0


def signal_chart(fleet: Fleet, target: Target, signal: Signal, *, whole_screen: bool = False) -> Draw:
    """Return how to draw one signal over the last hour."""
    series: list[Series] = []
    limits: dict[float, Limit] = {}
    gap = _LEAST_GAP_SECONDS
    for place, version in enumerate(sorted(target.versions, key=lambda version: version.role is Role.STABLE)):
        points = fleet.series.get((target.key, version.version, signal.name), ())
        gap = max(gap, _usual_gap(points))
        tone = _TONES.get(version.role, _OTHER_TONES[place % len(_OTHER_TONES)])
        label = f"{signal.title.lower()} {version.version} {version.role.value}"
        series.append(Series(label, tuple((point.at, point.value) for point in points), tone))
        cell = version.cells.get(signal.name)
        if cell is not None and not isinstance(cell.verdict.limit, Missing):
            limits.setdefault(cell.verdict.limit, Limit(cell.verdict.limit))
    markers = [Marker(change.at, str(change.after)) for change in target.changes if change.kind in _MARKED]
    end = float(fleet.at)
    render = full_screen_chart if whole_screen else render_chart
    return partial(_draw, render, tuple(series), tuple(limits.values()), tuple(markers), end, gap, signal)


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
