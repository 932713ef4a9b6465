"""The files on disk beside the manifest: what is as it was signed, and what is not."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modeltui.adapters._documents.files import Unsuitable, read_bytes, reason
from modeltui.adapters._documents.signed_manifest import Manifest
from modeltui.adapters.model_signing.hashing import Hashing

_SPAN: Final = re.compile(r"(?P<path>.+):(?P<begin>\d{1,18}):(?P<end>\d{1,18})")
_LFS: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize \d{1,18}\n?"
)
_LARGEST_POINTER: Final = 1024
_MOST_NAMED: Final = 20
_MOST_LISTED: Final = 100_000


@dataclass(slots=True)
class Compared:
    """What was found; paths are not yet safe to show."""

    total: int
    same: int = 0
    mismatched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """With the reason."""
    unsigned: list[str] = field(default_factory=list)
    """On disk, and not in the manifest."""
    unlisted: list[str] = field(default_factory=list)
    """Folders that could not be looked through, with the reason: what is in them may not be signed."""
    left: int = 0
    """For which the time did not suffice."""

    def sentences(self) -> Iterator[str]:
        """Yield what an operator must know, the worst first."""
        for name, paths in (
            ("hash mismatch for", self.mismatched),
            ("signed and missing on disk:", self.missing),
            ("on disk and not signed:", self.unsigned),
            ("cannot be compared:", self.unread),
            ("not looked through:", self.unlisted),
        ):
            yield from (f"{name} {path}" for path in paths[:_MOST_NAMED])
            if len(paths) > _MOST_NAMED:
                yield f"{name} {len(paths) - _MOST_NAMED} more files"
        if self.left:
            yield f"{self.total - self.left} of {self.total} files compared with the disk so far"
        elif self.same == self.total:
            is_all = not (self.unsigned or self.unlisted)
            yield "all files on disk are as signed" if is_all else "all signed files are as signed"


def compare(
    manifest: Manifest, folder: Path, root: Path, signature: Path, hashing: Hashing, until: float, stop: threading.Event
) -> Compared:
    """Return how the files below `folder` stand to the manifest; `root` is what no link may lead out of."""
    found = Compared(len(manifest.digests))
    signed_files = set()
    for name, digest in manifest.digests.items():
        spanned = _SPAN.fullmatch(name)
        path = folder / (spanned["path"] if spanned else name)
        signed_files.add(path)
        span = (int(spanned["begin"]), int(spanned["end"])) if spanned else None
        _compare_one(name, digest, path, span, root, hashing, until, stop, found)
    found.unsigned = sorted(_unsigned(folder, signed_files, signature, manifest.ignored, found.unlisted))
    return found


def _compare_one(
    name: str,
    digest: str,
    path: Path,
    span: tuple[int, int] | None,
    root: Path,
    hashing: Hashing,
    until: float,
    stop: threading.Event,
    found: Compared,
) -> None:
    algorithm, _, signed = digest.rpartition(":")
    if not hashing.can(algorithm):
        found.unread.append(f"{name}: no {algorithm} here")
        return
    try:
        actual = hashing.digest(path, root, algorithm, span, until, stop)
    except FileNotFoundError:
        found.missing.append(name)
    except Unsuitable as error:
        found.unread.append(f"{name}: {error}")
    except (OSError, ValueError) as error:
        found.unread.append(f"{name}: {reason(error) if isinstance(error, OSError) else 'no such name'}")
    else:
        if actual is None:
            found.left += 1
        elif actual == signed or (span is None and _points_at(path, root) == signed):
            found.same += 1
        else:
            found.mismatched.append(name)


def _points_at(path: Path, root: Path) -> str:
    """Return the digest that a pointer of Git LFS stands for; empty when the file is none."""
    try:
        found = _LFS.fullmatch(read_bytes(path, root, _LARGEST_POINTER))
    except (OSError, Unsuitable):
        return ""
    return found[1].decode() if found else ""


def _unsigned(
    folder: Path, signed: set[Path], signature: Path, ignored: tuple[str, ...], unlisted: list[str]
) -> Iterator[str]:
    """Yield what is on disk and not signed; what could not be looked through is added to `unlisted`."""
    left = _MOST_LISTED
    skipped = {folder / path for path in ignored}
    above = {parent for path in signed for parent in path.parents}

    def note(error: OSError) -> None:
        unlisted.append(f"{os.path.relpath(error.filename, folder)}: {reason(error)}")

    for directory, directories, names in os.walk(folder, onerror=note, followlinks=False):
        directories[:] = [name for name in directories if Path(directory, name) not in skipped]
        # A link to a folder is not followed; nothing below it is looked at, unless it was signed.
        links = [name for name in directories if Path(directory, name).is_symlink()]
        for name in (*names, *(link for link in links if Path(directory, link) not in above)):
            path = Path(directory, name)
            left -= 1
            if left < 0:
                unlisted.append(f"files beyond the first {_MOST_LISTED}")
                return
            if path not in signed and path not in skipped and path != signature:
                yield str(path.relative_to(folder))
