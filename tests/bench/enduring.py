"""T12 and T13: a terminal that stops reading, and one that goes away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured
from tests.bench.fleet import Fleet
from tests.bench.subjects import cpu_seconds, live_ours, open_ours, reference_app
from tests.terminal import Terminal

ROWS_OF_VALUES = slice(2, 18)
"""The grid below its heading: what does not say the time."""
GONE_SECONDS = 10.0


def stalled(bench: Bench) -> Iterator[Figure]:
    """Yield T12."""
    seconds = bench.seconds(4.0, 15.0)
    with bench.fleet(50) as fleet:
        fleet.set_rate(1000)
        with live_ours(fleet) as terminal:
            fleet.take_log()
            terminal.pause()
            time.sleep(seconds)
            gap = _longest_gap(fleet)
            fleet.set_rate(0)
            time.sleep(1.5)
            terminal.resume()
            resumed_at = time.monotonic()
            terminal.wait_quiet(0.3, 10)
            caught_up = (terminal.chunks[-1].at - resumed_at) * 1e3
            time.sleep(1.2)
            before = terminal.lines()[ROWS_OF_VALUES]
            terminal.garble()
            terminal.send("\x0c")
            time.sleep(1.0)
            after = terminal.lines()[ROWS_OF_VALUES]
    different = sum(1 for old, new in zip(before, after, strict=True) if old != new)
    what = f"terminal stalled for {seconds:.0f} s"
    yield Figure(
        "T12",
        f"{what}: longest wait between polls beyond their second",
        Measured((gap,), "s"),
        aims=(Aim("≤ 0.3 s", gap, 0.3),),
        note="seen at the server: 1000 cells/s went on being read",
    )
    yield Figure(
        "T12",
        f"{what}: rows that differ from a full repaint afterwards",
        Measured((float(different),), "rows"),
        aims=(Aim("frame right", float(different), 0.0),),
        note=f"caught up {caught_up:.0f} ms after the terminal read again",
    )


def _longest_gap(fleet: Fleet) -> float:
    polls = [at for at, what, _ in fleet.take_log() if "feature_drift_psi" in what and "query_range" not in what]
    return max((later - earlier - 1.0 for earlier, later in pairwise(polls)), default=float("inf"))


def hung_up(bench: Bench) -> Iterator[Figure]:
    """Yield T13."""
    with bench.fleet(50) as fleet:
        for what, deaf in (("the signal arrives", False), ("no signal arrives", True)):
            ours = [_hang_up(lambda d=deaf: _start_ours(fleet, d), deaf) for _ in range(bench.runs(1, 5))]  # type: ignore[misc]
            stock = _hang_up(lambda d=deaf: _start_bare(bench, d), deaf)  # type: ignore[misc]
            gone = Measured(tuple(seconds for seconds, _ in ours), "s")
            used = Measured(tuple(cpu for _, cpu in ours), "%")
            yield Figure(
                "T13",
                f"terminal gone, {what}: until the process has ended",
                gone,
                {"bare Textual": _words(stock)},
                (Aim("≤ 1 s", max(gone.values), 1.0),),
                note=f"CPU meanwhile {used}",
            )


def _start_ours(fleet: Fleet, deaf: bool) -> Terminal:
    terminal = open_ours(fleet, ignore_hangup=deaf)
    terminal.wait_for(fleet.bad_model, 30)
    return terminal


def _start_bare(bench: Bench, deaf: bool) -> Terminal:
    terminal = reference_app("bare", "--clock", home=bench.home, ignore_hangup=deaf)
    terminal.wait_for("ready", 10)
    return terminal


def _hang_up(start: Callable[[], Terminal], deaf: bool) -> tuple[float, float]:
    """Return the seconds until the process was gone, infinity when it stayed, and its share of a core meanwhile."""
    terminal = start()
    pid = terminal.process.pid
    try:
        time.sleep(0.5)
        used, began = cpu_seconds(pid), time.monotonic()
        used_now = used
        terminal.hang_up()
        limit = 2.5 if deaf else GONE_SECONDS
        while terminal.process.poll() is None and time.monotonic() - began < limit:
            with suppress(OSError):
                used_now = max(used_now, cpu_seconds(pid))  # a thread that has ended is not counted any more
            time.sleep(0.005)
        took = time.monotonic() - began
        is_gone = terminal.process.poll() is not None
        return (took if is_gone else float("inf")), 100 * (used_now - used) / took
    finally:
        if Path(f"/proc/{pid}").exists() and terminal.process.poll() is None:
            os.kill(pid, signal.SIGKILL)
        terminal.close()


def _words(found: tuple[float, float]) -> Measured | str:
    seconds, cpu = found
    return Measured((seconds,), "s") if seconds < float("inf") else f"never ends, {cpu:.0f} % of a core"
