"""T1 to T4: how soon something is on the screen, and what the way there costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.bench.context import Bench
from tests.bench.figures import (
    Aim,
    Figure,
    Measured,
    interleaved,
    measured,
    others,
    ratio_aims,
)
from tests.bench.fleet import Fleet
from tests.bench.subjects import (
    PRINT,
    PYTHON,
    environment,
    is_full,
    live_ours,
    missing,
    open_ours,
    reference_app,
)
from tests.terminal import Terminal

IMPORT_APP = (PYTHON, "-c", "from textual.app import App; print('ready')")
KEYS = "filter"
"""A word of the last row: it is drawn by the live program only."""


def first_frames(bench: Bench) -> Iterator[Figure]:
    """Yield T1, T2 and T4."""
    with bench.fleet(50) as fleet:
        fill_cache(fleet)
        runs = bench.runs(3, 15)
        print_ready = partial(_until, PRINT, "ready", bench.home)
        htop = missing("htop") or partial(_tool_frame, ("htop",), bench.home)
        found = interleaved({"ours": partial(_skeleton, fleet), "python print": print_ready, "htop": htop}, runs)
        ours = measured(found, "ours")
        yield Figure(
            "T1",
            "what the last run saw, marked STALE, on screen",
            ours,
            others(found, "ours"),
            ratio_aims(
                ours.middle,
                ("≤ 1.5× python print", found["python print"], 1.5),
                ("≤ 1/4 of htop", found["htop"], 0.25),
            ),
        )
        yield from _live_frames(bench, fleet, runs, print_ready, htop)
        yield from _settled(bench, fleet)


def _live_frames(
    bench: Bench, fleet: Fleet, runs: int, print_ready: Callable[[], float], htop: Callable[[], float] | str
) -> Iterator[Figure]:
    found = interleaved(
        {
            "ours": lambda: _ours_until(fleet, KEYS),
            "python print": print_ready,
            "import textual.app": partial(_until, IMPORT_APP, "ready", bench.home),
            "bare Textual": lambda: _reference_frame("bare", bench.home),
            "DataTable app": lambda: _reference_frame("table", bench.home),
            "htop": htop,
            "btop": missing("btop") or partial(_tool_frame, ("btop",), bench.home),
        },
        runs,
    )
    ours = measured(found, "ours")
    yield Figure(
        "T2",
        "first full frame of the live program, taking keys",
        ours,
        others(found, "ours"),
        ratio_aims(
            ours.middle,
            ("≤ 18× python print", found["python print"], 18),
            ("≤ 1.15× import textual.app", found["import textual.app"], 1.15),
            ("≤ 2.5× htop", found["htop"], 2.5),
        ),
    )
    fresh = (bench.fresh_home(fleet) for _ in range(runs))
    first_answer = Measured(tuple(_ours_until(one, one.bad_model) for one in fresh))
    yield Figure(
        "T2b",
        "the failing version on screen, live, nothing cached",
        first_answer,
        {"python print": found["python print"], "bare Textual": found["bare Textual"]},
        note="50 models: the registry and five questions answered, judged, sorted, painted",
    )


def _settled(bench: Bench, fleet: Fleet) -> Iterator[Figure]:
    found = interleaved(
        {
            "ours": lambda: _ours_settled(bench.fresh_home(fleet)),
            "DataTable app": lambda: _settled_bytes(lambda: reference_app("table", home=bench.home)),
            "htop": missing("htop")
            or (lambda: _settled_bytes(lambda: Terminal(("htop",), env=environment(bench.home)))),
        },
        bench.runs(2, 5),
        "bytes",
    )
    ours = measured(found, "ours")
    yield Figure(
        "T4",
        "bytes from the start to a settled frame with live values",
        ours,
        others(found, "ours"),
        (
            Aim("≤ 12 kB", ours.middle, 12_000),
            *ratio_aims(
                ours.middle,
                ("≤ 1/8 of DataTable", found["DataTable app"], 1 / 8),
                ("≤ 1.5× htop", found["htop"], 1.5),
            ),
        ),
    )


def fill_cache(fleet: Fleet) -> None:
    """Let a run end in the ordinary way, so that the next one has something to begin with."""
    with live_ours(fleet) as terminal:
        terminal.send("q")
        terminal.wait_exit(15)


def _skeleton(fleet: Fleet) -> float:
    with open_ours(fleet) as terminal:
        return (terminal.wait_sent(b"STALE") - terminal.started_at) * 1e3


def _ours_until(fleet: Fleet, wanted: str) -> float:
    with open_ours(fleet) as terminal:
        return (terminal.wait_for(wanted, 60) - terminal.started_at) * 1e3


def _until(command: Sequence[str], wanted: str, home: Path) -> float:
    with Terminal(command, env=environment(home)) as terminal:
        return (terminal.wait_sent(wanted.encode()) - terminal.started_at) * 1e3


def _tool_frame(command: Sequence[str], home: Path) -> float:
    with Terminal(command, env=environment(home)) as terminal:
        return (terminal.wait_for(is_full) - terminal.started_at) * 1e3


def _reference_frame(name: str, home: Path) -> float:
    with reference_app(name, home=home) as terminal:
        return (terminal.wait_for("ready") - terminal.started_at) * 1e3


def _ours_settled(fleet: Fleet) -> float:
    with open_ours(fleet) as terminal:
        terminal.wait_for(fleet.bad_model, 30)
        time.sleep(0.6)  # the past of what is on screen comes after the first values; then only ages move
        return float(terminal.bytes_sent)


def _settled_bytes(start: Callable[[], Terminal]) -> float:
    with start() as terminal:
        terminal.wait_for(is_full)
        terminal.wait_quiet(0.4)
        return float(terminal.bytes_sent)
