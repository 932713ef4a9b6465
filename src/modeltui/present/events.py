"""What was seen to change, newest first: the tail under the fleet."""

from __future__ import annotations

from modeltui.domain.fleet import ChangeKind, Fleet
from modeltui.present import words
from modeltui.present.format import clock_time
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone


def event_lines(fleet: Fleet, most: int, glyphs: Glyphs) -> list[Line]:
    """Return at most `most` changes of all targets, newest first."""
    del glyphs
    found = [
        (change.at, str(key), change)
        for key, target in fleet.targets.items()
        if target.changes
        for change in target.changes[-most:]
    ]
    found.sort(key=lambda one: (-one[0], one[1]))
    lines: list[Line] = []
    for at, key, change in found[:most]:
        bad = change.kind is ChangeKind.LEVEL and change.after in ("BREACH", "WARN")
        tone = (Tone.BREACH if change.after == "BREACH" else Tone.WARN) if bad else Tone.PLAIN
        lines.append(
            (Span(f" {clock_time(at)}Z  ", Tone.MUTED), Span(f"{key}  "), Span(words.change_words(change), tone))
        )
    return lines
