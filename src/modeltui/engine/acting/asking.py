"""Asking a journal: nobody waits longer for it than promised, whatever holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from modeltui.domain.errors import JournalUnavailable
from modeltui.ports.clock import Clock

_T = TypeVar("_T")
_left_behind: set[asyncio.Task[Any]] = set()
"""What nobody waits for any more and has not ended: a disk that hangs cannot be told to stop."""


async def in_time(clock: Clock, seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what the journal answers; raise `JournalUnavailable` when it does not within `seconds`.

    What is asked then is cancelled and left behind, for a write that hangs ends when its disk lets it: a record may
    still come. Whoever is cancelled waits, within the same time, until a record that is being written is there or not.
    """
    loop = asyncio.get_running_loop()  # a task group would wait for what hangs
    asked, alarm = loop.create_task(work), loop.create_task(clock.sleep(seconds))
    try:
        await asyncio.wait((asked, alarm), return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        alarm.result()
    except asyncio.CancelledError:
        asked.cancel()
        await asyncio.wait((asked, alarm), return_when=asyncio.FIRST_COMPLETED)
        raise
    finally:
        _leave(asked)
        _leave(alarm)
    title = f"the journal did not answer within {seconds:.3g} s"
    raise JournalUnavailable(title, "look at the disk or the database that holds it")


def _leave(task: asyncio.Task[Any]) -> None:
    if not task.cancelling():  # a second time it would not even finish what it began
        task.cancel()
    _left_behind.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Task[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()  # looked at: nobody else will
