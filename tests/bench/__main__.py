"""Prints, side by side in one run, the figures of this program beside their references.

    python -m tests.bench                     everything, about a quarter of an hour
    python -m tests.bench --quick             fewer runs, under three minutes
    python -m tests.bench --only T5,T9        some figures
    python -m tests.bench --markdown FILE     and a table

Every figure is the median of interleaved runs in a pseudo-terminal of 120×40, with the least and the largest. Only
ratios travel from machine to machine.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from tests.bench.context import Bench
from tests.bench.figures import Figure, markdown, plain
from tests.bench.subjects import load_average

GROUPS: tuple[tuple[str, str, str], ...] = (
    ("T1 T2 T2b T4", "starting", "first_frames"),
    ("T3 C1", "commands", "costs"),
    ("T5 T6 T7 T8", "running", "costs"),
    ("T9 T10 T11", "keys", "latencies"),
    ("T12", "enduring", "stalled"),
    ("T13", "enduring", "hung_up"),
    ("T14", "keys", "panels"),
    ("T15", "holding", "rows"),
    ("T16", "holding", "memory_of_screens"),
    ("T17", "holding", "charts"),
    ("A1 A2 A3 A4", "acting", "costs"),
    ("D1 D2 D3 D4 D5 D6", "comparing", "costs"),
    ("J1 J2 J3 J4 J5 J6 J7 J8", "journal", "costs"),
    ("S1 S2 S3 S4 S5 S6 S7", "sizes", "fleets"),
)
"""The figures of a group, its module, its function."""


def main() -> int:
    """Measure, print, and return 1 when an aim is missed."""
    options = _options()
    wanted = set(options.only.split(",")) if options.only else set()
    began = time.monotonic()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="modeltui-bench-") as scratch:
        bench = Bench(Path(scratch), options.quick)
        for ids, module, function in GROUPS:
            if wanted and not wanted & set(ids.split()):
                continue
            for figure in _measure(bench, module, function):
                if not wanted or figure.id in wanted:
                    figures.append(figure)
                    print(plain(figure), flush=True)
    head = _head(options.quick, time.monotonic() - began)
    print(*head, sep="\n")
    if options.markdown:
        Path(options.markdown).write_text(markdown(figures, head), encoding="utf-8")
    missed = [figure.id for figure in figures if figure.verdict.startswith("MISSED")]
    print(f"{len(figures)} figures; " + (f"missed: {', '.join(missed)}" if missed else "every aim is met"))
    return 1 if missed else 0


def _measure(bench: Bench, module: str, function: str) -> Iterator[Figure]:
    measure: Callable[[Bench], Iterator[Figure]] = getattr(import_module(f"tests.bench.{module}"), function)
    try:
        yield from measure(bench)
    except Exception as error:  # one group that cannot be measured must not cost the others
        print(f"{function}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def _head(quick: bool, seconds: float) -> list[str]:
    which = "quick" if quick else "full"
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return [f"A {which} run of {seconds:.0f} s on {python}; load average afterwards {load_average()}."]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure against the references.")
    parser.add_argument("--quick", action="store_true", help="few runs, under three minutes")
    parser.add_argument("--only", default="", metavar="T5,T6", help="only these figures")
    parser.add_argument("--markdown", default="", metavar="FILE", help="write the table there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
