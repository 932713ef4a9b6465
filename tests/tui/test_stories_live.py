"""What a tired person does, on a live world, in a real terminal."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.terminal import Terminal, foreign_sequences, terminal_environment
from tests.tui.story_world import START_SECONDS, RunningWorld, running_world

pytestmark = pytest.mark.terminal

CLIPBOARD = r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07"
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    """A world that goes ten times as fast as ours; shared by the stories that only look."""
    with running_world(tmp_path_factory.mktemp("world")) as running:
        yield running


def live(terminal: Terminal) -> float:
    """Wait for the first live frame; return when it came."""
    return terminal.wait_for(
        lambda rows: re.search(r"metrics \d+s", rows[0]) is not None and "CACHED" not in rows[0], START_SECONDS
    )


def shows(text: str) -> Callable[[list[str]], bool]:
    """Return a condition: some row holds the pattern."""
    return lambda rows: any(re.search(text, row) for row in rows)


def given_back(terminal: Terminal) -> None:
    """Fail unless the terminal is as it was before."""
    assert not terminal.in_alternate_screen
    assert terminal.echoes
    assert terminal.has_mode(25)


FLEET, PAGE, TARGET, CHART, SKEW, COMPARE, LINEAGE, PROMPT = (
    (r"^ MODEL +ENV", r"enter open"),
    (r"^ (?!MODEL)", r"^ esc back .*\? help"),
    (r"^ [^ ]+@[^ ]+ ", r"tab signal"),
    (r"^ [^ ]+@[^ ]+ ", r"^ esc back .*\? help"),
    (r"^ MODEL +SKEW", r"^ esc back .*\? help"),
    (r"  A [^ ]+.*  B ", r"^ esc back +enter unfold"),
    (r"^ [^ ]+ [^ ]+ (stable|candidate)", r"^ esc back +enter go there"),
    (r"", r"^ enter (keep|go there)"),
)
"""A screen by its second and its last row, which is painted last: the next key must not come in between."""


def go(terminal: Terminal, key: str, screen: tuple[str, str], sign: str = "") -> None:
    """Press a key, and wait until that screen is there, whole, with a sign on it."""
    above, below = screen

    def there(rows: list[str]) -> bool:
        whole = re.search(above, rows[1]) is not None and re.search(below, rows[-1]) is not None
        return whole and any(re.search(sign, row) for row in rows)

    terminal.send(key)
    terminal.wait_for(there)


def test_a_tired_person_finds_the_cause_and_leaves(world: RunningWorld) -> None:
    """Open, worst first, the card, why, what changed, where from, the target, its charts, filter, skew, help, quit."""
    with world.open() as terminal:
        live(terminal)
        terminal.wait_for(shows(r"^▶[a-z-]+ +prod-hk.*(✖|▲)"))
        target = terminal.text().splitlines()[2].split()[0].strip("▶")
        terminal.wait_for(shows(rf"── {target}@prod-hk (✖ breach|▲ warn)"))
        go(terminal, "w", PAGE, r"is beyond (the|its) limit")
        go(terminal, "\x1b", FLEET)
        go(terminal, "d", COMPARE, r"^[ ▶]1 ")
        go(terminal, "4", LINEAGE, r"^ data +")
        go(terminal, "\x1b", COMPARE)
        go(terminal, "\x1b", FLEET)
        go(terminal, "\r", TARGET, rf"^ {target}@prod-hk +(✖|▲)")
        first = terminal.lines()
        terminal.send("\t")
        terminal.wait_for(lambda rows: rows[7] != first[7])
        go(terminal, "f", CHART, r"┌──")
        go(terminal, "\x1b", TARGET, r"VERSION +DESIRED")
        go(terminal, "\x1b", FLEET)
        go(terminal, "/", PROMPT)
        terminal.send("prod-cn")
        terminal.wait_for(lambda rows: all("prod-hk" not in row for row in rows[1:10]))
        go(terminal, "\r", FLEET)
        terminal.send("\x1b")
        terminal.wait_for(lambda rows: any("prod-hk" in row for row in rows[1:10]))
        go(terminal, "6", SKEW, r"aml-screening +skewed")
        go(terminal, "\r", TARGET, r"^ aml-screening@")
        go(terminal, "1", FLEET)
        go(terminal, "?", PAGE, "Show every key.")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        given_back(terminal)
        assert foreign_sequences(terminal.sent) == []


def test_the_second_start_shows_the_last_picture_at_once(world: RunningWorld, measured: Callable[[str], None]) -> None:
    """The last frame is there before anything is loaded, marked STALE; then it goes live without a key."""
    with world.open() as terminal:
        live(terminal)
        terminal.wait_for(shows(r"churn-predictor"))
        terminal.send("q")
        assert terminal.wait_exit() == 0
    with world.open() as terminal:
        at = terminal.wait_for(lambda rows: "STALE" in rows[0] and any("churn-predictor" in row for row in rows))
        cached = at - terminal.started_at
        alive = live(terminal) - terminal.started_at
        assert cached < alive
        terminal.wait_for(lambda rows: "STALE" not in rows[0])
        terminal.send("q")
        assert terminal.wait_exit() == 0
        given_back(terminal)
    measured(f"last picture after {cached * 1000:.0f} ms, live after {alive * 1000:.0f} ms")


def stale_soon(world: RunningWorld) -> RunningWorld:
    """Let the same world's configuration call samples stale after five seconds, so that nobody waits a minute."""
    text = world.config.read_text(encoding="utf-8")
    assert "    simulated: true" in text
    impatient = text.replace("    simulated: true", "    max_age_seconds: 5s\n    simulated: true")
    config = world.directory / "impatient.yaml"
    config.write_text(impatient, encoding="utf-8")
    return replace(world, config=config)


def test_a_world_that_goes_away_is_named_and_nothing_stays_green(tmp_path: Path) -> None:
    """When the source is gone row 1 says so, the cells grow old, nothing is green; it comes back by itself."""
    with running_world(tmp_path / "w", speed=1.0) as world, stale_soon(world).open(size=(120, 30)) as terminal:
        live(terminal)
        terminal.wait_for(shows(r" ok "))
        world.process.send_signal(signal.SIGSTOP)
        moved = []
        for suffix in ("", "-wal", "-shm"):
            file = world.directory / f"world.sqlite{suffix}"
            if file.exists():
                file.rename(file.with_name(f"gone{suffix}"))
                moved.append((file.with_name(f"gone{suffix}"), file))
        terminal.wait_for(lambda rows: re.search(r"DOWN|STALE|not fresh", rows[0]) is not None, 30)
        terminal.wait_for(lambda rows: not any(re.search(r" ok( |$)", row) for row in rows[2:12]), 90)
        greens = [cell for row in terminal.cells()[2:12] for cell in row if cell.text == "●"]
        assert not greens
        go(terminal, "s", PAGE, r"DOWN|STALE")
        go(terminal, "\x1b", FLEET)
        for away, back in moved:
            away.rename(back)
        world.process.send_signal(signal.SIGCONT)
        terminal.wait_for(lambda rows: re.search(r"DOWN|STALE|not fresh", rows[0]) is None, 60)
        terminal.wait_for(shows(r" ok "), 30)
        assert terminal.process.poll() is None


def test_a_storm_of_sizes_settles_on_the_last_one(world: RunningWorld) -> None:
    """Dragging the window about leaves a whole screen of the last size."""
    with world.open(size=(80, 24)) as terminal:
        live(terminal)
        for step in range(40):
            terminal.resize(20 + step * 7 % 180, 5 + step * 11 % 45)
            time.sleep(0.005)
        terminal.resize(100, 30, garble=True)
        terminal.wait_for(lambda rows: "DEMO" in rows[0] and "w why" in rows[29] and "~~" not in "".join(rows))
        rows = terminal.lines()
        assert rows[1].startswith(" MODEL")
        terminal.send("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("option", ["--no-diff", "--read-only", "--theme=modeltui-light", "--theme=ansi-16"])
def test_options_of_the_screens(world: RunningWorld, option: str) -> None:
    """Each option leads to the same living screens."""
    with world.open(option) as terminal:
        live(terminal)
        if option == "--read-only":
            assert "READ-ONLY" in terminal.lines()[0]
        go(terminal, "\r", TARGET, r"VERSION +DESIRED")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        given_back(terminal)


def walk(terminal: Terminal) -> None:
    """Look at every screen once."""
    live(terminal)
    target = (("w", PAGE), ("\x1b", FLEET), ("\r", TARGET), ("f", CHART), ("\x1b", TARGET))
    others = (("6", SKEW), ("?", PAGE), ("\x1b", SKEW), (":", PROMPT), ("\x1b", SKEW))
    for key, screen in (*target, *others):
        go(terminal, key, screen)
    terminal.send("q")
    assert terminal.wait_exit() == 0
    given_back(terminal)


@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color"])
def test_without_colour_not_one_colour_is_sent(world: RunningWorld, how: str) -> None:
    """NO_COLOR and --no-color: over all screens, and from the first frame on, no colour at all."""
    options = [how] if how.startswith("--") else []
    env = terminal_environment(NO_COLOR="1") if not options else terminal_environment()
    for _ in range(2):  # the second time with a frame of the first
        with world.open(*options, env=env) as terminal:
            walk(terminal)
            assert COLOUR.search(terminal.sent) is None


def test_a_theme_without_colours_begins_without_them(world: RunningWorld) -> None:
    """--theme monochrome over a coloured run, and again over its own: not one colour, from the first frame on."""
    with world.open() as terminal:
        live(terminal)
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert COLOUR.search(terminal.sent) is not None
    for _ in range(2):
        with world.open("--theme", "monochrome") as terminal:
            terminal.wait_for("STALE:")
            live(terminal)
            terminal.send("q")
            assert terminal.wait_exit() == 0
            assert COLOUR.search(terminal.sent) is None


def test_in_ascii_every_byte_is_ascii(world: RunningWorld) -> None:
    """--ascii: over all screens, and from the first frame on, only bytes below 128."""
    for _ in range(2):
        with world.open("--ascii") as terminal:
            walk(terminal)
            assert not [byte for byte in terminal.sent if byte >= 0x80]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_signals_while_live(world: RunningWorld, number: signal.Signals) -> None:
    """A signal ends the program in order, and the terminal is given back."""
    with world.open() as terminal:
        live(terminal)
        terminal.signal(number)
        assert terminal.wait_exit(5) == 128 + number
        given_back(terminal)


def test_copying_uses_the_clipboard_of_the_terminal(world: RunningWorld) -> None:
    """y sends one clipboard sequence, and nothing else that is not ours leaves."""
    with world.open() as terminal:
        live(terminal)
        terminal.send("y")
        terminal.wait_for("sent to the terminal's clipboard")
        terminal.wait_sent(b"\x1b]52;c;")
        assert foreign_sequences(terminal.sent, CLIPBOARD) == []


def test_keys_before_the_first_frame_are_not_lost(world: RunningWorld) -> None:
    """What I type while it starts takes effect once it is there: q leaves."""
    with world.open() as terminal:
        terminal.wait_until(lambda: terminal.bytes_sent > 0)
        terminal.send("q")
        assert terminal.wait_exit(START_SECONDS) == 0
        given_back(terminal)


def test_the_files_it_keeps_are_private(world: RunningWorld) -> None:
    """What is kept for the next start can be read by its owner alone."""
    with world.open() as terminal:
        live(terminal)
        terminal.send("q")
        assert terminal.wait_exit() == 0
    kept = [path for path in Path(os.environ["HOME"]).rglob("*") if path.is_file()]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
