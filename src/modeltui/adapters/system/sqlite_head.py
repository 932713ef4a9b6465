"""The first bytes of a SQLite file, read without harm to whoever has the file open."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from modeltui.domain.errors import BackendUnavailable

HEAD_BYTES: Final = 100
MAGIC: Final = b"SQLite format 3\0"
_WRITE_VERSION: Final = 18
_WAL: Final = 2


class SqliteHead:
    """Reads the head of the file that is at a path now; for one thread."""

    def __init__(self, path: Path, name: str, remedy: str) -> None:
        """`name` and `remedy` are the words for what is no file at all."""
        self._path = path
        self._name = name
        self._remedy = remedy
        self._descriptor: int | None = None
        """Open on the file as it was seen last, and closed only when it is another one: closing any descriptor of a
        file drops the locks that SQLite holds on it, in the whole process."""
        self._identity = (0, 0)

    def read(self) -> bytes:
        """Return the head, shorter where the file is; raise `BackendUnavailable` for no regular file, or `OSError`."""
        facts = self._path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise BackendUnavailable(f"{self._name} is not a regular file", self._remedy)
        if self._descriptor is None or (facts.st_dev, facts.st_ino) != self._identity:
            self.forget()
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._identity = (facts.st_dev, facts.st_ino)
        return os.pread(self._descriptor, HEAD_BYTES, 0)

    def forget(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def has_write_ahead_log(head: bytes) -> bool:
    """Tell whether writers of the file use a write-ahead log."""
    return head[_WRITE_VERSION] == _WAL
