"""A file on another disk: a mounted share, a medium that is written once."""

from __future__ import annotations

from pathlib import Path

from modeltui.adapters.journal.checkpoints import add_checkpoint, checkpoints_in
from modeltui.adapters.journal.files import FilesElsewhere
from modeltui.adapters.system.own_threads import answered
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, NothingThereError, SignedCheckpoint

SECONDS = 10.0
"""A share that hangs is given up, and is not asked again before it comes back."""


class FileAnchor:
    """Adds each checkpoint to one file. It belongs to one journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name: SafeText = safe_text(f"file {path}")
        self._was_there = False

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Return once the checkpoint is on that disk."""
        try:
            await answered(self.name, SECONDS, self._add, checkpoint)
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} did not take a checkpoint: {error}"), "Look whether it is mounted and writable"
            ) from error

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Return every checkpoint in the file."""
        try:
            found = await answered(self.name, SECONDS, checkpoints_in, self._path)
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} cannot be read: {error}"), "Look whether it is mounted and readable"
            ) from error
        if not found.is_there:
            raise NothingThereError(
                safe_text(f"{self.name} is not there"),
                safe_text(f"Look whether its disk is mounted; where it is to begin anew, make it: touch {self._path}"),
            )
        self._was_there = True
        return found.checkpoints

    def _add(self, checkpoint: SignedCheckpoint) -> None:
        if self._was_there:
            self._path.stat()  # a share that was unmounted meanwhile gets no file in its place
        add_checkpoint(self._path, checkpoint, FilesElsewhere())
        self._was_there = True


_: type[Anchor] = FileAnchor
