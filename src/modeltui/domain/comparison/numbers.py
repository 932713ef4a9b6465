"""Numbers as sources write them: read, compared without the noise of writing them down, and their change."""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import Effect, NumberChange
from modeltui.domain.comparison.sense import Better, Sense
from modeltui.domain.names import NO_DATA, NoData
from modeltui.domain.text import SafeText

Number: TypeAlias = int | float

NOISE: Final = 1e-9
"""Relative: what writing a float down and reading it again may change; anything more is a change."""
NOISE_OF_TEXT: Final = 1e-15
"""Relative, of what somebody wrote out: `0.30000000000000004` is 0.3, and a moment is not the next second."""
_NO_SENSE: Final = Sense()
_LONGEST: Final = 40
_WHOLE: Final = re.compile(r"[+-]?(?:0|[1-9]\d*)", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_QUANTITY: Final = re.compile(r"(?P<number>[+-]?\d[\d.]*(?:[eE][+-]?\d+)?)(?P<unit> ?(?:[A-Za-zµ]{1,7}|%))", re.ASCII)


def number_of(value: object) -> Number | None:
    """Return the number that a value is or spells; None for other text.

    `007` and `1_000` are names, not numbers; so are what is too long for anybody to have meant an amount, and what no
    float holds: `7e12345` is a commit.
    """
    if isinstance(value, str):
        if len(value) > _LONGEST:
            return None
        if _WHOLE.fullmatch(value):
            return int(value)
        if _NOT_FINITE.fullmatch(value):
            return float(value)
        return _held(value) if _DECIMAL.fullmatch(value) else None
    return value if isinstance(value, int | float) else None


def _held(decimal: str) -> float | None:
    """Return a decimal as a float; None for one beyond the largest, or so near to zero that it would become zero."""
    number = float(decimal)
    digits = decimal.lower().partition("e")[0]
    is_lost = math.isinf(number) or (number == 0 and any(digit in "123456789" for digit in digits))
    return None if is_lost else number


def quantity_of(value: object) -> tuple[Number, str] | None:
    """Return number and unit of `30s`, `4Gi`, `5 %`; None for what is no amount of something."""
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    number = number_of(found["number"]) if found else None
    return (number, found["unit"].strip()) if found and number is not None else None


def is_same_number(one: Number, other: Number, noise: float = NOISE) -> bool:
    """Tell whether two numbers are one: whole ones exactly, others up to `noise`, relative; NaN is NaN."""
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int):
        return False
    try:
        one, other = float(one), float(other)
    except OverflowError:
        return False
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if math.isinf(one) or math.isinf(other):
        return False
    if one == other or (one.is_integer() and other.is_integer()):
        return one == other
    # Each is divided before they are subtracted: the largest floats lie further apart than a float can say.
    scale = max(abs(one), abs(other))
    return abs(one / scale - other / scale) <= noise


def share_of_change(one: Number, other: Number) -> float:
    """Return how much of the larger number a change is, 0 to 1, whichever came first; 1 where no share tells."""
    try:
        one, other = float(one), float(other)
    except OverflowError:
        return 1.0
    scale = max(abs(one), abs(other))
    if not math.isfinite(scale) or scale == 0 or math.isnan(one) or math.isnan(other):
        return 1.0
    return min(1.0, abs(one / scale - other / scale))


def number_change(one: Number, other: Number, sense: Sense = _NO_SENSE) -> NumberChange | NoData:
    """Return what became of a number; no data where a difference cannot be told (NaN, infinite, beyond a float)."""
    try:
        a, b = float(one), float(other)
        delta = float(other - one)
    except OverflowError:
        return NO_DATA
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(delta)):
        return NO_DATA
    fraction: float | NoData = delta / abs(a) if a else NO_DATA
    if isinstance(fraction, float) and not math.isfinite(fraction):
        fraction = NO_DATA
    return NumberChange(delta, fraction, _effect(delta, sense.better), SafeText(sense.unit))


def _effect(delta: float, better: Better) -> Effect:
    if better is Better.UNKNOWN:
        return Effect.UNKNOWN
    if delta == 0:
        return Effect.NEITHER
    return Effect.BETTER if (delta > 0) is (better is Better.HIGHER) else Effect.WORSE
