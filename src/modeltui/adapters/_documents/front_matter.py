"""Cards: text for people with facts in YAML above it, between two lines of dashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modeltui.adapters._documents.yaml_text import YamlText, parse_yaml

_FRONT: Final = re.compile(
    r"\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)(?P<facts>.*?)(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\r|\n|\Z)", re.DOTALL
)
_EMPTY: Final = re.compile(r"\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\r|\n|\Z)")
_LARGEST_FACTS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Card:
    """A card, read."""

    facts: dict[str, YamlText]
    """What stands above the text; every value is text, as it was written."""
    trouble: str = ""
    """Why there are no facts although something stands there; empty when there is nothing wrong."""


def read_card(text: str) -> Card:
    """Return the facts of a card; a card without any is no trouble."""
    if _EMPTY.match(text):
        return Card({})
    found = _FRONT.match(text)
    if found is None or not found["facts"].strip():
        return Card({})
    facts = found["facts"]
    if len(facts) > _LARGEST_FACTS:
        return Card({}, "its facts are larger than 1 MiB")
    try:
        # Only the line ends of YAML itself count, so that Windows' do not become part of a value.
        parsed = parse_yaml(facts.replace("\r\n", "\n").replace("\r", "\n"))
    except ValueError as error:
        return Card({}, str(error))
    if not isinstance(parsed, dict):
        return Card({}, "its facts are no object")
    return Card(parsed)
