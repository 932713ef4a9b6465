"""Puts together what writes down which version serves: a look at every source, and the journal; no writer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.journal import open_journal
from modeltui.config.access import load_access
from modeltui.config.acting import Signing
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.domain.journal.record import Record
from modeltui.engine.journal.poller import observe
from modeltui.engine.observer import Observer
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal
from modeltui.wiring.journal_reading import anchors_of, journal_directory, shared_store
from modeltui.wiring.observing import open_observer


@dataclass(frozen=True, slots=True)
class Observations:
    """Looks, and writes down what it saw."""

    observer: Observer
    journal: Journal
    identity: Identity

    async def write_down(self) -> tuple[Record, ...]:
        """Look once and append a record for each target of which it is news; raise `JournalUnavailable`."""
        fleet = await self.observer.look_once()
        return await observe(fleet, self.journal, self.observer.clock.now(), await self.identity.actor())


@asynccontextmanager
async def open_observations(loaded: Loaded) -> AsyncIterator[Observations]:
    """Open the sources and the journal of a context; raise `ConfigError` before any contact."""
    secrets = SecretStore()
    async with AsyncExitStack() as stack:
        observer = await stack.enter_async_context(open_observer(loaded, start_from_cache=False))
        identity = SystemIdentity(load_access(loaded.context.access).policy)
        config = loaded.context.journal
        journal: Journal
        signs = identity if config.sign is Signing.AUTO else None
        anchors = anchors_of(loaded, secrets)
        if config.shared is not None:
            from modeltui.wiring.witnessed import open_witnessed

            shared = await shared_store(config.shared, observer.clock, secrets, stack)
            witnessed = open_witnessed(shared.journal, observer.clock, signs, anchors)
            journal = await stack.enter_async_context(witnessed)
        else:
            made = open_journal(journal_directory(loaded), observer.clock, signs, anchors)
            journal = await stack.enter_async_context(made)
        yield Observations(observer, journal, identity)
