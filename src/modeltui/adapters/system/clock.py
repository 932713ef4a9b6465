"""The machine's clock."""

from __future__ import annotations

import asyncio
import time

from modeltui.domain.names import Instant
from modeltui.ports.clock import Clock

# CLOCK_BOOTTIME goes on while a laptop sleeps; where it does not exist the monotonic clock is the nearest.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """Wall time and boot time of this machine."""

    def now(self) -> Instant:
        """Return the wall time, UTC."""
        return Instant(time.time())

    def boottime(self) -> float:
        """Return seconds since boot, the time asleep included."""
        return time.clock_gettime(_BOOT_CLOCK)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once, with a turn for others, when they are not positive."""
        await asyncio.sleep(max(seconds, 0.0))


_: type[Clock] = SystemClock
