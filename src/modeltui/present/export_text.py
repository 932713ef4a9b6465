"""The command lines by which something leaves a screen: safe to paste, and about the very same thing."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone


def export_lines(what: str, commands: Sequence[str]) -> list[Line]:
    """Return the page that says how something is exported."""
    says = f"  {what} leaves by the command line, so that it can go to a file of your choice:"
    return [
        (Span("Export", Tone.TITLE),),
        (Span(says),),
        (),
        *((Span(f"  {command}", Tone.STRONG),) for command in commands),
    ]


def command_line(options: Sequence[str], *words: str) -> str:
    """Return a command of this program for a shell: names come from backends, so no word of theirs can be code."""
    return shlex.join(["modeltui", *options, *words])
