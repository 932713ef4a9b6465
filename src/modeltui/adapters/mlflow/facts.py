"""How the values of one version become facts: who said them, when, and what of them could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.datasets import LONGEST_ADDRESS
from modeltui.adapters.mlflow.lookup import Lookup
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import places
from modeltui.domain.lineage import ABSENT, Fact, Gap, Known, Table, Unreadable
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.text import SafeText

T = TypeVar("T")


class Facts:
    """Makes facts out of the places that the configuration names."""

    def __init__(self, parts: Parts, source: SourceName, observed_at: Instant) -> None:
        self.lookup = Lookup(parts)
        self._source = source
        self._observed_at = observed_at

    def known(self, value: T, lacks: Unreadable | None = None) -> Known[T]:
        """Return a value as a fact; `lacks`: why a part of it could not be read."""
        return Known(value, self._source, self._observed_at, lacks.reason if lacks else SafeText(""))

    def unreadable(self, reason: str) -> Unreadable:
        """Return that something is there and cannot be read."""
        return Unreadable(wire.shown(reason), self._source)

    def of_part(self, part: Part[T]) -> Fact[T]:
        """Return a part as a fact; an empty one is absent."""
        if isinstance(part, Unreadable | Gap):
            return part
        return self.known(part) if part else ABSENT

    def first(self, written: Sequence[str]) -> Part[str]:
        """Return the value in the first of these places, as it came."""
        return self.lookup.first(places(written))

    def told(self, written: Sequence[str]) -> SafeText | Unknown:
        """Return the value in the first of these places, or unknown."""
        value = self.first(written)
        return wire.told(value, LONGEST_ADDRESS) if isinstance(value, str) else UNKNOWN

    def also_told(self, written: Sequence[str]) -> SafeText | Unknown:
        """Return the value in the first of these places, or unknown; it stays among the tags or parameters."""
        values = (value for place in places(written) for _, value in self.lookup.seen(place))
        return next((wire.told(value, LONGEST_ADDRESS) for value in values), UNKNOWN)

    def text(self, written: Sequence[str]) -> Fact[SafeText]:
        """Return the value in the first of these places."""
        value = self.first(written)
        return self.known(whole_text(value, wire.LONG_TEXT)) if isinstance(value, str) else value

    def lines(self, written: Sequence[str]) -> Fact[tuple[SafeText, ...]]:
        """Return the value in the first of these places, line by line."""
        value = self.first(written)
        return self.known(text_lines(value)) if isinstance(value, str) else value

    def table(self, written: Sequence[str], besides: Sequence[str] = ()) -> Fact[Table]:
        """Return all values in these places, by name."""
        values = self.values(written, besides)
        return values if isinstance(values, Unreadable | Gap) else self.known(wire.table(values), self.trouble(written))

    def values(self, written: Sequence[str], besides: Sequence[str] = ()) -> Part[Mapping[str, str]]:
        """Return all values in these places, by name, as they came."""
        return self.lookup.table(places(written), places(besides))

    def trouble(self, written: Sequence[str]) -> Unreadable | None:
        """Return why one of these places could not be looked at, if any."""
        return self.lookup.trouble(places(written))
