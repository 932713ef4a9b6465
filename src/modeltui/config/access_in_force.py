"""The policy file over the life of a process: what it says now, and nothing when it cannot be read any more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from modeltui.config.access import load_access
from modeltui.domain.acting.access import AccessPolicy, nobody
from modeltui.domain.errors import ConfigError

READ_SECONDS: Final = 2.0
"""A file that takes longer lies where nobody answers: it cannot be read then."""


class AccessInForce:
    """Implements `ports.rules.Rules`; raises `ConfigError` for a file that cannot be trusted from the beginning."""

    def __init__(self, file: Path | str | None) -> None:
        self._file = file
        self._policy = load_access(file).policy

    @property
    def policy(self) -> AccessPolicy:
        """Return what the file said when it was last read."""
        return self._policy

    async def read_anew(self) -> None:
        """Read the file again, whole and with its checks: a permission that was taken away must not live on."""
        if self._file is None:
            return
        try:
            async with asyncio.timeout(READ_SECONDS):
                self._policy = (await asyncio.to_thread(load_access, self._file)).policy
        except ConfigError as error:
            self._policy = nobody(error.title)
        except TimeoutError:
            self._policy = nobody("the policy cannot be read: no answer in time")
