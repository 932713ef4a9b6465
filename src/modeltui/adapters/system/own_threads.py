"""Waits for a disk or an address that may never answer, on threads that nobody else needs.

A thread that hangs in the system cannot be ended. One of the event loop's own pool would be missing there for good, and
the end of a program would wait for it; one of these is left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _OwnThreads(Executor):
    """Runs each call on a thread of its own, which no end of a program waits for."""

    def submit(self, work: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # what has begun cannot be called back

        def run() -> None:
            try:
                result = work(*given, **named)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="modeltui-own", daemon=True).start()
        return future


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """One that is on its thread."""

    until: float
    """When its time is up, by the loop's clock."""


OWN_THREADS: Final[Executor] = _OwnThreads()
"""For whoever keeps count of what hangs by itself; `answered` does it for all others."""
_asked: Final[dict[str, set[_Question]]] = {}
"""What has not come back, by place. For the whole process: so are its threads."""
_lock: Final = threading.Lock()


async def answered(place: str, seconds: float, work: Callable[..., T], *given: Any) -> T:
    """Return what `work` returns or raise what it raises, called on a thread of its own.

    Raises `TimeoutError` after so many seconds; and at once while an earlier question about the same place has not come
    back in its own time, so that a place that hangs costs one thread and not one for each question.
    """
    now = asyncio.get_running_loop().time()
    question = _Question(now + seconds)
    with _lock:
        under_way = _asked.get(place, set())
        if any(earlier.until <= now for earlier in under_way):
            raise TimeoutError("it has not answered an earlier question")
        _asked.setdefault(place, set()).add(question)

    def look() -> T:
        try:
            return work(*given)
        finally:
            _came_back(place, question)

    try:
        running = asyncio.get_running_loop().run_in_executor(OWN_THREADS, look)
    except RuntimeError:  # the machine gives no more threads
        _came_back(place, question)
        raise
    try:
        async with asyncio.timeout(seconds):
            return await running
    except TimeoutError as error:
        if not running.cancelled():
            raise  # it said so itself
        raise TimeoutError(f"no answer within {seconds:g} s") from error


def _came_back(place: str, question: _Question) -> None:
    with _lock:
        _asked[place].discard(question)
        if not _asked[place]:
            del _asked[place]
