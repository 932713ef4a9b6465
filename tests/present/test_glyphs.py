"""What the operator sees of text and small curves, in either set of glyphs."""

import unicodedata
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeltui.domain.names import NO_DATA
from modeltui.domain.text import safe_text
from modeltui.present.glyphs import (
    ASCII,
    UNICODE,
    Glyphs,
    cell_width,
    drawable_text,
    elide_apart,
    elide_middle,
    fit,
    resample,
    sparkline,
)
from modeltui.present.tone import STATES, Tone

BOTH = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
ANY_TEXT = st.text(max_size=30).map(lambda text: safe_text(text, 60))


def test_every_ascii_glyph_is_ascii() -> None:
    """In ASCII mode nothing of ours needs more than ASCII."""
    for field in fields(Glyphs):
        value = getattr(ASCII, field.name)
        assert not isinstance(value, str) or value.isascii(), field.name


@BOTH
def test_marks_of_states_take_one_cell_and_differ(glyphs: Glyphs) -> None:
    """Without any colour, ok, warn, breach, stale and no data have different marks of the same width."""
    marks = [glyphs.mark(tone) for tone in STATES]
    assert len(set(marks)) == len(STATES)
    assert {cell_width(mark) for mark in marks} == {1}
    assert glyphs.mark(Tone.PLAIN) == " "


@BOTH
def test_every_single_glyph_takes_one_cell(glyphs: Glyphs) -> None:
    """No glyph shifts what stands beside it, and none is an emoji or wide."""
    for field in fields(Glyphs):
        value = getattr(glyphs, field.name)
        if isinstance(value, str) and field.name not in ("name", "textual_border", "ellipsis"):
            assert all(unicodedata.east_asian_width(character) not in "WF" for character in value), field.name
            assert all(cell_len(character) == 1 for character in value), field.name


def test_cell_width_agrees_with_the_terminal_library_for_every_character() -> None:
    """A name in any script takes as many cells as the screen is told, so that columns stay in line."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # safe_text lets none of these through
    wrong = [
        hex(code)
        for code in range(0x20, 0x20000)
        if unicodedata.category(chr(code)) not in hidden and cell_width(chr(code)) != cell_len(chr(code))
    ]
    assert wrong == []


@BOTH
@given(text=ANY_TEXT, width=st.integers(0, 24), align=st.sampled_from(["left", "right", "center"]))
def test_fitted_text_fills_its_cell_exactly(glyphs: Glyphs, text: str, width: int, align: str) -> None:
    """Whatever a name is made of, its cell is exactly as wide as its column."""
    assert cell_width(fit(text, width, glyphs, align)) == width  # type: ignore[arg-type]


@BOTH
@given(text=ANY_TEXT, width=st.integers(1, 24))
def test_elided_text_fits_and_short_text_is_untouched(glyphs: Glyphs, text: str, width: int) -> None:
    """A name that fits is shown whole; one that does not never runs over."""
    shown = elide_middle(text, width, glyphs)
    assert cell_width(shown) <= width
    if cell_width(text) <= width:
        assert shown == text


def test_wide_characters_are_not_halved() -> None:
    """A Chinese model name is cut between characters and its column stays in line."""
    assert fit("欺诈检测模型", 8) == "欺诈检… "
    assert fit("欺诈", 8, align="right") == "    欺诈"


def test_cut_text_says_so() -> None:
    """What was cut ends with an ellipsis: half a version must not look like a whole one."""
    assert fit("10.2.1-rc12", 7) == "10.2.1…"
    assert fit("11-rc12345", 7, ASCII) == "11-rc.."


def test_names_that_differ_at_the_end_stay_apart() -> None:
    """Two deployments of one long version, eu and us, are told apart in a narrow column."""
    eu = elide_middle("v10.2.1-20261114-a1b2c3d-eu", 14)
    us = elide_middle("v10.2.1-20261114-a1b2c3d-us", 14)
    assert eu != us
    assert eu.startswith("v10.2")
    assert eu.endswith("-eu")


def test_names_that_differ_in_the_middle_stay_apart() -> None:
    """Two builds that share head and tail are told apart, when the column has room for the difference."""
    names = ["v10.2.1-a1111-canary-eu", "v10.2.1-b2222-canary-eu"]
    assert len({elide_middle(name, 18) for name in names}) == 1
    shown = elide_apart(names, 18)
    assert len(set(shown)) == 2
    assert all(cell_width(name) <= 18 for name in shown)


def test_sparkline_rises_with_its_values() -> None:
    """The newest value is at the right and higher values are drawn higher."""
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, ASCII) == "_.-=+*%#"
    assert sparkline([0, 7], 4) == "  ▁█"


@BOTH
def test_sparkline_draws_missing_values_as_gaps(glyphs: Glyphs) -> None:
    """An outage of the metrics is a hole, never a fall to zero."""
    drawn = sparkline([5, 5, NO_DATA, float("nan"), float("inf"), 5], 6, glyphs, low=0, high=10)
    assert [character == " " for character in drawn] == [False, False, True, True, True, False]
    assert sparkline([NO_DATA] * 4, 4, glyphs) == "    "
    assert sparkline([], 3, glyphs) == "   "


@BOTH
def test_a_zero_is_visible(glyphs: Glyphs) -> None:
    """A real zero is drawn at the bottom and is not taken for a gap."""
    assert " " not in sparkline([0, 0, 10], 3, glyphs)


def test_sparkline_range_includes_the_limit() -> None:
    """A signal far below its limit stays low, however much it trembles."""
    assert sparkline([10, 11, 10], 3, limit=100, low=0, high=0) == "▂▂▂"
    assert set(sparkline([1.0, 1.01, 1.0], 3, limit=100)) == {"▁"}


def test_sparkline_of_many_values_keeps_the_spike() -> None:
    """A short spike among many points is still there when they are squeezed."""
    values = [1.0] * 100
    values[37] = 9.0
    assert "█" in sparkline(values, 10)


def test_flat_line_is_drawn_in_the_middle() -> None:
    """A value that never moves looks neither low nor high."""
    assert sparkline([3, 3, 3], 3) in {"▄▄▄", "▅▅▅"}


def test_values_far_outside_a_narrow_range_are_drawn_at_its_edge() -> None:
    """A scale that others share does not fail on one number without measure."""
    assert sparkline([5e-163, -1.3e145], 2, low=0.0) == "█▁"


@BOTH
@given(
    values=st.lists(st.one_of(st.floats(), st.just(NO_DATA)), max_size=50),
    width=st.integers(0, 30),
    low=st.one_of(st.just(NO_DATA), st.floats(-1e9, 1e9)),
)
def test_sparkline_always_has_its_width(glyphs: Glyphs, values: list[float], width: int, low: float) -> None:
    """Nothing that a metrics store answers makes a sparkline wider than its column."""
    assert len(sparkline(values, width, glyphs, low=low)) == width


def test_resampling_leaves_outages_empty() -> None:
    """Points at even steps; a silence longer than the hold stays a gap."""
    points = [(0.0, 1.0), (10.0, 2.0), (40.0, 5.0)]
    assert resample(points, 0.0, 50.0, 5, hold_seconds=10) == (1.0, 2.0, NO_DATA, NO_DATA, 5.0)
    assert resample(points, 0.0, 50.0, 5, hold_seconds=30) == (1.0, 2.0, 2.0, 2.0, 5.0)
    assert resample(points, 0.0, 50.0, 0, hold_seconds=30) == ()


@given(text=ANY_TEXT)
def test_ascii_mode_sends_ascii_of_the_same_width(text: str) -> None:
    """In ASCII mode a name in another script cannot break the line: each cell becomes a question mark."""
    drawn = drawable_text(text, ASCII)
    assert drawn.isascii()
    assert cell_width(drawn) <= cell_width(text)
    assert drawable_text(text, UNICODE) == text


@BOTH
def test_rule_carries_its_title(glyphs: Glyphs) -> None:
    """A pane's heading is a line of the full width with the name in it."""
    assert cell_width(glyphs.rule("credit-scorer", 40)) == 40
    assert "credit-scorer" in glyphs.rule("credit-scorer", 40)
    assert cell_width(glyphs.rule("credit-scorer", 5)) == 5
    assert glyphs.rule("", 0) == ""
