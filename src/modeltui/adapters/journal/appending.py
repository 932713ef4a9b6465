"""Appends one record so that a power cut at any moment loses nothing that was promised, and invents nothing.

lock · open · read the last line · one write · fsync · (fsync of the directory for a new file) · unlock. What a crash
left half written is kept aside and cut off by whoever appends next; nothing before the last line is ever repaired.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeltui.adapters.journal.files import CLOSED_FILE, Files, locked
from modeltui.adapters.journal.segments import (
    LOCK_NAME,
    RESERVE_NAME,
    TAIL_BYTES,
    Segment,
    Tail,
    first_line,
    is_closed,
    month_of,
    next_segment,
    read_tail,
    segments_of,
    tail_of,
)
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.record import Detail, Entry, Record, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_ON_RESERVE: Final = SafeText("the disk is full: the journal lives on its reserve")
_REMEDIES: Final = {
    errno.ENOSPC: "Free space on this disk; nothing is done while it cannot be written down",
    errno.EDQUOT: "Free space within the quota; nothing is done while it cannot be written down",
    errno.EROFS: "It is mounted read-only: mount it for writing, or choose another directory for the journal",
    errno.EACCES: "Give this user the right to read and write there, or choose another directory for the journal",
    errno.EPERM: "Give this user the right to read and write there, or choose another directory for the journal",
    errno.EIO: "The disk answers with errors: look at the system's log, and choose another directory for the journal",
    errno.ETIMEDOUT: "Another process holds the journal: find out with `fuser` which, and whether it hangs",
    errno.ELOOP: "A link stands where a file of the journal belongs: remove it",
    errno.EEXIST: "Something else stands where a file of the journal belongs: move it away",
}


@dataclass(slots=True)
class _Open:
    """The newest segment, open, under the lock."""

    segment: Segment
    descriptor: int
    size: int
    seq: int
    head: str


class _SyncFailed(Exception):  # noqa: N818 - it says what happened
    """The disk did not say that it has the record: nobody knows what it has."""


class Appender:
    """Appends to the journal in one directory; many processes may do so at once."""

    def __init__(self, directory: Path, clock: Clock, files: Files) -> None:
        self.directory = directory
        self.clock = clock
        self.files = files
        self._is_prepared = False
        self.trouble = SafeText("")
        """What went wrong with the disk although the records are safe; empty when nothing did."""

    def append(self, entry: Entry) -> tuple[Record, bool]:
        """Return the durable record, and whether a new segment was begun for it; raises `JournalUnavailable`."""
        with self.held():
            return self.append_held(entry)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, and tell every failure of the system as an operator needs it."""
        try:
            if not self._is_prepared:
                self.files.make_directory(self.directory)
            with locked(self.files, self.directory / LOCK_NAME):
                if not self._is_prepared:
                    self._reserve()
                yield
        except OSError as error:
            raise unavailable(self.directory, error) from error

    def _reserve(self) -> None:
        reserve = self.directory / RESERVE_NAME
        with suppress(OSError):
            self.files.reserve(reserve)
        if self.trouble == _ON_RESERVE and reserve.exists():
            self.trouble = SafeText("")
        self._is_prepared = self.trouble != _ON_RESERVE  # while the disk is full each append tries again

    def append_held(self, entry: Entry) -> tuple[Record, bool]:
        """Append by whoever holds the lock."""
        month = month_of(self.clock.now())
        found = segments_of(self.directory)
        current, is_new = self._current(month, found, entry)
        try:
            return self._write(current, entry), is_new
        except _SyncFailed as failure:
            # The kernel forgets after one error what it could not write: this file is not to be trusted any more.
            self.trouble = safe_text(f"the disk failed under {current.segment.name}; the journal goes on in a new file")
            found = segments_of(self.directory)
            fresh = self._begin(month, found, (current.seq, current.head), entry, "the disk failed under it")
            try:
                return self._write_or_fail(fresh, entry, failure), True
            finally:
                self.files.close(fresh.descriptor)
        finally:
            self.files.close(current.descriptor)

    def _current(self, month: str, found: list[Segment], entry: Entry) -> tuple[_Open, bool]:
        """Return the segment to write to, and whether it was begun just now."""
        if not found:
            return self._begin(month, found, (0, GENESIS), entry, ""), True
        newest = found[-1]
        if is_closed(newest):
            # The disk failed under it, or what came after it is gone, which its checkpoints will show. What is done
            # now is recorded all the same.
            return self._begin(month, found, _end_of(found), entry, "the segment before was closed"), True
        current = self._reopened(found, entry)
        if month <= newest.month:  # a clock that was set back changes nothing
            return current, False
        self.files.close(current.descriptor)
        return self._begin(month, found, (current.seq, current.head), entry, "month"), True

    def _reopened(self, found: list[Segment], entry: Entry) -> _Open:
        """Return the newest segment, without what a crash left at its end."""
        newest = found[-1]
        descriptor = self.files.open_to_append(newest.path)
        try:
            size = self.files.size(descriptor)
            length = min(size, TAIL_BYTES)
            tail = tail_of(self.files.read(descriptor, length, size - length), size)
            if tail.says:
                raise changed(newest, tail.says)
            torn = self._cut(descriptor, newest, tail)
            current = _Open(newest, descriptor, tail.whole_to, tail.seq, tail.head)
            if not tail.seq:
                current.seq, current.head = _end_of(found[:-1])
                self._write_first(current, found[:-1], entry, "its beginning was lost")
            if torn is not None:
                self._write_or_fail(current, _said(entry, RecordKind.LOG_RECOVERED, torn, self.clock), None)
        except BaseException:
            self.files.close(descriptor)
            raise
        return current

    def _begin(self, month: str, found: list[Segment], end: tuple[int, str], entry: Entry, because: str) -> _Open:
        """Return a new segment with its first record in it."""
        segment = next_segment(self.directory, month, found[-1] if found else None)
        descriptor = self.files.open_to_append(segment.path, create=True)
        current = _Open(segment, descriptor, 0, *end)
        try:
            self._write_first(current, found, entry, because)
            self.files.sync_directory(self.directory)
            for before in found:
                if not is_closed(before):
                    with suppress(OSError):
                        self.files.set_mode(before.path, CLOSED_FILE)
        except BaseException:
            self.files.close(descriptor)
            raise
        return current

    def _write_first(self, current: _Open, before: list[Segment], entry: Entry, because: str) -> None:
        if not before:
            details: dict[str, Detail] = {"log_id": str(uuid.uuid4())}
            self._write_or_fail(current, _said(entry, RecordKind.LOG_OPENED, details, self.clock), None)
            return
        details = {
            "log_id": log_id_of(before),
            "previous": before[-1].name,
            "records": current.seq,
            "head": current.head,
            "because": because,
        }
        self._write_or_fail(current, _said(entry, RecordKind.LOG_ROTATED, details, self.clock), None)

    def _cut(self, descriptor: int, segment: Segment, tail: Tail) -> dict[str, Detail] | None:
        """Keep what is torn aside and cut it off; return what to write down about it."""
        if tail.whole_to == tail.size:
            return None
        torn = self.files.read(descriptor, tail.size - tail.whole_to, tail.whole_to)
        digest = hashlib.sha256(torn).hexdigest()
        aside = self.directory / f"{segment.name}.torn-{digest[:16]}"
        self.files.keep(aside, torn)
        self.files.sync_directory(self.directory)
        self.files.truncate(descriptor, tail.whole_to)
        self.files.sync(descriptor)
        return {"bytes": len(torn), "sha256": digest, "kept": aside.name, "segment": segment.name}

    def _write_or_fail(self, current: _Open, entry: Entry, before: BaseException | None) -> Record:
        try:
            return self._write(current, entry)
        except _SyncFailed as failure:
            raise OSError(errno.EIO, "the disk did not take it", str(current.segment.path)) from (before or failure)

    def _write(self, current: _Open, entry: Entry) -> Record:
        record, line = record_line(entry, current.seq + 1, current.head)
        try:
            self._write_whole(current, line)
        except OSError:
            with suppress(OSError):
                self.files.truncate(current.descriptor, current.size)
            raise
        try:
            self.files.sync(current.descriptor)
        except OSError as error:
            self._abandon(current)
            raise _SyncFailed from error
        current.size += len(line)
        current.seq, current.head = record.seq, str(record.hash)
        return record

    def _abandon(self, current: _Open) -> None:
        """Take back the record that was not promised, and let nobody append to this file again.

        The next file follows the record before it. When the disk does not even keep the cut, there is no next file.
        """
        with suppress(OSError):
            self.files.set_mode(current.segment.path, CLOSED_FILE)
        self.files.truncate(current.descriptor, current.size)
        self.files.sync(current.descriptor)

    def _write_whole(self, current: _Open, line: bytes) -> None:
        if not self._shortage(current.descriptor, line):
            return
        self.files.truncate(current.descriptor, current.size)
        self.files.remove(self.directory / RESERVE_NAME)
        self._is_prepared = False
        self.trouble = _ON_RESERVE
        if shortage := self._shortage(current.descriptor, line):
            raise OSError(shortage, os.strerror(shortage), str(current.segment.path))

    def _shortage(self, descriptor: int, line: bytes) -> int:
        """Write in one call; return 0, or why there was no room for the whole of it."""
        try:
            return 0 if self.files.write(descriptor, line) == len(line) else errno.ENOSPC
        except OSError as error:
            if error.errno in _FULL:
                return error.errno
            raise


def _end_of(found: list[Segment]) -> tuple[int, str]:
    """Return seq and hash of the last record in these segments, which nobody appends to any more."""
    for segment in reversed(found):
        tail = read_tail(segment.path)
        if tail.says or tail.whole_to != tail.size:
            raise changed(segment, tail.says or "its end is torn, and others follow it")
        if tail.seq:
            return tail.seq, tail.head
    return 0, GENESIS


def log_id_of(found: list[Segment]) -> str:
    """Return the id of the journal, as the first record of its newest segment has it; raises `JournalUnavailable`."""
    for segment in reversed(found):
        line = first_line(segment.path)
        if not line:
            continue
        try:
            record = parse_line(line)
        except ValueError as error:
            raise changed(segment, f"its first line: {error}") from error
        log_id = record.entry.details.get("log_id")
        if not isinstance(log_id, str):
            raise changed(segment, "its first record names no journal")
        return log_id
    return str(uuid.uuid4())


def unavailable(directory: Path, error: OSError) -> JournalUnavailable:
    """Return what an operator is told when the system says no."""
    remedy = _REMEDIES.get(
        error.errno or 0, "Look what is wrong with this directory, or choose another for the journal"
    )
    says = error.strerror or type(error).__name__
    return JournalUnavailable(safe_text(f"the journal in {directory} cannot be used: {says}"), remedy)


def changed(segment: Segment, says: str) -> JournalUnavailable:
    """Return what an operator is told when a segment is not what was written."""
    return JournalUnavailable(
        safe_text(f"the journal {segment.path} was damaged or changed: {says}"),
        "Nothing is repaired by itself: run `modeltui journal verify`, keep a copy of the directory, and let somebody"
        " who may decide move it away; a new journal then begins",
    )


def _said(entry: Entry, kind: RecordKind, details: Mapping[str, Detail], clock: Clock) -> Entry:
    """Return what the journal itself writes down, in the name of whoever made it do so."""
    return Entry(kind, clock.now(), entry.actor, entry.context, details=details)
