"""The full-screen chart for looking around, drawn by plotext: the one module that knows its interface.

Slower than `render_chart` by a factor of about 20 and meant for one picture at a time, not for live panes. plotext
is imported on the first call. It never sees text or numbers that it cannot bear, and its colours are read back
as tones, so that its pictures follow the theme like everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final

from modeltui.domain.text import safe_text
from modeltui.present.glyphs import LARGEST, UNICODE, Glyphs, drawable_text
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.widgets.chart_lines import Limit, Marker, Series, age_label, age_steps, render_chart
from modeltui.tui.widgets.curves import Visible, in_view, nice_steps
from modeltui.tui.widgets.lines import fit_line

_LEAST_WIDTH: Final = 30
_LEAST_HEIGHT: Final = 8
_COLOUR: Final = re.compile(r"\x1b\[([0-9;]*)m")
_LONGEST_LABEL: Final = 40
_CELLS_PER_AGE: Final = 14
_ROWS_PER_TICK: Final = 4


def full_screen_chart(
    series: Sequence[Series],
    limits: Sequence[Limit] = (),
    markers: Sequence[Marker] = (),
    *,
    width: int,
    height: int,
    start: float,
    end: float,
    format_value: Callable[[float], str],
    format_age: Callable[[float], str] = age_label,
    gap_after_seconds: float = inf,
    glyphs: Glyphs = UNICODE,
) -> tuple[Line, ...]:
    """Return `height` lines of `width` cells; where plotext has nothing to draw or no room, what `render_chart` draws.

    Values that are infinite, not a number, or beyond 1e300 are gaps: plotext would fail on them.
    """
    visible = [in_view(one.points, start, end) for one in series]
    drawable = any(value == value for points in visible for _, value in points)  # not `nan`
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT or not drawable:
        return render_chart(
            series,
            limits,
            markers,
            width=width,
            height=height,
            start=start,
            end=end,
            format_value=format_value,
            format_age=format_age,
            gap_after_seconds=gap_after_seconds,
            glyphs=glyphs,
        )
    import plotext

    palette = _Palette()
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plotsize(width, height)
    for place, (one, points) in enumerate(zip(series, visible, strict=True)):
        mark = "braille" if glyphs.braille else glyphs.series_marks[place % len(glyphs.series_marks)]
        _draw_curve(plotext, one, points, palette.number(one.tone), mark, gap_after_seconds)
    for limit in limits:
        if -LARGEST < limit.value < LARGEST:
            plotext.hline(limit.value, palette.number(limit.tone))
    for marker in markers:
        if start <= marker.at <= end:
            plotext.vline(marker.at, palette.number(marker.tone))
    plotext.xlim(start, end)
    values = [value for points in visible for _, value in points if value == value]
    values += [limit.value for limit in limits if -LARGEST < limit.value < LARGEST]
    ticks = nice_steps(min(values), max(values), max(2, height // _ROWS_PER_TICK))
    plotext.yticks(ticks, [_harmless(format_value(value)) for value in ticks])
    ages = [age for age in age_steps(end - start, width // _CELLS_PER_AGE) if age <= end - start]
    plotext.xticks([end - age for age in ages], [_harmless(format_age(age)) for age in ages])
    picture = str(plotext.build())
    plotext.clear_figure()
    return palette.lines(picture, width, height, glyphs)


def _draw_curve(plotext: Any, series: Series, points: Visible, number: int, mark: str, gap_after: float) -> None:
    label: str | None = _harmless(series.label)
    for piece in _pieces(points, gap_after):
        moments, values = [at for at, _ in piece], [value for _, value in piece]
        draw = plotext.plot if len(piece) > 1 else plotext.scatter
        draw(moments, values, marker=mark, color=number, label=label)
        label = None


def _pieces(points: Visible, gap_after_seconds: float) -> list[Visible]:
    """Split where something is missing: plotext joins all that it is given."""
    pieces: list[Visible] = [[]]
    for at, value in points:
        if value != value:  # `nan`
            pieces.append([])
            continue
        if pieces[-1] and at - pieces[-1][-1][0] > gap_after_seconds:
            pieces.append([])
        pieces[-1].append((at, value))
    return [piece for piece in pieces if piece]


def _harmless(text: str) -> str:
    return safe_text(text, _LONGEST_LABEL)


class _Palette:
    """Gives each tone a colour number for plotext, and reads the numbers back as tones."""

    def __init__(self) -> None:
        self._tones: list[Tone] = []

    def number(self, tone: Tone) -> int:
        """Return the colour that stands for this tone."""
        if tone not in self._tones:
            self._tones.append(tone)
        return self._tones.index(tone) + 1

    def lines(self, picture: str, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
        """Return the picture as toned lines; no escape sequence is left in it."""
        lines: list[Line] = []
        for written in picture.split("\n")[:height]:
            spans: list[Span] = []
            tone = Tone.MUTED
            for place, part in enumerate(_COLOUR.split(written)):
                if place % 2:
                    tone = self._tone(part)
                elif part:
                    spans.append(Span(drawable_text(part, glyphs), tone))
            lines.append(fit_line(spans, width, glyphs))
        blank = fit_line((), width, glyphs)
        return tuple(lines) + (blank,) * (height - len(lines))

    def _tone(self, codes: str) -> Tone:
        number = codes.removeprefix("38;5;")
        known = number.isdecimal() and 0 < int(number) <= len(self._tones)
        return self._tones[int(number) - 1] if known else Tone.MUTED
