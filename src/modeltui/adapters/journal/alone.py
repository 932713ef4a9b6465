"""Which of several processes does what only one may do at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from modeltui.adapters.journal.files import PRIVATE_FILE

NAME: Final = "bringing-over"


def alone_in(directory: Path) -> Callable[[], AbstractContextManager[bool]]:
    """Return what gives whether nobody else is at it with this directory; a process that dies lets go of it.

    It never waits. Where no such file can be made or locked everybody may: rather a record twice than none.
    """

    @contextmanager
    def alone() -> Iterator[bool]:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(directory / NAME, flags, PRIVATE_FILE)
        except OSError:
            yield True
            return
        try:
            yield _is_locked(descriptor)
        finally:
            with suppress(OSError):
                os.close(descriptor)

    return alone


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
