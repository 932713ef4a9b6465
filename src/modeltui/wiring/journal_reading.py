"""The record of a context for those who only read it: a read-only session has this and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.access import load_access
from modeltui.config.acting import AnchorConfig, AnchorKind
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore, is_reference
from modeltui.ports.anchor import Anchor
from modeltui.ports.clock import Clock
from modeltui.ports.journal import JournalReader

if TYPE_CHECKING:  # only who shares pays for it
    from modeltui.adapters.postgresql import Shared


@asynccontextmanager
async def open_journal_reader(loaded: Loaded) -> AsyncIterator[JournalReader]:
    """Give the journal of a context; nothing is made where none is.

    Its signatures are looked at by the policy's keys, and its anchors are asked. Raises `ConfigError` when the policy,
    the shared store or an anchor cannot be named.
    """
    clock, secrets = SystemClock(), SecretStore()
    async with AsyncExitStack() as stack:
        if loaded.context.journal.shared is not None:
            shared = await shared_store(loaded.context.journal.shared, clock, secrets, stack, read_only=True)
            yield shared.journal
            return
        identity = SystemIdentity(load_access(loaded.context.access).policy)
        anchors = await asyncio.to_thread(anchors_of, loaded, secrets)
        yield await stack.enter_async_context(open_journal(journal_directory(loaded), clock, identity, anchors))


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
