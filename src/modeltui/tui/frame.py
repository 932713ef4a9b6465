"""What is on the fleet screen, as rows that the next start can draw before anything is imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from modeltui.tui.theme_file import ThemeSpec

FrameRows: TypeAlias = Sequence[Sequence[tuple[str, str]]]
"""Rows from the second of the screen on; each is cells of (text, tone)."""


def colourless_looks(theme: ThemeSpec) -> dict[str, str]:
    """Return the SGR parameters of every tone of a theme, without its colours."""
    codes = {"1": "bold", "2": "dim", "4": "underline", "7": "reverse"}
    return {
        tone.value: ";".join(code for code, quality in codes.items() if getattr(style, quality))
        for tone, style in theme.tones.items()
    }
