"""Looks at every line afresh: no index, no memory of an earlier look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from modeltui.adapters.journal.segments import Segment, first_line, lines_of, segments_of
from modeltui.adapters.journal.tombstones import beginning_of
from modeltui.domain.journal.chain import ChainVerifier, Witness, judged, sizes
from modeltui.domain.journal.record import ChainState
from modeltui.domain.journal.record_line import MOST_BYTES, parse_line
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText, safe_text


def verify(
    directory: Path, ends: dict[str, int] | None, witnesses: Sequence[Witness], is_stopped: Callable[[], bool]
) -> ChainState:
    """Return what the lines and the witnesses say; raises `OSError` when they cannot be read.

    `ends` is where each segment ended when nobody was writing; without it they are read as far as they go.
    """
    found = segments_of(directory)
    verifier = ChainVerifier(beginning_of(directory, found), sizes(witnesses))
    torn = 0
    dropping = _Dropping(verifier)
    for segment in found:
        end = None if ends is None else ends.get(segment.name, 0)
        if torn:
            verifier.stop(f"a segment before {segment.name} ends within a record")
        torn = _read(segment, end, dropping, is_stopped)
        if verifier.says:
            return judged(verifier, UNKNOWN, ())
    if not dropping.is_recorded:
        return _undocumented(verifier)
    state = judged(verifier, _log_id(found), witnesses)
    if torn and state.is_whole:
        says = f"{torn} bytes of an unfinished record at its end are not counted; {state.says}"
        return replace(state, says=safe_text(says, 500), torn_bytes=torn)
    return state


class _Dropping:
    """Whether the chain itself says that what is missing at its beginning was dropped on purpose."""

    def __init__(self, verifier: ChainVerifier) -> None:
        self.verifier = verifier
        self.is_recorded = not verifier.start.seq

    def look_at(self, line: bytes) -> None:
        """Take a line that may say so."""
        try:
            details = parse_line(line).entry.details
        except ValueError:
            return
        start = self.verifier.start
        said = (details.get("records"), details.get("head"), details.get("root"))
        if said == (start.seq, str(start.head), start.tree.root().hex()):
            self.is_recorded = True


def _undocumented(verifier: ChainVerifier) -> ChainState:
    says = f"the first {verifier.start.seq} records are missing, and no record says that they were dropped"
    return ChainState(verifier.seq, verifier.head, 1, safe_text(says))


def _read(segment: Segment, end: int | None, dropping: _Dropping, is_stopped: Callable[[], bool]) -> int:
    """Take the lines of one segment; return how many bytes at its end are no whole line."""
    verifier = dropping.verifier
    for line in lines_of(segment.path, 0, end):
        if not line.endswith(b"\n") and len(line) < MOST_BYTES:
            return len(line)
        if verifier.seq % 10_000 == 0 and is_stopped():
            raise InterruptedError("nobody waits for the answer any more")
        if not verifier.add(line):
            verifier.says = safe_text(f"{segment.name}: {verifier.says}")
            return 0
        if b'"kind":"log.checkpoint"' in line:
            dropping.look_at(line)
    return 0


def _log_id(found: Iterable[Segment]) -> SafeText | Unknown:
    for segment in found:
        line = first_line(segment.path)
        if not line:
            continue  # the disk failed under it before it had a record
        try:
            said = parse_line(line).entry.details.get("log_id")
        except ValueError:
            return UNKNOWN
        return safe_text(said) if isinstance(said, str) else UNKNOWN
    return UNKNOWN
