"""Which files of a commit tell something of a version, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.yaml_text import parse_yaml
from modeltui.adapters._git import MEBIBYTE, Entry, Repository, shown_path

T = TypeVar("T")

MOST_FILE_BYTES: Final = MEBIBYTE
"""Larger files are not even copied from elsewhere."""
_MOST_BYTES: Final = 24 * MEBIBYTE
_NUMBER: Final = re.compile(r"[+-]?(?:\d+|\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TOML: Final = ".toml"
_TOML_LOCKS: Final = frozenset({"uv.lock", "poetry.lock", "pdm.lock"})
_LONGEST_NUMBER: Final = 300
_NOT_FINITE: Final = {".nan": "nan", ".inf": "inf", "-.inf": "-inf", "+.inf": "inf"}


class Unsuitable(Exception):  # noqa: N818 - it says what the file is
    """The file is there and tells nothing; the message says why."""


@dataclass
class Files:
    """The files of one commit below one folder, by their paths from there; their contents as far as they were read."""

    repository: Repository
    folder: str
    """Empty, or ends in a slash."""
    entries: dict[str, Entry]
    is_cut: bool
    """There are more files than were listed."""
    _contents: dict[str, bytes | str] = field(default_factory=dict)
    """By object: its bytes, or why there are none."""
    _sizes: dict[str, int] = field(default_factory=dict)

    def __contains__(self, path: str) -> bool:
        return path in self.entries

    def holds(self, path: str) -> bool:
        """Tell whether git holds a path: a file, or a folder with files."""
        return path in self.entries or any(one.startswith(f"{path.rstrip('/')}/") for one in self.entries)

    def matching(self, pattern: re.Pattern[str], most: int) -> list[str]:
        """Return the paths that match wholly, sorted."""
        return sorted(path for path, entry in self.entries.items() if pattern.fullmatch(path) and entry.is_file)[:most]

    def first(self, *paths: str) -> str | None:
        """Return the first of these paths that is there, whatever the case of its letters."""
        folded = {path.lower(): path for path in self.entries}
        return next((folded[path.lower()] for path in paths if path.lower() in folded), None)

    async def read(self, paths: Iterable[str]) -> None:
        """Read these files, as far as they are there and small; in two processes of git."""
        wanted = {entry.oid: entry for path in paths if (entry := self.entries.get(path)) is not None}
        left = [oid for oid, entry in wanted.items() if entry.is_file and oid not in self._contents]
        found = await self.repository.contents(left, MOST_FILE_BYTES, _MOST_BYTES)
        for oid, one in found.items():
            if one.kind != "missing":
                self._sizes[oid] = one.size_bytes
            if one.content is not None:
                self._contents[oid] = one.content
            elif one.kind == "missing":
                self._contents[oid] = "it was not copied: it is too large, or gone"
            else:
                self._contents[oid] = f"it is larger than {MOST_FILE_BYTES // MEBIBYTE} MiB"

    def size_bytes(self, path: str) -> int | None:
        """Return how large a file is that was asked for; None when it is not here."""
        return self._sizes.get(self.entries[path].oid)

    def raw(self, path: str) -> bytes:
        """Return what is in a file that was read; raise `Unsuitable` with the reason."""
        entry = self.entries.get(path)
        if entry is None:
            raise Unsuitable("it is not there")
        if not entry.is_file:
            raise Unsuitable("it is a link, which is not followed")
        content = self._contents.get(entry.oid, "it was not read")
        if isinstance(content, str):
            raise Unsuitable(content)
        return content

    def text(self, path: str) -> str:
        """Return the text of a file that was read; raise `Unsuitable` with the reason."""
        raw = self.raw(path).removeprefix(b"\xef\xbb\xbf")
        if b"\0" in raw[:8_000]:
            raise Unsuitable("it is no text")
        return raw.decode("utf-8", "replace")

    def document(self, path: str) -> Any:
        """Return what a JSON, YAML or TOML file that was read says; raise `Unsuitable` with the reason.

        All values of YAML are text, as they were written: `1.10` may be a version, `00123e4` a digest.
        """
        name = PurePosixPath(path).name.lower()
        try:
            match _TOML if name in _TOML_LOCKS else ".json" if name == "pipfile.lock" else PurePosixPath(name).suffix:
                case ".json":
                    return parse_json(self.raw(path).removeprefix(b"\xef\xbb\xbf"))
                case ".py":
                    raise Unsuitable("it is Python, which is not run")
                case ".toml":
                    import tomllib

                    return tomllib.loads(self.text(path))
                case _:
                    text = self.text(path)
                    return parse_yaml(text, follows_aliases=True) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Unsuitable(str(error) or "it cannot be read") from error

    def told(self, paths: Iterable[str], make: Callable[[str], T]) -> Iterator[tuple[str, T | Unsuitable]]:
        """Yield what is made of each file, or why nothing could be."""
        for path in paths:
            try:
                yield path, make(path)
            except Unsuitable as error:
                yield path, Unsuitable(f"{shown_path(path)}: {error}")


async def files_of(repository: Repository, commit: str, folder: str) -> Files:
    """Return the files of a commit below a folder; raises `BackendError`."""
    listing = await repository.files(commit, folder)
    entries = {entry.path.removeprefix(folder): entry for entry in listing.entries if entry.path.startswith(folder)}
    return Files(repository, folder, entries, listing.is_cut)


def with_numbers(value: Any) -> Any:
    """Return YAML's texts as the numbers that they spell, wherever they do."""
    if isinstance(value, dict):
        return {key: with_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_numbers(inner) for inner in value]
    if not isinstance(value, str):
        return value
    if value.lower() in _NOT_FINITE:
        return _NOT_FINITE[value.lower()]
    return float(value) if len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value) else value
