"""A file on another disk: a mounted share, a medium that is written once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from modeltui.adapters.journal.checkpoints import add_checkpoint, checkpoints_in
from modeltui.adapters.journal.files import Files
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint

SECONDS = 10.0
"""A share that hangs is given up; the thread that waits for it cannot be."""


class FileAnchor:
    """Adds each checkpoint to one file. It belongs to one journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name: SafeText = safe_text(f"file {path}")

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Return once the checkpoint is on that disk."""
        try:
            async with asyncio.timeout(SECONDS):
                await asyncio.to_thread(add_checkpoint, self._path, checkpoint, Files())
        except (OSError, TimeoutError) as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} did not take a checkpoint: {error}"), "Look whether it is mounted and writable"
            ) from error

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Return every checkpoint in the file."""
        try:
            async with asyncio.timeout(SECONDS):
                found = await asyncio.to_thread(checkpoints_in, self._path)
        except (OSError, TimeoutError) as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} cannot be read: {error}"), "Look whether it is mounted and readable"
            ) from error
        return found.checkpoints


_: type[Anchor] = FileAnchor
