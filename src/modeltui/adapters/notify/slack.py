"""A notice as a Slack message: Block Kit, within its limits, in which no text can call anybody or link anywhere."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

from modeltui.adapters.notify.moments import rfc3339
from modeltui.domain.names import UNKNOWN
from modeltui.ports.notifier import Notice, Occasion

# Slack's documentation of blocks: 50 blocks, 10 fields of 2,000, text of 3,000, header of 150 characters.
_MOST_HEADER: Final = 150
_MOST_FIELD: Final = 2_000
_MOST_FIELDS_A_SECTION: Final = 10
_MOST_SECTIONS: Final = 10
_MOST_TEXT: Final = 3_000

_CALLS = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_HEADINGS: Final = {
    Occasion.OUTCOME: "Outcome",
    Occasion.UNKNOWN_OUTCOME: "OUTCOME UNKNOWN",
    Occasion.BREAK_GLASS: "BREAK-GLASS",
    Occasion.SNAPPED_BACK: "SNAPPED BACK",
    Occasion.APPROVAL_ASKED: "Approval asked for",
    Occasion.FOUND_OUT: "FOUND OUT",
    Occasion.SETTLED: "Settled",
}


def message(notice: Notice) -> dict[str, Any]:
    """Return the body for an incoming webhook, with the fallback that notifications and screen readers show."""
    heading = f"{_HEADINGS[notice.occasion]}: {notice.target}"
    facts = [_field(f"{name}: {value}") for name, value in notice.facts.items()]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(heading, _MOST_HEADER)},
        {"type": "section", "text": _plain(notice.headline, _MOST_TEXT)},
    ]
    blocks += [
        {"type": "section", "fields": facts[first : first + _MOST_FIELDS_A_SECTION]}
        for first in islice(range(0, len(facts), _MOST_FIELDS_A_SECTION), _MOST_SECTIONS)
    ]
    blocks.append({"type": "context", "elements": [_plain(_small_print(notice), _MOST_TEXT)]})
    return {"text": _escaped(f"{heading}. {notice.headline}", _MOST_TEXT), "blocks": blocks}


def _small_print(notice: Notice) -> str:
    known = (
        ("context", notice.context),
        ("at", rfc3339(notice.at)),
        ("plan", notice.plan_hash),
        ("journal head", notice.journal_head),
        ("notice", notice.id),
    )
    return " · ".join(f"{name} {value}" for name, value in known if value is not UNKNOWN)


def _field(text: str) -> dict[str, Any]:
    return _plain(text, _MOST_FIELD)


def _plain(text: str, most: int) -> dict[str, Any]:
    """Return a text object that is never read as markup."""
    return {"type": "plain_text", "emoji": False, "text": _escaped(text, most) or "-"}


def _escaped(text: str, most: int) -> str:
    """Return `text` with Slack's three control characters escaped, cut so that no escape is cut in two."""
    text = _CALLS.sub("＠", text)
    pieces: list[str] = []
    length = 0
    for character in text:
        piece = _ESCAPES.get(character, character)
        if length + len(piece) > most - 1:
            pieces.append("…")
            break
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)


_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
