"""What is in the folder: models, their versions, and the links that point at them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Final

_VERSION_NAME: Final = re.compile(r"[vV]?\d[\w.+-]*")
_MARKS: Final = ("metadata.json", "requirements.txt", "MLmodel")
_MODELS_LOOKED_AT: Final = 20
"""Directories that are looked into to find out whether the root is itself one model."""
_MOST_LINKS: Final = 16
_MOST_ENTRIES: Final = 100_000


class Layout(Enum):
    """How the folder is arranged."""

    AUTO = "auto"
    """`one-model` when the root's own directories are versions, else `many-models`."""
    ONE_MODEL = "one-model"
    """`models/v1.1/…`"""
    MANY_MODELS = "many-models"
    """`models/fraud-detector/v1.1/…`"""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """One model on disk."""

    name: str
    """As on disk, not yet safe to show."""
    path: Path
    versions: tuple[str, ...]
    """Names of its version directories."""
    links: tuple[tuple[str, str], ...]
    """Names of links, and the version directories that they lead to."""
    troubles: tuple[str, ...]
    """Links that lead nowhere, or out of the model; not yet safe to show."""


def model_paths(root: Path, layout: Layout, own_name: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and directory of each model in `root`, sorted; raises `OSError`."""
    if layout is Layout.ONE_MODEL or (layout is Layout.AUTO and is_one_model(root)):
        yield own_name or root.name, root
        return
    for entry in _listed(root):
        if entry.is_dir(follow_symlinks=False):
            yield entry.name, Path(entry.path)


def links_out(root: Path) -> Iterator[str]:
    """Yield the names of links in `root`: models that are links are not followed."""
    yield from (entry.name for entry in _listed(root) if entry.is_symlink())


def is_one_model(root: Path) -> bool:
    """Tell whether the directories in `root` are versions rather than models."""
    directories = (entry for entry in _listed(root) if entry.is_dir(follow_symlinks=False))
    return any(_is_version_by_itself(entry) for entry in islice(directories, _MODELS_LOOKED_AT))


def read_model(name: str, path: Path) -> ModelFolder:
    """Return one model; raises `OSError` when its directory cannot be listed."""
    entries = _listed(path)
    versions = tuple(entry.name for entry in entries if _is_version(entry))
    links: list[tuple[str, str]] = []
    troubles: list[str] = []
    for entry in entries:
        if not entry.is_symlink():
            continue
        target, trouble = _followed(path, entry.name, frozenset(versions))
        links += [(entry.name, target)] if target else []
        troubles += [f"{name}: the link {entry.name} {trouble}"] if trouble else []
    return ModelFolder(name, path, versions, tuple(links), tuple(troubles))


def _followed(model: Path, link: str, versions: frozenset[str]) -> tuple[str, str]:
    """Return the version that a link leads to, or why it leads to none; both empty for a link to a file."""
    name, seen = link, {link}
    real_model = os.path.realpath(model)
    for _ in range(_MOST_LINKS):
        try:
            target = str((model / name).readlink())
        except OSError:
            return "", f"cannot be followed at {name}"
        whole = os.path.normpath(os.path.join(model, target))  # noqa: PTH118 - pathlib would not normalise
        parent, name = os.path.split(whole)
        if os.path.realpath(parent) != real_model:
            return "", f"leads out of the model, to {target}; it is not followed"
        if name in versions:
            return name, ""
        if name in seen:
            return "", "leads in a circle"
        seen.add(name)
        if not (model / name).is_symlink():
            return "", "" if (model / name).is_file() else f"points at {name}, which is not there"
    return "", f"passes more than {_MOST_LINKS} other links"


def _is_version(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    return _VERSION_NAME.fullmatch(entry.name) is not None or _has_marks(_listed_or_nothing(entry.path))


def _is_version_by_itself(entry: os.DirEntry[str]) -> bool:
    """Tell whether a directory is a version although nobody said that its parent is a model."""
    inside = _listed_or_nothing(entry.path)
    has_directories = any(inner.is_dir(follow_symlinks=False) for inner in inside)
    return _has_marks(inside) and (not has_directories or _VERSION_NAME.fullmatch(entry.name) is not None)


def _has_marks(entries: Iterable[os.DirEntry[str]]) -> bool:
    return any(entry.name in _MARKS or entry.name.startswith("model.") for entry in entries)


def _listed(path: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        visible = (entry for entry in entries if not entry.name.startswith((".", "__")))
        return sorted(islice(visible, _MOST_ENTRIES), key=lambda entry: entry.name)


def _listed_or_nothing(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        return _listed(path)
    except OSError:
        return []
