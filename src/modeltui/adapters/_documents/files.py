"""Opens files below a folder, and nothing that only looks so."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable

MEBIBYTE: Final = 1 << 20


class Unsuitable(Exception):  # noqa: N818 - it says what the file is
    """The file is there and will not be read; the message says why."""


def open_inside(path: Path, root: Path) -> int:
    """Return a descriptor for a regular file whose real place is below `root` (itself real).

    Raises `FileNotFoundError`, `Unsuitable`, or another `OSError`. A link that leads out of the folder, a pipe and a
    device are not opened.
    """
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(root):
        raise Unsuitable("it is a link that leads out of the folder")
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unsuitable("it is not a regular file")
    return descriptor


def read_bytes(path: Path, root: Path, most_bytes: int) -> bytes:
    """Return a whole small file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    try:
        with os.fdopen(open_inside(path, root), "rb") as file:
            raw = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(str(path)) from error
    except OSError as error:
        raise Unsuitable(reason(error)) from error
    if len(raw) > most_bytes:
        limit = f"{most_bytes // MEBIBYTE} MiB" if most_bytes >= MEBIBYTE else f"{most_bytes // 1024} KiB"
        raise Unsuitable(f"it is larger than {limit}")
    return raw.removeprefix(b"\xef\xbb\xbf")


def real_folder(source: str, path: Path) -> Path:
    """Return the real place of a folder; raise the `BackendError` that says why there is none."""
    try:
        real = Path(os.path.realpath(path, strict=True))
        if not real.is_dir():
            raise NotADirectoryError(20, "Not a directory")
        os.scandir(real).close()
    except OSError as error:
        raise translated(source, path, error) from error
    return real


def reason(error: OSError) -> str:
    """Return the reason of the operating system in lower case, without the path."""
    return (error.strerror or type(error).__name__).lower()


def translated(source: str, path: Path, error: OSError) -> BackendError:
    """Return what a failure to open a file or folder means for the operator."""
    said = f"{source}: {path} cannot be read: {reason(error)}"
    if isinstance(error, PermissionError):
        return BackendRefused(said, "Give the account that runs this program permission to read and enter it.")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return BackendUnavailable(said, "Correct the path, or mount what should be there; it is looked for again.")
    return BackendUnavailable(said, "See whether the disk or network share works; it is asked again by itself.")
