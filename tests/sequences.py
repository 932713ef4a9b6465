"""Which sequences modeltui may send to a terminal: everything else came from somewhere it should not have."""

from __future__ import annotations

import re

_PLAIN_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_OURS = re.compile(
    r"""
      \x1b\[[0-9;]*m                                                # looks
    | \x1b\[\d+;\d+H | \x1b\[H | \x1b\[\d*C                         # places
    | \x1b\[[02]?J | \x1b\[K                                        # emptying
    | \x1b\[\?(?:7|25|1004|1049|2004|2026|2048)[hl]                 # modes: wrap, cursor, focus, screen, paste, sync
    | \x1b\[\?(?:2026|2048)\$p | \x1b\[6n                           # questions
    | \x1b\[<u                                                      # keyboard back to what it was
    """,
    re.VERBOSE,
)


_UNFINISHED = re.compile(r"\x1b(?:\[[?<]?[0-9;]*)?\Z")
"""The beginning of a sequence at the very end of what was read: the rest of it is on its way."""


def foreign_sequences(sent: bytes, also: str = "") -> list[str]:
    """Return everything in `sent` that modeltui has no reason to send: controls, titles, unknown sequences.

    `also` is a pattern of more that is allowed.
    """
    text = sent.decode("utf-8", "replace")
    allowed = (_PLAIN_TEXT, _OURS, re.compile(also)) if also else (_PLAIN_TEXT, _OURS)
    foreign: list[str] = []
    place = 0
    while place < len(text) and not _UNFINISHED.match(text, place):
        match = next((found for pattern in allowed if (found := pattern.match(text, place))), None)
        if match is not None and match.end() > place:
            place = match.end()
            continue
        end = text.find("\x1b", place + 1)
        foreign.append(text[place : end if end > 0 else place + 40][:40])
        place += 1
    return foreign
