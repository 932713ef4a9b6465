"""The database's clock: one for all operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modeltui.domain.names import Instant
from modeltui.ports.clock import Clock

Now = Callable[[Any], Instant]


def now_by(clock: Clock, *, server_time: bool) -> Now:
    """Return what tells the time inside a transaction."""
    return _server_now if server_time else lambda _: clock.now()


def _server_now(connection: Any) -> Instant:
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::double precision").fetchone()
    return Instant(float(row[0]))
