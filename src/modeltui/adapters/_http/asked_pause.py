"""The pause that a backend asks for with `Retry-After` (RFC 9110, 10.2.3), and how it is kept."""

from __future__ import annotations

import math
from typing import Final

from modeltui.adapters._http.exchange import WireAnswer
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.names import Instant, Missing
from modeltui.ports.clock import Clock

_ASKING: Final = frozenset({429, 503})
LONGEST_PAUSE_SECONDS: Final = 300.0
"""A source is not blind for longer on the word of one header: a proxy's `86400` would last until tomorrow."""
_LONGEST_NUMBER: Final = 12


def pause_in(answer: WireAnswer, now: Instant) -> float:
    """Return the seconds that an answer of 429 or 503 asks for; 0 where nothing is asked for that can be read.

    A moment counts from the server's own clock, where it told it: its Date and its Retry-After go wrong together.
    """
    asked = answer.headers.get("retry-after", "").strip()
    if answer.status not in _ASKING or not asked:
        return 0.0
    if asked.isascii() and asked.isdigit():
        return float(asked) if len(asked) <= _LONGEST_NUMBER else math.inf
    from modeltui.adapters._http.transport import server_date_in  # loaded by then: there is an answer

    moment = server_date_in(asked)
    if isinstance(moment, Missing):
        return 0.0
    return max(moment - (now if isinstance(answer.server_date, Missing) else answer.server_date), 0.0)


def asking_for_a_pause(error: BackendUnavailable, seconds: float) -> BackendUnavailable:
    """Return the error with the pause that is kept; its words stay true while the pause lasts."""
    kept_seconds = min(seconds, LONGEST_PAUSE_SECONDS)
    asked = "a longer pause" if seconds > kept_seconds else "a pause"
    remedy = f"It asked for {asked} and is left alone for {math.ceil(kept_seconds)} s. {error.remedy}"
    return BackendUnavailable(error.title, remedy, asked_pause_seconds=kept_seconds)


class AskedPause:
    """Answers in the place of a backend that asked for a pause, until it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_at = -math.inf
        self._error = BackendUnavailable("")

    def begin(self, error: BackendUnavailable) -> None:
        """Keep the pause that an error asks for; of two the one that ends later."""
        ends_at = self._clock.boottime() + error.asked_pause_seconds
        if error.asked_pause_seconds > 0.0 and ends_at > self._ends_at:
            self._ends_at, self._error = ends_at, error

    def check(self) -> None:
        """Raise what the backend said, with the seconds that are left, while the pause lasts."""
        left_seconds = self._ends_at - self._clock.boottime()
        if left_seconds > 0.0:
            raise BackendUnavailable(self._error.title, self._error.remedy, asked_pause_seconds=left_seconds)
