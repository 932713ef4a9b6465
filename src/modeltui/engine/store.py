"""Holds the current fleet; every change goes through `apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from modeltui.domain.event import Event
from modeltui.domain.fleet import Fleet
from modeltui.domain.reduce import Changes, reduce

Subscriber: TypeAlias = Callable[[Fleet, Changes], None]


class Store:
    """The one place where the snapshot is replaced."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        """The newest snapshot; immutable, so whoever draws it draws one moment."""
        self._subscribers: list[Subscriber] = []

    def apply(self, event: Event) -> Changes:
        """Reduce one event and tell every subscriber once."""
        self.fleet, changes = reduce(self.fleet, event)
        for subscriber in tuple(self._subscribers):
            subscriber(self.fleet, changes)
        return changes

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` after every event, in the loop that applied it; return how to stop that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)
