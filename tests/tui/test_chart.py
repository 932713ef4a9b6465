"""What a chart tells: the curves, what is missing, where the limit is, when a version was put in service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from textual.app import App, ComposeResult

import modeltui
from modeltui.domain.names import NO_DATA
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.span import Line
from modeltui.present.tone import Tone
from modeltui.tui.widgets.chart import Chart, Limit, Marker, Series, age_label, full_screen_chart, render_chart
from modeltui.tui.widgets.curves import nice_steps
from modeltui.tui.widgets.lines import plain_text

END = 1_700_000_000.0
START = END - 3600.0
BOTH = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
EITHER = pytest.mark.parametrize("draw", [render_chart, full_screen_chart])


def points(value: Callable[[float], float], count: int = 120) -> list[tuple[float, float]]:
    """A series over the hour: `value` of the share of it that has passed."""
    return [(START + place * 3600 / count, value(place / count)) for place in range(count + 1)]


FALLING = Series("5.0.0", points(lambda share: 0.9 - 0.2 * share))
STEADY = Series("4.2.1", points(lambda share: 0.9), Tone.SERIES_2)


def chart(
    *series: Series,
    limits: tuple[Limit, ...] = (),
    markers: tuple[Marker, ...] = (),
    size: tuple[int, int] = (60, 14),
    glyphs: Glyphs = UNICODE,
    gap: float = 120.0,
) -> tuple[Line, ...]:
    """The picture of an hour."""
    return render_chart(
        series,
        limits,
        markers,
        width=size[0],
        height=size[1],
        start=START,
        end=END,
        format_value=lambda value: f"{value:.2f}",
        gap_after_seconds=gap,
        glyphs=glyphs,
    )


def text(lines: tuple[Line, ...]) -> list[str]:
    """The picture without tones."""
    return plain_text(lines).split("\n")


def tone_at(line: Line, column: int) -> Tone:
    """The tone of a cell."""
    for span in line:
        column -= cell_width(span.text)
        if column < 0:
            return span.tone
    raise AssertionError(column)


def plotted(lines: tuple[Line, ...], tone: Tone) -> list[tuple[int, int]]:
    """The cells (column, row) of the plot that a curve of this tone passes."""
    found = []
    for row, line in enumerate(lines[1:-1]):
        column = 0
        for span in line:
            for character in span.text:
                if span.tone is tone and character != " ":
                    found.append((column, row))
                column += 1
    return found


@BOTH
def test_a_falling_signal_falls(glyphs: Glyphs) -> None:
    """The curve goes from the top left to the bottom right, without a break."""
    cells = plotted(chart(FALLING, glyphs=glyphs), Tone.SERIES_1)
    assert min(cells)[1] < 3
    assert max(cells)[1] > 8
    columns = sorted({column for column, _ in cells})
    assert columns == list(range(columns[0], columns[-1] + 1))


@BOTH
def test_what_was_not_measured_is_not_drawn(glyphs: Glyphs) -> None:
    """An outage is a hole in the curve, whether values are marked missing or simply did not come."""
    silent = [(at, value) for at, value in FALLING.points if not START + 1200 < at < START + 2400]
    marked = [(at, NO_DATA if START + 1200 < at < START + 2400 else value) for at, value in FALLING.points]
    for gappy in (silent, marked):
        columns = {column for column, _ in plotted(chart(Series("5.0.0", gappy), glyphs=glyphs), Tone.SERIES_1)}
        assert not columns & set(range(25, 40))
        assert columns & set(range(6, 20))
        assert columns & set(range(45, 60))


def test_a_lonely_point_is_visible() -> None:
    """One value between two outages is a dot, not nothing."""
    assert plotted(chart(Series("x", [(START + 1800, 5.0)])), Tone.SERIES_1)


@BOTH
def test_the_limit_is_drawn_named_and_on_the_axis(glyphs: Glyphs) -> None:
    """The line that must not be crossed is on the screen even when no value is near it, with its number."""
    lines = chart(STEADY, limits=(Limit(0.5, "limit"),), glyphs=glyphs)
    row = next(row for row, line in enumerate(text(lines)) if line.startswith("0.50"))
    assert "limit" in text(lines)[row]
    assert tone_at(lines[row], 20) is Tone.LIMIT
    assert "limit 0.50" in text(lines)[0]


@BOTH
def test_a_deployment_is_marked_at_its_moment(glyphs: Glyphs) -> None:
    """The moment when a version was put in service is a vertical line with its name."""
    lines = chart(FALLING, markers=(Marker(START + 1800, "5.0.0 5%"),), glyphs=glyphs)
    assert glyphs.deploy + "5.0.0 5%" in plain_text(lines)
    marked = [line.index(glyphs.marker_line) for line in text(lines)[4:-1] if glyphs.marker_line in line]
    assert set(marked) == {33}
    outside = chart(FALLING, markers=(Marker(START - 60, "5.0.0 5%"),), glyphs=glyphs)
    assert "5.0.0 5%" not in plain_text(outside)


def test_a_label_never_hides_a_curve() -> None:
    """Where the curve passes, no name of a limit or a deployment is written over it."""
    busy = Series("x", points(lambda share: share * 100 % 1, 400))
    bare = plotted(chart(busy), Tone.SERIES_1)
    labelled = chart(busy, limits=(Limit(0.5, "limit"),), markers=(Marker(START + 1800, "5.0.0 25%"),))
    assert plotted(labelled, Tone.SERIES_1) == bare


def test_the_judged_version_is_drawn_over_the_others() -> None:
    """Where two curves meet, the first one, which is judged, keeps its tone."""
    lines = chart(Series("5.0.0", STEADY.points), Series("4.2.1", STEADY.points, Tone.SERIES_2))
    assert plotted(lines, Tone.SERIES_1)
    assert not plotted(lines, Tone.SERIES_2)


@BOTH
def test_the_legend_names_each_curve_and_its_last_value(glyphs: Glyphs) -> None:
    """The first line says which curve is which, by mark and not by colour alone, and where it is now."""
    legend = text(chart(FALLING, STEADY, glyphs=glyphs))[0]
    first, second = glyphs.series_marks[0], glyphs.series_marks[1]
    assert f"{first} 5.0.0 0.70" in legend
    assert f"{second} 4.2.1 0.90" in legend


def test_a_curve_that_stopped_has_no_value_now() -> None:
    """A series whose last point is long ago is not given as the value of now."""
    stopped = Series("5.0.0", FALLING.points[:60])
    assert "5.0.0 no data" in text(chart(stopped, STEADY))[0]


@BOTH
def test_no_data_is_said_in_words(glyphs: Glyphs) -> None:
    """A chart without any value says so; it does not draw an empty frame that looks calm."""
    for empty in (Series("5.0.0", []), Series("5.0.0", [(START + 1, NO_DATA), (START + 2, nan), (START + 3, inf)])):
        lines = chart(empty, limits=(Limit(0.5),), glyphs=glyphs)
        assert "no data in this time" in plain_text(lines)
        assert any(span.tone is Tone.UNKNOWN for line in lines for span in line)


def test_the_time_axis_counts_back_from_now() -> None:
    """Below the plot are ages, newest at the right."""
    assert text(chart(FALLING, size=(92, 17)))[-1].split() == ["-60m", "-50m", "-40m", "-30m", "-20m", "-10m", "now"]
    assert [age_label(seconds) for seconds in (0, 45, 90, 60, 900, 3600, 7200, 86400 * 3)] == [
        "now",
        "-45s",
        "-90s",
        "-1m",
        "-15m",
        "-60m",
        "-2h",
        "-3d",
    ]


@BOTH
def test_ascii_charts_are_ascii(glyphs: Glyphs) -> None:
    """In ASCII mode the whole picture is ASCII, also with names from elsewhere."""
    lines = chart(
        Series("欺诈", FALLING.points),
        limits=(Limit(0.5, "边界"),),
        markers=(Marker(END - 60, "übung"),),
        glyphs=glyphs,
    )
    assert plain_text(lines).isascii() == (glyphs is ASCII)
    assert all(sum(cell_width(span.text) for span in line) == 60 for line in lines)


@pytest.mark.parametrize("size", [(1, 1), (10, 1), (23, 10), (60, 4), (24, 5), (200, 60)])
@BOTH
def test_every_size_is_filled_exactly(glyphs: Glyphs, size: tuple[int, int]) -> None:
    """In any room the picture has exactly its size; in little room it is a sparkline."""
    lines = chart(FALLING, STEADY, limits=(Limit(0.75),), size=size, glyphs=glyphs)
    assert len(lines) == size[1]
    assert all(sum(cell_width(span.text) for span in line) == size[0] for line in lines)
    if size == (10, 1):
        heights = [glyphs.levels.index(character) for character in text(lines)[0]]
        assert heights == sorted(heights, reverse=True)
        assert heights[0] - heights[-1] > 4


finite_or_not = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.just(NO_DATA), st.integers(-5, 5))


@EITHER
@settings(max_examples=examples(60), deadline=None)
@given(
    values=st.lists(finite_or_not, max_size=40),
    limit=st.floats(),
    size=st.tuples(st.integers(0, 80), st.integers(0, 24)),
    ascii_only=st.booleans(),
)
def test_no_answer_of_a_backend_breaks_a_chart(
    draw: Callable[..., tuple[Line, ...]],
    values: list[float],
    limit: float,
    size: tuple[int, int],
    ascii_only: bool,
) -> None:
    """Infinite, huge, tiny, missing: whatever comes, a picture of the right size and without escape sequences."""
    series = Series("x", [(START + place * 90, value) for place, value in enumerate(values)])
    lines = draw(
        [series],
        [Limit(limit, "limit")],
        [Marker(START + 60, "v1")],
        width=size[0],
        height=size[1],
        start=START,
        end=END,
        format_value=lambda value: f"{value:.3g}",
        glyphs=ASCII if ascii_only else UNICODE,
    )
    assert len(lines) == (size[1] if size[0] else 0)
    assert "\x1b" not in plain_text(lines)
    assert all(sum(cell_width(span.text) for span in line) == size[0] for line in lines)


def test_the_full_screen_chart_speaks_in_tones() -> None:
    """The explorer's curves, limit and deployment have the theme's tones, and gaps stay gaps."""
    gappy = Series("5.0.0\x1b[2J", [point for point in FALLING.points if not START + 1200 < point[0] < START + 2400])
    lines = full_screen_chart(
        [gappy],
        [Limit(0.75)],
        [Marker(START + 900, "5.0.0")],
        width=100,
        height=30,
        start=START,
        end=END,
        format_value=lambda value: f"{value:.2f}",
        gap_after_seconds=120,
    )
    assert {span.tone for line in lines for span in line} >= {Tone.SERIES_1, Tone.LIMIT, Tone.DEPLOY}
    columns = {column for column, row in plotted(lines, Tone.SERIES_1) if row > 4}
    assert not columns & set(range(42, 62))
    assert "-60m" in plain_text(lines)
    assert "\x1b" not in plain_text(lines)


def test_live_charts_do_not_load_the_plotting_library() -> None:
    """Only the explorer pays for plotext."""
    program = "import sys, modeltui.tui.widgets.chart; print('plotext' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(modeltui.__file__).parents[1])},
    )
    assert answer.stdout.strip() == "False", answer.stderr


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 8))
def test_axis_values_are_round_and_inside(low: float, span: float, most: int) -> None:
    """The numbers at the axis are few, ascending and within what is drawn."""
    steps = nice_steps(low, low + span, most)
    assert len(steps) <= most
    assert list(steps) == sorted(steps)
    assert all(low - 1e-6 <= value <= low + span + 1e-6 for value in steps)


async def test_a_chart_fills_its_pane_and_follows_its_size() -> None:
    """The picture is made for the pane, again when the terminal changes, and only what differs is painted."""

    class ChartApp(App[None]):
        def compose(self) -> ComposeResult:
            yield Chart()

    app = ChartApp()
    asked: list[tuple[int, int]] = []

    def draw(width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
        asked.append((width, height))
        return chart(FALLING, size=(width, height), glyphs=glyphs)

    async with app.run_test(size=(70, 15)) as pilot:
        picture = app.query_one(Chart)
        picture.show(draw)
        await pilot.pause(0)
        assert asked[-1] == (70, 15)
        picture._exchange_repaint_regions()
        picture.show(draw)
        assert not picture._exchange_repaint_regions()
        await pilot.resize_terminal(90, 20)
        await pilot.pause(0)
        assert asked[-1] == (90, 20)
        assert "0.90" in "".join(strip.text for strip in app.screen._compositor.render_strips())
