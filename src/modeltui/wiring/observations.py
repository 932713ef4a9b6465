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
from modeltui.config.schema import Mode
from modeltui.config.secrets import SecretStore
from modeltui.domain.journal.record import Record
from modeltui.engine.acting.deadlines import DEADLINES
from modeltui.engine.acting.notices import Notices
from modeltui.engine.journal.poller import observe
from modeltui.engine.observer import Observer
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal
from modeltui.ports.notifier import Notifier
from modeltui.wiring.journal_reading import anchors_of, journal_directory, shared_store
from modeltui.wiring.observing import open_observer
from modeltui.wiring.telling import notifier_of

_DELIVERY_SECONDS = 5.0
"""What cannot be sent in this time is sent at the next look, or by the next action."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Looks, and writes down what it saw."""

    observer: Observer
    journal: Journal
    identity: Identity
    notifier: Notifier | None
    """Whom to tell what nobody was told of; `None` where this context may only look."""

    async def write_down(self) -> tuple[Record, ...]:
        """Look once and append a record for each target of which it is news; raise `JournalUnavailable`."""
        fleet = await self.observer.look_once()
        return await observe(fleet, self.journal, self.observer.clock.now(), await self.identity.actor())

    async def tell_what_is_left(self) -> int:
        """Tell people elsewhere what the journal records and nobody was told of; return how many notices still wait.

        Raises `JournalUnavailable`.
        """
        if self.notifier is None:
            return 0
        actor, clock = await self.identity.actor(), self.observer.clock
        await Notices(self.notifier, self.journal, actor, clock, DEADLINES).complete(waits=False)
        return await self.notifier.deliver(deadline_seconds=_DELIVERY_SECONDS)


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
        may_tell = loaded.context.notify and loaded.context.mode is not Mode.READ_ONLY
        notifier = await notifier_of(loaded, observer.clock, secrets, stack) if may_tell else None
        yield Observations(observer, journal, identity, notifier)
