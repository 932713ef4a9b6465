"""What git prints of its objects, as values: bytes stay bytes, for paths and contents may be anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MODE_LINK: Final = "120000"
MODE_REPOSITORY: Final = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a tree."""

    mode: str
    oid: str
    path: str
    """As the tree has it; bytes that are no UTF-8 are kept as surrogates, so that it is not safe to show."""

    @property
    def is_file(self) -> bool:
        """Tell whether it is a file, and not a link or another repository."""
        return self.mode not in (MODE_LINK, MODE_REPOSITORY)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a commit."""

    entries: tuple[Entry, ...]
    is_cut: bool
    """There are more than were read."""


@dataclass(frozen=True, slots=True)
class Found:
    """One object that was asked for."""

    oid: str
    kind: str
    """`blob`, `commit`, `tag`, `tree`; `missing` when it is not here."""
    size_bytes: int = 0
    content: bytes | None = None
    """None when it is missing, or larger than was asked for."""


def entries_in(printed: bytes) -> list[Entry]:
    """Return the files in what `git ls-tree -r -z` printed; one cut short is left out."""
    entries = []
    for record in printed.split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        mode, _, rest = facts.decode("ascii", "replace").partition(" ")
        entries.append(Entry(mode, rest.partition(" ")[2], path.decode("utf-8", "surrogateescape")))
    return entries


def checked_in(printed: bytes, asked: list[str]) -> dict[str, Found]:
    """Return what `git cat-file --batch-check` printed, by what was asked for."""
    found = {}
    for name, line in zip(asked, printed.decode("utf-8", "replace").splitlines(), strict=False):
        parts = line.rsplit(" ", 2)
        if len(parts) == 3 and parts[2].isdecimal():
            found[name] = Found(parts[0], parts[1], int(parts[2]))
    return {name: found.get(name, Found("", "missing")) for name in asked}


def contents_in(printed: bytes) -> dict[str, Found]:
    """Return what `git cat-file --batch` printed, by object id; what was cut short is left out."""
    found: dict[str, Found] = {}
    position = 0
    while (end := printed.find(b"\n", position)) >= 0:
        parts = printed[position:end].decode("ascii", "replace").split(" ")
        position = end + 1
        if len(parts) != 3 or not parts[2].isdecimal():
            continue  # `… missing`
        size = int(parts[2])
        content = printed[position : position + size]
        if len(content) == size:
            found[parts[0]] = Found(parts[0], parts[1], size, content)
        position += size + 1
    return found
