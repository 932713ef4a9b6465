"""The record of a context, followed for the screens of a session; it reads and never writes."""

from __future__ import annotations

from modeltui.config.load import Loaded
from modeltui.engine.journal.poller import JournalPoller
from modeltui.engine.observer import Observer
from modeltui.wiring.journal_reading import open_record_reader


async def follow_record(loaded: Loaded, observer: Observer) -> None:
    """Read into the observer's store what is new in the record, and who is busy, until cancelled.

    Raises `ConfigError` when the record cannot be named.
    """
    async with open_record_reader(loaded) as record:
        await JournalPoller(record.journal, observer.store, observer.clock, record.leases).run()
