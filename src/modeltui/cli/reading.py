"""One version that an operator asks about, read from everybody who may know it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from modeltui.cli.naming import model_named, target_named, version_named
from modeltui.cli.output import fail, note
from modeltui.cli.session import failures
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.names import Missing
from modeltui.engine.observer import Observer

MOST_READ = 400
"""Versions that one command reads; a registry may take half a second for each."""
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A version, and the fleet as it was known after asking."""

    fleet: Fleet
    key: VersionKey
    is_whole: bool
    """Every source answered, and could say where the version comes from."""

    @property
    def is_readable(self) -> bool:
        """Tell whether no part of it was refused or broken; what nobody recorded is an answer."""
        from modeltui.domain.lineage import FIELDS, Unreadable
        from modeltui.domain.told import told_of

        told = told_of(self.fleet, self.key)
        return not isinstance(told, Missing) and not any(isinstance(getattr(told, name), Unreadable) for name in FIELDS)


async def read_subject(observer: Observer, model: str, version: str, environment: str | None = None) -> Subject:
    """Ask everybody where a version comes from; raise `WrongNameError` when it is not there."""
    fleet = await observer.look_once()
    broken = failures(fleet)
    for title, remedy in broken:
        fail(title, remedy)
    name = model_named(fleet, model, is_whole=not broken)
    await observer.read_versions(name)
    fleet = observer.fleet
    meant = version_named(fleet, name, version, target_named(fleet, name, None, environment), is_whole=not broken)
    if meant.because:
        note(f"modeltui: {meant.because}")
    await observer.read_provenance(name, meant.version)
    fleet = observer.fleet
    key = (name, meant.version)
    for source, reason in fleet.untold.get(key, {}).items():
        fail(f"{source} could not say where {name} {meant.version} comes from: {reason}")
    return Subject(fleet, key, not broken and not fleet.untold.get(key))


async def read_all(observer: Observer, keys: Iterable[VersionKey], most: int = MOST_READ) -> int:
    """Ask where these versions come from, a few at once; return how many were left out because there are too many."""
    wanted = [key for key in dict.fromkeys(keys) if key not in observer.fleet.claims]
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def read(key: VersionKey) -> None:
        async with at_once:
            await observer.read_provenance(*key)

    async with asyncio.TaskGroup() as reading:
        for key in wanted[:most]:
            reading.create_task(read(key))
    return max(len(wanted) - most, 0)
