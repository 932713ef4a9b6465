"""Whether this session may write at all: a switch that falls back by itself."""

from __future__ import annotations

from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText
from modeltui.ports.acting import UNLOCKED_SECONDS, WritesState
from modeltui.ports.clock import Clock

_LOCKED = SafeText("writes are off: unlock them with a reason")
_EXPIRED = SafeText("writes locked themselves again: unlock them with a reason")
_ON = SafeText("writes are on")


class WritesSwitch:
    """Off at the start unless the context says otherwise; on for a while; counted by boot time, sleep included."""

    def __init__(self, clock: Clock, *, starts_on: bool) -> None:
        self._clock = clock
        self._is_on = starts_on
        self._until: float | None = None
        """Boot time; none for a context whose writes are on without an end."""
        self._says = _LOCKED
        self._expired_unsaid = False

    @property
    def state(self) -> WritesState:
        """Return whether writes are on now, and how long still."""
        self._look_at_clock()
        if not self._is_on:
            return WritesState(are_on=False, left_seconds=UNKNOWN, says=self._says, can_unlock=True)
        left = UNKNOWN if self._until is None else max(self._until - self._clock.boottime(), 0.0)
        return WritesState(are_on=True, left_seconds=left, says=_ON, can_unlock=True)

    def turn_on(self) -> None:
        """Switch on for `UNLOCKED_SECONDS` from now; a context that is on without an end stays so."""
        self._look_at_clock()
        if not (self._is_on and self._until is None):
            self._until = self._clock.boottime() + UNLOCKED_SECONDS
        self._is_on = True
        self._expired_unsaid = False

    def turn_off(self) -> bool:
        """Switch off; return whether they were on."""
        self._look_at_clock()
        was_on, self._is_on, self._until, self._says = self._is_on, False, None, _LOCKED
        return was_on

    def take_expired(self) -> bool:
        """Tell once that it fell back by itself, for the record."""
        self._look_at_clock()
        expired, self._expired_unsaid = self._expired_unsaid, False
        return expired

    def _look_at_clock(self) -> None:
        if self._is_on and self._until is not None and self._clock.boottime() >= self._until:
            self._is_on, self._until, self._says, self._expired_unsaid = False, None, _EXPIRED, True
