"""The only way to time."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.names import Instant


class Clock(Protocol):
    """Wall time for stamps, boot time for durations."""

    def now(self) -> Instant:
        """Return the wall time, UTC."""
        ...

    def boottime(self) -> float:
        """Return seconds since boot; counts on while the machine sleeps, and never steps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once when they are not positive."""
        ...
