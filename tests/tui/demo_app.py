"""A small program with everything that output and lifecycle must cope with; started by the tests in a terminal.

python demo_app.py [--stock] [--no-diff] [--no-colour] [--ascii] [--log FILE] [--state DIR] [--skeleton CACHE]
"""

from __future__ import annotations

import os
import sys
import time

from modeltui.tui import skeleton

if "--skeleton" in sys.argv:
    skeleton.draw(sys.argv[sys.argv.index("--skeleton") + 1], time.time())
if "--slow-start" in sys.argv:
    time.sleep(60)
if "--broken-install" in sys.argv:
    raise SystemExit("something was missing")

import argparse
import contextlib
from pathlib import Path
from typing import ClassVar

from modeltui.tui import lifecycle

lifecycle.prepare_environment()

from rich.segment import Segment  # noqa: E402 - the framework reads its environment when it is imported
from rich.style import Style  # noqa: E402
from textual.app import App, ComposeResult  # noqa: E402
from textual.containers import Horizontal  # noqa: E402
from textual.strip import Strip  # noqa: E402
from textual.widget import Widget  # noqa: E402
from textual.widgets import Input, Static  # noqa: E402

from modeltui.tui.output import DiffOutput  # noqa: E402

WIDE = "支付服务 決済サービス 결제 mix界a界b é ü ┌─┐ ▁▃▅█ ⣿⡇ 🚀 end"
HOSTILE = "a\x1b[2Jb\x1b]0;owned\x07c\x9bd\u202ee\u200bf\x00g\th"


class Grid(Widget):
    """Rows of numbers of which some change with each tick."""

    DEFAULT_CSS = "Grid { height: 1fr; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.tick = 0

    def render_line(self, y: int) -> Strip:
        """Return one row, in alternating looks, one number in its own."""
        value = (self.tick * (y + 1)) % 1000 if y % 3 == 0 else y
        segments = [
            Segment(f"row {y:3d} ", Style.parse("bold #ffaa00 on #101020" if y % 2 else "#88ccff on #202030")),
            Segment("界面" if y % 4 == 1 else "plain", Style.parse("reverse" if y % 5 == 0 else "underline")),
            Segment(f" value {value:6d} ", Style.parse("red" if value % 2 else "green")),
        ]
        return Strip(segments).adjust_cell_length(self.size.width, Style.parse("on #101010"))


class DemoApp(DiffOutput, App[int]):
    """Key by key: hidden and shown panels, wide and hostile text, themes, scrolling, crashes."""

    CSS = """
    #panel { dock: bottom; height: 7; background: $panel; border: round $primary; display: none; }
    #side { width: 30; background: $surface; }
    #wide { height: 3; }
    .shown { display: block !important; }
    """
    BINDINGS: ClassVar = [
        ("t", "tick", "tick"),
        ("p", "panel", "panel"),
        ("w", "wide", "wide"),
        ("h", "hostile", "hostile"),
        ("l", "theme", "theme"),
        ("x", "crash", "crash"),
        ("b", "busy", "busy"),
        ("s", "suspend_process", "stop"),
        ("ctrl+l", "repaint", "repaint"),
        ("ctrl+r", "receipt", "receipt"),
        ("f", "freeze", "freeze"),
        ("e", "elsewhere", "elsewhere"),
        ("q", "quit_demo", "quit"),
    ]
    AUTO_FOCUS = None
    log_file: Path | None = None

    def compose(self) -> ComposeResult:
        """Lay out a grid, a pane beside it, wide text and a hidden panel."""
        yield Static("demo ready", id="title", markup=False)
        yield Static(WIDE, id="wide", markup=False)
        with Horizontal():
            yield Grid()
            yield Static("side", id="side", markup=False)
        yield Static("panel text\n" + WIDE, id="panel", markup=False)
        yield Input(placeholder="input")

    def on_mount(self) -> None:
        """Count time, so that gaps show."""
        self.set_focus(None)
        self.query_one(Input).cursor_blink = False
        if self.log_file is not None:
            self.set_interval(0.1, self.note_time)
            self.ticking = self.set_interval(0.02, self.action_tick)

    def note_time(self) -> None:
        """Write down that the loop still turns."""
        assert self.log_file is not None
        with self.log_file.open("a") as log:
            log.write(f"{time.monotonic()} {self.frames_dropped} {int(self.behind)}\n")

    def action_tick(self) -> None:
        """Change some numbers."""
        grid = self.query_one(Grid)
        grid.tick += 1
        grid.refresh()
        self.query_one("#title", Static).update(f"demo ready tick {grid.tick}")

    def action_freeze(self) -> None:
        """Let numbers be."""
        self.ticking.stop()

    def action_elsewhere(self) -> None:
        """Let another program have the terminal, until it ends, badly."""
        with contextlib.suppress(ZeroDivisionError), self.suspend():
            print("elsewhere")
            sys.stdin.readline()
            raise ZeroDivisionError

    def action_panel(self) -> None:
        """Show or hide the panel."""
        self.query_one("#panel").toggle_class("shown")

    def action_wide(self) -> None:
        """Move wide text by one cell."""
        wide = self.query_one("#wide", Static)
        wide.update(" " + str(wide.content))

    def action_hostile(self) -> None:
        """Show what a backend should never send."""
        self.query_one("#side", Static).update(HOSTILE + "|\n" + "ok \x1b[31mred\n[/x] end")

    def action_theme(self) -> None:
        """Switch colours."""
        self.theme = "textual-light" if self.theme != "textual-light" else "nord"

    def action_crash(self) -> None:
        """Fail with a secret at hand."""
        password = "hunter2-in-a-local"  # noqa: F841 - must not be printed
        raise RuntimeError("it broke; Authorization: Bearer abcdefghijklmnop0123456789")

    def action_busy(self) -> None:
        """Block the loop for good."""
        time.sleep(60)

    def action_receipt(self) -> None:
        """Ask whether all was drawn."""
        self.query_one("#side", Static).update("asked")
        self.request_paint_receipt()

    def on_cursor_position(self) -> None:
        """Note that the terminal has drawn."""
        self.query_one("#side", Static).update("drawn")

    def action_quit_demo(self) -> None:
        """Leave."""
        self.exit(0)


def main() -> int:
    """Run the demo as its flags say."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--stock", action="store_true")
    flags.add_argument("--no-diff", action="store_true")
    flags.add_argument("--no-colour", action="store_true")
    flags.add_argument("--ascii", action="store_true")
    flags.add_argument("--skeleton")
    flags.add_argument("--log", type=Path)
    flags.add_argument("--state", default=os.devnull)
    given = flags.parse_args()
    DemoApp.log_file = given.log
    app = DemoApp()
    app.stock_output = given.stock
    app.diff_output = not given.no_diff
    app.no_colour = given.no_colour
    app.ascii_only = given.ascii
    return lifecycle.run(app, crash_directory=given.state)


if __name__ == "__main__":
    sys.exit(main())
