"""Reads files as they grow: from where it stopped, line by line, within a time."""

from __future__ import annotations

import glob
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeltui.adapters._documents.files import reason
from modeltui.adapters.openlineage.events import read_event
from modeltui.adapters.openlineage.runs import Runs

_CHUNK_BYTES: Final = 1 << 20
_LONGEST_LINE: Final = 8 << 20
_HEAD_BYTES: Final = 256
_MOST_FILES: Final = 1_000
_LINES_BETWEEN_LOOKS: Final = 200
"""Lines after which the clock is looked at."""


@dataclass(slots=True)
class Followed:
    """How far one file has been read."""

    inode: int
    offset: int = 0
    """After the last whole line."""
    size: int = 0
    malformed: int = 0
    events: int = 0
    head: bytes = b""
    """Its first bytes, by which a file is known that was emptied and written anew."""
    trouble: str = ""
    """Why it cannot be read now; empty when it can. Not yet safe to show."""

    def goes_on_in(self, facts: os.stat_result, head: bytes) -> bool:
        """Tell whether a file is still the one that was read so far, perhaps with more at its end."""
        return facts.st_ino == self.inode and facts.st_size >= self.offset and head.startswith(self.head)

    @property
    def is_behind(self) -> bool:
        """Tell whether there is more in it than was read."""
        return not self.trouble and self.offset < self.size


class Follower:
    """Feeds runs from all files that match the patterns. For one thread at a time: it waits for its turn."""

    def __init__(self, patterns: tuple[str, ...], base: Path, runs: Runs, boottime: Callable[[], float]) -> None:
        self._patterns = tuple(str(base / Path(pattern).expanduser()) for pattern in patterns)
        self._boottime = boottime
        self.runs: Final = runs
        self.files: Final[dict[str, Followed]] = {}
        self.unmatched: tuple[str, ...] = ()
        """Patterns that no file matches."""

    def read_on(self, until: float, stop: threading.Event) -> bool:
        """Read what is new until the time (boot time); tell whether everything has been read."""
        if not self.runs.turn.acquire(timeout=max(0.0, until - self._boottime())):
            return False
        try:
            paths = self._paths()
            for gone in self.files.keys() - set(paths):
                del self.files[gone]
            are_whole = [self._read_file(path, until, stop) for path in paths]
            return all(are_whole)
        finally:
            self.runs.turn.release()

    def _paths(self) -> list[str]:
        found: dict[str, None] = {}
        unmatched = []
        for pattern in self._patterns:
            matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute
            unmatched += [] if matches else [pattern]
            found |= dict.fromkeys(matches[:_MOST_FILES])
        self.unmatched = tuple(unmatched)
        return list(found)[:_MOST_FILES]

    def _read_file(self, path: str, until: float, stop: threading.Event) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                os.close(descriptor)
                self.files.setdefault(path, Followed(0)).trouble = "it is not a regular file"
                return True
            with os.fdopen(descriptor, "rb") as file:
                head = file.read(_HEAD_BYTES)
                followed = self.files.get(path)
                if followed is None or not followed.goes_on_in(facts, head):
                    # Rotated or written anew. What it said before stays: runs are merged, not counted.
                    followed = self.files[path] = Followed(facts.st_ino)
                followed.size, followed.trouble, followed.head = facts.st_size, "", head
                file.seek(followed.offset)
                for count, (line, taken) in enumerate(_lines(file.read)):
                    followed.offset += self._take(line, taken, followed)
                    if count % _LINES_BETWEEN_LOOKS == 0 and (stop.is_set() or self._boottime() > until):
                        return not followed.is_behind
        except OSError as error:
            known = self.files.setdefault(path, Followed(0))
            known.trouble = reason(error)
        return True

    def _take(self, line: bytes, taken: int, followed: Followed) -> int:
        """Add the event in a line; return by how many bytes to go on."""
        if not line.strip():
            return taken
        event = read_event(line) if len(line) <= _LONGEST_LINE else None
        if event is not None:
            followed.events += 1
            self.runs.add(event)
        elif not taken:
            return 0
        else:
            followed.malformed += 1
        return taken or len(line)


def _lines(read: Callable[[int], bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield each line and how many bytes it took; 0 for the last one when it has no end: it may still be written.

    Of a line that is longer than any event only so much is kept as shows that.
    """
    rest, skipped = b"", 0
    while chunk := read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line, len(line) + 1 + skipped
            skipped = 0
        if len(rest) > _LONGEST_LINE + _CHUNK_BYTES:
            skipped += len(rest) - _LONGEST_LINE - 1
            rest = rest[: _LONGEST_LINE + 1]
    if rest:
        yield rest, 0
