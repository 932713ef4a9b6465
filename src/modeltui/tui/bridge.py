"""Between the store and the screen: many events become one update, at the pace of the data."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App
from textual.timer import Timer

from modeltui.domain.fleet import Fleet
from modeltui.domain.reduce import NOTHING, Changes

UPDATE_SECONDS = 0.1
"""A burst of answers becomes one update; keys are answered in between."""


class Bridge:
    """Collects what changed and tells the screen at most ten times a second."""

    def __init__(self, app: App[int], update: Callable[[Fleet, Changes], None]) -> None:
        self._app = app
        self._update = update
        self._fleet: Fleet | None = None
        self._changes = NOTHING
        self._timer: Timer | None = None

    def on_change(self, fleet: Fleet, changes: Changes) -> None:
        """Take one event's result."""
        self._fleet = fleet
        self._changes |= changes
        if self._timer is None:
            self._timer = self._app.set_timer(UPDATE_SECONDS, self._flush)

    def forget(self) -> None:
        """Drop what was collected: it is of another context."""
        self._fleet, self._changes = None, NOTHING

    def _flush(self) -> None:
        self._timer = None
        changes, self._changes = self._changes, NOTHING
        if self._fleet is not None:
            self._update(self._fleet, changes)
