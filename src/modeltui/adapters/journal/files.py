"""The system calls of the journal, one method each, so that tests can make every one of them fail or be the last."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

LOCK_SECONDS = 2.0
"""Longer than any append takes, shorter than an operator waits."""
RESERVE_BYTES: Final = 1 << 20
"""Given back to a full disk: room for the last records of an action that is under way."""
PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
CLOSED_FILE: Final = 0o400
_FLAGS: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""A link could lead anywhere, and a pipe would wait for ever."""


class Files:
    """What the operating system does for the journal. Every method raises `OSError`."""

    tightens: ClassVar[bool] = True
    """Whether a file that others may read or write is made private when it is opened to append."""

    def make_directory(self, path: Path) -> None:
        """Make a directory that only its owner enters, or make it so."""
        path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(PRIVATE_DIRECTORY)

    def open_to_append(self, path: Path, *, create: bool = False) -> int:
        """Open a file to read and append; with `create` one that must not be there yet."""
        flags = os.O_RDWR | os.O_APPEND | _FLAGS | (os.O_CREAT | os.O_EXCL if create else 0)
        descriptor = os.open(path, flags, PRIVATE_FILE)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise FileExistsError(errno.EEXIST, "it is not a regular file", str(path))
            if self.tightens and stat.S_IMODE(state.st_mode) & 0o077:
                os.fchmod(descriptor, PRIVATE_FILE)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def close(self, descriptor: int) -> None:
        """Close it."""
        os.close(descriptor)

    def size(self, descriptor: int) -> int:
        """Return how long it is."""
        return os.fstat(descriptor).st_size

    def read(self, descriptor: int, length: int, start: int) -> bytes:
        """Return what stands there; shorter only at the end of the file."""
        parts: list[bytes] = []
        while length > 0 and (part := os.pread(descriptor, length, start)):
            parts.append(part)
            start, length = start + len(part), length - len(part)
        return b"".join(parts)

    def write(self, descriptor: int, line: bytes) -> int:
        """Write in one call; return how much was taken."""
        return os.write(descriptor, line)

    def sync(self, descriptor: int) -> None:
        """Return once it is on the disk."""
        os.fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file."""
        os.ftruncate(descriptor, size)

    def sync_directory(self, path: Path) -> None:
        """Return once the names in it are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def keep(self, path: Path, content: bytes) -> None:
        """Write a whole file that stays."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS, PRIVATE_FILE)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def set_mode(self, path: Path, mode: int) -> None:
        """Change who may do what with it."""
        path.chmod(mode)

    def remove(self, path: Path) -> None:
        """Remove a file; nothing when there is none."""
        path.unlink(missing_ok=True)

    def reserve(self, path: Path) -> None:
        """Hold some room on the disk, when there is room."""
        if path.exists():
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _FLAGS, PRIVATE_FILE)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        except OSError:
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def lock(self, path: Path) -> int:
        """Return the open lock; raises `TimeoutError` when others keep it for two seconds."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, PRIVATE_FILE)
            _lock(descriptor, path)
            # Whoever removed the file meanwhile made two locks of it: only the one with the name counts.
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    return descriptor
            os.close(descriptor)


class FilesElsewhere(Files):
    """The same for a file that belongs to whoever keeps it, who alone says who may read it."""

    tightens = False


def _lock(descriptor: int, path: Path) -> None:
    """Lock what is open there, or close it; raises `OSError`."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait_for_lock(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise


def _wait_for_lock(descriptor: int, path: Path) -> None:
    """Stand in the system's own queue for the lock: who asked again and again would starve in a crowd.

    The system knows no time limit, so a thread stands there; when the time is up it is left behind, and gives back
    what it gets.
    """
    turn = threading.Lock()
    done = threading.Event()
    left_behind = False
    failure: OSError | None = None
    has_lock = False

    def stand() -> None:
        nonlocal failure, has_lock
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            failure = error
        with turn:
            has_lock = failure is None and not left_behind
            if left_behind:
                os.close(descriptor)
            done.set()

    threading.Thread(target=stand, name="modeltui-journal-lock", daemon=True).start()
    done.wait(LOCK_SECONDS)
    with turn:
        if has_lock:
            return
        left_behind = True
        if done.is_set():
            os.close(descriptor)
    raise failure or TimeoutError(errno.ETIMEDOUT, "another process holds it", str(path))


@contextlib.contextmanager
def locked(files: Files, path: Path) -> Iterator[None]:
    """Hold the lock of a journal."""
    descriptor = files.lock(path)
    try:
        yield
    finally:
        files.close(descriptor)


@contextlib.contextmanager
def directory_held(path: Path) -> Iterator[None]:
    """Hold a directory, with no file made for it: it may be one that is only read.

    Raises `OSError`: `TimeoutError` when others keep it for two seconds, others where directories cannot be locked.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    _lock(descriptor, path)
    try:
        yield
    finally:
        os.close(descriptor)


def add_line(files: Files, path: Path, line: bytes) -> None:
    """Append a line to a file and return once it is on the disk; raises `OSError`.

    One before it that a crash left without its end is closed with a line feed first.
    """
    descriptor = _opened_or_made(files, path)
    try:
        size = files.size(descriptor)
        if size and files.read(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if files.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "the disk is full", str(path))
        files.sync(descriptor)
    finally:
        files.close(descriptor)


def _opened_or_made(files: Files, path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return files.open_to_append(path)
    try:
        descriptor = files.open_to_append(path, create=True)
    except FileExistsError:  # by somebody else, just now
        descriptor = files.open_to_append(path)
    files.sync_directory(path.parent)
    return descriptor
