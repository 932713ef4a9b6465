"""T9 to T11 and T14: from a key to what it paints, on a quiet screen, a busy one and a slow link."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, interleaved, measured, others, ratio_aims
from tests.bench.fleet import Fleet
from tests.bench.subjects import live_ours, live_reference
from tests.terminal import Terminal, Timeout

DOWN, UP = "\x1b[B", "\x1b[A"
LOST_SECONDS = 6.0
SLOW_LINK = 32_000.0
_KEYS_EACH_WAY = 8


@dataclass(slots=True)
class Cursor:
    """Follows the row cursor of a table from outside, by the looks of its first cells."""

    terminal: Terminal
    row: int

    def move(self, key: str, by: int) -> float:
        """Type a key; return the milliseconds until the cursor is drawn on the next row, infinity when it is lost."""
        self.row += by
        self.terminal.lines()  # what came before is none of this key's business
        before = self._looks()
        typed_at = self.terminal.send(key)
        try:
            painted_at = self.terminal.wait_for(lambda _: self._looks() != before, LOST_SECONDS)
        except Timeout:
            return float("inf")
        return (painted_at - typed_at) * 1e3

    def _looks(self) -> tuple[object, ...]:
        """Return the marker of the row and the colour beneath its name: both leave and come with the cursor."""
        marker, first, *_ = self.terminal.emulator.cells()[self.row]
        return marker.text == "▶", first.background, first.reverse


def latencies(bench: Bench) -> Iterator[Figure]:
    """Yield T9, T10 and T11."""
    yield from _quiet(bench)
    yield from _busy(bench)
    yield from _slow(bench)


def _quiet(bench: Bench) -> Iterator[Figure]:
    keys = bench.runs(32, 160)
    with bench.fleet(50, poll_seconds=15) as fleet:
        found = _typed(
            keys,
            {
                "ours": (lambda: live_ours(fleet), ours_cursor),
                "DataTable": (lambda: live_reference("table", home=bench.home), _table_cursor),
            },
        )
    bare = _bare_keys(bench, keys)
    ours = found["ours"]
    yield Figure(
        "T9",
        "key to painted, idle, p50",
        ours,
        {"bare Textual": bare, "DataTable": found["DataTable"]},
        (Aim("≤ 8 ms", ours.middle, 8.0), *ratio_aims(ours.middle, ("≤ 4× bare Textual", bare, 4))),
    )
    yield _tail("T9", "key to painted, idle, p99", {**found, "bare Textual": bare}, (("≤ 20 ms", 20.0),))


def _busy(bench: Bench) -> Iterator[Figure]:
    keys = bench.runs(48, 192)
    with bench.fleet(10_000) as fleet:
        fleet.set_rate(1000)
        found = _typed(
            keys,
            {
                "ours": (lambda: live_ours(fleet), ours_cursor),
                "DataTable": (
                    lambda: live_reference(
                        "table", "--rows", "10000", "--rate", "1000", "--ticks", "10", home=bench.home
                    ),
                    _table_cursor,
                ),
            },
        )
    ours, note = found["ours"], "10 000 models, all sources polled each second"
    what = "key to painted at 1000 cells/s and 10 000 rows"
    yield Figure("T10", f"{what}, p50", ours, others(found, "ours"), (Aim("≤ 8 ms", ours.middle, 8.0),), note)
    yield _tail("T10", f"{what}, p99", found, (("≤ 25 ms", 25.0),), (("≤ 1/7 of DataTable", "DataTable", 1 / 7),), note)


def _slow(bench: Bench) -> Iterator[Figure]:
    keys = bench.runs(16, 48)
    with bench.fleet(50) as fleet:
        fleet.set_rate(100)
        found = {
            "ours": _through_slow_link(lambda: live_ours(fleet), ours_cursor, keys),
            "DataTable": _through_slow_link(
                lambda: live_reference("table", "--rate", "100", "--ticks", "10", home=bench.home), _table_cursor, 8
            ),
        }
    lost = {name: sum(1 for value in values.values if value == float("inf")) for name, values in found.items()}
    answered = ", ".join(f"{name} lost {lost[name]} of {len(values.values)}" for name, values in found.items())
    ours = found["ours"]
    figure = _tail("T11", "key to painted on 32 kB/s with 100 live cells/s, p99", found, (("≤ 150 ms", 150.0),))
    aims = (*figure.aims, Aim("every key answered", float(lost["ours"]), 0.0))
    yield Figure("T11", figure.what, figure.ours, figure.references, aims, f"{answered}; p50 {ours.middle:.0f} ms")


def _tail(
    name: str,
    what: str,
    found: Mapping[str, Measured],
    most: tuple[tuple[str, float], ...],
    times: tuple[tuple[str, str, float], ...] = (),
    note: str = "",
) -> Figure:
    """Return the 99th percentiles as a figure."""
    tails: dict[str, Measured | str] = {
        name: Measured((values.percentile(0.99),)) if values.percentile(0.99) < float("inf") else "keys were lost"
        for name, values in found.items()
    }
    worst = found["ours"].percentile(0.99)
    aims = tuple(Aim(words, worst, limit) for words, limit in most)
    ratios = ratio_aims(worst, *((words, tails[reference], limit) for words, reference, limit in times))
    note = f"{note}, " if note else ""
    return Figure(
        name, what, Measured((worst,)), others(tails, "ours"), (*aims, *ratios), f"{note}N={len(found['ours'].values)}"
    )


Contender = tuple[Callable[[], AbstractContextManager[Terminal]], Callable[[Terminal], Cursor]]


def _typed(keys: int, contenders: Mapping[str, Contender], rounds: int = 2) -> dict[str, Measured]:
    """Type keys into every contender, in turn, at moments that have nothing to do with the data's."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (start, cursor_of) in contenders.items():
            with start() as terminal:
                values[name] += _up_and_down(cursor_of(terminal), keys // rounds, random.Random(7))
    return {name: Measured(tuple(each)) for name, each in values.items()}


def _up_and_down(cursor: Cursor, keys: int, dice: random.Random) -> list[float]:
    found: list[float] = []
    for place in range(keys):
        down = place // _KEYS_EACH_WAY % 2 == 0
        found.append(cursor.move(DOWN if down else UP, 1 if down else -1))
        if found[-1] == float("inf") and found.count(float("inf")) >= 4:
            break  # nothing is answered any more; each lost key costs seconds
        time.sleep(dice.uniform(0.04, 0.14))
    return found


def _through_slow_link(
    start: Callable[[], AbstractContextManager[Terminal]], cursor_of: Callable[[Terminal], Cursor], keys: int
) -> Measured:
    with start() as terminal:
        cursor = cursor_of(terminal)
        terminal.throttle(SLOW_LINK)
        time.sleep(1.0)
        return Measured(tuple(_up_and_down(cursor, keys, random.Random(7))))


def ours_cursor(terminal: Terminal) -> Cursor:
    """Return the cursor of our grid."""
    rows = [number for number, line in enumerate(terminal.lines()) if line.startswith("▶")]
    return Cursor(terminal, rows[0])


def _table_cursor(terminal: Terminal) -> Cursor:
    rows = [number for number, line in enumerate(terminal.lines()) if "model-00000" in line]
    return Cursor(terminal, rows[0])


def _bare_keys(bench: Bench, keys: int) -> Measured:
    dice, found = random.Random(7), []
    with live_reference("bare", home=bench.home) as terminal:
        for number in range(1, keys + 1):
            typed_at = terminal.send("k")
            found.append((terminal.wait_for(f"ready {number} ", 5) - typed_at) * 1e3)
            time.sleep(dice.uniform(0.04, 0.14))
    return Measured(tuple(found))


def panels(bench: Bench) -> Iterator[Figure]:
    """Yield T14: what opens above the live screen."""
    with bench.fleet(50, poll_seconds=15) as fleet:
        sent: dict[str, list[float]] = {"filter": [], "palette": [], "why": [], "stock modal": []}
        found = interleaved(
            {
                "filter": lambda: _opened(fleet, "/", "filter:", sent["filter"]),
                "palette": lambda: _opened(fleet, ":", "what to do", sent["palette"]),
                "why": lambda: _opened(fleet, "w", "is beyond", sent["why"]),
                "stock modal": lambda: _modal(bench, sent["stock modal"]),
            },
            bench.runs(3, 7),
        )
    stock = Measured(tuple(sent["stock modal"]), "bytes")
    for name in ("filter", "palette", "why"):
        ours, size = measured(found, name), Measured(tuple(sent[name]), "bytes")
        aims = (Aim("≤ 50 ms", ours.middle, 50.0),)
        yield Figure("T14", f"{name} opens, key to settled", ours, {"stock modal": found["stock modal"]}, aims)
        size_aims = (
            Aim("≤ 3 kB", size.middle, 3000),
            *ratio_aims(size.middle, ("≤ 1/50 of a stock modal", stock, 1 / 50)),
        )
        yield Figure("T14", f"{name} opens, bytes", size, {"stock modal": stock}, size_aims)


def _opened(fleet: Fleet, key: str, wanted: str, sent: list[float]) -> float:
    with live_ours(fleet) as terminal:
        return _settled_after(terminal, key, wanted, sent)


def _modal(bench: Bench, sent: list[float]) -> float:
    with live_reference("table", home=bench.home) as terminal:
        return _settled_after(terminal, ":", "dialog", sent)


def _settled_after(terminal: Terminal, key: str, wanted: str, sent: list[float]) -> float:
    """Return the milliseconds until a key's picture is complete; add its bytes to `sent`.

    What comes after 0.3 s is the clock, not the picture.
    """
    terminal.lines()
    before, typed_at = terminal.bytes_sent, terminal.send(key)
    terminal.wait_for(wanted, 5)
    while time.monotonic() < typed_at + 0.3:
        time.sleep(0.01)
    chunks = [chunk for chunk in terminal.chunks if typed_at <= chunk.at <= typed_at + 0.3]
    sent.append(float(sum(len(chunk.data) for chunk in chunks)) if chunks else float(terminal.bytes_sent - before))
    return (chunks[-1].at - typed_at) * 1e3
