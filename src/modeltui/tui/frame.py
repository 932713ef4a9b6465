"""What is on the fleet screen, as rows that the next start can draw before anything is imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

FrameRows: TypeAlias = Sequence[Sequence[tuple[str, str]]]
"""Rows from the second of the screen on; each is cells of (text, tone)."""
