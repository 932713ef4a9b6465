"""Puts together what drops the part of a record that has been kept long enough."""

from __future__ import annotations

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.config.access import load_access
from modeltui.config.acting import Signing
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import Refusal
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.wiring.journal_reading import anchors_of, journal_directory

_DAY_SECONDS = 86_400.0


async def prune(loaded: Loaded, *, dry_run: bool) -> tuple[str, ...] | Refusal:
    """Drop the whole segments that are older than the configuration keeps, and return their names, or why not.

    With `dry_run` nothing is dropped. Raises `JournalUnavailable`.
    """
    config = loaded.context.journal
    if config.shared is not None:
        return Refusal(
            SafeText("the record of this context is in a shared database, where nothing is dropped from here"),
            SafeText("whoever runs the database decides what it keeps"),
        )
    clock = SystemClock()
    before = Instant(clock.now() - config.retention_days * _DAY_SECONDS)
    identity = SystemIdentity(load_access(loaded.context.access).policy)
    signs = identity if config.sign is Signing.AUTO else None
    async with open_journal(journal_directory(loaded), clock, signs, anchors_of(loaded, SecretStore())) as journal:
        if dry_run:
            return journal.older_than(before)
        return await journal.drop_before(before, await identity.actor())
