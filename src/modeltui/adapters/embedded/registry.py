"""The registry of a world file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from modeltui.adapters.embedded import wire
from modeltui.adapters.embedded.file import Options, WorldFile, opened
from modeltui.adapters.embedded.schema import SCHEMA_VERSION
from modeltui.domain.errors import BackendRefused
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version, newest, version_order
from modeltui.ports.adapter import Connect, Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer, Registry

KIND: Final = "embedded"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 10.0
"""Versions come by the day."""
__all__ = ["KIND", "POLL_SECONDS", "PORT", "EmbeddedRegistry", "Options", "connect"]


class EmbeddedRegistry:
    """Reads models, versions and provenance from a world file."""

    def __init__(self, file: WorldFile, source: SourceName, clock: Clock) -> None:
        self._file = file
        self._source = source
        self._clock = clock

    async def read_models(self) -> ModelsAnswer:
        """Return every model with its pointers, from one look at the file."""
        return await self._file.ask(self._models)

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, newest first; empty when there is no such model."""
        return await self._file.ask(lambda connection: _versions(connection, model))

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return all that is known of one version; raise `BackendRefused` when it is not registered."""
        raw = await self._file.ask(lambda connection: _provenance(connection, model, version))
        if raw is None:
            raise BackendRefused(
                f"there is no version {version} of {model} in the world", f"Look at `modeltui versions {model}`."
            )
        return await self._file.ask(lambda _: wire.provenance(raw, self._source, self._clock.now()))

    async def probe(self) -> Probe:
        """Return what the file holds, and how long it took to say so."""
        began = self._clock.boottime()
        models, versions = await self._file.ask(_counted)
        says = safe_text(f"{models} models, {versions} versions")
        findings = (Finding(SafeText("models"), models > 0, says),)
        return Probe(safe_text(f"world format {SCHEMA_VERSION}"), self._clock.boottime() - began, 0.0, findings)

    def _models(self, connection: sqlite3.Connection) -> ModelsAnswer:
        pointers: dict[str, list[Pointer]] = {}
        for model, name, version in connection.execute("SELECT model, name, version FROM pointers ORDER BY name"):
            pointers.setdefault(model, []).append(Pointer(safe_text(name), wire.version_id(version)))
        ids: dict[str, list[VersionId]] = {}
        for model, version in connection.execute("SELECT model, id FROM versions"):
            ids.setdefault(model, []).append(wire.version_id(version))
        rows = connection.execute("SELECT name, owner, kind, tags FROM models ORDER BY name")
        models = (
            Model(
                name=wire.model_name(name),
                latest=newest(ids.get(name, ())),
                pointers=tuple(pointers.get(name, ())),
                source=self._source,
                owner=wire.text_or_unknown(owner),
                kind=wire.text_or_unknown(kind),
                tags=wire.tags(tags),
            )
            for name, owner, kind, tags in rows
        )
        return ModelsAnswer(tuple(models))


def _versions(connection: sqlite3.Connection, model: str) -> tuple[Version, ...]:
    pointers: dict[str, list[SafeText]] = {}
    for name, version in connection.execute(
        "SELECT name, version FROM pointers WHERE model = ? ORDER BY name", [model]
    ):
        pointers.setdefault(version, []).append(safe_text(name))
    rows = connection.execute(
        "SELECT id, created_at, created_by, state, description, tags FROM versions WHERE model = ?", [model]
    )
    versions = [
        Version(
            model=wire.model_name(model),
            id=wire.version_id(version),
            created_at=wire.instant_or_unknown(created_at),
            created_by=wire.text_or_unknown(created_by),
            state=wire.text_or_unknown(state),
            description=wire.text_or_unknown(description),
            pointers=tuple(pointers.get(version, ())),
            tags=wire.tags(tags),
        )
        for version, created_at, created_by, state, description, tags in rows
    ]
    return tuple(sorted(versions, key=lambda version: version_order(version.id), reverse=True))


def _provenance(connection: sqlite3.Connection, model: str, version: str) -> object:
    row = connection.execute(
        "SELECT substr(provenance, 1, ?) FROM versions WHERE model = ? AND id = ?",
        [wire.MOST_CHARACTERS + 1, model, version],
    ).fetchone()
    return None if row is None else row[0]


def _counted(connection: sqlite3.Connection) -> tuple[int, int]:
    models, versions = connection.execute("SELECT (SELECT COUNT(*) FROM models), COUNT(*) FROM versions").fetchone()
    return int(models), int(versions)


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Open the registry of the world file that the options name."""
    async with opened(options, surroundings.base_directory) as file:
        yield EmbeddedRegistry(file, surroundings.source, surroundings.clock)


_: Connect = connect
