"""What kind of file system a path lies on, as the kernel says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText, safe_text

_MOUNTS: Final = Path("/proc/self/mountinfo")


def file_system_of(path: Path, mounts: Path = _MOUNTS) -> SafeText | Unknown:
    """Return the kind of file system that `path` lies on, or would: `ext4`, `nfs4`; unknown where nobody tells."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
        place = _parts(str(path.resolve()))
    except (OSError, RuntimeError):
        return UNKNOWN
    longest, found = -1, ""
    for line in text.splitlines():
        # ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [TAGS …] - KIND SOURCE OPTIONS
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or not kinds[0]:
            continue
        mount = _parts(_plain(fields[4]))
        if place[: len(mount)] == mount and len(mount) >= longest:  # a later one covers an earlier one
            longest, found = len(mount), kinds[0]
    return safe_text(found) if found else UNKNOWN


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _plain(field: str) -> str:
    """Return a path of the list without its escapes: blanks, tabs, line ends and backslashes."""
    for escape, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(escape, plain)
    return field
