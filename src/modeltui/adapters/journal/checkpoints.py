"""The checkpoints that are kept beside the journal, each with its signature where somebody could sign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from modeltui.adapters.journal.files import Files, add_line
from modeltui.adapters.journal.segments import CHECKPOINTS_NAME, lines_of
from modeltui.domain.journal.chain import Checkpoint, Witness, checkpoint_from_text
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import SignedCheckpoint
from modeltui.ports.identity import Identity

NAMESPACE: Final = "modeltui-checkpoint"
"""A signature made for anything else proves nothing here."""
RECORDS_BETWEEN: Final = 100
SECONDS_BETWEEN: Final = 3_600.0
MOST_SIGNATURES_TRIED: Final = 20
"""One that fits covers all that was before it; each costs the start of a program."""
MOST_BYTES: Final = 64_000
_ARMOURED = re.compile(r"[\x20-\x7e\n]*")


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class KeptCheckpoints:
    """What could be read of a collection of checkpoints."""

    checkpoints: tuple[SignedCheckpoint, ...] = ()
    unreadable: int = 0
    is_there: bool = True
    """Whether there was a file to read."""


def add_checkpoint(path: Path, signed: SignedCheckpoint, files: Files) -> None:
    """Append a checkpoint to a file and return once it is on the disk; raises `OSError`."""
    kept = _Kept(str(signed.text), None if isinstance(signed.signature, Missing) else str(signed.signature))
    add_line(files, path, msgspec.json.encode(kept) + b"\n")


def checkpoints_in(path: Path) -> KeptCheckpoints:
    """Return the checkpoints of a file, in their order; none where there is no file. Raises `OSError`."""
    decode = msgspec.json.Decoder(_Kept).decode
    found: list[SignedCheckpoint] = []
    unreadable = 0
    try:
        for line in lines_of(path):
            if not line.strip():
                continue
            try:
                kept = decode(line)
                found.append(signed_checkpoint(kept.text, kept.signature))
            except (msgspec.MsgspecError, ValueError):
                unreadable += 1
    except FileNotFoundError:
        return KeptCheckpoints(is_there=False)
    return KeptCheckpoints(tuple(found), unreadable)


def signed_checkpoint(text: str, signature: str | None) -> SignedCheckpoint:
    """Return a checkpoint that was read somewhere; raises `ValueError` when it is none."""
    checkpoint_from_text(text)
    if signature is None:
        return SignedCheckpoint(text)
    if len(signature) > MOST_BYTES or _ARMOURED.fullmatch(signature) is None:
        raise ValueError("its signature is not one")
    return SignedCheckpoint(text, SafeText(signature))


def newest_in(path: Path) -> Checkpoint | Unknown:
    """Return the largest checkpoint of a file; unknown when there is none. Raises `OSError`."""
    found = [checkpoint_from_text(signed.text) for signed in checkpoints_in(path).checkpoints]
    return max(found, key=lambda one: (one.size, one.at), default=UNKNOWN)


async def sign(checkpoint: Checkpoint, identity: Identity | None) -> SignedCheckpoint:
    """Return the checkpoint with a signature, where there is somebody who can give one."""
    text = checkpoint.text()
    if identity is None:
        return SignedCheckpoint(text)
    return SignedCheckpoint(text, await identity.sign(text.encode(), NAMESPACE))


async def witnesses(
    kept: tuple[SignedCheckpoint, ...], place: SafeText, identity: Identity | None, *, is_elsewhere: bool
) -> list[Witness]:
    """Return what these checkpoints say; of the signatures, the newest that is good is looked for."""
    parsed = sorted(((checkpoint_from_text(one.text), one) for one in kept), key=lambda pair: pair[0].size)
    found: list[Witness] = []
    signer: SafeText | Unknown = UNKNOWN
    tried = 0
    for checkpoint, one in reversed(parsed):
        by: SafeText | Unknown = UNKNOWN
        is_signed = not isinstance(one.signature, Missing)
        if identity is not None and is_signed and signer is UNKNOWN and tried < MOST_SIGNATURES_TRIED:
            tried += 1
            signed = await identity.signer(one.text.encode(), NAMESPACE, str(one.signature))
            signer = by = UNKNOWN if isinstance(signed, Missing) else signed.principal
        found.append(Witness(checkpoint, place, is_elsewhere, by))
    found.reverse()
    return found


def checkpoints_path(directory: Path) -> Path:
    """Return where the checkpoints of a journal are."""
    return directory / CHECKPOINTS_NAME
