"""T9 to T11 and T14: from a key to what it paints, on a quiet screen, a busy one and a slow link."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, interleaved, measured, others, ratio_aims
from tests.bench.subjects import live_ours, live_reference
from tests.terminal import Terminal, Timeout

DOWN, UP = "\x1b[B", "\x1b[A"
LOST_SECONDS = 6.0
MOST_LOST = 2
"""Then nothing is answered any more; each lost key costs seconds."""
SLOW_LINK = 32_000.0
SILENCE_SECONDS = 0.06
_KEYS_EACH_WAY = 8
MOST_KEYS_AT_ONCE = 48


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
    """Type one key here, one there: all are idle, so none disturbs the others."""
    keys, dice = bench.runs(32, 200), random.Random(7)
    found: dict[str, list[float]] = {"ours": [], "DataTable": [], "bare Textual": []}
    with (
        bench.fleet(50, poll_seconds=15) as fleet,
        live_ours(fleet) as our_terminal,
        live_reference("table", home=bench.home) as table_terminal,
        live_reference("bare", home=bench.home) as bare,
    ):
        ours, table = ours_cursor(our_terminal), table_cursor(table_terminal)
        for place in range(keys):
            key, by = _turn(place)
            found["ours"].append(ours.move(key, by))
            found["DataTable"].append(table.move(key, by))
            typed_at = bare.send("k")
            found["bare Textual"].append((bare.wait_for(f"ready {place + 1} ", LOST_SECONDS) - typed_at) * 1e3)
            time.sleep(dice.uniform(0.04, 0.14))
    times = {name: Measured(tuple(values)) for name, values in found.items()}
    p50 = times["ours"].middle
    aims = (Aim("≤ 8 ms", p50, 8.0), *ratio_aims(p50, ("≤ 4× bare Textual", times["bare Textual"], 4)))
    yield Figure("T9", "key to painted, idle, p50", times["ours"], others(times, "ours"), aims)
    yield _tail("T9", "key to painted, idle, p99", times, (("≤ 20 ms", 20.0),))


def _busy(bench: Bench) -> Iterator[Figure]:
    with bench.fleet(10_000) as fleet:
        fleet.set_rate(1000)
        found = _typed(
            bench.runs(24, 192),
            {
                "ours": (lambda: live_ours(fleet), ours_cursor),
                "DataTable": (
                    lambda: live_reference(
                        "table", "--rows", "10000", "--rate", "1000", "--ticks", "10", home=bench.home
                    ),
                    table_cursor,
                ),
            },
        )
    ours, note = found["ours"], "10 000 models, metrics polled each second: 30 MB an answer"
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
                lambda: live_reference("table", "--rate", "100", "--ticks", "10", home=bench.home), table_cursor, 8
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


def _typed(keys: int, contenders: Mapping[str, Contender]) -> dict[str, Measured]:
    """Type keys into every contender, in turn, at moments that have nothing to do with the data's."""
    rounds = 1 if keys < 2 * MOST_KEYS_AT_ONCE else 2
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (start, cursor_of) in contenders.items():
            with start() as terminal:
                values[name] += _up_and_down(cursor_of(terminal), keys // rounds, random.Random(7))
    return {name: Measured(tuple(each)) for name, each in values.items()}


def _turn(place: int) -> tuple[str, int]:
    """Return the next key of a walk down and up again, and the rows that it moves."""
    return (DOWN, 1) if place // _KEYS_EACH_WAY % 2 == 0 else (UP, -1)


def _up_and_down(cursor: Cursor, keys: int, dice: random.Random) -> list[float]:
    found: list[float] = []
    for place in range(keys):
        found.append(cursor.move(*_turn(place)))
        if found.count(float("inf")) >= MOST_LOST:
            break
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


def table_cursor(terminal: Terminal) -> Cursor:
    """Return the cursor of a stock table."""
    rows = [number for number, line in enumerate(terminal.lines()) if "model-00000" in line]
    return Cursor(terminal, rows[0])


def panels(bench: Bench) -> Iterator[Figure]:
    """Yield T14: what opens above the live screen."""
    sent: dict[str, list[float]] = {"filter": [], "palette": [], "why": [], "stock modal": []}
    with (
        bench.fleet(50, poll_seconds=15) as fleet,
        live_ours(fleet) as ours,
        live_reference("table", home=bench.home) as table,
    ):
        found = interleaved(
            {
                "filter": lambda: _opened(ours, "/", "filter:", sent["filter"]),
                "palette": lambda: _opened(ours, ":", "what to do", sent["palette"]),
                "why": lambda: _opened(ours, "w", "traffic desired", sent["why"]),
                "stock modal": lambda: _opened(table, ":", "dialog", sent["stock modal"]),
            },
            bench.runs(3, 12),
        )
    stock = Measured(tuple(sent["stock modal"]), "bytes")
    for name in ("filter", "palette", "why"):
        took, size = measured(found, name), Measured(tuple(sent[name]), "bytes")
        aims = (Aim("≤ 50 ms", took.middle, 50.0),)
        yield Figure("T14", f"{name} opens, key to settled", took, {"stock modal": found["stock modal"]}, aims)
        size_aims = (
            Aim("≤ 3 kB", size.middle, 3000),
            *ratio_aims(size.middle, ("≤ 1/50 of a stock modal", stock, 1 / 50)),
        )
        note = "a page over the whole screen, not a panel" if name == "why" else ""
        yield Figure("T14", f"{name} opens, bytes", size, {"stock modal": stock}, () if note else size_aims, note)


def _opened(terminal: Terminal, key: str, wanted: str, sent: list[float]) -> float:
    """Open something, close it again, and return how long it took to open."""
    took = _settled_after(terminal, key, wanted, sent)
    terminal.send("\x1b")
    terminal.wait_for(lambda rows: not any(wanted in row for row in rows[1:]), 5)
    time.sleep(0.3)
    return took


def _settled_after(terminal: Terminal, key: str, wanted: str, sent: list[float]) -> float:
    """Return the milliseconds until a key's picture is complete; add its bytes to `sent`.

    What comes after a silence is the clock or the next poll, not the picture.
    """
    terminal.lines()
    typed_at = terminal.send(key)
    settled_at = terminal.wait_for(wanted, 5)
    time.sleep(4 * SILENCE_SECONDS)
    chunks = [chunk for chunk in terminal.chunks if chunk.at >= typed_at]
    for chunk in chunks:
        if settled_at < chunk.at <= settled_at + SILENCE_SECONDS:
            settled_at = chunk.at
    sent.append(float(sum(len(chunk.data) for chunk in chunks if chunk.at <= settled_at)))
    return (settled_at - typed_at) * 1e3
