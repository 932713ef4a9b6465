"""Reads the fleet screen as its operator does: by column and by the words of the card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = ("MODEL", "ENV", "LIVE", "CAND", "ERR", "LAT", "THR", "CONF", "DRIFT", "BIZ")

_CARD = re.compile(r"^── (?P<target>\S+) (?P<mark>\S+) (?P<level>no data|[a-z]+) (?P<version>\S+)")
_SIGNAL = re.compile(
    r"^(?P<signal>[a-z]+) .*? (?P<value>[\d.]+)% base (?P<baseline>[\d.]+)% +lim (?P<limit>[\d.]+)% +(?P<level>[a-z]+) "
    r".*?n=(?P<n>[\d.]+)(?P<thousands>k?)"
)


@dataclass(frozen=True, slots=True)
class SignalOnCard:
    """One line of the card, in the signal's unit."""

    level: str
    value: float
    baseline: float
    limit: float
    n: float


@dataclass(frozen=True, slots=True)
class Card:
    """What the card says of the target under the cursor."""

    target: str
    level: str
    version: str
    errors: SignalOnCard | None
    """None while it has no baseline."""
    why: str
    back: str


def row_of(lines: Sequence[str], model: str) -> dict[str, str]:
    """The row of a model by column; empty while it is not on screen."""
    heading = next((line for line in lines if all(word in line for word in COLUMNS[:4])), None)
    row = next((line for line in lines[2:] if line[1:].startswith(f"{model} ")), None)
    if heading is None or row is None:
        return {}
    starts = [heading.index(word) for word in COLUMNS]
    ends = [*starts[1:], len(row)]
    return {word: row[start:end].strip() for word, start, end in zip(COLUMNS, starts, ends, strict=True)}


def card_of(lines: Sequence[str]) -> Card | None:
    """The card below the rows; None while it is not on screen."""
    place, found = next(((i, m) for i, line in enumerate(lines) if (m := _CARD.match(line))), (0, None))
    if found is None:
        return None
    below = [line.rstrip() for line in lines[place + 1 : -1]]
    errors = next((m for line in below if (m := _SIGNAL.match(line)) and m["signal"] == "err"), None)
    return Card(
        found["target"],
        found["level"],
        found["version"],
        _signal(errors) if errors else None,
        _sentence(below, "why"),
        _sentence(below, "back"),
    )


def _signal(found: re.Match[str]) -> SignalOnCard:
    value, baseline, limit = (float(found[name]) / 100 for name in ("value", "baseline", "limit"))
    n = float(found["n"]) * (1000 if found["thousands"] else 1)
    return SignalOnCard(found["level"], value, baseline, limit, n)


def _sentence(below: Sequence[str], word: str) -> str:
    """A sentence of the card with the lines that it goes on to."""
    at = next((i for i, line in enumerate(below) if line.startswith(f"{word} ")), -1)
    if at < 0:
        return ""
    words = [below[at].removeprefix(word).strip()]
    for line in below[at + 1 :]:
        if not line.startswith("       "):
            break
        words.append(line.strip())
    return " ".join(words)
