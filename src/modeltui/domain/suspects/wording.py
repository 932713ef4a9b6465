"""Values in few characters, and what became of them: for titles and sentences of suspects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from modeltui.domain.comparison.difference import Difference, Side, State
from modeltui.domain.suspects.reading import text_of

LONGEST_VALUE: Final = 36
_HEX: Final = re.compile(r"((?:[a-z0-9]{2,9}:)?[0-9a-f]{8})[0-9a-f]{8,}$")


def named(signals: Sequence[str]) -> str:
    """Return names as people list them: `a, b and c`."""
    return signals[0] if len(signals) == 1 else f"{', '.join(signals[:-1])} and {signals[-1]}" if signals else ""


def short(text: str, limit: int = LONGEST_VALUE) -> str:
    """Return a value in few characters: digests by their beginning, long texts cut."""
    text = " ".join(text.split())
    head, at, tail = text.partition("@")
    text = head + at + _HEX.sub(r"\1", tail) if at else _HEX.sub(r"\1", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quantity(number: float) -> str:
    """Return a count in few characters: `48.2M`, `310k`, `812`."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + suffix
    return f"{number:g}"


def arrow(fact: Difference | None) -> str:
    """Return what a fact was and what it became, in few words; empty without one."""
    if fact is None:
        return ""
    match fact.state:
        case State.ONLY_A:
            return f"{_value(fact.a, fact)} left out"
        case State.ONLY_B:
            return f"{_value(fact.b, fact)} added"
    a, b = _value(fact.a, fact), _value(fact.b, fact)
    return f"{a} → {_shortened(b, a)}" if a != b else "differs"


def _shortened(b: str, a: str) -> str:
    """Return a value without the name that it shares with the value before it: `6.0.0` after `features 5.8.2`."""
    for mark in (" ", "@"):
        name, found, rest = b.rpartition(mark)
        if found and rest and a.rpartition(mark)[0] == name and " " not in name:
            return rest
    return b


def _value(side: Side, fact: Difference) -> str:
    number = side.value
    if isinstance(number, float | int) and fact.field.endswith(("artifact.size", "rows")):
        return quantity(float(number)) + ("B" if fact.field.endswith("size") else "")
    if side.is_contradicted:
        return " or ".join(short(str(claim.value), 20) for claim in side.claims)
    text = text_of(side)
    is_place = fact.field.endswith("base_image") and "/" in text
    return short(text.rpartition("/")[2] if is_place else text) or "nothing"
