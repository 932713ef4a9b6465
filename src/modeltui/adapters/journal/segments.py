"""The files of a journal: one a month, and what is in them, line by line.

journal-2026-11.jsonl      the segment of November
journal-2026-11.2.jsonl    its continuation, after the disk let the first one down
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeltui.domain.journal.record_line import MOST_BYTES, instant_text, line_hash, split_line
from modeltui.domain.names import Instant

LOCK_NAME: Final = "lock"
RESERVE_NAME: Final = "reserve"
INDEX_NAME: Final = "index.sqlite"
CHECKPOINTS_NAME: Final = "checkpoints.jsonl"
TOMBSTONES_NAME: Final = "tombstones.jsonl"
HOLD_NAME: Final = "legal-hold"
_NAME = re.compile(r"journal-(?P<month>\d{4}-(?:0[1-9]|1[0-2]))(?:\.(?P<part>[1-9]\d{0,5}))?\.jsonl")
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of the journal; they sort as they follow each other."""

    month: str
    part: int
    path: Path

    @property
    def name(self) -> str:
        """Return its file name."""
        return self.path.name


def segments_of(directory: Path) -> list[Segment]:
    """Return the segments, oldest first; none where there is no journal yet."""
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None:
            found.append(Segment(match["month"], int(match["part"] or 1), directory / name))
    return sorted(found)


def month_of(at: Instant) -> str:
    """Return the month, UTC, that a moment belongs to."""
    return instant_text(at)[:7]


def next_segment(directory: Path, month: str, newest: Segment | None) -> Segment:
    """Return the segment to go on with: of this month, and after the newest in any case."""
    if newest is None or month > newest.month:
        return Segment(month, 1, directory / f"journal-{month}.jsonl")
    part = newest.part + 1
    return Segment(newest.month, part, directory / f"journal-{newest.month}.{part}.jsonl")


def open_to_read(path: Path) -> int:
    """Open a file that must be a regular one; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, "it is not a regular file", str(path))
    return descriptor


def lines_of(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the lines from `start` on, each with its line feed; the last may lack it.

    A line that is far longer than a record can be comes in pieces: no file makes us hold more than a block.
    """
    descriptor = open_to_read(path)
    try:
        rest = b""
        while True:
            length = _BLOCK_BYTES if end is None else min(_BLOCK_BYTES, end - start)
            block = os.pread(descriptor, length, start) if length > 0 else b""
            if not block:
                break
            start += len(block)
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            for line in lines:
                yield line + b"\n"
            if len(rest) > 4 * MOST_BYTES:
                yield rest
                rest = b""
        if rest:
            yield rest
    finally:
        os.close(descriptor)


def first_line(path: Path) -> bytes:
    """Return the first line of a segment; empty when it has none."""
    return next(lines_of(path, 0, 2 * MOST_BYTES), b"")


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a segment."""

    size: int
    """Of the file."""
    whole_to: int
    """Where its last whole record ends; what lies behind is torn."""
    seq: int = 0
    """0 when it holds no whole record."""
    head: str = ""
    says: str = ""
    """Why its last record cannot be built upon; empty when it can."""


def tail_of(content: bytes, size: int) -> Tail:
    """Return the end of a file of `size` bytes that ends in `content`: at least two lines of it, or all.

    Torn is what has no line feed, and one last line that no record looks like: a write that did not reach the disk
    whole. A last line that looks like a record and does not fit its hash was changed, which is something else.
    """
    offset = size - len(content)
    end = content.rfind(b"\n") + 1
    line = _last_line(content, end)
    if line and not _looks_like_record(line):
        end -= len(line)
        line = _last_line(content, end)
    if not line:
        if offset:
            # No crash leaves so much behind: a line may begin before what was looked at, and it may be a whole one.
            return Tail(size, size, says=f"its last {len(content) // 1_024} kB hold no whole record")
        return Tail(size, end)
    try:
        seq, _, digest, body = split_line(line)
    except ValueError:
        return Tail(size, offset + end, says="what stands before its last line is no record")
    if line_hash(body) != digest:
        return Tail(size, offset + end, seq, digest, says=f"record {seq} was changed: it does not fit its own hash")
    return Tail(size, offset + end, seq, digest)


TAIL_BYTES: Final = 3 * MOST_BYTES
"""A torn line, a whole one, and a bit of the one before."""


def read_tail(path: Path) -> Tail:
    """Return the end of a segment that is only read; raises `OSError`."""
    descriptor = open_to_read(path)
    try:
        size = os.fstat(descriptor).st_size
        length = min(size, TAIL_BYTES)
        return tail_of(os.pread(descriptor, length, size - length), size)
    finally:
        os.close(descriptor)


def is_closed(segment: Segment) -> bool:
    """Tell whether nobody may append to it any more."""
    return not segment.path.stat().st_mode & 0o200


def _last_line(content: bytes, end: int) -> bytes:
    return content[content.rfind(b"\n", 0, max(end - 1, 0)) + 1 : end]


def _looks_like_record(line: bytes) -> bool:
    if b"\0" in line:
        return False
    try:
        split_line(line)
    except ValueError:
        return False
    return True
