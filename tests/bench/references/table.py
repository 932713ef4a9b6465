"""The fleet's grid as a stock `DataTable`: as many rows, columns and changing cells, and nothing else."""

from __future__ import annotations

import argparse
import random
from itertools import count

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, DataTable, Static

COLUMNS = ("MODEL", "ENV", "LIVE", "CAND", "ERR", "LAT", "THR", "CONF", "DRIFT", "BIZ", "SHARE", "SINCE", "TRAFFIC")
CHANGING = ("LAT", "CONF", "BIZ")
SPARKS = "▁▂▃▄▅▆▇█"


class Confirm(ModalScreen[None]):
    """A stock dialog."""

    CSS = "Confirm { align: center middle; } Vertical { width: 60; height: 12; border: thick $primary; }"
    BINDINGS = [("escape", "dismiss", "close")]  # noqa: RUF012 - as the library's own examples

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("dialog: from 4 to 3 on model-00020@prod?", markup=False)
            yield Button("Cancel")
            yield Button("Go")


class Table(App[None]):
    """A live table."""

    BINDINGS = [("colon", "confirm", "dialog")]  # noqa: RUF012 - as above

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options = options
        self.dice = random.Random(1)
        self.turn = count()

    def compose(self) -> ComposeResult:
        yield Static("ready", markup=False)
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        columns = (*COLUMNS, *(["SPARK"] if self.options.sparks else []))
        for name in columns:
            table.add_column(name, key=name)
        for number in range(self.options.rows):
            spark = [self.spark()] if self.options.sparks else []
            first = (f"model-{number:05d}", "prod", "3", "-", "ok", "703ms", "ok", "0.88", "ok", "63%", "", "", "400/s")
            table.add_row(*first, *spark, key=str(number))
        table.focus()
        if self.options.rate:
            self.set_interval(1.0 / self.options.ticks, self.change)

    def spark(self) -> str:
        return "".join(self.dice.choice(SPARKS) for _ in range(20))

    def change(self) -> None:
        table = self.query_one(DataTable)
        for _ in range(self.options.rate // self.options.ticks):
            row, column = divmod(next(self.turn) % (self.options.rows * len(CHANGING)), len(CHANGING))
            table.update_cell(str(row), CHANGING[column], f"{self.dice.randint(100, 999)}ms")
        for row in range(min(self.options.sparks, self.options.rows)):
            table.update_cell(str(row), "SPARK", self.spark())

    def action_confirm(self) -> None:
        self.push_screen(Confirm())


parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=50)
parser.add_argument("--rate", type=int, default=0)
parser.add_argument("--ticks", type=int, default=1, help="over how many moments of a second the changes are spread")
parser.add_argument("--sparks", type=int, default=0)
Table(parser.parse_args()).run()
