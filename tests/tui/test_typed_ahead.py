"""Keys that come faster than screens open do what they would have done one by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest
from tests.terminal import Terminal, terminal_environment

pytestmark = pytest.mark.terminal

Shows = Callable[[Sequence[str]], bool]

BURSTS: dict[str, Shows] = {
    "/fraud": lambda lines: lines[-2].strip() == "fraud" and "fraud-detector" in lines[2],
    "/quota": lambda lines: lines[-2].strip() == "quota",
    "/fraud\x7f\x7f\r": lambda lines: "fraud-detector" in lines[2] and "enter open" in lines[-1],
    ":help\r": lambda lines: lines[1].startswith(" Keys"),
    "6w1?": lambda lines: lines[1].startswith(" Keys"),
    "jjj" * 30 + "?": lambda lines: lines[1].startswith(" Keys"),
    "/nothing\x1b[A\x1b[B": lambda lines: lines[-2].strip() == "nothing",
}
"""Typed at once, and what stands on the screen then."""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A demo that shows its fleet."""
    environment = terminal_environment() | {key: os.environ[key] for key in os.environ if key.startswith("XDG_")}
    with Terminal([sys.executable, "-m", "modeltui", "demo"], size=(80, 24), env=environment) as terminal:
        terminal.wait_for(lambda lines: any("▲" in line for line in lines[1:]), 30.0)
        terminal.wait_for("enter open", 10.0)
        yield terminal


def test_keys_typed_at_once_meet_what_the_first_one_opens(terminal: Terminal) -> None:
    """`/quota` filters and does not quit; a name typed into the palette is found; a held key loses no other key."""
    for burst, shows in BURSTS.items():
        terminal.send(burst)
        terminal.wait_for(shows, 10.0)
        assert terminal.process.poll() is None, burst
        terminal.wait_quiet(0.2, 10.0)
        for _ in range(2):  # the first closes what is open, the second takes a kept filter away
            terminal.send("\x1b")
            terminal.wait_quiet(0.3, 10.0)
        terminal.send("g")  # up again
        terminal.wait_for(lambda lines: "enter open" in lines[-1] and "churn-" in lines[2], 10.0)
    terminal.send("q")
    assert terminal.wait_exit() == 0
