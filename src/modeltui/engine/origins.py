"""Asks everybody where versions come from: registries first, then those who need to know what registries said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from modeltui.domain.event import CodeLogRead, ProvenanceAsked
from modeltui.domain.fleet import Fleet, SourceKind
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.origins import code_span
from modeltui.engine.questions import ask_code_log, ask_provenance
from modeltui.engine.source import Source
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock

MOST_MEMBERS = 16
"""Members of an ensemble whose own versions are read for a comparison."""


async def read_origin(
    store: Store, sources: Sequence[Source], clock: Clock, model: ModelName, version: VersionId
) -> None:
    """Ask every source that may know where a version comes from; each answer is applied when it is there."""
    registries = registries_of(store.fleet, sources, model)
    others = [source for source in sources if source.kind is SourceKind.PROVENANCE]
    asked = tuple(source.name for source in (*registries, *others))
    if not asked:
        return
    store.apply(ProvenanceAsked(clock.now(), model, version, asked))
    await _ask(store, registries, clock, model, version)
    await _ask(store, others, clock, model, version)


async def read_both(
    store: Store,
    sources: Sequence[Source],
    clock: Clock,
    model: ModelName,
    a: VersionId,
    b: VersionId,
    *,
    again: bool = False,
) -> None:
    """Ask for all that two versions can be compared by: their origins, the code between them, members that differ.

    What all told is asked for once, unless `again`; a log between two commits never changes and is read once.
    """
    async with asyncio.TaskGroup() as reading:
        for version in dict.fromkeys((a, b)):
            if needs_reading(store.fleet, model, version, again=again):
                reading.create_task(read_origin(store, sources, clock, model, version))
    async with asyncio.TaskGroup() as reading:
        reading.create_task(_read_code(store, sources, clock, model, a, b))
        for member, version in _members(store.fleet, model, a, b, again=again):
            reading.create_task(read_origin(store, sources, clock, member, version))


def needs_reading(fleet: Fleet, model: ModelName, version: VersionId, *, again: bool = False) -> bool:
    """Tell whether somebody was not asked where a version comes from, or could not say it, or is to be asked again."""
    key = (model, version)
    return (again or key not in fleet.claims or key in fleet.untold) and key not in fleet.awaited


def registries_of(fleet: Fleet, sources: Iterable[Source], model: ModelName) -> list[Source]:
    """Return the registries that list a model; all where none does, for one may not have answered yet."""
    registries = [source for source in sources if source.kind is SourceKind.REGISTRY]
    listing = [source for source in registries if model in fleet.listings.get(source.name, frozenset())]
    return listing or registries


async def _ask(store: Store, sources: Iterable[Source], clock: Clock, model: ModelName, version: VersionId) -> None:
    known = store.fleet.provenance.get((model, version), Provenance())

    async def ask(source: Source) -> None:
        store.apply(await ask_provenance(source, clock, model, version, known))

    async with asyncio.TaskGroup() as asking:
        for source in sources:
            asking.create_task(ask(source))


async def _read_code(
    store: Store, sources: Iterable[Source], clock: Clock, model: ModelName, a: VersionId, b: VersionId
) -> None:
    """Ask the repositories one after the other until one tells the log; why none could is known too."""
    span = code_span(store.fleet, model, a, b)
    if span is None:
        return
    found = store.fleet.code_logs.get(span)
    if found is not None and not found.trouble:
        return
    troubled = None
    for source in sources:
        if source.kind is SourceKind.CODE:
            log = await ask_code_log(source, clock, span)
            if log is not None and not log.trouble:
                store.apply(CodeLogRead(clock.now(), span, log))
                return
            troubled = troubled or log
    if troubled is not None:
        store.apply(CodeLogRead(clock.now(), span, troubled))


def _members(
    fleet: Fleet, model: ModelName, a: VersionId, b: VersionId, *, again: bool
) -> list[tuple[ModelName, VersionId]]:
    """Return the versions of members that differ and need reading, as far as a registry lists the member."""
    tables = []
    for version in (a, b):
        provenance = fleet.provenance.get((model, version))
        components = provenance.components if provenance else None
        tables.append(components.value if isinstance(components, Known) else {})
    changed = [member for member in tables[0] if tables[1].get(member, tables[0][member]) != tables[0][member]]
    listed = [member for member in changed if member in fleet.models and member != model][:MOST_MEMBERS]
    wanted = [(member, table[member]) for member in listed for table in tables]
    return [(member, version) for member, version in wanted if needs_reading(fleet, member, version, again=again)]
