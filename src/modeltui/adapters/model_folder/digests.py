"""Digests of model files: computed once per state of a file, in instalments, or read where a pointer states them."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from modeltui.adapters._documents.files import Unsuitable, open_inside
from modeltui.adapters.model_folder.files import read_text
from modeltui.domain.names import UNKNOWN, Unknown

_CHUNK_BYTES: Final = 1 << 20
_MOST_REMEMBERED: Final = 10_000
_MOST_FILES: Final = 2_000
_LARGEST_POINTER: Final = 1024
_LFS: Final = re.compile(
    r"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    r"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n?"
)
_DVC_MD5: Final = re.compile(r"^\s*-?\s*md5:\s*([0-9a-f]{32}(?:\.dir)?)\s*$", re.MULTILINE)
_DVC_SIZE: Final = re.compile(r"^\s*-?\s*size:\s*(\d{1,18})\s*$", re.MULTILINE)
_NOT_WEIGHTS: Final = frozenset({".dvc", ".sig", ".md", ".txt", ".pdf", ".yaml", ".yml", ".lock", ".sql"})
_DOCUMENTS: Final = frozenset({"metadata.json", "MLmodel", "golden_cases.json", "cases.json"})
_FOLDERS_OF_DOCUMENTS: Final = frozenset({"prompts", "sql", "queries"})
"""Told as what they are: that another prompt is another artifact as well would say the same twice."""


class State(NamedTuple):
    """One state of one file: a file that was written again has another."""

    path: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The bytes of a version, as far as they are known."""

    path: Path
    digest: str | Unknown
    size_bytes: int | Unknown
    is_present: bool
    """False: only a pointer of Git LFS or DVC lies here; the bytes were not fetched."""


class DigestCache:
    """SHA-256 by the state of a file. One thread at a time works on a file; several may share the cache."""

    def __init__(self, boottime: Callable[[], float]) -> None:
        self._boottime = boottime
        self._done: dict[State, str] = {}
        self._begun: dict[State, tuple[Any, int]] = {}
        """Hashers of large files, and how far they are."""
        self.bytes_hashed = 0
        """In all, since the start."""

    def digest(self, path: Path, root: Path, until: float, stop: threading.Event) -> str | Unknown:
        """Return the SHA-256 in hexadecimal; unknown when the time (`until`, boot time) did not suffice.

        The next call goes on where this one ended. Raises `OSError` or `Unsuitable`.
        """
        with os.fdopen(open_inside(path, root), "rb", buffering=0) as file:
            state = _state(str(path), file.fileno())
            if state in self._done:
                return self._done[state]
            hasher, offset = self._begun.pop(state, None) or (hashlib.sha256(), 0)
            file.seek(offset)
            while chunk := file.read(_CHUNK_BYTES):
                hasher.update(chunk)
                offset += len(chunk)
                self.bytes_hashed += len(chunk)
                if stop.is_set() or self._boottime() > until:
                    _remember(self._begun, state, (hasher, offset))
                    return UNKNOWN
            if _state(str(path), file.fileno()) != state:
                return UNKNOWN  # it was written while we read: the next call looks again
        _remember(self._done, state, hasher.hexdigest())
        return self._done[state]


def weights_of(version: Path, root: Path, cache: DigestCache, until: float, stop: threading.Event) -> Weights | None:
    """Return what is known of a version's bytes; None when there are none. Raises `OSError` or `Unsuitable`."""
    files = _weight_files(version)
    if not files:
        pointers = sorted(version.glob("*.dvc"))
        return _of_dvc(pointers[0], root) if pointers else None
    found = [_of_file(path, root, cache, until, stop) for path in files]
    if len(found) == 1:
        return found[0]
    sizes = [weights.size_bytes for weights in found if not isinstance(weights.size_bytes, Unknown)]
    return Weights(
        path=version,
        digest=_of_all(version, found),
        size_bytes=sum(sizes) if len(sizes) == len(found) else UNKNOWN,
        is_present=all(weights.is_present for weights in found),
    )


def _of_all(version: Path, found: Sequence[Weights]) -> str | Unknown:
    """Return one digest over the names and digests of several files."""
    manifest = hashlib.sha256()
    for weights in found:
        if isinstance(weights.digest, Unknown):
            return UNKNOWN
        manifest.update(f"{weights.path.relative_to(version).as_posix()}\0{weights.digest}\n".encode())
    return f"sha256-of-{len(found)}-files:{manifest.hexdigest()}"


def _of_file(path: Path, root: Path, cache: DigestCache, until: float, stop: threading.Event) -> Weights:
    descriptor = open_inside(path, root)
    try:
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if size <= _LARGEST_POINTER and (pointer := _LFS.fullmatch(read_text(path, root, _LARGEST_POINTER))):
        return Weights(path, f"sha256:{pointer['oid']}", int(pointer["size"]), is_present=False)
    digest = cache.digest(path, root, until, stop)
    return Weights(path, digest if isinstance(digest, Unknown) else f"sha256:{digest}", size, is_present=True)


def _of_dvc(path: Path, root: Path) -> Weights:
    """Return what a DVC pointer says; a directory's digest ends in `.dir`."""
    text = read_text(path, root, 65_536)
    digest, size = _DVC_MD5.search(text), _DVC_SIZE.search(text)
    if digest is None:
        raise Unsuitable(f"{path.name} names no md5")
    return Weights(path.with_suffix(""), f"md5:{digest[1]}", int(size[1]) if size else UNKNOWN, is_present=False)


def _weight_files(version: Path) -> list[Path]:
    """Return `model.*`, or, where there is none, every file that is no document."""
    named = sorted(path for path in version.glob("model.*") if path.suffix not in _NOT_WEIGHTS and path.is_file())
    return named or sorted(_others(version))


def _others(version: Path) -> Iterator[Path]:
    count = 0
    for directory, directories, names in os.walk(version, followlinks=False):
        directories[:] = sorted(name for name in directories if not name.startswith((".", "__")))
        if Path(directory) == version:
            directories[:] = [name for name in directories if name not in _FOLDERS_OF_DOCUMENTS]
        for name in sorted(names):
            path = Path(directory, name)
            if name.startswith(".") or name in _DOCUMENTS or path.suffix in _NOT_WEIGHTS or not path.is_file():
                continue
            count += 1
            if count > _MOST_FILES:
                raise Unsuitable(f"it has more than {_MOST_FILES} files")
            yield path


def _state(path: str, descriptor: int) -> State:
    facts = os.fstat(descriptor)
    return State(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)


def _remember(memory: dict[State, Any], state: State, value: object) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.pop(next(iter(memory)))
    memory[state] = value
