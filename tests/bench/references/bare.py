"""The least that Textual can show; with `--clock` it says the time each second; a key changes the line."""

import sys
from time import strftime

from textual.app import App
from textual.widgets import Static


class Bare(App[None]):
    def compose(self):  # type: ignore[no-untyped-def]  # typing would cost import time
        yield Static("ready", markup=False, id="line")
        yield Static("", markup=False, id="clock")

    def on_mount(self) -> None:
        self.keys = 0
        if "--clock" in sys.argv:
            self.set_interval(1.0, lambda: self.query_one("#clock", Static).update(strftime("%H:%M:%S")))

    def on_key(self) -> None:
        self.keys += 1
        self.query_one("#line", Static).update(f"ready {self.keys}")


Bare().run()
