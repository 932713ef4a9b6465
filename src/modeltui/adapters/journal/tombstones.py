"""What is left of segments that were dropped on purpose: where the chain stood at their end, so that it goes on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from modeltui.adapters.journal.segments import TOMBSTONES_NAME, Segment, first_line, lines_of
from modeltui.domain.journal.chain import BEGINNING, ChainStart, roots_agree
from modeltui.domain.journal.merkle import Frontier
from modeltui.domain.journal.record_line import split_line
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One dropped segment."""

    segment: SafeText
    seq: int
    """Its last record."""
    head: SafeText
    """The hash of it."""
    tree: Frontier
    """The Merkle tree up to it."""

    def line(self) -> bytes:
        """Return it as it is kept."""
        peaks = [peak.hex() for peak in self.tree.peaks]
        kept = {"segment": self.segment, "seq": self.seq, "head": self.head, "peaks": peaks}
        return msgspec.json.encode(kept) + b"\n"

    @property
    def end(self) -> ChainStart:
        """Return where the chain goes on."""
        return ChainStart(self.seq, self.head, self.tree)


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    segment: str
    seq: int
    head: str
    peaks: list[str]


def tombstones_of(directory: Path) -> list[Tombstone]:
    """Return what is known of dropped segments; a line that cannot be read is no tombstone."""
    decode = msgspec.json.Decoder(_Kept).decode
    found = []
    try:
        lines = list(lines_of(directory / TOMBSTONES_NAME))
    except FileNotFoundError:
        return []
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            kept: Any = decode(line)
            tree = Frontier(kept.seq, tuple(bytes.fromhex(peak) for peak in kept.peaks))
            stone = Tombstone(SafeText(kept.segment), kept.seq, SafeText(kept.head), tree)
            if roots_agree(stone.end):
                found.append(stone)
    return found


def beginning_of(directory: Path, found: list[Segment]) -> ChainStart:
    """Return where the chain stands before the oldest segment that is still there."""
    # The first of them may be empty: the disk failed under it before it had a record.
    line = next((line for segment in found if (line := first_line(segment.path))), b"")
    try:
        seq, previous, _, _ = split_line(line) if line else (1, "", "", b"")
    except ValueError:
        return BEGINNING
    if seq == 1:
        return BEGINNING
    stones = [stone for stone in tombstones_of(directory) if (stone.seq, stone.head) == (seq - 1, previous)]
    return stones[-1].end if stones else BEGINNING
