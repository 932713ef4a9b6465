"""Looks at every line afresh: no index, no memory of an earlier look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from modeltui.adapters.journal.segments import Segment, first_line, lines_of, segments_of
from modeltui.adapters.journal.tombstones import beginning_of
from modeltui.domain.chain import ChainVerifier, Witness, judged, sizes
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.record import ChainState
from modeltui.domain.record_line import parse_line
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
    for segment in found:
        end = None if ends is None else ends.get(segment.name, 0)
        if torn:
            verifier.stop(f"a segment before {segment.name} ends within a record")
        torn = _read(segment, end, verifier, is_stopped)
        if verifier.says:
            return judged(verifier, UNKNOWN, ())
    state = judged(verifier, _log_id(found), witnesses)
    if torn and state.is_whole:
        says = f"{torn} bytes of an unfinished record at its end are not counted; {state.says}"
        return replace(state, says=safe_text(says, 500))
    return state


def _read(segment: Segment, end: int | None, verifier: ChainVerifier, is_stopped: Callable[[], bool]) -> int:
    """Take the lines of one segment; return how many bytes at its end are no whole line."""
    for line in lines_of(segment.path, 0, end):
        if not line.endswith(b"\n") and len(line) < 16_384:
            return len(line)
        if verifier.seq % 10_000 == 0 and is_stopped():
            raise InterruptedError(4, "nobody waits for the answer any more")
        if not verifier.add(line):
            verifier.says = safe_text(f"{segment.name}: {verifier.says}")
            return 0
    return 0


def _log_id(found: Iterable[Segment]) -> SafeText | Unknown:
    for segment in found:
        try:
            said = parse_line(first_line(segment.path)).entry.details.get("log_id")
        except ValueError:
            return UNKNOWN
        return safe_text(said) if isinstance(said, str) else UNKNOWN
    return UNKNOWN
