"""The first frame is there at once, says how old it is, trusts nothing, and is painted over without a flicker."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.terminal import Terminal, foreign_sequences, terminal_environment

from modeltui.__main__ import _first_frame
from modeltui.cli.screens import draw_first_frame
from modeltui.config.options import Options
from modeltui.tui import skeleton
from modeltui.tui.frame import colourless_looks
from modeltui.tui.theme_search import find_theme, shipped_directory

DEMO = [sys.executable, str(Path(__file__).with_name("demo_app.py"))]
NOW = 1_763_712_000.0
ROWS = [
    [("MODEL", "title"), ("  SERVING", "title")],
    [("fraud-detector", "strong"), ("  3.0.0  ", "plain"), ("✖ breach", "breach")],
    [("支付", "plain"), ("|", "muted")],
]


@pytest.fixture
def cache(tmp_path: Path) -> str:
    """A frame that was saved three minutes ago."""
    path = str(tmp_path / "frame")
    skeleton.save(path, NOW - 180, "demo", ROWS)
    return path


def drawn(cache: str, *, size: tuple[int, int] = (80, 24), options: str = "", **environment: str | None) -> Terminal:
    """Draw a frame in a terminal and leave it there until a line is typed."""
    code = (
        "import sys; from modeltui.tui import skeleton; skeleton._give_back_on_signals = int; "  # it comes after
        f"print(skeleton.draw({cache!r}, {NOW}{options}), file=open({cache + '.drawn'!r}, 'w')); "
        "print('modules', *sys.modules, file=open(sys.argv[1], 'w')); sys.stdin.readline()"
    )
    terminal = Terminal(
        [sys.executable, "-c", code, cache + ".modules"], size=size, env=terminal_environment(**environment)
    )
    try:
        terminal.wait_for("connecting")
    except BaseException:
        terminal.close()
        raise
    return terminal


@pytest.mark.terminal
def test_the_last_frame_is_shown_as_stale(cache: str) -> None:
    """Before anything is asked, the rows of the last run are there, marked as stale, with their age."""
    with drawn(cache) as terminal:
        lines = [line.rstrip() for line in terminal.lines()]
        assert lines[0] == " modeltui  demo  STALE: 3 min old  connecting …"
        assert lines[2] == "fraud-detector  3.0.0  ✖ breach"
        assert terminal.cell(0, 2).bold
        assert terminal.cell(24, 2).foreground == "red"
        terminal.send("\n")
        assert terminal.wait_exit() == 0
        assert foreign_sequences(terminal.sent) == []
        assert terminal.sent.startswith(b"\x1b[?1049h")
        assert not terminal.in_alternate_screen
        assert terminal.has_mode(25)
        assert terminal.echoes


@pytest.mark.terminal
def test_a_first_start_is_honest(tmp_path: Path) -> None:
    """Without a last run the frame is empty and says that it is connecting."""
    with drawn(str(tmp_path / "none")) as terminal:
        text = terminal.text()
        assert "modeltui  connecting" in text
        assert "STALE" not in text
        assert "Nothing was seen before" in text


@pytest.mark.terminal
def test_keys_typed_too_early_leave_no_mark(cache: str) -> None:
    """Keys typed while the program still loads are not echoed onto the frame."""
    with drawn(cache) as terminal:
        clean = terminal.cells()
        terminal.send("RRR")
        terminal.wait_quiet()
        assert terminal.cells() == clean


@pytest.mark.terminal
def test_no_colour_and_ascii_are_honoured(cache: str) -> None:
    """With NO_COLOR no colour is sent, and with an encoding that is not UTF-8 nothing but ASCII."""
    with drawn(cache, NO_COLOR="1", PYTHONIOENCODING="ascii") as terminal:
        terminal.wait_for("fraud-detector")
        terminal.wait_quiet()
        assert terminal.sent.isascii()
        assert not re.search(rb"\x1b\[[0-9;]*[34][0-9;]*m", terminal.sent)
        assert b"\x1b[1m" in terminal.sent
        assert any("x breach" in line for line in terminal.lines())


@pytest.mark.terminal
def test_a_frame_of_another_choice_has_no_colours(cache: str) -> None:
    """Where the configuration or the theme is not that of the last time, no colour is shown that might be wrong."""
    with drawn(cache, options=", choice='1 monochrome'") as terminal:
        terminal.wait_for("fraud-detector")
        terminal.wait_quiet()
        assert not re.search(rb"\x1b\[[0-9;]*[34][0-9;]*m", terminal.sent)


def test_a_choice_is_the_file_as_it_is_and_the_theme(tmp_path: Path) -> None:
    """Another theme, or one more edit of the configuration, is another choice; without a file there is one too."""
    config = tmp_path / "modeltui.yaml"
    assert skeleton.chosen_by(str(config), "") == "0"
    config.write_text("modeltui: 1\n", encoding="utf-8")
    plain = skeleton.chosen_by(str(config), "")
    assert plain == skeleton.chosen_by(str(config), "")
    assert skeleton.chosen_by(str(config), "monochrome") == f"{plain} monochrome"
    os.utime(config, ns=(1, 1))
    assert skeleton.chosen_by(str(config), "") == "1"
    skeleton.save(
        str(tmp_path / "frame"), NOW, "demo", ROWS, choice=skeleton.chosen_by(str(config), "dark\nlook.ok=31")
    )
    frame = skeleton.load(str(tmp_path / "frame"))
    assert frame is not None
    assert frame.chosen_by == "1 dark?look.ok=31"


def test_a_start_says_what_chose_its_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first frame is drawn for the file and the theme of its own start, so that the same again has colours."""
    config = tmp_path / "modeltui.yaml"
    config.write_text("modeltui: 1\n", encoding="utf-8")
    said: list[object] = []
    monkeypatch.setattr(skeleton, "draw", lambda *_, choice, **__: said.append(choice))
    _first_frame(["--config", str(config), "--theme=monochrome"])
    _first_frame(["--config", str(config)])
    draw_first_frame(Options(config=str(config)))
    plain = skeleton.chosen_by(str(config), "")
    assert said == [f"{plain} monochrome", plain, plain]


def test_a_theme_without_colours_keeps_its_own_looks() -> None:
    """A breach is reversed in the first frame too when the theme says so; no tone has a colour."""
    looks = colourless_looks(find_theme("monochrome", [shipped_directory()]))
    assert looks["breach"] == "1;7"
    assert set(looks) >= set(skeleton.Frame().looks)
    assert not re.search(r"3|9|8", "".join(looks.values()))


@pytest.mark.terminal
def test_nothing_heavy_is_imported(cache: str) -> None:
    """The frame is drawn with a handful of light modules."""
    with drawn(cache) as terminal:
        terminal.wait_until(lambda: Path(cache + ".modules").exists())
        terminal.send("\n")
        terminal.wait_exit()
    loaded = set(Path(cache + ".modules").read_text().split())
    assert {"modeltui.tui.skeleton"} <= loaded
    assert not loaded & {"json", "re", "enum", "typing", "dataclasses", "textual", "rich", "pathlib", "signal", "click"}


@pytest.mark.terminal
def test_the_live_frame_takes_over_without_leaving_the_screen(cache: str) -> None:
    """Between the first frame and the live one the screen is neither left nor cleared, and it ends as it began."""
    with Terminal([*DEMO, "--skeleton", cache], size=(100, 30)) as terminal:
        terminal.wait_for("STALE")
        terminal.wait_for("demo ready")
        terminal.wait_quiet()
        assert not any("STALE" in line for line in terminal.lines())
        assert terminal.sent.count(b"\x1b[?1049h") == 1
        assert terminal.sent.count(b"\x1b[2J") == 1
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert not terminal.in_alternate_screen
        assert terminal.has_mode(25)
        assert terminal.echoes
        assert foreign_sequences(terminal.sent) == []


@pytest.mark.terminal
def test_a_start_that_fails_gives_the_terminal_back(cache: str) -> None:
    """When the program cannot be loaded, the frame goes and the reason can be read."""
    with Terminal([*DEMO, "--skeleton", cache, "--broken-install"], size=(100, 30)) as terminal:
        assert terminal.wait_exit() == 1
        assert not terminal.in_alternate_screen
        assert terminal.echoes


@pytest.mark.terminal
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_loading_gives_the_terminal_back(cache: str, number: signal.Signals) -> None:
    """Ended while it still loads, the program leaves no frame and no mute keyboard behind."""
    with Terminal([*DEMO, "--skeleton", cache, "--slow-start"], size=(100, 30)) as terminal:
        terminal.wait_for("STALE")
        terminal.wait_until(lambda: terminal.catches(number))
        terminal.signal(number)
        assert terminal.wait_exit(1.0) == -number
        assert not terminal.in_alternate_screen
        assert terminal.echoes


def test_nothing_is_drawn_without_a_terminal(cache: str) -> None:
    """In a pipe nothing is drawn and nothing fails."""
    code = f"from modeltui.tui import skeleton; raise SystemExit(skeleton.draw({cache!r}, 0.0))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=terminal_environment(),
        timeout=20,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_what_was_saved_is_loaded(cache: str) -> None:
    """A saved frame comes back with its rows, its context and its moment, readable by its owner only."""
    frame = skeleton.load(cache)
    assert frame is not None
    assert frame.rows == ROWS
    assert (frame.context, frame.saved_at) == ("demo", NOW - 180)
    assert stat.S_IMODE(Path(cache).stat().st_mode) == 0o600


def test_a_theme_can_bring_its_looks(tmp_path: Path) -> None:
    """The frame can wear the colours of the theme, and only looks are taken from the cache."""
    path = str(tmp_path / "frame")
    skeleton.save(path, NOW, "demo", ROWS, {"breach": "1;38;2;255;0;0", "strong": "1m\x1b[2J"})
    picture = skeleton.render(skeleton.load(path), NOW, (80, 24))
    assert "\x1b[1;38;2;255;0;0m✖ breach" in picture
    assert "\x1b[2J" not in picture
    assert "\x1b[1;38" not in skeleton.render(skeleton.load(path), NOW, (80, 24), colour=False)


@pytest.mark.parametrize(
    ("saved_at", "words"),
    [
        (NOW, "0 s old"),
        (NOW - 119, "119 s old"),
        (NOW - 120, "2 min old"),
        (NOW - 3 * 3600, "3 h old"),
        (NOW - 9 * 86400, "9 d old"),
        (NOW + 60, "of unknown age"),
        (None, "of unknown age"),
        (float("nan"), "of unknown age"),
    ],
)
def test_the_age_is_told_in_words(saved_at: float | None, words: str) -> None:
    """How old the frame is can be read at a glance; what cannot be known is not guessed."""
    assert skeleton.age(saved_at, NOW) == words


@given(
    cached=some.one_of(
        some.binary(max_size=400), some.text(max_size=300).map(lambda t: f"{skeleton.SCHEMA}\n{t}".encode())
    ),
    width=some.integers(1, 60),
    height=some.integers(1, 12),
    ascii_only=some.booleans(),
)
def test_no_cache_can_act_or_crash(
    tmp_path_factory: pytest.TempPathFactory, cached: bytes, width: int, height: int, ascii_only: bool
) -> None:
    """Whatever is in the cache: no error, no control character, nothing outside the screen."""
    path = tmp_path_factory.getbasetemp() / "hostile-frame"
    path.write_bytes(cached)
    picture = skeleton.render(skeleton.load(str(path)), NOW, (width, height), ascii_only=ascii_only)
    assert foreign_sequences(picture.encode("utf-8", "replace")) == []
    assert picture.count("H") >= 1
    if ascii_only:
        assert picture.isascii()


def test_a_pipe_in_place_of_the_cache_holds_nobody_up(tmp_path: Path) -> None:
    """A cache that is no file at all is as good as none."""
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    assert skeleton.load(pipe) is None
    assert skeleton.load(str(tmp_path)) is None


def test_wide_text_is_cut_at_the_edge() -> None:
    """A wide character that would stand half outside the screen is left out."""
    frame = skeleton.Frame()
    frame.rows = [[("支付服务", "plain")]]
    assert "支付" in skeleton.render(frame, NOW, (5, 4))
    assert "支付服" not in skeleton.render(frame, NOW, (5, 4))
