"""Numbers with their units, as people write them: `5m`, `-15%`, `1pp`, `200ms`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from math import isfinite


class Quantity(Enum):
    """What a number is; the value is how an error asks for it."""

    NUMBER = "a number such as 100 or 0.5"
    DURATION = "a duration such as 30, '30s', '5m' or '1h30m'"
    """Becomes seconds; a bare number is seconds."""
    SHARE = "a share such as 0.2 or '20%'"
    """Becomes 0 to 1."""
    CHANGE = "a signed percentage such as '-15%' or '+100%'"
    """Becomes a fraction: -0.15, 1.0."""
    LEVEL = "a value of the signal such as 0.2, '20%' or '250ms'"
    """In the signal's own unit."""
    MARGIN = "a distance such as 0.01, '1pp' (percentage points) or '20ms'"
    """In the signal's own unit."""
    BYTES = "a size such as 8000000, '8MB' or '64KiB'"


@dataclass(frozen=True, slots=True)
class Within:
    """The range of a number; for `Annotated`. Names as in msgspec.Meta, which is understood as well."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None


@dataclass(frozen=True, slots=True)
class Spelled:
    """What a text must look like; for `Annotated`. Names as in msgspec.Meta."""

    pattern: str | None = None
    description: str | None = None
    """The pattern in words, after 'expected'."""
    max_length: int | None = None
    is_quoted: bool = True
    """Whether an error may repeat what is written; no where it may be a secret."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and the unit that stood behind it."""

    value: float
    """In base units: seconds, a fraction, bytes."""
    unit: str
    """`%`, `pp`, `s`, `B`, or empty for a bare number."""


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-zµ%]*)")
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)\s*(ms|s|min|m|h|d)\s*")
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_MOST_CHARACTERS = 40

_UNITS = {
    Quantity.NUMBER: {""},
    Quantity.SHARE: {"", "%"},
    Quantity.CHANGE: {"%"},
    Quantity.LEVEL: {"", "%", "s"},
    Quantity.MARGIN: {"", "pp", "s"},
    Quantity.BYTES: {"", "B"},
    Quantity.DURATION: {"", "s"},
}


def quantity_for(field_name: str) -> Quantity:
    """Return what a field's own name says of its number: the unit is part of the name."""
    for ending, quantity in (("_seconds", Quantity.DURATION), ("_share", Quantity.SHARE), ("_bytes", Quantity.BYTES)):
        if field_name.endswith(ending):
            return quantity
    return Quantity.NUMBER


def read_amount(text: str, quantity: Quantity) -> Amount:
    """Return the number in `text`; raise `ValueError` when it is none, or not in a unit of `quantity`."""
    amount = _amount(text.strip(), quantity)
    if amount.unit not in _UNITS[quantity] or not isfinite(amount.value):
        raise ValueError(text)
    if quantity is Quantity.CHANGE and text.strip()[0] not in "+-":
        raise ValueError(text)
    return amount


def _amount(text: str, quantity: Quantity) -> Amount:
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(text)
    if found := _NUMBER.fullmatch(text):
        value, unit = float(found[1]), found[2]
        if unit in ("%", "pp"):
            return Amount(value / 100, unit)
        if not unit:
            return Amount(value, "")
        if quantity is Quantity.BYTES and unit in _BYTES:
            return Amount(value * _BYTES[unit], "B")
        if unit in _SECONDS:
            return Amount(value * _SECONDS[unit], "s")
    return _compound_duration(text)


def _compound_duration(text: str) -> Amount:
    seconds, position = 0.0, 0
    while part := _DURATION_PART.match(text, position):
        seconds += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if not text or position != len(text):
        raise ValueError(text)
    return Amount(seconds, "s")
