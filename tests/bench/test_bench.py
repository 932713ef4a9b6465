"""The bench itself: what it says of a figure, and that its synthetic fleet is one that the program can read."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, interleaved, markdown, ratio_aims
from tests.bench.subjects import live_ours, open_ours


def test_a_missed_aim_says_by_how_much() -> None:
    """Whoever reads the table sees the ratio to every reference, and how far a missed aim was missed."""
    ours = Measured((30.0, 10.0, 20.0))
    references: dict[str, Measured | str] = {"python print": Measured((10.0,)), "htop": "not installed"}
    aims = ratio_aims(ours.middle, ("≤ 1.5× python print", references["python print"], 1.5), ("≤ htop", "?", 1.0))
    row = Figure("T1", "a frame", ours, references, (*aims, Aim("≤ 25 ms", ours.middle, 25.0))).row()
    assert row[2] == "20.0 ms (10.0–30.0, N=3)"
    assert row[3] == "python print 10.0 ms; htop not installed"
    assert row[4] == "2.00× python print"
    assert row[6] == "MISSED: ≤ 1.5× python print is 2.00"
    assert "| T1 | a frame |" in markdown([Figure("T1", "a frame", ours)])


def test_contenders_are_measured_in_turn() -> None:
    """What the machine does meanwhile hits all contenders alike; one that is missing costs nothing."""
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = interleaved({"a": partial(run, "a"), "b": partial(run, "b"), "c": "not installed"}, 2)
    assert order == ["a", "b", "a", "b"]
    assert found == {"a": Measured((1.0, 3.0)), "b": Measured((2.0, 4.0)), "c": "not installed"}


@pytest.mark.terminal
def test_the_program_reads_the_synthetic_fleet(tmp_path: Path) -> None:
    """The failing version is on screen, one poll asks few questions, and the next start shows what was seen."""
    bench = Bench(tmp_path, quick=True)
    with bench.fleet(60, poll_seconds=1, registry_seconds=1) as fleet:
        with live_ours(fleet) as terminal:
            assert f"{fleet.bad_model} " in terminal.lines()[2]
            fleet.take_log()
            time.sleep(2.0)
            asked = [what for _, what, _ in fleet.take_log() if "query_range" not in what]
            assert 0 < len(asked) <= 3 * 8  # three polls at most
            terminal.send("q")
            terminal.wait_exit()
        with open_ours(fleet) as terminal:
            terminal.wait_sent(b"STALE")
            assert fleet.bad_model in terminal.text()
