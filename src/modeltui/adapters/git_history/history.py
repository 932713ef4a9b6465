"""What lies between two commits of the repositories that the configuration names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from modeltui.adapters._git import Repository, RepositorySettings, address_of, code_log, open_repository
from modeltui.domain.claims import repository_key
from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.errors import BackendError, ConfigError
from modeltui.domain.fleet import SourceKind
from modeltui.domain.masking import without_tokens
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.code_history import CodeHistory
from modeltui.ports.probe import Finding, Probe

KIND: Final = "git"
PORT: Final = SourceKind.CODE
POLL_SECONDS: Final = 300.0


class Options(RepositorySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Repositories whose commits trained the models."""

    repositories: dict[str, str]
    """By the address that registries note with a commit, or its end (`risk/fraud-detector`): where to read it, a path
    or an address. A registry that notes no repository means the only one here."""

    def __post_init__(self) -> None:
        """Raise `ValueError` when nothing is named."""
        if not self.repositories:
            raise ValueError("repositories: name at least one")


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[CodeHistory]:
    """Give the history; nothing is read before the first question. Raises `ConfigError`."""
    for where in options.repositories.values():
        try:
            address_of(where, surroundings.base_directory, options)
        except ConfigError as error:
            raise ConfigError(f"{surroundings.source}: {error.title}", error.remedy) from error
    async with AsyncExitStack() as stack:
        opened = {
            name: await stack.enter_async_context(open_repository(where, options, surroundings))
            for name, where in options.repositories.items()
        }
        yield GitHistory(options, surroundings, opened)


class GitHistory:
    """Reads logs of several repositories."""

    def __init__(self, options: Options, surroundings: Surroundings, repositories: Mapping[str, Repository]) -> None:
        self._options = options
        self._clock = surroundings.clock
        self._repositories = repositories

    async def read_log(self, repository: SafeText | Unknown, a: SafeText, b: SafeText) -> CodeLog | None:
        """Return what lies between two commits; None when none of the repositories is meant."""
        meant = self._meant(repository)
        return None if meant is None else await code_log(meant, a, b, self._options.fetch_seconds)

    async def probe(self) -> Probe:
        """Return which repositories can be read."""
        began_at = self._clock.boottime()
        version: SafeText | Unknown = UNKNOWN
        findings = []
        for name, repository in self._repositories.items():
            shown = safe_text(without_tokens(name), 100)
            try:
                await repository.fetched(self._options.fetch_seconds)
                heads = len(await repository.refs("refs/heads/"))
                version = safe_text(await repository.version_of_git())
            except BackendError as error:
                findings.append(Finding(shown, False, safe_text(error.title, 300), safe_text(error.remedy, 300)))
                continue
            says = safe_text(f"{heads} branches in {repository.address.shown}", 300)
            findings.append(Finding(shown, True, says))
        latency_seconds = self._clock.boottime() - began_at
        return Probe(version, latency_seconds, 0.0, tuple(findings))

    def _meant(self, address: SafeText | Unknown) -> Repository | None:
        if isinstance(address, Missing):
            return next(iter(self._repositories.values())) if len(self._repositories) == 1 else None
        key = repository_key(address)
        for name, repository in self._repositories.items():
            own = {repository_key(safe_text(name, 1_000)), repository_key(repository.address.shown)}
            if key in own or any(key.endswith(f"/{end}") for end in own if end):
                return repository
        return None
