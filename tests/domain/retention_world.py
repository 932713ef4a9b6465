"""A model with a long past, of which everything is known: tests take parts of it away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from modeltui.domain.event import ProvenanceRead, VersionsRead
from modeltui.domain.journal.serving_history import Basis, Interval
from modeltui.domain.lineage import Artifact, Known, Provenance
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown
from modeltui.domain.retained import Retained, Retention
from modeltui.domain.retention import retention
from modeltui.domain.rollout import Role, ServingRecord
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version
from modeltui.testing.worlds import START, World, model, record, rollout, seen, source_name, target_key, version_id

DAY = 86_400.0
FRAUD = ModelName(SafeText("fraud"))
REGISTRY = source_name("registry")
VERSIONS = ("9", "8", "7", "6", "5", "4", "3")
"""9 is on its way, 8 serves, 7 and 6 were good before; 5 served and failed, 4 and 3 never served."""
MEMORY = (record("6", -60 * DAY, -40 * DAY), record("7", -40 * DAY, -20 * DAY), record("8", -20 * DAY))
FAILED = record("5", -70 * DAY, -60 * DAY, passed=False)


def known(value: Any, source: str = "registry") -> Known[Any]:
    """Return a value that a source knows."""
    return Known(value, source_name(source), START)


def registered(name: str) -> Instant:
    """Return when a version was registered: ten days after the one before; 9 yesterday."""
    return Instant(START - DAY if name == "9" else START - (110 - 10 * int(name)) * DAY)


def told(world: World, name: str, version: str, source: str = "registry", **fields: Any) -> None:
    """Let a source say where a version comes from."""
    facts = {"artifact": known(Artifact(SafeText(f"s3://{name}/{version}"), size_bytes=1_000)), **fields}
    world.apply(
        ProvenanceRead(
            source_name(source), world.now, ModelName(SafeText(name)), version_id(version), Provenance(**facts)
        )
    )


def listed(world: World, *rows: Version) -> None:
    """Let the registry list the versions of the model."""
    world.apply(VersionsRead(REGISTRY, world.now, FRAUD, rows))


def row(name: str, **more: Any) -> Version:
    """Return a version as the registry lists it."""
    return replace(Version(FRAUD, version_id(name), registered(name)), **more)


def whole_world(served: Iterable[ServingRecord] = (FAILED, *MEMORY), **changed: Any) -> World:
    """Return a world in which 8 serves on prod alone, and everything is known."""
    world = World(**changed)
    world.registered(model("fraud", "9"))
    listed(world, *(row(name) for name in VERSIONS))
    world.told(rollout("fraud@prod", "8", served=served))
    world.sees(seen("fraud@prod", "8", throughput=50.0, error_rate=(1.0, 1_000.0)))
    for name in VERSIONS:
        told(world, "fraud", name)
    return world


def history(since_days: float = 100.0, gap: tuple[float, float] | None = None) -> tuple[Interval, ...]:
    """Return what served on prod: 8, since long before; with a gap in days ago."""
    edges = [(since_days, 0.0)] if gap is None else [(since_days, gap[0]), (gap[1], 0.0)]
    spans = [
        Interval(
            target_key("fraud@prod"),
            version_id("8"),
            Role.STABLE,
            1.0,
            Instant(START - first * DAY),
            Instant(START - last * DAY),
            Basis.OBSERVATION,
        )
        for first, last in edges
    ]
    if gap is not None:
        first, last = gap
        since, until = Instant(START - first * DAY), Instant(START - last * DAY)
        spans.append(Interval(target_key("fraud@prod"), UNKNOWN, UNKNOWN, UNKNOWN, since, until, Basis.GAP))
    return tuple(spans)


def of(world: World, past: Iterable[Interval] | Unknown = UNKNOWN) -> Retention:
    """Return what may be pruned of the model."""
    return retention(world.fleet, FRAUD, past)


def one(found: Retention, name: str) -> Retained:
    """Return one version of it."""
    return next(each for each in found.versions if each.version == name)


def prunable(found: Retention) -> set[str]:
    """Return the names of what may be pruned."""
    return {str(each.version) for each in found.prunable}
