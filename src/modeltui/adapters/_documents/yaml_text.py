"""YAML from outside, as plain text values: nothing is executed, guessed or multiplied.

`python_version: 3.10` stays `3.10`. A document that refers to itself is refused, or unfolded as far as the count of
values allows, where people write such documents by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import yaml

YamlText: TypeAlias = "str | list[YamlText] | dict[str, YamlText]"

_DEEPEST: Final = 24
_MOST_VALUES: Final = 50_000
# libyaml is ten times faster; without it the same events come from Python.
_LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def parse_yaml(text: str, *, follows_aliases: bool = False) -> YamlText:
    """Return the one document in `text`; raise `ValueError` with the reason when it is none, or is refused."""
    try:
        events = iter(yaml.parse(text, Loader=_LOADER))
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _Document(events, follows_aliases).value(event, 1)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is not YAML{where}") from error
    raise ValueError("it is empty")


class _Document:
    def __init__(self, events: Iterator[Any], follows_aliases: bool) -> None:
        self._events = events
        self._values = 0
        self._anchors: dict[str, tuple[YamlText, int]] | None = {} if follows_aliases else None
        """Values that may be referred to, with how many values each has; None: none may."""

    def value(self, event: Any, depth: int) -> YamlText:
        if isinstance(event, yaml.AliasEvent):
            return self._referred(str(event.anchor))
        before = self._values
        self._count(1)
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply or has too many values")
        found = self._own(event, depth)
        if event.anchor and self._anchors is not None:
            self._anchors[str(event.anchor)] = found, self._values - before
        return found

    def _own(self, event: Any, depth: int) -> YamlText:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self.value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        pairs: dict[str, YamlText] = {}
        merged: dict[str, YamlText] = {}
        for key_event in self._until(yaml.MappingEndEvent):
            key = self.value(key_event, depth + 1)
            value = self.value(next(self._events), depth + 1)
            if key == "<<" and self._anchors is not None:
                for one in value if isinstance(value, list) else [value]:
                    merged = {**(one if isinstance(one, dict) else {}), **merged}
            else:
                pairs[key if isinstance(key, str) else repr(key)] = value
        return {**merged, **pairs}

    def _referred(self, anchor: str) -> YamlText:
        if self._anchors is None:
            raise ValueError("it uses YAML aliases, which are not followed")
        if anchor not in self._anchors:
            raise ValueError("it refers to itself")
        found, values = self._anchors[anchor]
        self._count(values)  # each mention counts in full: a few lines must not unfold into gigabytes
        return found

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > _MOST_VALUES:
            raise ValueError("it is nested too deeply or has too many values")

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event
