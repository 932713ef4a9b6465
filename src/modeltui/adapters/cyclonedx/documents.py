"""Finds the documents of a version: at its place, or among all that lie below the folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final, NamedTuple

from modeltui.adapters._documents.files import MEBIBYTE, Unsuitable, read_bytes, reason
from modeltui.adapters._documents.look import text_at
from modeltui.adapters.cyclonedx.component import Bill, chosen, read_bill, version_of

MOST_BYTES: Final = 64 * MEBIBYTE
"""50 000 components take about 30 MB."""
_MOST_FILES: Final = 5_000
_MOST_LISTED: Final = 200_000


class State(NamedTuple):
    """One state of one file: a file that was written again has another."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Heading:
    """What a document is about, kept so that it need not be read again."""

    state: State
    models: frozenset[tuple[str, str, str]]
    """Group, name and version of each model in it."""
    trouble: str = ""
    """Why it cannot be read; not yet safe to show."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and the component that is the version."""

    place: str
    """The path below the folder; not yet safe to show."""
    bill: Bill
    model: Any


class Documents:
    """All documents below a folder. For several threads; each is read only when it has changed."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns
        self._headings: dict[str, Heading] = {}
        self._lock = threading.Lock()

    def at_place(self, root: Path, relative: Path, model: str, version: str) -> Found:
        """Return the document at the version's place; raise `FileNotFoundError`, `Unsuitable` or `ValueError`."""
        bill = read_bill(read_bytes(root / relative, root, MOST_BYTES))
        return Found(str(relative), bill, chosen(bill, model, version, by_place=True))

    def about(self, root: Path, model: str, version: str, besides: Path | None) -> Iterator[Found]:
        """Yield the scanned documents that name a version, in the order of their paths."""
        for path, heading in self.headings(root).items():
            if besides is not None and path == str(besides):
                continue
            if not any(version == own and model in {name, f"{group}/{name}"} for group, name, own in heading.models):
                continue
            try:
                bill = read_bill(read_bytes(root / path, root, MOST_BYTES))
            except (FileNotFoundError, Unsuitable, ValueError):
                continue  # it changed since it was listed: the next look sees what became of it
            component = chosen(bill, model, version, by_place=False)
            if component is not None:
                yield Found(path, bill, component)

    def headings(self, root: Path) -> dict[str, Heading]:
        """Return what each document that matches the patterns is about, by its path below the folder."""
        with self._lock:
            seen = {}
            for path in sorted(self._paths(root)):
                seen[path] = self._heading(root, path)
            self._headings = seen
            return dict(seen)

    def _paths(self, root: Path) -> Iterator[str]:
        left, files = _MOST_LISTED, _MOST_FILES
        for directory, directories, names in os.walk(root, followlinks=False) if self._patterns else ():
            directories[:] = sorted(name for name in directories if not name.startswith("."))
            for name in names:
                left -= 1
                path = str(Path(directory, name).relative_to(root))
                if any(fnmatch(path, pattern) or fnmatch(name, pattern) for pattern in self._patterns):
                    files -= 1
                    yield path
                if left <= 0 or files <= 0:
                    return

    def _heading(self, root: Path, path: str) -> Heading:
        try:
            facts = (root / path).stat()
        except OSError as error:
            return Heading(State(0, 0, 0), frozenset(), reason(error))
        state = State(facts.st_size, facts.st_mtime_ns, facts.st_ino)
        known = self._headings.get(path)
        if known is not None and known.state == state:
            return known
        try:
            bill = read_bill(read_bytes(root / path, root, MOST_BYTES))
        except FileNotFoundError:
            return Heading(state, frozenset(), "it is gone")
        except (Unsuitable, ValueError) as error:
            return Heading(state, frozenset(), str(error))
        models = ((text_at(one, "group"), text_at(one, "name"), version_of(one)) for one in bill.models)
        return Heading(state, frozenset(models))
