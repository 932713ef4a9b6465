"""A piece of text with a meaning; a line is several of them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from modeltui.present.tone import Tone


class Span(NamedTuple):
    """Text and tone; faces decide what a tone looks like."""

    text: str
    tone: Tone = Tone.PLAIN


Line: TypeAlias = tuple[Span, ...]


def plain(line: Line) -> str:
    """Return the text of a line alone."""
    return "".join(span.text for span in line)
