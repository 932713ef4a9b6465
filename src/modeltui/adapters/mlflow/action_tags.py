"""The two tags of a model by which operators of this program see each other: who is busy, and what was done last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import msgspec

from modeltui.domain.text import SafeText, safe_text

LOCK_TAG: Final = "modeltui.lock"
ACTION_TAG: Final = "modeltui.action_id"
_LONGEST_LOCK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Lock:
    """A claim on one model: a courtesy among operators of this program; nobody else heeds it."""

    key: str
    """The write that it is for."""
    by: SafeText
    until: float
    """By the server's own clock, so that operators with different clocks agree; 0 when it was given back."""

    def is_held(self, now: float, longest_seconds: float) -> bool:
        """Tell whether it counts: one that ends in a far future was not written by us."""
        return now < self.until <= now + longest_seconds

    def text(self) -> str:
        """Return the value of the tag."""
        return json.dumps({"key": self.key, "by": self.by, "until": round(self.until, 3)}, ensure_ascii=False)


class _Written(msgspec.Struct):
    key: str
    by: str = ""
    until: float = 0.0


def lock_in(text: str) -> Lock | None:
    """Return the lock in a tag's value; None for anything that this program did not write."""
    if not 0 < len(text) <= _LONGEST_LOCK:
        return None
    try:
        written = msgspec.json.decode(text, type=_Written)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return Lock(written.key, safe_text(written.by, 120), written.until)
