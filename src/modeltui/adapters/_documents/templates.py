"""Paths that are made of a model's and a version's name, and never lead anywhere else."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN: Final = frozenset({"model", "version"})
_LONGEST_NAME: Final = 255


def check_template(template: str) -> None:
    """Raise `ValueError` when `template` is absolute, leads upwards or has a name in braces that nobody fills."""
    if unknown := [name for name in _PLACEHOLDER.findall(template) if name not in _KNOWN]:
        raise ValueError(f"{{{unknown[0]}}} is not known; use {{model}} and {{version}}")
    if not template or template.startswith(("/", "~")) or ".." in PurePosixPath(template).parts:
        raise ValueError(f"{template!r} is not a path below the folder")


def filled(template: str, model: str, version: str) -> Path | None:
    """Return the path of a version relative to the folder; None when its names can stand in no path.

    A model's name may have slashes (`acme/fraud`): they are folders.
    """
    names = {"model": model, "version": version}
    text = _PLACEHOLDER.sub(lambda found: names[found[1]], template)
    parts = text.split("/")
    if any(part in {"", ".", ".."} or "\0" in part or len(part.encode()) > _LONGEST_NAME for part in parts):
        return None
    return Path(*parts)
