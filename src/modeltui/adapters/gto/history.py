"""The same repository as the history of code between two versions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from modeltui.adapters._git import Repository, code_log, open_repository
from modeltui.adapters.gto.options import Options
from modeltui.adapters.gto.reading import name_of
from modeltui.domain.claims import repository_key
from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.code_history import CodeHistory
from modeltui.ports.probe import Finding, Probe

KIND: Final = "gto"
PORT: Final = SourceKind.CODE
POLL_SECONDS: Final = 300.0

__all__ = ["KIND", "POLL_SECONDS", "PORT", "Options", "RegistryHistory", "connect"]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[CodeHistory]:
    """Give the history; nothing is read before the first question. Raises `ConfigError`."""
    async with open_repository(options.repository, options, surroundings) as repository:
        yield RegistryHistory(options, surroundings, repository)


class RegistryHistory:
    """Reads the log of the repository that holds the models."""

    def __init__(self, options: Options, surroundings: Surroundings, repository: Repository) -> None:
        self._options = options
        self._clock = surroundings.clock
        self._repository = repository

    async def read_log(self, repository: SafeText | Unknown, a: SafeText, b: SafeText) -> CodeLog | None:
        """Return what lies between two commits of this repository; None when another is meant."""
        if isinstance(repository, Missing):
            log = await code_log(self._repository, a, b, self._options.fetch_seconds)
            return None if log.trouble else log  # perhaps of another repository, which another source keeps
        await self._repository.copied()
        own = (self._repository.address.shown, await name_of(self._repository), safe_text(self._options.address, 1_000))
        if repository_key(repository) not in {repository_key(name) for name in own if name}:
            return None
        return await code_log(self._repository, a, b, self._options.fetch_seconds)

    async def probe(self) -> Probe:
        """Return whether the repository can be read."""
        began_at = self._clock.boottime()
        await self._repository.fetched(self._options.fetch_seconds)
        heads = len(await self._repository.refs("refs/heads/"))
        version = safe_text(await self._repository.version_of_git())
        says = safe_text(f"{heads} branches in {self._repository.address.shown}", 300)
        finding = Finding(safe_text("repository"), True, says)
        return Probe(version, self._clock.boottime() - began_at, 0.0, (finding,))
