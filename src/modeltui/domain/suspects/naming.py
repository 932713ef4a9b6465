"""Whether words mean a segment or a feature: as it is called, or by one telling word of its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from modeltui.domain.suspects.reading import words

WHOLLY: Final = 1.0
BY_A_WORD: Final = 0.85
"""How surely a name is meant: as it is, or one telling word of it."""
_GENERIC: Final = frozenset(
    {
        *(
            "id",
            "ids",
            "name",
            "type",
            "size",
            "value",
            "count",
            "feature",
            "score",
            "number",
            "level",
            "group",
            "class",
        ),
        *("day", "days", "month", "months", "hour", "hours", "date", "time", "rate", "share", "ratio", "index", "kind"),
        *("max", "min", "avg", "mean", "sum", "total", "model", "data", "table", "train", "training", "test", "flag"),
        *(
            "code",
            "class",
            "prod",
            "main",
            "new",
            "old",
            "raw",
            "all",
            "entity",
            "zscore",
            "per",
            "the",
            "and",
            "not",
            "for",
        ),
    }
)
"""Words that name half of everything."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One name to look for."""

    name: str
    wholes: tuple[tuple[str, ...], ...]
    """Words in a row that mean it."""
    telling: frozenset[str]
    """Single words that mean it in all likelihood."""


def wanted_segment(name: str) -> Wanted:
    """Return what means a segment: its dimension or its value as a whole, or a telling word of the dimension."""
    wholes: list[tuple[str, ...]] = []
    telling: set[str] = set()
    for part in re.split(r"[,&;]", name):
        dimension, _, value = part.partition("=")
        wholes += [one for one in (words(dimension), words(value)) if any(map(_is_name, one))]
        telling |= {_singular(word) for word in words(dimension) if _is_telling(word)}
    return Wanted(name, tuple(one for one in wholes if len(one) > 1 or one[0] not in _GENERIC), frozenset(telling))


def wanted_feature(name: str) -> Wanted:
    """Return what means a feature: all words of its name in a row, or a telling one."""
    told = words(name)
    return Wanted(name, (told,) if told else (), frozenset(_singular(word) for word in told if _is_telling(word)))


def _is_name(word: str) -> bool:
    return len(word) > 1 and not word.isdecimal()


def _is_telling(word: str) -> bool:
    return len(word) > 2 and not word.isdecimal() and word not in _GENERIC


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


class Meant(NamedTuple):
    """How surely words mean a segment or a feature, and which of them do."""

    surety: float
    """0 when they do not."""
    word: str = ""
    """What stands for a part of the name; empty where all of it is there."""


def meant_by(wanted: Wanted, told: tuple[str, ...]) -> Meant:
    """Return whether words mean it: wholly, by a word, or not at all. One or many is the same."""
    single = tuple(map(_singular, told))
    wholes = [whole for whole in wanted.wholes if _holds(single, whole)]
    if wholes:
        return Meant(WHOLLY, "" if len(wholes) == len(wanted.wholes) else " ".join(wholes[0]))
    telling = next((word for word, one in zip(told, single, strict=True) if one in wanted.telling), "")
    return Meant(BY_A_WORD, telling) if telling else Meant(0.0)


def _holds(single: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    folded = tuple(map(_singular, whole))
    return any(single[at : at + len(folded)] == folded for at in range(len(single) - len(folded) + 1))
