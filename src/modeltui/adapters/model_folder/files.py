"""Reads the small files beside a model: texts, and JSON as Python writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modeltui.adapters._documents.files import MEBIBYTE, Unsuitable, read_bytes


def read_text(path: Path, root: Path, most_bytes: int = MEBIBYTE) -> str:
    """Return a small text file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    return read_bytes(path, root, most_bytes).decode("utf-8", "replace")


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
