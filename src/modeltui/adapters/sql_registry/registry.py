"""Tables of a team's own as a registry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

from modeltui.adapters.sql_registry.listing import Listing
from modeltui.adapters.sql_registry.options import Options
from modeltui.adapters.sql_registry.provenance import VersionRows
from modeltui.adapters.sql_registry.session import Session, Store, TableTrouble
from modeltui.adapters.sql_registry.tables import Found, look
from modeltui.domain.errors import BackendRefused
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import UNKNOWN, ModelName, VersionId
from modeltui.domain.text import safe_text
from modeltui.domain.version import Version
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer, Registry

KIND: Final = "sql"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 15.0

__all__ = ["KIND", "POLL_SECONDS", "PORT", "Options", "SqlRegistry", "connect"]

_MAKE_TABLES: Final = "Make those of sample_configs/sql-registry.sql that you need, or name yours under `tables`."
_GRANT: Final = "Give the user of this source the right to read it (GRANT SELECT), or set used: false."


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Give the registry; nothing is opened before the first question."""
    store = _store(options, surroundings)
    try:
        yield SqlRegistry(store, options, surroundings)
    finally:
        await store.close()


def _store(options: Options, surroundings: Surroundings) -> Store:
    source = str(surroundings.source)
    if options.path is not None:
        from modeltui.adapters.sql_registry.sqlite import SqliteStore

        path = surroundings.base_directory / options.path.expanduser()
        return SqliteStore(source, path, surroundings.clock.boottime, options.timeout_seconds, options.most_rows)
    from modeltui.adapters.sql_registry.postgresql import PostgresqlStore

    url = surroundings.secret(options.url) if options.is_reference else options.url
    return PostgresqlStore(
        source, url, options.timeout_seconds, options.most_rows, user=options.user, password=options.password
    )


class SqlRegistry:
    """Reads models, versions and provenance; every question sees one state of all tables."""

    def __init__(self, store: Store, options: Options, surroundings: Surroundings) -> None:
        self._store = store
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._listing = Listing(surroundings.source, options.most_rows)

    async def read_models(self) -> ModelsAnswer:
        """Return every model, with the pointers of `active_models` and `pointers`."""
        return await self._store.read(lambda session: self._listing.models(session, self._look(session)))

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model: those of the table, and those that something points at."""

        def ask(session: Session) -> tuple[Version, ...]:
            try:
                return self._listing.versions(session, self._look(session), model)
            except TableTrouble as error:
                raise self._unreadable(error) from error

        return await self._store.read(ask)

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return what all tables say of one version."""

        def ask(session: Session) -> Provenance:
            found = self._look(session)
            try:
                raw_model = self._listing.raw_name(session, found, model)
                raw_version = self._listing.raw_version(session, found, raw_model, version)
            except TableTrouble as error:
                raise self._unreadable(error) from error
            if raw_version is None:
                raise BackendRefused(f"{self._source} has no {model} {version}", "It was deleted or renamed.")
            rows = VersionRows(session, found, self._source, self._clock.now(), self._options.most_rows)
            return rows.provenance(raw_model, raw_version)

        return await self._store.read(ask)

    async def probe(self) -> Probe:
        """Return which tables are there, what they lack, and how long it takes to list all models."""
        started_at = self._clock.boottime()

        def ask(session: Session) -> Probe:
            found = self._look(session)
            answer = self._listing.models(session, found)
            server, its_clock = session.server()
            latency_seconds = self._clock.boottime() - started_at
            offset = UNKNOWN if its_clock is None else its_clock - self._clock.now()
            return Probe(server, latency_seconds, offset, tuple(_findings(found, answer)))

        return await self._store.read(ask)

    def _look(self, session: Session) -> Found:
        found = look(session, self._options)
        if not found.tables:
            says = found.odd[0] if found.odd else f"none of the tables is there: {', '.join(found.missing)}"
            raise BackendRefused(f"{self._source}: {safe_text(says, 300)}", _MAKE_TABLES)
        return found

    def _unreadable(self, error: TableTrouble) -> BackendRefused:
        return BackendRefused(f"{self._source}: the table of versions cannot be read: {error}", _GRANT)


def _findings(found: Found, answer: ModelsAnswer) -> Iterator[Finding]:
    count = len(answer.models)
    yield Finding(
        safe_text("models"), count > 0, safe_text(f"{count} models"), safe_text("" if count else "Fill them.")
    )
    tables = ", ".join(found.tables)
    not_there = f"; not there: {', '.join(found.missing)}" if found.missing else ""
    yield Finding(safe_text("tables"), True, safe_text(f"{tables}{not_there}", 400))
    for warning in answer.warnings:
        yield Finding(safe_text("list"), False, warning, safe_text("Correct the rows, or the rights, that it names."))
