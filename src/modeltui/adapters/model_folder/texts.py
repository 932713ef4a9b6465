"""Texts beside a model that people compare: prompts, and the queries that extracted its data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from modeltui.adapters._documents.files import Unsuitable
from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.adapters._documents.values import LONG_TEXT
from modeltui.adapters.model_folder.files import read_text
from modeltui.domain.lineage import Table
from modeltui.domain.text import SafeText, safe_text

_PROMPT_ENDINGS: Final = frozenset(
    {"", ".txt", ".md", ".prompt", ".tmpl", ".j2", ".jinja", ".jinja2", ".yaml", ".yml", ".json"}
)
_QUERY_FOLDERS: Final = ("", "sql", "queries")
_MOST_FILES: Final = 200
_MOST_LISTED: Final = 2_000


def prompts_in(version: Path, root: Path) -> Table:
    """Return the texts in `prompts/` by their names without the ending; raises `Unsuitable`."""
    paths = [path for path in _files(version / "prompts", deep=True) if path.suffix.lower() in _PROMPT_ENDINGS]
    names = [path.relative_to(version / "prompts").with_suffix("").as_posix() for path in paths]
    found: dict[SafeText, SafeText] = {}
    for path, name in zip(paths, names, strict=True):
        is_only = names.count(name) == 1
        shown = name if is_only else path.relative_to(version / "prompts").as_posix()
        found[safe_text(shown)] = whole_text(_read(path, version, root).strip("\r\n"), LONG_TEXT, shown)
    return found


def queries_in(version: Path, root: Path) -> tuple[SafeText, ...]:
    """Return the lines of all SQL files, each file below its name when there are several; raises `Unsuitable`."""
    paths = [
        path
        for folder in _QUERY_FOLDERS
        for path in _files(version / folder, deep=False)
        if path.suffix.lower() == ".sql"
    ]
    found: list[SafeText] = []
    for path in paths:
        if len(paths) > 1:
            found.append(safe_text(f"-- {path.relative_to(version).as_posix()}"))
        found += text_lines(_read(path, version, root).strip("\r\n"))
    return tuple(found)


def query_names(version: Path) -> frozenset[str]:
    """Return how metadata may name a SQL file instead of quoting it."""
    return frozenset(
        name
        for folder in _QUERY_FOLDERS
        for path in _files(version / folder, deep=False)
        if path.suffix.lower() == ".sql"
        for name in (path.name, path.relative_to(version).as_posix())
    )


def _read(path: Path, version: Path, root: Path) -> str:
    try:
        return read_text(path, root)
    except Unsuitable as error:
        raise Unsuitable(f"{path.relative_to(version).as_posix()}: {error}") from error


def _files(folder: Path, *, deep: bool) -> list[Path]:
    found = sorted(islice(_listed(folder, deep), _MOST_LISTED))
    if len(found) > _MOST_FILES:
        raise Unsuitable(f"{folder.name} has more than {_MOST_FILES} files")
    return found


def _listed(folder: Path, deep: bool) -> Iterator[Path]:
    for directory, directories, names in os.walk(folder, followlinks=False):
        directories[:] = sorted(name for name in directories if deep and not name.startswith((".", "__")))
        for name in sorted(names):
            if not name.startswith(".") and Path(directory, name).is_file():
                yield Path(directory, name)
