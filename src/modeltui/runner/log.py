"""What the actor process leaves behind for whoever looks later: one line per event, without secrets."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from modeltui.config.secrets import redact
from modeltui.domain.text import safe_text
from modeltui.wiring.observing import now

MOST_BYTES: Final = 1 << 20
"""Then the file is put aside, and the one before it goes."""


class Log:
    """Appends to a private file. A disk that is full or gone costs the line, never the action."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    def write(self, says: str) -> None:
        """Write one line, with the time and this process."""
        stamp = datetime.fromtimestamp(now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"{stamp} runner[{os.getpid()}] {safe_text(redact(says), 1000)}\n"
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._put_aside()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._file, flags, 0o600)
            try:
                os.write(descriptor, line.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)

    def _put_aside(self) -> None:
        with suppress(FileNotFoundError):
            if self._file.stat().st_size > MOST_BYTES:
                self._file.rename(self._file.with_suffix(".log.1"))
