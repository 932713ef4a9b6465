"""One piece of data, or of anything else that DVC keeps track of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that went into a stage, or came out of it, at one moment."""

    path: str
    digest: str = ""
    """`md5:…`; empty when none was written down."""
    size_bytes: int | None = None
    files: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """What people noted beside it: `meta`, `desc`."""
    origin: str = ""
    """Where it was imported from."""
