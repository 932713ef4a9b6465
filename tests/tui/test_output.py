"""Output by differences: the screen is the same as stock, the bytes are fewer, and a slow terminal delays nobody."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.terminal import Cell, Terminal, foreign_sequences, terminal_environment
from textual.app import App

from modeltui.tui import output

pytestmark = pytest.mark.terminal

DEMO = [sys.executable, str(Path(__file__).with_name("demo_app.py"))]
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def start(*flags: str, size: tuple[int, int] = (100, 30), **environment: str | None) -> Terminal:
    """Start the demo and wait for its first whole frame."""
    terminal = Terminal([*DEMO, *flags], size=size, env=terminal_environment(**environment))
    try:
        terminal.wait_for("demo ready")
        if "--log" not in flags:
            terminal.wait_quiet()
    except BaseException:
        terminal.close()
        raise
    return terminal


@pytest.fixture
def demo() -> Iterator[Terminal]:
    """The demo, running with output by differences."""
    with start() as terminal:
        yield terminal


def drive(terminal: Terminal) -> Iterator[tuple[str, list[list[Cell]], int]]:
    """Go through a session and yield each step with its screen and its bytes."""
    for step in ("start", "t", "p", "w", "w", "t", "p", "l", "w", "p", "l", "t", "p"):
        before = terminal.bytes_sent
        if step != "start":
            terminal.send(step)
            terminal.wait_quiet()
        yield step, terminal.cells(), terminal.bytes_sent - before
    for size in ((72, 20), (101, 31)):
        before = terminal.bytes_sent
        terminal.resize(*size, garble=True)
        terminal.wait_quiet(0.25)
        yield f"resize to {size}", terminal.cells(), terminal.bytes_sent - before


@pytest.mark.parametrize("flags", [(), ("--no-diff",)], ids=["differences", "whole rows"])
def test_every_cell_is_as_stock_output_draws_it(flags: tuple[str, ...]) -> None:
    """Through keys, panels, wide text, themes and sizes each cell has the text and looks of stock output."""
    with start("--stock") as stock, start(*flags) as ours:
        for (step, expected, _), (_, seen, _) in zip(drive(stock), drive(ours), strict=True):
            different = [
                (x, y, expected[y][x], cell)
                for y, row in enumerate(seen)
                for x, cell in enumerate(row)
                if cell != expected[y][x]
            ]
            assert not different, f"after {step}: {different[:3]}"


def test_a_changed_number_costs_a_few_bytes() -> None:
    """When a few numbers change, less than a tenth of the bytes of stock output is sent."""
    cost = {}
    for flag in ("--stock", ""):
        with start(*filter(None, [flag])) as terminal:
            terminal.send("t")
            terminal.wait_quiet()
            before = terminal.bytes_sent
            terminal.send("t")
            terminal.wait_quiet()
            cost[flag] = terminal.bytes_sent - before
    assert 0 < cost[""] * 10 < cost["--stock"]


def test_a_frame_without_changes_sends_nothing(demo: Terminal) -> None:
    """Pressing a key that changes nothing on the screen sends not one byte."""
    before = demo.bytes_sent
    demo.send("z")
    demo.wait_quiet()
    assert demo.bytes_sent == before


def test_ctrl_l_repairs_a_screen_that_something_else_wrote_on(demo: Terminal) -> None:
    """Junk written over the screen by another program is gone after ctrl+l."""
    clean = demo.cells()
    demo.garble()
    demo.send("\x0c")
    demo.wait_quiet()
    assert demo.cells() == clean


def test_a_window_that_shrinks_and_grows_back_at_once_is_repainted(demo: Terminal) -> None:
    """When the size is the old one again before anybody noticed, lost cells are painted all the same."""
    clean = demo.cells()
    demo.resize(40, 10)
    demo.resize(100, 30, garble=True)
    demo.wait_quiet(0.3)
    assert demo.cells() == clean


def test_hostile_text_stays_in_its_cells(demo: Terminal) -> None:
    """A value with clear-screen, title, C1 and bidirectional characters is drawn as harmless text."""
    demo.send("h")
    demo.wait_for("ok [31mred")
    assert foreign_sequences(demo.sent) == []
    assert b"owned\x07" not in demo.sent
    assert any("demo ready" in line for line in demo.lines())
    assert any("a[2Jb]0;ownedcdefg        h|" in line for line in demo.lines())


def test_nothing_foreign_is_sent_in_a_whole_life(demo: Terminal) -> None:
    """From start to end only looks, places, modes and questions that we know are sent."""
    for key in "tpwhl":
        demo.send(key)
        demo.wait_quiet(0.1)
    demo.send("q")
    assert demo.wait_exit() == 0
    assert foreign_sequences(demo.sent) == []


@pytest.mark.parametrize("flags", [(), ("--no-diff",)], ids=["differences", "whole rows"])
def test_no_colour_means_no_colour(flags: tuple[str, ...]) -> None:
    """With colour switched off not one colour code is sent, and bold or reverse still are."""
    with start("--no-colour", *flags) as terminal:
        terminal.send("tpl")
        terminal.wait_quiet()
        assert not COLOUR.search(terminal.sent)
        assert b"\x1b[1m" in terminal.sent


def test_ascii_means_ascii() -> None:
    """In ASCII mode no byte above 0x7f is sent, whatever the text, and lines keep their shape."""
    with start("--ascii") as terminal:
        terminal.send("wp")
        terminal.wait_for("panel text")
        terminal.wait_quiet()
        assert terminal.sent.isascii()
        assert any("+-+ _-=# #:" in line for line in terminal.lines())


@pytest.mark.parametrize(
    ("term", "colorterm", "code"),
    [("xterm-256color", "truecolor", b"38;2;"), ("xterm-256color", None, b"38;5;"), ("xterm", None, b"\x1b[3")],
)
def test_colours_are_those_of_the_terminal(term: str, colorterm: str | None, code: bytes) -> None:
    """A terminal gets the colours that it can draw."""
    with start(TERM=term, COLORTERM=colorterm) as terminal:
        assert code in terminal.sent
        assert code == b"38;2;" or b"38;2;" not in terminal.sent


def test_a_stalled_terminal_holds_up_nobody(tmp_path: Path) -> None:
    """While the terminal reads nothing the program goes on, knows that it is behind, and catches up at once."""
    log = tmp_path / "ticks"
    log.touch()
    with start("--log", str(log)) as terminal:
        terminal.pause()
        lines = len(log.read_text().splitlines())
        terminal.wait_until(lambda: len(log.read_text().splitlines()) >= lines + 30, 20)
        terminal.resume()
        terminal.wait_until(lambda: log.read_text().splitlines()[-1].endswith(" 0"))
        terminal.send("f")
        terminal.wait_quiet()
        notes = [line.split() for line in log.read_text().splitlines()[lines:]]
        moments = [float(at) for at, _, _ in notes]
        assert max(later - earlier for earlier, later in pairwise(moments)) <= 0.3
        assert any(behind == "1" for _, _, behind in notes)
        assert notes[-1][2] == "0"
        shown = terminal.cells()
        terminal.garble()
        terminal.send("\x0c")
        terminal.wait_quiet()
        assert shown == terminal.cells()


def test_after_another_program_the_screen_is_whole(demo: Terminal) -> None:
    """When another program had the terminal, and even failed, the screen comes back whole."""
    clean = demo.cells()
    demo.send("e")
    demo.wait_for("elsewhere")
    assert not demo.in_alternate_screen
    demo.send("\r")
    demo.wait_for("demo ready")
    demo.wait_quiet()
    assert demo.cells() == clean


def test_a_receipt_comes_after_the_frame(demo: Terminal) -> None:
    """The terminal is asked only behind the frame, so its answer proves that the frame was drawn."""
    demo.send("\x12")
    demo.wait_for("drawn")
    frame, _, _ = demo.sent.rpartition(b"\x1b[6n")
    assert b"asked" in frame


def test_without_a_terminal_that_reads_no_receipt_comes(demo: Terminal) -> None:
    """A terminal that answers nothing leaves the question open."""
    demo.answers = False
    demo.send("\x12")
    demo.wait_for("asked")
    demo.wait_quiet()
    assert not any("drawn" in line for line in demo.lines())


def test_the_framework_still_has_what_we_rely_on() -> None:
    """Every private name that output by differences uses exists in the framework installed."""
    assert output.available() is None
    app: App[None] = App()
    assert [name for name in output.PRIVATE_ATTRIBUTES if not hasattr(app, name)] == []


def test_a_framework_that_changed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a private name is gone, the operator is told which one."""
    monkeypatch.delattr(App, "_display")
    assert output.available() == "textual has no App._display any more"


def test_frames_that_changed_inside_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a frame of the framework is made of other things, the operator is told so."""
    monkeypatch.setattr(App, "_display", lambda self, screen: None)
    assert output.available() == "textual's App._display takes other arguments"
