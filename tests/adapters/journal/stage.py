"""What the tests of the journal share: entries, and a disk that fails or dies when it is told to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modeltui.adapters.journal.appending import Appender
from modeltui.adapters.journal.files import Files
from modeltui.adapters.journal.segments import lines_of, segments_of
from modeltui.adapters.journal.verifying import verify
from modeltui.domain.acting.action import PlanId
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import ChainState, Detail, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.testing.clock import NOON, VirtualClock

ALICE = Actor(SafeText("alice"), Assurance.OS_USER, SafeText("alice"), SafeText("ops1"))
TARGET = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))


def entry(
    kind: RecordKind = RecordKind.SERVING_OBSERVED,
    *,
    at: float = NOON,
    plan: str = "",
    target: TargetKey | Unknown = TARGET,
    **details: Detail,
) -> Entry:
    """Return something to write down."""
    plan_id: PlanId | Unknown = PlanId(SafeText(plan)) if plan else UNKNOWN
    return Entry(kind, Instant(at), ALICE, SafeText("prod"), target, plan_id, details=details)


class Unsynced(Files):
    """A disk that says that it has everything at once: for tests of what is read back."""

    def sync(self, descriptor: int) -> None:
        """Return at once."""

    def sync_directory(self, path: Path) -> None:
        """Return at once."""

    def keep(self, path: Path, content: bytes) -> None:
        """Write it."""
        path.write_bytes(content)


class Killed(BaseException):
    """The process ends here."""


class Counting(Unsynced):
    """A disk that counts what it is asked for, and calls `at_each` before each of it."""

    COUNTED = frozenset(
        {
            "make_directory",
            "lock",
            "reserve",
            "open_to_append",
            "size",
            "read",
            "write",
            "sync",
            "truncate",
            "sync_directory",
            "keep",
            "set_mode",
            "remove",
            "close",
        }
    )

    def __init__(self, at_each: Callable[[int, str], None]) -> None:
        self.calls = 0
        self.at_each = at_each

    def __getattribute__(self, name: str) -> Any:
        if name in Counting.COUNTED:
            self.calls += 1
            self.at_each(self.calls, name)
        return super().__getattribute__(name)


class Failing(Unsynced):
    """A disk on which some questions are answered with an error."""

    def __init__(self, code: int, *, on: str, times: int = 1_000_000, after_bytes: int = 0) -> None:
        self._code = code
        self._on = on
        self._left = times
        self._after_bytes = after_bytes

    def _fails(self, what: str) -> bool:
        if what != self._on or self._left <= 0:
            return False
        self._left -= 1
        return True

    def _error(self) -> OSError:
        return OSError(self._code, os.strerror(self._code))

    def write(self, descriptor: int, line: bytes) -> int:
        """Write a part, or nothing, of what it is given."""
        if self._fails("write"):
            if self._after_bytes:
                return super().write(descriptor, line[: self._after_bytes])
            raise self._error()
        return super().write(descriptor, line)

    def sync(self, descriptor: int) -> None:
        """Say that it failed."""
        if self._fails("sync"):
            raise self._error()

    def open_to_append(self, path: Path, *, create: bool = False) -> int:
        """Say that it may not be opened."""
        if self._fails("open"):
            raise self._error()
        return super().open_to_append(path, create=create)

    def truncate(self, descriptor: int, size: int) -> None:
        """Say that it failed."""
        if self._fails("truncate"):
            raise self._error()
        super().truncate(descriptor, size)

    def make_directory(self, path: Path) -> None:
        """Say that it may not be made."""
        if self._fails("directory"):
            raise self._error()
        super().make_directory(path)


FULL = errno.ENOSPC


def appender(directory: Path, files: Files | None = None, clock: VirtualClock | None = None) -> Appender:
    """Return what appends, without waiting for a disk unless it is given one."""
    return Appender(directory, clock or VirtualClock(), files or Unsynced())


def filled(directory: Path, records: int = 5) -> list[Record]:
    """Return a journal with so many records after its first."""
    one = appender(directory)
    return [
        one.append(entry(RecordKind.ACTION_STEP, plan=f"plan-{number}", step=number))[0] for number in range(records)
    ]


def all_lines(directory: Path) -> list[bytes]:
    """Return every line of a journal, in order."""
    return [line for segment in segments_of(directory) for line in lines_of(segment.path)]


def looked_at(directory: Path) -> ChainState:
    """Return what the lines alone say."""
    return verify(directory, None, (), lambda: False)
