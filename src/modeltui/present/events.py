"""What was seen to change, newest first: the tail under the fleet."""

from __future__ import annotations

from modeltui.domain.fleet import Change, ChangeKind, Fleet
from modeltui.domain.names import Instant, Missing
from modeltui.present import words
from modeltui.present.format import clock_time
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

_AT_ONCE_SECONDS = 10.0
_MANY = 4
"""So many targets that change alike in one moment have one cause: a source that went or came back."""


def event_lines(fleet: Fleet, most: int, glyphs: Glyphs) -> list[Line]:
    """Return at most `most` lines of changes, newest first; what happened to many targets at once is one line."""
    return [line for _, line in _changes(fleet, most, glyphs)]


def tail_lines(fleet: Fleet, most: int, glyphs: Glyphs) -> list[Line]:
    """Return at most `most` lines, newest first: what was seen to change, and what was done about it."""
    if isinstance(fleet.journal, Missing):
        return event_lines(fleet, most, glyphs)
    from modeltui.present.journal_text import journal_line, told_in_tail  # who reads no journal loads nothing of it

    done = [(record.entry.at, journal_line(record)) for record in told_in_tail(fleet.journal, most)]
    told = sorted([*_changes(fleet, most, glyphs), *done], key=lambda one: -one[0])
    return [line for _, line in told[:most]]


def _changes(fleet: Fleet, most: int, glyphs: Glyphs) -> list[tuple[Instant, Line]]:
    del glyphs
    found = [
        (change, str(key))
        for key, target in fleet.targets.items()
        if target.changes
        for change in target.changes[-most:]
    ]
    groups: dict[tuple[str, str, str, int], list[tuple[Change, str]]] = {}
    for change, key in found:
        moment = int(change.at // _AT_ONCE_SECONDS)
        together = (change.kind.value, str(change.before), str(change.after), moment)
        groups.setdefault(together, []).append((change, key))
    told: list[tuple[Change, str]] = []
    for group in groups.values():
        newest = max(group, key=lambda one: one[0].at)[0]
        told += [(newest, f"{len(group)} targets")] if len(group) >= _MANY else group
    told.sort(key=lambda one: (-one[0].at, one[1]))
    return [(change.at, _line(change, who)) for change, who in told[:most]]


def _line(change: Change, who: str) -> Line:
    bad = change.kind is ChangeKind.LEVEL and change.after in ("BREACH", "WARN")
    tone = (Tone.BREACH if change.after == "BREACH" else Tone.WARN) if bad else Tone.PLAIN
    return (
        Span(f" {clock_time(change.at)}Z  ", Tone.MUTED),
        Span(f"{who}  "),
        Span(words.change_words(change), tone),
    )
