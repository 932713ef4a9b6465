"""The record of a context for those who only read it: a read-only session has this and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.adapters.shared_files.leases import FileLeases
from modeltui.adapters.shared_files.store import NAME
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.access import load_access
from modeltui.config.acting import AnchorConfig, AnchorKind
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore, is_reference
from modeltui.domain.acting.lease import Lease
from modeltui.ports.anchor import Anchor
from modeltui.ports.clock import Clock
from modeltui.ports.journal import PagedReader
from modeltui.ports.leases import Leases

if TYPE_CHECKING:  # only who shares pays for it
    from modeltui.adapters.postgresql import Shared


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """What may be read of the record of a context."""

    journal: PagedReader
    leases: Leases
    """Who is busy with what, for looking only."""


@asynccontextmanager
async def open_journal_reader(loaded: Loaded) -> AsyncIterator[PagedReader]:
    """Give the journal of a context; nothing is made where none is.

    Its signatures are looked at by the policy's keys, and its anchors are asked. Raises `ConfigError` when the policy,
    the shared store or an anchor cannot be named.
    """
    async with open_record_reader(loaded) as record:
        yield record.journal


@asynccontextmanager
async def open_record_reader(loaded: Loaded) -> AsyncIterator[ReadRecord]:
    """Give the journal of a context and its leases, as `open_journal_reader` gives the journal."""
    clock, secrets = SystemClock(), SecretStore()
    async with AsyncExitStack() as stack:
        identity = SystemIdentity(load_access(loaded.context.access).policy)
        anchors = await asyncio.to_thread(anchors_of, loaded, secrets)
        if loaded.context.journal.shared is not None:
            from modeltui.wiring.witnessed import open_witnessed

            shared = await shared_store(loaded.context.journal.shared, clock, secrets, stack, read_only=True)
            witnessed = await stack.enter_async_context(open_witnessed(shared.journal, clock, identity, anchors))
            yield ReadRecord(witnessed, shared.leases)
            return
        directory = journal_directory(loaded)
        journal = await stack.enter_async_context(open_journal(directory, clock, identity, anchors))
        yield ReadRecord(journal, _SeenLeases(directory, clock))


class _SeenLeases(FileLeases):
    """Who is busy with what, where anybody ever was: who only looks makes no file."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        super().__init__(directory, clock)
        self._path = directory / NAME

    async def held(self) -> tuple[Lease, ...]:
        return await super().held() if self._path.exists() else ()


def journal_directory(loaded: Loaded) -> Path:
    """Return where the journal of a context lies on this machine."""
    named = loaded.context.journal.directory
    return named if named is not None else Path(paths.journal_dir(loaded.file, loaded.context_name))


async def shared_store(
    reference: str, clock: Clock, secrets: SecretStore, stack: AsyncExitStack, *, read_only: bool = False
) -> Shared:
    """Open what several operators share; nothing is contacted before the first question."""
    from modeltui.adapters.postgresql import open_shared

    url = await asyncio.to_thread(secrets.resolve, reference)
    return await stack.enter_async_context(open_shared(url, clock, read_only=read_only))


def anchors_of(loaded: Loaded, secrets: SecretStore) -> list[Anchor]:
    """Return the witnesses of a context's journal; may take seconds where an address is a secret."""
    return [_anchor(anchor, secrets) for anchor in loaded.context.journal.anchors]


def _anchor(config: AnchorConfig, secrets: SecretStore) -> Anchor:
    from modeltui.adapters.journal import anchors

    match config.kind:
        case AnchorKind.FILE:
            return anchors.FileAnchor(_path(config))
        case AnchorKind.GIT:
            return anchors.GitAnchor(_path(config))
        case AnchorKind.SYSLOG:
            return anchors.SyslogAnchor()
        case AnchorKind.WEBHOOK:
            url = config.url or ""
            return anchors.WebhookAnchor(secrets.resolve(url).reveal() if is_reference(url) else url)


def _path(config: AnchorConfig) -> Path:
    assert config.path is not None  # noqa: S101 - the configuration's checks ask for it
    return config.path
