"""The right letter passes the first time, whenever a person presses it: on the real screens in a real terminal."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.terminal import SOURCE, Terminal, terminal_environment

ABORTS = int(os.environ.get("MODELTUI_LETTERS", "60"))
PROGRAM = (sys.executable, str(Path(__file__).with_name("guard_app.py")))


def opened(*options: str) -> Terminal:
    """Start the screens with a way to act that writes nothing."""
    environment = terminal_environment(PYTHONPATH=f"{SOURCE}{os.pathsep}{SOURCE.parent}")
    return Terminal([*PROGRAM, *options], size=(100, 30), env=environment)


def letter_of(rows: list[str]) -> str:
    """Return the letter that is asked for, once it counts; empty before."""
    if not any(re.search(r" armed .*left", row) for row in rows):
        return ""
    return next((found[1] for row in rows if (found := re.search(r"Press \[ (\w) \]", row))), "")


@pytest.mark.terminal
@pytest.mark.broad
@pytest.mark.timeout(900)
def test_the_right_letter_passes_the_first_time(tmp_path: Path, measured: Callable[[str], None]) -> None:
    """Three hundred aborts amid news of the world: each right letter, at once or after a while, is taken."""
    seed = random.SystemRandom().randrange(2**32)
    chance, log = random.Random(seed), tmp_path / "log"
    log.touch()
    started = time.monotonic()
    with opened("--noise", "--log", str(log)) as terminal:
        terminal.wait_for("A abort", 20.0)
        for place in range(1, ABORTS + 1):
            terminal.send("A")
            terminal.wait_for(lambda rows: letter_of(rows) != "", 10.0)
            time.sleep(chance.choice((0.0, 0.002, 0.05, 0.2, chance.uniform(0.0, 0.6))))
            terminal.send(letter_of(terminal.lines()))
            terminal.wait_until(lambda place=place: log.read_text().count("GO") == place, 5.0)  # type: ignore[misc]
            terminal.send("\x1b")
            terminal.wait_for(lambda rows: "A abort" in rows[-1], 5.0)
    measured(f"seed {seed}: {ABORTS} letters, all taken the first time, {time.monotonic() - started:.0f} s")


@pytest.mark.terminal
def test_a_letter_pressed_too_early_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    """What was pressed before it could be read is not taken, and the guard says so; a second later it is."""
    log = tmp_path / "log"
    log.touch()
    with opened("--log", str(log)) as terminal:
        terminal.wait_for("A abort", 20.0)
        terminal.send("A")
        terminal.wait_for("read first", 10.0)
        early = next(found[1] for row in terminal.lines() if (found := re.search(r"Press \[ (\w) \]", row)))
        terminal.send(early)
        terminal.wait_for("too early, not taken", 5.0)
        assert log.read_text() == ""
        time.sleep(1.2)
        terminal.wait_for(lambda rows: letter_of(rows) == early, 5.0)
        terminal.send(early)
        terminal.wait_until(lambda: log.read_text().count("GO") == 1, 5.0)


@pytest.mark.terminal
@pytest.mark.parametrize("name", ["promote", "rollback-to"])
def test_a_guard_chosen_by_name_keeps_the_focus(name: str, tmp_path: Path) -> None:
    """What the palette opens takes the keys: the list behind it does not take them back and disarm it."""
    with opened() as terminal:
        terminal.wait_for("A abort", 20.0)
        terminal.send(":")
        terminal.wait_for("what to do, or where to go", 5.0)
        terminal.send(f"{name}\r")
        if name == "rollback-to":
            terminal.wait_for("back to which version", 5.0)
            terminal.send("\r")
        terminal.wait_for("> _", 10.0)
        time.sleep(0.3)
        terminal.send("p")
        terminal.wait_for("> p_", 5.0)
        assert "DISARMED" not in terminal.text()
