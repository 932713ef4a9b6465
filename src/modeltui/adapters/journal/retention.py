"""Drops what is older than it has to be kept: whole closed segments, never a record, and never without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modeltui.adapters.journal.appending import Appender
from modeltui.adapters.journal.files import add_line
from modeltui.adapters.journal.segments import (
    HOLD_NAME,
    TOMBSTONES_NAME,
    Segment,
    lines_of,
    month_of,
    segments_of,
)
from modeltui.adapters.journal.tombstones import Tombstone, beginning_of
from modeltui.domain.acting.action import Refusal
from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import ChainStart, ChainVerifier
from modeltui.domain.journal.record import Detail, Entry, RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText, safe_text


def drop_before(appender: Appender, at: Instant, actor: Actor) -> tuple[str, ...] | Refusal:
    """Drop the closed segments whose month ended before `at`; return their names, or why nothing may be dropped.

    For each the tombstone is on the disk and the dropping is in the chain before the file goes: a crash between leaves
    a file too many, never a gap. Raises `JournalUnavailable`.
    """
    directory = appender.directory
    if (held := _held(directory)) is not None:
        return held
    with appender.held():
        found = segments_of(directory)
        old = _old(found, at)
        start = beginning_of(directory, found)
        dropped: list[str] = []
        for segment in old:
            end = _end_of(segment, start)
            if isinstance(end, Refusal):
                return end if not dropped else tuple(dropped)
            _drop(appender, segment, end, actor)
            start = end
            dropped.append(segment.name)
    return tuple(dropped)


def older_than(directory: Path, at: Instant) -> tuple[str, ...] | Refusal:
    """Return the names of what `drop_before` would drop, were all of it whole, or why it may not."""
    return _held(directory) or tuple(segment.name for segment in _old(segments_of(directory), at))


def _held(directory: Path) -> Refusal | None:
    if not (directory / HOLD_NAME).exists():
        return None
    return Refusal(
        SafeText("a legal hold is on this journal: nothing of it may be dropped"),
        safe_text(f"Whoever lifts the hold removes {directory / HOLD_NAME}"),
    )


def _old(found: Sequence[Segment], at: Instant) -> list[Segment]:
    return [segment for segment in found[:-1] if segment.month < month_of(at)]


def _end_of(segment: Segment, start: ChainStart) -> ChainStart | Refusal:
    verifier = ChainVerifier(start)
    for line in lines_of(segment.path):
        if not verifier.add(line):
            return Refusal(
                safe_text(f"{segment.name} is not dropped: {verifier.says}"),
                SafeText("What does not fit is evidence: run `modeltui journal verify` and keep it"),
            )
    return ChainStart(verifier.seq, verifier.head, verifier.frontier())


def _drop(appender: Appender, segment: Segment, end: ChainStart, actor: Actor) -> None:
    stone = Tombstone(safe_text(segment.name), end.seq, end.head, end.tree)
    add_line(appender.files, appender.directory / TOMBSTONES_NAME, stone.line())
    details: dict[str, Detail] = {
        "dropped": segment.name,
        "records": end.seq,
        "head": str(end.head),
        "root": end.tree.root().hex(),
    }
    appender.append_held(Entry(RecordKind.LOG_CHECKPOINT, appender.clock.now(), actor, SafeText(""), details=details))
    appender.files.remove(segment.path)
    appender.files.sync_directory(appender.directory)
