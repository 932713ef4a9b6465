"""JSON that stands in a column."""

from __future__ import annotations

import json
from typing import Any

from modeltui.adapters.sql_registry.tables import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def parsed(text: str) -> Any:
    """Return what JSON says; raise `ValueError` with the reason when it is none."""
    try:
        # The standard library, because it reads the bare NaN that Python's own json.dumps writes.
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None


def object_in(value: object) -> Mapping[str, Any] | list[Any]:
    """Return the object or list in a column, which is empty where there is none; a plain word is a list of one."""
    text = text_of(value).strip()
    if not text:
        return {}
    try:
        found = parsed(text)
    except ValueError:
        return [text]
    return found if isinstance(found, dict | list) else [text]
