"""T5 to T8: bytes and processor time while the fleet stands still, and while cells change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, ratio_aims
from tests.bench.subjects import Cost, costs_over, live_ours, live_reference, live_tool, missing
from tests.terminal import Terminal

Start = Callable[[], AbstractContextManager[Terminal]]


def costs(bench: Bench) -> Iterator[Figure]:
    """Yield T5 to T8."""
    yield from _idle(bench)
    yield from _ten(bench)
    yield from _hundred(bench)
    yield from _thousand(bench)


def _idle(bench: Bench) -> Iterator[Figure]:
    every = bench.seconds(10.0, 15.0)  # each run has one poll in it
    with bench.fleet(50, poll_seconds=every) as fleet:
        found = _watched(
            bench,
            {
                "ours": lambda: live_ours(fleet),
                "bare Textual with a clock": lambda: live_reference("bare", "--clock", home=bench.home),
                "top -d1": missing("top") or partial(live_tool, ("top", "-d1"), bench.home),
                "htop -d10": missing("htop") or partial(live_tool, ("htop", "-d10"), bench.home),
                "btop": missing("btop") or partial(live_tool, ("btop",), bench.home),
            },
            (every, every),
        )
    note = f"50 models, polled every {every:.0f} s, a clock and every age on screen moving"
    yield _bytes("T5", "idle", found, (("≤ 80 B/s", 80),), note=note)
    yield _cpu("idle", found, 0.3, note=note)


def _ten(bench: Bench) -> Iterator[Figure]:
    top = missing("top") or partial(live_tool, ("top", "-d1"), bench.home)
    with bench.fleet(50) as fleet:
        fleet.set_rate(10)
        found = _watched(
            bench,
            {
                "ours": lambda: live_ours(fleet),
                "DataTable, one tick/s": lambda: live_reference("table", "--rate", "10", home=bench.home),
                "DataTable, spread": lambda: live_reference("table", "--rate", "10", "--ticks", "10", home=bench.home),
                "top -d1": top,
            },
        )
    yield _bytes(
        "T6",
        "10 live cells/s",
        found,
        (("≤ 1 kB/s", 1000),),
        (("≤ 1/200 of DataTable, spread", "DataTable, spread", 1 / 200), ("≤ 1/4 of top -d1", "top -d1", 0.25)),
        note="metrics polled each second",
    )
    yield _cpu("10 cells/s", found, 2.0, (("≤ 1/20 of DataTable, spread", "DataTable, spread", 1 / 20),))


def _hundred(bench: Bench) -> Iterator[Figure]:
    btop = missing("btop") or partial(live_tool, ("btop",), bench.home)
    with bench.fleet(50) as fleet:
        fleet.set_rate(100)
        found = _watched(
            bench,
            {
                "ours": lambda: live_ours(fleet),
                "DataTable, 30 text sparklines": lambda: live_reference(
                    "table", "--rate", "100", "--sparks", "30", home=bench.home
                ),
                "btop": btop,
            },
        )
    note = "of the cells that change about half are on screen; six sparklines in the card"
    aims = (("≤ 1/2 of btop", "btop", 0.5),)
    yield _bytes("T7", "100 live cells/s and sparklines", found, (("≤ 3 kB/s", 3000),), aims, note=note)
    yield _cpu("100 cells/s", found, 0.0)


def _thousand(bench: Bench) -> Iterator[Figure]:
    with bench.fleet(400) as fleet:
        fleet.set_rate(1000)
        found = _watched(
            bench,
            {
                "ours": lambda: live_ours(fleet),
                "DataTable": lambda: live_reference(
                    "table", "--rows", "400", "--rate", "1000", "--ticks", "10", home=bench.home
                ),
            },
        )
    yield _cpu("1000 cells/s", found, 10.0, note="400 models polled each second: reading and judging included")


def _watched(
    bench: Bench, starts: Mapping[str, Start | str], seconds: tuple[float, float] = (5.0, 8.0)
) -> dict[str, list[Cost] | str]:
    """Watch all contenders at the same time: what the machine does meanwhile, it does to all of them."""
    found: dict[str, list[Cost] | str] = {}
    for _ in range(bench.runs(1, 3)):
        with ExitStack() as stack:
            terminals: dict[str, Terminal] = {}
            for name, start in starts.items():
                if isinstance(start, str):
                    found[name] = start
                else:
                    terminals[name] = stack.enter_context(start())
            costs = costs_over(terminals, bench.seconds(*seconds))
        for name, cost in costs.items():
            costs_so_far = found.setdefault(name, [])
            assert isinstance(costs_so_far, list)
            costs_so_far.append(cost)
    return found


def _bytes(
    name: str,
    what: str,
    found: Mapping[str, list[Cost] | str],
    most: tuple[tuple[str, float], ...],
    times: tuple[tuple[str, str, float], ...] = (),
    note: str = "",
) -> Figure:
    values = _each(found, lambda cost: cost.bytes_per_second, "B/s")
    ours = values.pop("ours")
    assert isinstance(ours, Measured)
    aims = tuple(Aim(words, ours.middle, limit) for words, limit in most)
    ratios = ratio_aims(ours.middle, *((words, values[reference], limit) for words, reference, limit in times))
    return Figure(name, f"bytes to the terminal, {what}", ours, values, (*aims, *ratios), note)


def _cpu(
    what: str,
    found: Mapping[str, list[Cost] | str],
    most: float,
    times: tuple[tuple[str, str, float], ...] = (),
    note: str = "",
) -> Figure:
    values = _each(found, lambda cost: cost.cpu_percent, "%")
    ours = values.pop("ours")
    assert isinstance(ours, Measured)
    aims = (Aim(f"≤ {most:g} %", ours.middle, most),) if most else ()
    ratios = ratio_aims(ours.middle, *((words, values[reference], limit) for words, reference, limit in times))
    return Figure("T8", f"CPU, {what}", ours, values, (*aims, *ratios), note)


def _each(
    found: Mapping[str, list[Cost] | str], value: Callable[[Cost], float], unit: str
) -> dict[str, Measured | str]:
    return {
        name: costs if isinstance(costs, str) else Measured(tuple(value(cost) for cost in costs), unit)
        for name, costs in found.items()
    }
