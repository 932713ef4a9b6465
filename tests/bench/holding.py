"""T15 to T17: many rows, memory, and charts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, ratio_aims
from tests.bench.subjects import PYTHON, environment, live_ours, live_reference, memory, run_command

WARM_UP_SECONDS = 25.0


def rows(bench: Bench) -> Iterator[Figure]:
    """Yield T15."""
    count, stock_count = 100_000, bench.runs(10_000, 100_000)
    runs = bench.runs(1, 3)
    ours = [_inside(bench, "grid", count) for _ in range(runs)]
    stock = _inside(bench, "table", stock_count)
    reference = f"DataTable, {stock_count // 1000}k rows"
    for what, most in (("load", 300), ("filter", 150), ("sort", 150)):
        times = Measured(tuple(found[what] for found in ours))
        yield Figure(
            "T15",
            f"100 000 rows in the grid: {what} and paint",
            times,
            {reference: Measured((stock[what],))},
            (Aim(f"≤ {most} ms", times.middle, most),),
        )
    size = Measured(tuple(found["megabytes"] for found in ours), "MB")
    stock_size = Measured((stock["megabytes"],), "MB")
    yield Figure(
        "T15", "100 000 rows in the grid: memory", size, {reference: stock_size}, (Aim("≤ 20 MB", size.middle, 20),)
    )


def memory_of_screens(bench: Bench) -> Iterator[Figure]:
    """Yield T16."""
    seconds = bench.seconds(5.0, 60.0)
    with bench.fleet(50) as fleet:
        fleet.set_rate(100)
        with live_ours(fleet) as terminal, live_reference("bare", home=bench.home) as bare:
            time.sleep(bench.seconds(1.0, WARM_UP_SECONDS))
            resident, private = memory(terminal.process.pid)
            began = time.monotonic()
            bare_resident = Measured((memory(bare.process.pid)[0],), "MB")
            time.sleep(seconds)
            resident_then, private_then = memory(terminal.process.pid)
            hours = (time.monotonic() - began) / 3600
    yield Figure(
        "T16",
        "resident memory with 50 models live",
        Measured((resident,), "MB"),
        {"bare Textual": bare_resident},
        (Aim("≤ 50 MB", resident, 50.0), *ratio_aims(resident, ("≤ 1.4× bare Textual", bare_resident, 1.4))),
        note=f"private {private:.1f} MB",
    )
    slope = (private_then - private) / hours
    yield Figure(
        "T16",
        f"growth of private memory over {seconds:.0f} s at 100 cells/s",
        Measured((slope,), "MB/h"),
        aims=(Aim("≤ 1 MB/h", slope, 1.0),),
        note=f"{(private_then - private) * 1e3:.0f} kB; resident {resident_then:.1f} MB at the end;"
        " polled each second, points of the watched targets fill an hour",
    )


def charts(bench: Bench) -> Iterator[Figure]:
    """Yield T17."""
    found = [_inside(bench, "chart", 120) for _ in range(bench.runs(2, 5))]
    ours, stock = (Measured(tuple(run[name] for run in found)) for name in ("ours", "plotext"))
    yield Figure(
        "T17",
        "chart of 92×17, two versions, an hour of 120 points",
        ours,
        {"plotext 5 and Text.from_ansi": stock},
        (Aim("≤ 1 ms", ours.middle, 1.0), *ratio_aims(ours.middle, ("≤ 1/8 of plotext", stock, 1 / 8))),
        note="each run is the median of 40",
    )


def _inside(bench: Bench, what: str, count: int) -> Mapping[str, float]:
    ran = run_command([PYTHON, "-m", "tests.bench.inside", what, str(count)], environment(bench.home), timeout=180)
    found: dict[str, float] = json.loads(ran.output.splitlines()[-1])
    return found
