"""Digests of files, large ones in instalments, computed once per state of a file."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from modeltui.adapters._documents.files import open_inside

_CHUNK_BYTES: Final = 1 << 20
_MOST_REMEMBERED: Final = 20_000
_ALGORITHMS: Final[dict[str, Callable[[], Any]]] = {
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


class _Part(NamedTuple):
    """Part of one state of one file: a file that was written again has another."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    algorithm: str
    begin: int
    end: int


class Hashing:
    """Computes digests; each call goes on where the one before had no more time. For several threads."""

    def __init__(self, boottime: Callable[[], float]) -> None:
        self._boottime = boottime
        self._done: dict[_Part, str] = {}
        self._begun: dict[_Part, tuple[Any, int]] = {}

    def can(self, algorithm: str) -> bool:
        """Tell whether digests of this kind can be computed here."""
        return algorithm in _ALGORITHMS

    def digest(
        self, path: Path, root: Path, algorithm: str, span: tuple[int, int] | None, until: float, stop: threading.Event
    ) -> str | None:
        """Return a digest in hexadecimal, of the file or of a span of it; None when the time did not suffice.

        Raises `OSError` or `Unsuitable`.
        """
        with os.fdopen(open_inside(path, root), "rb", buffering=0) as file:
            facts = os.fstat(file.fileno())
            begin, end = span or (0, facts.st_size)
            part = _Part(str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino, algorithm, begin, end)
            if part in self._done:
                return self._done[part]
            hasher, offset = self._begun.pop(part) if part in self._begun else (_ALGORITHMS[algorithm](), begin)
            file.seek(offset)
            while offset < end and (chunk := file.read(min(_CHUNK_BYTES, end - offset))):
                hasher.update(chunk)
                offset += len(chunk)
                if stop.is_set() or self._boottime() > until:
                    _remember(self._begun, part, (hasher, offset))
                    return None
        _remember(self._done, part, hasher.hexdigest())
        return self._done[part]


def _remember(memory: dict[_Part, Any], part: _Part, value: object) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.pop(next(iter(memory)), None)
    memory[part] = value
