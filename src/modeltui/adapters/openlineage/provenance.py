"""Lineage events as a source of provenance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from modeltui.adapters._documents.threads import Threads
from modeltui.adapters.openlineage.event_files import EventFiles
from modeltui.adapters.openlineage.matching import find, runs_named
from modeltui.adapters.openlineage.options import Options, http_settings
from modeltui.adapters.openlineage.runs import Runs
from modeltui.adapters.openlineage.telling import NOTHING, provenance_of
from modeltui.adapters.openlineage.upstream import makers
from modeltui.domain.errors import BackendError
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import ABSENT, FIELDS, Known, Provenance, Unreadable
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Probe
from modeltui.ports.provenance import ProvenanceSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modeltui.adapters.openlineage.marquez import Marquez

KIND: Final = "openlineage"
PORT: Final = SourceKind.PROVENANCE
POLL_SECONDS: Final = 60.0

__all__ = ["KIND", "POLL_SECONDS", "PORT", "Options", "connect"]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[ProvenanceSource]:
    """Give the source; nothing is read or asked before the first question."""
    if options.server is not None:
        from modeltui.adapters._http import HttpReader
        from modeltui.adapters.openlineage.marquez import Marquez

        settings = http_settings(options.server, surroundings.base_directory)
        async with HttpReader(surroundings.source, settings) as reader:
            yield Lineage(Marquez(reader, options, surroundings), options, surroundings)
        return
    files = EventFiles(options, surroundings)
    try:
        yield Lineage(files, options, surroundings)
    finally:
        files.stop()


class Lineage:
    """Finds the run that made a version and tells what it said."""

    def __init__(self, place: EventFiles | Marquez, options: Options, surroundings: Surroundings) -> None:
        self._place = place
        self._options = options
        self._source = surroundings.source
        self._threads = Threads(self._source, "looking through the runs")
        self._clock = surroundings.clock

    async def read_provenance(self, model: ModelName, version: VersionId, known: Provenance) -> Provenance:
        """Return what the run that made a version said; raise `BackendError` when runs cannot be looked at."""
        runs, trouble = await self._place.look(model, version, runs_named(known))
        # Many runs take a while to look through: not in the loop that answers keys.
        found = await self._threads.run(self._told, runs, model, version, known)
        if trouble is None:
            return found
        if found == NOTHING:
            raise trouble
        return self._not_whole(found, trouble)

    def _told(self, runs: Runs, model: str, version: str, known: Provenance) -> Provenance:
        with runs.turn:
            match = find(runs, self._options, model, version, runs_named(known))
            if match is None:
                return NOTHING
            before = makers(runs, match.run, self._options.hops)
            return provenance_of(match, before, known, self._source, self._clock.now())

    def _not_whole(self, found: Provenance, trouble: BackendError) -> Provenance:
        """Return what was found, with the gaps and lists of which nobody knows whether they are whole."""
        reason = safe_text(trouble.title, 300)
        facts: dict[str, Any] = {}
        for name in FIELDS:
            fact = getattr(found, name)
            if fact is ABSENT:
                facts[name] = Unreadable(reason, self._source)
            elif isinstance(fact, Known) and isinstance(fact.value, Mapping | tuple):
                facts[name] = replace(fact, lacks=reason)
        return replace(found, **facts)

    async def probe(self) -> Probe:
        """Return whether events can be read, and what is odd in them."""
        return await self._place.probe()
