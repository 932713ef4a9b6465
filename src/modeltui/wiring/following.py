"""The record of a context, followed for the screens of a session; it reads and never writes."""

from __future__ import annotations

from pathlib import Path

from modeltui.adapters.shared_files.leases import FileLeases
from modeltui.adapters.shared_files.store import NAME
from modeltui.config.load import Loaded
from modeltui.domain.acting.lease import Lease
from modeltui.engine.journal.poller import JournalPoller
from modeltui.engine.observer import Observer
from modeltui.wiring.journal_reading import journal_directory, open_journal_reader


async def follow_record(loaded: Loaded, observer: Observer) -> None:
    """Read into the observer's store what is new in the record, until cancelled.

    Raises `ConfigError` when the record cannot be named.
    """
    directory = journal_directory(loaded)
    # Those of a shared store are in a database that only who acts has the means to open; the record tells enough.
    leases = None if loaded.context.journal.shared is not None else _SeenLeases(directory, observer)
    async with open_journal_reader(loaded) as journal:
        await JournalPoller(journal, observer.store, observer.clock, leases).run()


class _SeenLeases(FileLeases):
    """Who is busy with what, where anybody ever was: who only looks makes no file."""

    def __init__(self, directory: Path, observer: Observer) -> None:
        super().__init__(directory, observer.clock)
        self._path = directory / NAME

    async def held(self) -> tuple[Lease, ...]:
        return await super().held() if self._path.exists() else ()
