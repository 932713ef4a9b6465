"""The shapes of JSON answers as the handbook writes them down, and what of an answer they do not cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HANDBOOK = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = HANDBOOK.partition("### JSON for scripts")[2].partition("\n## ")[0]
ANY_NAME = "NAME"
_TOKEN = re.compile(r"[{}\[\]]|[^\s{}\[\]]+")


@dataclass
class Shape:
    """One documented value: plain, a list or an object."""

    is_optional: bool = False
    opens: str = ""
    parts: dict[str, Shape] = field(default_factory=dict)

    def names(self) -> Iterator[str]:
        """Every name that is documented in it."""
        for name, part in self.parts.items():
            yield name
            yield from part.names()


def documented() -> dict[str, Shape]:
    """Every schema of the handbook by its name."""
    text = SECTION.partition("```text\n")[2].partition("```")[0]
    return _parts(iter(_TOKEN.findall(text)))


def _parts(tokens: Iterator[str]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    last = Shape()
    for token in tokens:
        if token in "]}":
            break
        if token in "[{":
            last.opens, last.parts = token, _parts(tokens)
        else:
            last = found[token.removesuffix("?")] = Shape(token.endswith("?"))
    return found


def deviations(shape: Shape, answer: Any, at: str = "") -> list[str]:
    """Say where an answer is not as it is documented."""
    if shape.opens == "[":
        if not isinstance(answer, list):
            return [f"{at} is no list"]
        return [one for part in answer for one in _object(shape, part, f"{at}[]")] if shape.parts else []
    return _object(shape, answer, at) if shape.opens == "{" else []


def _object(shape: Shape, answer: Any, at: str) -> list[str]:
    if not isinstance(answer, dict):
        return [f"{at} is no object"]
    if ANY_NAME in shape.parts:
        return [one for part in answer.values() for one in deviations(shape.parts[ANY_NAME], part, f"{at}.{ANY_NAME}")]
    found = [f"{at}.{name} is not documented" for name in answer if name not in shape.parts]
    found += [
        f"{at}.{name} is missing" for name, part in shape.parts.items() if not part.is_optional | (name in answer)
    ]
    for name, part in shape.parts.items():
        if name in answer:
            found += deviations(part, answer[name], f"{at}.{name}")
    return found
