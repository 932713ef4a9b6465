"""What a session that acts, and the actor process, share: record, approvals, leases, who sits here and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.adapters.journal.alone import alone_in
from modeltui.adapters.shared_files.approvals import FileApprovals
from modeltui.adapters.shared_files.leases import FileLeases
from modeltui.adapters.system.own_threads import answered
from modeltui.config import paths
from modeltui.config.access_in_force import AccessInForce
from modeltui.config.acting import Signing
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.ports.approvals import Approvals
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal
from modeltui.ports.leases import Leases
from modeltui.ports.notifier import Notifier
from modeltui.wiring.journal_reading import anchors_of, journal_directory, shared_store
from modeltui.wiring.telling import notifier_of


@dataclass(frozen=True, slots=True)
class Records:
    """Everything about acting that lies on disk or in a shared store, and the identity that it is written under."""

    journal: SpoolingJournal
    """For the actor process: what it cannot write there lies beside it until it can."""
    primary: Journal
    """The record itself."""
    approvals: Approvals
    leases: Leases
    identity: Identity
    rules: AccessInForce
    """Read again before each thing that they decide."""
    notifier: Notifier


async def open_records(loaded: Loaded, clock: Clock, secrets: SecretStore, stack: AsyncExitStack) -> Records:
    """Open them; raise `ConfigError` for a policy that cannot be trusted or a shared store that cannot be named.

    No file is made and no server is asked before the first question.
    """
    rules = AccessInForce(loaded.context.access, answered)
    identity = SystemIdentity(rules)
    directory = journal_directory(loaded)
    primary, approvals, leases = await _stores(loaded, directory, clock, identity, secrets, stack)
    kept_in = _state(paths.spool_dir, loaded)
    spool = await stack.enter_async_context(open_journal(kept_in, clock))
    spooling = SpoolingJournal(primary, spool, clock, alone=alone_in(kept_in))
    notifier = await notifier_of(loaded, clock, secrets, stack)
    return Records(spooling, primary, approvals, leases, identity, rules, notifier)


async def _stores(
    loaded: Loaded, directory: Path, clock: Clock, identity: Identity, secrets: SecretStore, stack: AsyncExitStack
) -> tuple[Journal, Approvals, Leases]:
    config = loaded.context.journal
    signs = identity if config.sign is Signing.AUTO else None
    anchors = await asyncio.to_thread(anchors_of, loaded, secrets)
    if config.shared is not None:
        from modeltui.wiring.witnessed import open_witnessed

        shared = await shared_store(config.shared, clock, secrets, stack)
        witnessed = await stack.enter_async_context(open_witnessed(shared.journal, clock, signs, anchors))
        return witnessed, shared.approvals, shared.leases
    journal = await stack.enter_async_context(open_journal(directory, clock, signs, anchors))
    return journal, FileApprovals(directory, clock), FileLeases(directory, clock)


def _state(directory: Callable[[str, str], str], loaded: Loaded) -> Path:
    return Path(directory(loaded.file, loaded.context_name))
