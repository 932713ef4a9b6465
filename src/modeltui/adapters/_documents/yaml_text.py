"""YAML from outside, as plain text values: nothing is executed, guessed or multiplied.

`python_version: 3.10` stays `3.10`, and a document that refers to itself is refused instead of unfolded.
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


def parse_yaml(text: str) -> YamlText:
    """Return the one document in `text`; raise `ValueError` with the reason when it is none, or is refused."""
    try:
        events = iter(yaml.parse(text, Loader=_LOADER))
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _Document(events).value(event, 1)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is not YAML{where}") from error
    raise ValueError("it is empty")


class _Document:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._values = 0

    def value(self, event: Any, depth: int) -> YamlText:
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:
            raise ValueError("it is nested too deeply or has too many values")
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it uses YAML aliases, which are not followed")
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self.value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        pairs: dict[str, YamlText] = {}
        for key_event in self._until(yaml.MappingEndEvent):
            key = self.value(key_event, depth + 1)
            pairs[key if isinstance(key, str) else repr(key)] = self.value(next(self._events), depth + 1)
        return pairs

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event
