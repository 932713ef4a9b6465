"""The chain of the journal: whether every record fits the one before it, and what others have seen of it.

A chain alone shows an edit, a deletion and a reordering in its middle. That its end was cut off, or that all of it was
computed anew, only somebody shows who saw it before: a checkpoint that is signed, or an anchor elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from modeltui.domain.journal.merkle import EMPTY_ROOT, EMPTY_TREE, Frontier, GrowingTree
from modeltui.domain.journal.record import ChainState
from modeltui.domain.journal.record_line import (
    END_BYTES,
    GENESIS,
    HASH_PREFIX,
    MOST_BYTES,
    canonical,
    instant_of,
    instant_text,
    line_hash,
    parse_line,
    record_line,
    split_line,
)
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text

__all__ = [
    "BEGINNING",
    "GENESIS",
    "MOST_BYTES",
    "ChainStart",
    "ChainVerifier",
    "Checkpoint",
    "Witness",
    "canonical",
    "checkpoint_from_text",
    "instant_of",
    "instant_text",
    "judged",
    "line_hash",
    "parse_line",
    "record_line",
    "split_line",
    "verify_lines",
]

UNSEEN: Final = SafeText("every record fits; nobody else has seen it, so a cut or a whole rewrite would not show")
ORIGIN: Final = "modeltui/"
_CHECKPOINT = re.compile(
    r"modeltui/(?P<log>[0-9a-f-]{8,64})\n(?P<size>0|[1-9]\d{0,15})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"head (?P<head>[0-9a-f]{64})\nts (?P<at>[0-9T:.Z-]{24})\n"
)


@dataclass(frozen=True, slots=True)
class ChainStart:
    """What comes before the first line that is still there."""

    seq: int = 0
    head: SafeText = GENESIS
    tree: Frontier = EMPTY_TREE


BEGINNING: Final = ChainStart()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The journal at one moment, in five lines that somebody else can keep."""

    log_id: SafeText
    size: int
    """How many records there were."""
    root: bytes
    """Merkle root over their lines."""
    head: SafeText
    """Hash of the last of them."""
    at: Instant

    def text(self) -> str:
        """Return it in the shape of a C2SP tlog-checkpoint: origin, size, root, then our own lines."""
        root = b64encode(self.root).decode()
        return f"{ORIGIN}{self.log_id}\n{self.size}\n{root}\nhead {self.head}\nts {instant_text(self.at)}\n"


def checkpoint_from_text(text: str) -> Checkpoint:
    """Return the checkpoint that `Checkpoint.text` wrote; raises `ValueError` for any other text."""
    found = _CHECKPOINT.fullmatch(text)
    if found is None:
        raise ValueError("it is not a checkpoint of a journal")
    root = b64decode(found["root"], validate=True)
    if b64encode(root).decode() != found["root"]:
        raise ValueError("its root is not written as a root is")
    at = instant_of(found["at"])
    return Checkpoint(SafeText(found["log"]), int(found["size"]), root, SafeText(found["head"]), at)


@dataclass(frozen=True, slots=True)
class Witness:
    """A checkpoint that was kept, where, and by whom it was signed."""

    checkpoint: Checkpoint
    place: SafeText
    """`checkpoints` beside the journal, or the name of an anchor."""
    is_elsewhere: bool = False
    """Whoever can change the journal cannot change this: an anchor."""
    signer: SafeText | Unknown = UNKNOWN
    """Whose key signed it; unknown when nobody's did, or nobody looked."""


class ChainVerifier:
    """Takes the lines one by one, and stops at the first that does not fit."""

    def __init__(self, start: ChainStart = BEGINNING, remember: Iterable[int] = ()) -> None:
        self.start = start
        self.seq = start.seq
        self.head = start.head
        self.says = SafeText("")
        """Why the line after `seq` does not fit; empty while all do."""
        self.seen: dict[int, tuple[SafeText, bytes]] = {}
        """Head and root at the sizes to remember."""
        self._tree = GrowingTree(start.tree)
        self._base = hashlib.sha256(HASH_PREFIX)
        self._remember = frozenset(remember)
        if start.seq in self._remember:
            self.seen[start.seq] = (self.head, self.root())

    def add(self, line: bytes) -> bool:
        """Take the next line, with or without line feed; return whether it fits."""
        if self.says:
            return False
        if line.endswith(b"\n"):
            line = line[:-1]
        seq = self.seq + 1
        found = self._base.copy()
        found.update(line[:-END_BYTES])
        found.update(b"}")
        digest = found.hexdigest()
        head = f'{{"v":1,"seq":{seq},"prev":"{self.head}",'.encode()
        # Years of lines pass here: whoever begins and ends as the next record must, and fits its hash, is it.
        if not (line.startswith(head) and line.endswith(f',"h":"{digest}"}}'.encode()) and len(line) < MOST_BYTES):
            return self.stop(self._what_is_wrong(line))
        self.seq = seq
        self.head = SafeText(digest)
        self._tree.add(line)
        if seq in self._remember:
            self.seen[seq] = (self.head, self.root())
        return True

    def _what_is_wrong(self, line: bytes) -> str:
        try:
            seq, previous, digest, body = split_line(line)
        except ValueError as error:
            return str(error)
        if seq != self.seq + 1:
            return f"record {seq} stands where record {self.seq + 1} belongs"
        if previous != self.head:
            return f"record {seq} does not follow the record before it"
        if line_hash(body) != digest:
            return f"record {seq} was changed: it does not fit its own hash"
        return f"record {seq} is not written as a record is"

    def stop(self, says: str) -> bool:
        """Take no more lines, for this reason."""
        self.says = safe_text(says)
        return False

    def root(self) -> bytes:
        """Return the Merkle root over all records so far."""
        return self._tree.frontier().root()

    def frontier(self) -> Frontier:
        """Return the tree so far."""
        return self._tree.frontier()

    def state(self) -> ChainState:
        """Return what was found so far, by the lines alone."""
        head = self.head if self.seq else UNKNOWN
        if self.says:
            return ChainState(self.seq, head, self.seq + 1, self.says)
        return ChainState(self.seq, head)


def verify_lines(lines: Iterable[bytes], start: ChainStart = BEGINNING) -> ChainState:
    """Return whether every line fits the one before it; what is cut off at the end it cannot know."""
    verifier = ChainVerifier(start)
    for line in lines:
        if not verifier.add(line):
            break
    return verifier.state()


@dataclass(slots=True)
class _Compared:
    fitting: int = 0
    anchored: int = 0
    signed: int = 0
    contradicting: list[Witness] = field(default_factory=list)


def judged(verifier: ChainVerifier, log_id: SafeText | Unknown, witnesses: Sequence[Witness]) -> ChainState:
    """Return what the lines and everybody who saw them before say together.

    `verifier` must have been told to remember the sizes of the witnesses. Those that saw less than what is still there
    of a journal whose oldest part was dropped on purpose cannot be compared and say nothing.
    """
    state = verifier.state()
    if not state.is_whole:
        return state
    compared = _Compared()
    for witness in sorted(witnesses, key=lambda one: one.checkpoint.size):
        _compare(witness, verifier, log_id, compared)
    if compared.contradicting:
        return _contradicted(state, compared, verifier, log_id)
    return ChainState(
        state.records,
        state.head,
        says=_reach(state.records, compared),
        anchored_to_seq=compared.anchored or UNKNOWN,
        signed_to_seq=compared.signed or UNKNOWN,
    )


def _compare(witness: Witness, verifier: ChainVerifier, log_id: SafeText | Unknown, compared: _Compared) -> None:
    checkpoint = witness.checkpoint
    if checkpoint.log_id == log_id and checkpoint.size < verifier.start.seq:
        return
    seen = verifier.seen.get(checkpoint.size)
    if checkpoint.log_id != log_id or seen != (checkpoint.head, checkpoint.root):
        compared.contradicting.append(witness)
        return
    if not compared.contradicting:
        compared.fitting = checkpoint.size
    if witness.is_elsewhere:
        compared.anchored = checkpoint.size
    if not isinstance(witness.signer, Missing):
        compared.signed = checkpoint.size


def _contradicted(
    state: ChainState, compared: _Compared, verifier: ChainVerifier, log_id: SafeText | Unknown
) -> ChainState:
    witness = compared.contradicting[0]
    if not state.records:
        witness = compared.contradicting[-1]  # whoever saw most
    seen = witness.checkpoint
    when = f"{witness.place} saw {seen.size} records at {instant_text(seen.at)}"
    if not state.records:
        first, says = 1, f"{when}: all {seen.size} are gone"
    elif seen.log_id != log_id:
        first, says = 1, f"{when}, and of another journal: this one was put in its place"
    elif seen.size > state.records:
        first, says = state.records + 1, f"{when}: the last {seen.size - state.records} are gone"
    else:
        first = max(compared.fitting, verifier.start.seq) + 1
        says = f"{when}, and others than these: something from record {first} to {seen.size} was changed"
    return ChainState(
        state.records,
        state.head,
        min(first, state.records + 1),
        safe_text(says),
        anchored_to_seq=compared.anchored or UNKNOWN,
        signed_to_seq=compared.signed or UNKNOWN,
    )


def _reach(records: int, compared: _Compared) -> SafeText:
    """Return how far nobody can have changed it unnoticed, in words."""
    if not records:
        return SafeText("")
    reach = max(compared.anchored, compared.signed)
    if not reach:
        return UNSEEN
    by = "anchored" if compared.anchored == reach else "signed"
    return SafeText(f"tamper-evident up to record {reach} ({by}) of {records}")


def roots_agree(start: ChainStart) -> bool:
    """Tell whether a start can be one: as many peaks as records, and none without records."""
    if not start.seq:
        return start.head == GENESIS and start.tree.root() == EMPTY_ROOT
    return start.tree.size == start.seq and start.tree.is_whole


def sizes(witnesses: Iterable[Witness]) -> frozenset[int]:
    """Return the sizes that a verifier has to remember for these witnesses."""
    return frozenset(witness.checkpoint.size for witness in witnesses)
