"""Somebody elsewhere who keeps what the journal looked like at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """The five lines of a checkpoint, and a signature over them where somebody could sign."""

    text: str
    """As `domain.chain.Checkpoint.text` writes it."""
    signature: SafeText | Unknown = UNKNOWN
    """An armoured SSH signature in the namespace `modeltui-checkpoint`."""


class NothingThereError(BackendUnavailable):
    """Nothing stands where it keeps checkpoints: it never took one, or the way there is gone."""


class Anchor(Protocol):
    """Keeps checkpoints where whoever can change the journal cannot change them."""

    @property
    def name(self) -> SafeText:
        """What it is and where, without secrets: `git /srv/audit`."""
        ...

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Hand over one checkpoint; it may be handed over twice.

        Raises `BackendError` when it was not taken, or nobody knows. Has a deadline of its own.
        """
        ...

    async def kept(self) -> tuple[SignedCheckpoint, ...] | Unknown:
        """Return what it keeps, in any order; unknown where it cannot be asked, as a syslog cannot.

        None only where it is sure that it never took one. Raises `BackendError` when it could be asked and did not
        answer, and `NothingThereError` when there is nothing that could.
        """
        ...
