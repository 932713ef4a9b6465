"""Finds the fields of a version in its tags, parameters and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import ANYWHERE, FILE_KINDS, Place
from modeltui.adapters.mlflow.scores import OF_LOGGED_MODEL
from modeltui.domain.lineage import ABSENT, Unreadable
from modeltui.domain.masking import masked

_SOURCES: Final = {
    "tag": (),
    "param": ("run", "logged_model"),
    "run_tag": ("run",),
    "logged_tag": ("logged_model",),
    "input_tag": ("run",),
    "metric": ("run", "logged_model"),
}
"""Which parts must be readable before 'there is none' may be said."""


class Lookup:
    """The named values of one version. Secrets in them are masked; nothing is safe to show yet."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        run = parts.run if isinstance(parts.run, wire.Run) else wire.Run()
        logged = parts.logged_model if isinstance(parts.logged_model, wire.LoggedModel) else wire.LoggedModel()
        self.params: Final = _both(wire.pairs(run.data.params), wire.pairs(logged.data.params))
        self._values: dict[str, Mapping[str, str]] = {
            "tag": wire.pairs(parts.version.tags),
            "param": self.params,
            "run_tag": wire.pairs(run.data.tags),
            "logged_tag": wire.pairs(logged.info.tags),
        }
        self._told: set[tuple[str, str]] = set()

    def values(self, kind: str) -> Mapping[str, str]:
        """Return all values of one kind, unmasked."""
        return self._values.get(kind, {})

    def told(self, kind: str) -> frozenset[str]:
        """Return the names of this kind whose values were taken for a field so far."""
        return frozenset(name for place, name in self._told if place == kind)

    def first(self, places: Sequence[Place]) -> Part[str]:
        """Return the value in the first place that has one; absent only when every place could be looked at."""
        for place in places:
            for kind, name, value in self._found(place):
                self._take(kind, name)
                return value
        return self.trouble(places) or ABSENT

    def table(self, places: Sequence[Place], besides: Sequence[Place] = ()) -> Part[Mapping[str, str]]:
        """Return all values in these places, by name; a prefix that ends in a dot is taken off.

        What lies in one of the places `besides` is left out.
        """
        values: dict[str, str] = {}
        for place in places:
            for kind, name, value in self._found(place):
                if any(other.matches(name) for other in besides):
                    continue
                short = name.removeprefix(place.name) if place.is_prefix and place.name.endswith(".") else name
                if values.setdefault(short or name, value) == value:
                    self._take(kind, name)
        return values or self.trouble(places) or ABSENT

    def found(self, place: Place) -> Iterator[tuple[str, str]]:
        """Yield names and values in one place, and take them."""
        for kind, name, value in self._found(place):
            self._take(kind, name)
            yield name, value

    def seen(self, place: Place) -> Iterator[tuple[str, str]]:
        """Yield names and values in one place, without taking them."""
        yield from ((name, value) for _, name, value in self._found(place))

    def file(self, places: Sequence[Place]) -> tuple[Place, str] | None:
        """Return the first of these files that is there, whole and unmasked."""
        for place in places:
            content = self._parts.files.get(place) if place.kind in FILE_KINDS else None
            if isinstance(content, str) and content.strip():
                return place, content
        return None

    def _found(self, place: Place) -> Iterator[tuple[str, str, str]]:
        if place.kind in FILE_KINDS:
            content = self._parts.files.get(place, ABSENT)
            if isinstance(content, str) and content.strip():
                yield place.kind, place.name, masked("", content)
            return
        for kind in ANYWHERE if place.kind == "any" else (place.kind,):
            values = self.values(kind)
            names = sorted(values) if place.is_prefix else [place.name]
            for name in names:
                if place.matches(name) and values.get(name, "").strip():
                    yield kind, name, masked(name, values[name])

    def _take(self, kind: str, name: str) -> None:
        self._told.add((kind, name))

    def trouble(self, places: Sequence[Place]) -> Unreadable | None:
        """Return why one of these places could not be looked at, if any."""
        for place in places:
            if place.kind in FILE_KINDS and isinstance(content := self._parts.files.get(place), Unreadable):
                return content
            for kind in ANYWHERE if place.kind == "any" else (place.kind,):
                for part in _SOURCES.get(kind, ()):
                    if isinstance(state := getattr(self._parts, part), Unreadable):
                        return state
        return None


def _both(run: Mapping[str, str], logged: Mapping[str, str]) -> dict[str, str]:
    """Return parameters of the run and of its LoggedModel, both values where they disagree."""
    found = dict(run)
    for name, value in logged.items():
        if found.setdefault(name, value) != value:
            found[f"{name} {OF_LOGGED_MODEL}"] = value
    return found
