"""Over a line of 32 kB/s, with live data, every key is answered."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.e2e.stage import MODELTUI, environment
from tests.terminal import Terminal, foreign_sequences

BYTES_PER_SECOND = 32_000
"""A modem, a train, or the far end of three hops."""

Shows = Callable[[Sequence[str]], bool]


def _on_fleet(lines: Sequence[str]) -> bool:
    return "LIVE" in lines[1] and "enter open" in lines[-1]


def _cursor_on(row: int) -> Shows:
    return lambda lines: [place for place, line in enumerate(lines) if line.startswith("▶")] == [row]


def _page(*words: str) -> Shows:
    """A page is there when its last row is, which is painted last."""
    return lambda lines: " esc back" in lines[-1] and all(any(word in line for line in lines[1:]) for word in words)


def _asks(text: str) -> Shows:
    return lambda lines: lines[-1].startswith(" enter ") and lines[-2].strip() == text


FILTER = "filter: words in the model, environment, version or state"

WALK: tuple[tuple[str, Shows], ...] = (
    ("j", _cursor_on(3)),
    ("j", _cursor_on(4)),
    ("k", _cursor_on(3)),
    ("\x1b[B", _cursor_on(4)),
    ("g", _cursor_on(2)),
    ("\r", _page("VERSION", "DESIRED")),
    ("\x1b", _on_fleet),
    ("w", _page("traffic desired", "warn")),
    ("\x1b", _on_fleet),
    ("6", _page("SKEW")),
    ("1", _on_fleet),
    ("?", _page(" Keys", "Show every key.")),
    ("\x1b", _on_fleet),
    ("s", _page(" Sources", "asked every")),
    ("\x1b", _on_fleet),
    ("/", _asks(FILTER)),
    ("f", _asks("f")),
    ("r", _asks("fr")),
    ("a", lambda lines: _asks("fra")(lines) and "fraud-detector" in lines[2]),
    ("\r", lambda lines: _on_fleet(lines) and "fraud-detector" in lines[2]),
    ("\x1b", lambda lines: _on_fleet(lines) and "fraud-detector" not in lines[2]),
    (":", _asks("what to do, or where to go")),
    ("\x1b", _on_fleet),
)
"""Every key of a walk through the screens, and what it must bring."""


@pytest.mark.terminal
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_every_key_is_answered_over_a_slow_line(
    size: tuple[int, int], tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """Cursor, screens, filter and palette follow each key, however slowly the line drains, with a live world behind."""
    command = [*MODELTUI, "demo", "--dir", str(tmp_path / "world"), "--speed", "5"]
    with Terminal(command, size=size, env=environment()) as terminal:
        terminal.throttle(BYTES_PER_SECOND)
        terminal.wait_for(lambda lines: _on_fleet(lines) and "▲" in "".join(lines[2:6]), 30.0)
        latencies = []
        for key, shows in WALK:
            pressed_at = terminal.send(key)
            latencies.append(terminal.wait_for(shows, 5.0) - pressed_at)
        assert terminal.process.poll() is None
        terminal.send("q")
        assert terminal.wait_exit(20.0) == 0
        assert foreign_sequences(terminal.sent) == []
    told = ", ".join(f"{ascii(key)[1:-1]} {at * 1000:.0f}" for (key, _), at in zip(WALK, latencies, strict=True))
    measured(
        f"{size[0]}x{size[1]} at 32 kB/s: {len(latencies)} keys answered, median "
        f"{statistics.median(latencies) * 1000:.0f} ms, slowest {max(latencies) * 1000:.0f} ms ({told})"
    )
    assert max(latencies) < 3.0
