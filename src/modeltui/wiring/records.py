"""What a session that acts, and the actor process, share: record, approvals, leases, who sits here and who is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.adapters.notify import Sink, open_notifier
from modeltui.adapters.shared_files.approvals import FileApprovals
from modeltui.adapters.shared_files.leases import FileLeases
from modeltui.config import paths
from modeltui.config.access import LoadedAccess, load_access
from modeltui.config.acting import AnchorConfig, AnchorKind, Signing
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.engine.recording import SpoolingJournal
from modeltui.ports.anchor import Anchor
from modeltui.ports.approvals import Approvals
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal
from modeltui.ports.leases import Leases
from modeltui.ports.notifier import Notifier


@dataclass(frozen=True, slots=True)
class Records:
    """Everything about acting that lies on disk or in a shared store, and the identity that it is written under."""

    journal: SpoolingJournal
    approvals: Approvals
    leases: Leases
    identity: Identity
    access: LoadedAccess
    notifier: Notifier


async def open_records(loaded: Loaded, clock: Clock, secrets: SecretStore, stack: AsyncExitStack) -> Records:
    """Open them; raise `ConfigError` for a policy that cannot be trusted or a shared store that cannot be named.

    No file is made and no server is asked before the first question.
    """
    access = load_access(loaded.context.access)
    identity = SystemIdentity(access.policy)
    directory = journal_directory(loaded)
    journal, approvals, leases = await _stores(loaded, directory, clock, identity, secrets, stack)
    spool = await stack.enter_async_context(open_journal(_state(paths.spool_dir, loaded), clock))
    told = open_notifier(_state(paths.outbox_dir, loaded), _sinks(loaded), clock, resolve=secrets.resolve)
    notifier = await stack.enter_async_context(told)
    return Records(SpoolingJournal(journal, spool, clock), approvals, leases, identity, access, notifier)


def journal_directory(loaded: Loaded) -> Path:
    """Return where the journal of a context lies on this machine."""
    named = loaded.context.journal.directory
    return named if named is not None else _state(paths.journal_dir, loaded)


async def _stores(
    loaded: Loaded, directory: Path, clock: Clock, identity: Identity, secrets: SecretStore, stack: AsyncExitStack
) -> tuple[Journal, Approvals, Leases]:
    config = loaded.context.journal
    if config.shared is not None:
        from modeltui.adapters.postgresql import open_shared  # only who shares pays for it

        return await stack.enter_async_context(open_shared(secrets.resolve(config.shared), clock))
    signs = identity if config.sign is Signing.AUTO else None
    anchors = [_anchor(anchor, secrets, clock) for anchor in config.anchors]
    journal = await stack.enter_async_context(open_journal(directory, clock, signs, anchors))
    return journal, FileApprovals(directory, clock), FileLeases(directory, clock)


def _anchor(config: AnchorConfig, secrets: SecretStore, clock: Clock) -> Anchor:
    from modeltui.adapters.journal import anchors

    match config.kind:
        case AnchorKind.FILE:
            return anchors.FileAnchor(_path(config))
        case AnchorKind.GIT:
            return anchors.GitAnchor(_path(config))
        case AnchorKind.SYSLOG:
            return anchors.SyslogAnchor()
        case AnchorKind.WEBHOOK:
            return anchors.WebhookAnchor(config.url or "", secrets.resolve)


def _path(config: AnchorConfig) -> Path:
    assert config.path is not None  # noqa: S101 - the configuration's checks ask for it
    return config.path


def _sinks(loaded: Loaded) -> list[Sink]:
    return [
        Sink(sink.kind.value, sink.url or "", sink.key or "", sink.secret or "", frozenset(sink.on))
        for sink in loaded.context.notify
    ]


def _state(directory: Callable[[str, str], str], loaded: Loaded) -> Path:
    return Path(directory(loaded.file, loaded.context_name))
