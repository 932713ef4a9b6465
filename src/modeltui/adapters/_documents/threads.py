"""Looks at the disk in threads, of which a dead network share can hold only so many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from modeltui.domain.errors import BackendUnavailable

T = TypeVar("T")

_MOST_THREADS: Final = 4


class Threads:
    """Runs blocking questions to one folder; further ones are refused while all of its threads hang."""

    def __init__(self, source: str, what: str) -> None:
        self._source = source
        self._what = what
        self._at_work = 0
        self._lock = threading.Lock()

    async def run(self, look: Callable[..., T], *given: Any) -> T:
        """Return what `look` returns, called in a thread; raise `BackendUnavailable` when too many hang."""
        if self._at_work >= _MOST_THREADS:
            raise BackendUnavailable(
                f"{self._source}: {self._what} has not answered {self._at_work} earlier questions",
                "See whether the disk or network share works; it is asked again by itself.",
            )
        return await asyncio.to_thread(self._counted, look, *given)

    def _counted(self, look: Callable[..., T], *given: Any) -> T:
        with self._lock:
            self._at_work += 1
        try:
            return look(*given)
        finally:
            with self._lock:
                self._at_work -= 1
