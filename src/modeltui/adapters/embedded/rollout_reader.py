"""The rollouts of a world file: what its controller was told to do with the traffic."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from modeltui.adapters.embedded import wire
from modeltui.adapters.embedded.file import Options, WorldFile, opened
from modeltui.adapters.embedded.schema import SCHEMA_VERSION
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import ABSENT, Fact, Known, Table
from modeltui.domain.names import UNKNOWN, Instant, SourceName, TargetKey, Unknown
from modeltui.domain.rollout import Job, Rollout, ServingRecord, Stage
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Connect, Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.rollout_reader import RolloutReader, RolloutsAnswer

KIND: Final = "embedded"
PORT: Final = SourceKind.ROLLOUTS
POLL_SECONDS: Final = 2.0
"""As often as the simulator looks at what is wanted."""
__all__ = ["KIND", "POLL_SECONDS", "PORT", "EmbeddedRolloutReader", "Options", "connect"]

T = TypeVar("T")
Row = tuple[Any, ...]


class EmbeddedRolloutReader:
    """Reads targets, weights, stages, serving records and jobs from a world file."""

    def __init__(self, file: WorldFile, source: SourceName, clock: Clock) -> None:
        self._file = file
        self._source = source
        self._clock = clock

    async def read_rollouts(self) -> RolloutsAnswer:
        """Return every target of the world, from one look at the file."""
        return await self._file.ask(self._rollouts)

    async def probe(self) -> Probe:
        """Return what the file holds, and how long it took to say so."""
        began = self._clock.boottime()
        targets = await self._file.ask(lambda connection: len(self._rollouts(connection).rollouts))
        findings = (Finding(SafeText("targets"), targets > 0, safe_text(f"{targets} targets")),)
        return Probe(safe_text(f"world format {SCHEMA_VERSION}"), self._clock.boottime() - began, 0.0, findings)

    def _rollouts(self, connection: sqlite3.Connection) -> RolloutsAnswer:
        weights = _grouped(connection, "version, weight FROM weights ORDER BY version", tuple)
        served = _grouped(
            connection, "version, started_at, ended_at, passed_gates FROM served ORDER BY started_at", _served
        )
        jobs = _grouped(connection, "name, version, started_at, progress FROM jobs ORDER BY name", _job)
        facts = _grouped(connection, "name, value, observed_at FROM environment_facts ORDER BY name", tuple)
        rows = connection.execute(
            "SELECT model, environment, stable, candidate, shadow, says, revision,"
            " stage_name, stage_weight, stage_since, stage_hold_seconds FROM targets ORDER BY model, environment"
        )
        rollouts = []
        for model, environment, stable, candidate, shadow, says, revision, *stage in rows:
            key = wire.target_key(model, environment)
            rollouts.append(
                Rollout(
                    target=key,
                    source=self._source,
                    weights={wire.version_id(name): wire.number(weight) for name, weight in weights.get(key, ())},
                    stable=wire.version_or_unknown(stable),
                    candidate=wire.version_or_unknown(candidate),
                    shadow=wire.version_or_unknown(shadow),
                    stage=_stage(stage),
                    says=wire.text_or_unknown(says),
                    revision=safe_text(str(revision)),
                    served=tuple(served.get(key, ())),
                    jobs=tuple(jobs.get(key, ())),
                    environment=self._environment(facts.get(key, ())),
                )
            )
        return RolloutsAnswer(tuple(rollouts))

    def _environment(self, rows: list[Row] | tuple[()]) -> Fact[Table]:
        if not rows:
            return ABSENT
        observed_at = max(wire.number(at) for _, _, at in rows)
        table = {safe_text(name): safe_text(value) for name, value, _ in rows}
        return Known(table, self._source, Instant(observed_at))


def _grouped(connection: sqlite3.Connection, columns: str, make: Callable[[Row], T]) -> dict[TargetKey, list[T]]:
    grouped: dict[TargetKey, list[T]] = {}
    for model, environment, *row in connection.execute(f"SELECT model, environment, {columns}"):
        grouped.setdefault(wire.target_key(model, environment), []).append(make(tuple(row)))
    return grouped


def _stage(row: list[Any]) -> Stage | Unknown:
    name, weight, since, hold = row
    if name is None:
        return UNKNOWN
    return Stage(safe_text(name), wire.number(weight), wire.instant_or_unknown(since), wire.number_or_unknown(hold))


def _served(row: Row) -> ServingRecord:
    version, started_at, ended_at, passed = row
    return ServingRecord(
        wire.version_id(version), Instant(wire.number(started_at)), wire.instant_or_unknown(ended_at), passed == 1
    )


def _job(row: Row) -> Job:
    name, version, started_at, progress = row
    return Job(
        safe_text(name), wire.version_id(version), Instant(wire.number(started_at)), wire.number_or_unknown(progress)
    )


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[RolloutReader]:
    """Open the rollouts of the world file that the options name."""
    async with opened(options, surroundings.base_directory) as file:
        yield EmbeddedRolloutReader(file, surroundings.source, surroundings.clock)


_: Connect = connect
