"""What is measured without a terminal, each in a process of its own: `python -m tests.bench.inside grid 100000`.

Prints one JSON object: milliseconds and megabytes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Hashable
from math import sin
from statistics import median
from typing import Any

from tests.bench.subjects import memory

REPEATS = 5
CHART_REPEATS = 40
SIZE = (120, 40)


async def grid(count: int) -> dict[str, float]:
    """Measure our grid with so many rows."""
    from textual.app import App, ComposeResult

    from modeltui.tui.theme_search import find_theme, shipped_directory
    from modeltui.tui.themes import textual_theme
    from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row

    columns = [Column(f"c{place}", f"C{place}", 8) for place in range(10)]

    class GridApp(App[None]):
        def compose(self) -> ComposeResult:
            yield CellGrid(columns)

        def on_mount(self) -> None:
            self.register_theme(textual_theme(find_theme("modeltui-dark", [shipped_directory()])))
            self.theme = "modeltui-dark"

    app = GridApp()
    async with app.run_test(size=SIZE) as pilot:
        widget = app.query_one(CellGrid)
        rows: dict[Hashable, tuple[str, ...]] = dict(enumerate(_rows(count)))

        def row_of(key: Hashable) -> Row:
            return Row(key, tuple(Cell(text) for text in rows[key]))

        async def settled() -> None:
            await pilot.pause(0)

        def load() -> None:
            widget.set_rows(list(rows), row_of)

        def filter_rows() -> None:
            widget.set_rows([key for key, texts in rows.items() if "7" in texts[0]], row_of)

        def sort_rows() -> None:
            widget.set_rows(sorted(rows, key=lambda key: rows[key][1]), row_of)

        return await _measure(load, filter_rows, sort_rows, settled, times=REPEATS)


async def table(count: int) -> dict[str, float]:
    """Measure a stock `DataTable` with so many rows."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    class TableApp(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        widget: DataTable[str] = app.query_one(DataTable)
        keys = widget.add_columns(*(f"C{place}" for place in range(10)))
        rows = _rows(count)

        async def settled() -> None:
            await pilot.pause(0)
            app.screen._refresh_layout()
            app.screen._compositor.render_strips()

        def add(wanted: Callable[[str], bool]) -> None:
            widget.clear()
            for row in rows:
                if wanted(row[0]):
                    widget.add_row(*row)

        return await _measure(
            lambda: add(lambda name: True),
            lambda: add(lambda name: "7" in name),
            lambda: widget.sort(keys[1]),
            settled,
            times=1,
        )


def _rows(count: int) -> list[tuple[str, ...]]:
    """Return what is to be shown; it is there before either of them gets it."""
    return [(f"model-{number:06d}", *(f"{number % 97}",) * 9) for number in range(count)]


async def _measure(
    load: Callable[[], Any],
    filter_rows: Callable[[], Any],
    sort_rows: Callable[[], Any],
    settled: Callable[[], Awaitable[None]],
    times: int,
) -> dict[str, float]:
    await settled()
    gc.collect()
    before = memory("self")[1]

    async def timed(work: Callable[[], Any]) -> float:
        began = time.perf_counter()
        work()
        await settled()
        return (time.perf_counter() - began) * 1e3

    found = {"load": await timed(load), "megabytes": memory("self")[1] - before}
    found["sort"] = median([await timed(sort_rows) for _ in range(times)])
    found["filter"] = median([await timed(filter_rows) for _ in range(times)])
    return found


async def chart(count: int) -> dict[str, float]:
    """Measure a chart of 92×17 with an hour of two versions: ours, and plotext's with its way into Textual."""
    import plotext
    from rich.text import Text

    from modeltui.tui.widgets.chart import Limit, Series, render_chart

    ages = [place * 3600.0 / count for place in range(count)]
    values = [0.9 + 0.05 * sin(age / 500) for age in ages]
    others = [value - 0.1 for value in values]

    def ours() -> None:
        series = [
            Series("4", tuple(zip(ages, others, strict=True))),
            Series("3", tuple(zip(ages, values, strict=True))),
        ]
        render_chart(
            series,
            (Limit(0.75),),
            width=92,
            height=17,
            start=0.0,
            end=3600.0,
            format_value="{:.2f}".format,
            gap_after_seconds=95.0,
        )

    def stock() -> None:
        plotext.clear_figure()
        plotext.plotsize(92, 17)
        plotext.plot(ages, others, marker="braille")
        plotext.plot(ages, values, marker="braille")
        plotext.hline(0.75)
        Text.from_ansi(plotext.build())

    found: dict[str, list[float]] = {"ours": [], "plotext": []}
    for _ in range(CHART_REPEATS):
        for name, draw in (("ours", ours), ("plotext", stock)):
            began = time.perf_counter()
            draw()
            found[name].append((time.perf_counter() - began) * 1e3)
    return {name: median(times) for name, times in found.items()}


def main() -> None:
    """Measure one thing and print it."""
    what, count = sys.argv[1], int(sys.argv[2])
    print(json.dumps(asyncio.run({"grid": grid, "table": table, "chart": chart}[what](count))))


if __name__ == "__main__":
    main()
