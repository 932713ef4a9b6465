"""Opens what lies in the folder, and nothing that only looks so."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modeltui.domain.errors import BackendRefused, BackendUnavailable

MOST_TEXT_BYTES: Final = 1 << 20


class Unsuitable(Exception):  # noqa: N818 - it says what the file is
    """The file is there and will not be read; the message says why."""


def open_inside(path: Path, root: Path) -> int:
    """Return a descriptor for a regular file whose real place is below `root` (itself real).

    A link may lead to another file of the folder (a shared store of weights), never out of it; pipes and devices are
    not opened. Raises `FileNotFoundError`, `Unsuitable`, or another `OSError`.
    """
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(root):
        raise Unsuitable("it is a link that leads out of the folder")
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unsuitable("it is not a regular file")
    return descriptor


def read_text(path: Path, root: Path, most_bytes: int = MOST_TEXT_BYTES) -> str:
    """Return a small text file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    try:
        with os.fdopen(open_inside(path, root), "rb") as file:
            raw = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unsuitable(reason(error)) from error
    if len(raw) > most_bytes:
        raise Unsuitable(f"it is larger than {most_bytes // 1024} KiB")
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def read_json(path: Path, root: Path) -> Any:
    """Return what is in a JSON file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    text = read_text(path, root)
    try:
        # The standard library, because it reads the bare NaN that Python's own json.dump writes into metrics.
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unsuitable(f"it is not JSON{where}") from error


def read_object(path: Path, root: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    whole = read_json(path, root)
    if not isinstance(whole, dict):
        raise Unsuitable("it is not a JSON object")
    return whole


def reason(error: OSError) -> str:
    """Return the reason of the operating system in lower case, without the path."""
    return (error.strerror or type(error).__name__).lower()


def translated(source: str, path: Path, error: OSError) -> BackendUnavailable | BackendRefused:
    """Return what a failure to list a directory means for the operator."""
    said = f"{source}: {path} cannot be read: {reason(error)}"
    if isinstance(error, PermissionError):
        return BackendRefused(said, "Give the account that runs this program permission to read and enter it.")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return BackendUnavailable(said, "Correct path, or mount what should be there; it is looked for again.")
    return BackendUnavailable(said, "See whether the disk or network share works; it is asked again by itself.")
