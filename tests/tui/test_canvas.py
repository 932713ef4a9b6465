"""A canvas sends what differs, and what it sends leaves the screen as wanted."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.terminal import foreign_sequences

from modeltui.tui.canvas import Canvas
from modeltui.tui.cells import cells_of
from modeltui.tui.pens import PLAIN, Pen, sgr_between

WIDTH, HEIGHT = 16, 4
PENS = (PLAIN, Pen(("1",), "31", "44"), Pen((), "32", ""), Pen(("1", "7"), "", "45"), Pen((), "", "41"))

texts = some.text(alphabet="ab ü界面─▁⣿🚀", min_size=1, max_size=10)
strokes = some.tuples(
    some.integers(0, WIDTH - 1), some.integers(0, HEIGHT - 1), texts, some.sampled_from(range(len(PENS)))
)


def show(sequence: str, screen: pyte.Screen) -> None:
    """Draw what was sent."""
    pyte.Stream(screen).feed(sequence)


def seen(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Return every cell with its looks; a blank half beside a wide character is the emulator's own affair."""
    return [
        [
            (cell.data or "", cell.fg, cell.bg, cell.bold, cell.reverse)
            for cell in (screen.buffer[y][x] for x in range(WIDTH))
        ]
        for y in range(HEIGHT)
    ]


def blank(canvas: Canvas) -> None:
    for y in range(HEIGHT):
        canvas.paint(0, y, " " * WIDTH, PLAIN)


@given(some.lists(some.lists(strokes, max_size=6), max_size=6))
def test_differences_add_up_to_the_whole(frames: list[list[tuple[int, int, str, int]]]) -> None:
    """After any frames the screen is the same as if the last one had been painted whole."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.reset_mode(7 << 5)
    canvas = Canvas(WIDTH, HEIGHT)
    blank(canvas)
    show(canvas.difference(), screen)
    for frame in frames:
        for x, y, text, pen in frame:
            canvas.paint(x, y, cells_of(text), PENS[pen])
        show(canvas.difference(), screen)
    assert canvas.difference() == ""
    canvas.forget()
    fresh = pyte.Screen(WIDTH, HEIGHT)
    fresh.reset_mode(7 << 5)
    show(canvas.difference(), fresh)
    assert seen(screen) == seen(fresh)


@given(texts, some.booleans())
def test_cells_are_as_many_as_the_text_is_wide(text: str, ascii_only: bool) -> None:
    """Text takes the cells that the layout has reckoned with, in ASCII too."""
    from rich.cells import cell_len

    cells = cells_of(text, ascii_only)
    assert len(cells) == cell_len(text)
    assert not ascii_only or "".join(cells).isascii()


@given(some.text(max_size=40))
def test_no_text_can_act(text: str) -> None:
    """No text whatever puts a control character, a direction or a title into a cell."""
    drawn = "".join(cells_of(text))
    assert foreign_sequences(drawn.encode("utf-8", "replace")) == []
    assert not set(drawn) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200d\ufeff")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("界a", ("界", "", "a")),
        ("e\u0301\u0300\u0302", ("e\u0301\u0300",)),
        ("❤️", ("❤", " ")),
        ("👨‍👩‍👧", ("👨", "")),
        ("\x1b[2J", ("[", "2", "J")),
        ("a\u202eb", ("a", "b")),
        ("\ue000\ud800", ("?", "?")),
    ],
)
def test_text_whose_width_is_disputed_is_made_plain(text: str, cells: tuple[str, ...]) -> None:
    """Joined and recoloured characters are reduced to what every terminal draws alike."""
    assert tuple(cells_of(text)) == cells


def test_only_changed_cells_are_sent() -> None:
    """One changed character is one cursor move and one character."""
    canvas = Canvas(WIDTH, HEIGHT)
    blank(canvas)
    canvas.difference()
    canvas.paint(3, 1, "x", PLAIN)
    assert canvas.difference() == "\x1b[2;4Hx"
    canvas.paint(3, 1, "x", PLAIN)
    assert canvas.has_changes
    assert canvas.difference() == ""


def test_short_gaps_are_sent_again_and_long_ones_skipped() -> None:
    """Between two changes the cheaper way is taken."""
    canvas = Canvas(WIDTH, HEIGHT)
    blank(canvas)
    canvas.difference()
    for x in (0, 3, 12):
        canvas.paint(x, 0, "x", PLAIN)
    assert canvas.difference() == "\x1b[1;1Hx  x\x1b[8Cx"


def test_what_is_outside_is_cut_off() -> None:
    """Nothing outside the screen is painted, and no wide character stands half outside."""
    canvas = Canvas(4, 1)
    canvas.paint(0, 0, "    ", PLAIN)
    canvas.difference()
    canvas.paint(3, 0, cells_of("界"), PLAIN)
    canvas.paint(0, 7, "no", PLAIN)
    canvas.paint(9, 0, "no", PLAIN)
    canvas.paint(-1, 0, cells_of("界b"), PLAIN)
    assert canvas.difference() == "\x1b[1;2Hb"


@pytest.mark.parametrize("old", [None, *PENS])
@pytest.mark.parametrize("new", PENS)
def test_every_change_of_looks_arrives(old: Pen | None, new: Pen) -> None:
    """From any looks to any other the pen ends up as wanted."""
    screen, expected = pyte.Screen(1, 1), pyte.Screen(1, 1)
    show(f"\x1b[0;{(old or PENS[1]).parameters}m{sgr_between(old, new)}x", screen)
    show(f"\x1b[0m\x1b[{new.parameters}mx", expected)
    assert screen.buffer[0][0] == expected.buffer[0][0]
