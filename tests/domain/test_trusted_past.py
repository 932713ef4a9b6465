"""What is known to be good stays known while a past is read or a cached snapshot is put back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.cached import to_cache, with_cached
from modeltui.domain.health import BaselineKind, Level
from modeltui.domain.names import Missing
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.signal import Sample
from modeltui.testing.worlds import START, World, empty_fleet, mean, rollout, seen

PLACE = "fraud@prod"
POLICY = replace(DEFAULT_POLICY, proven_after_seconds=60.0)


def look(world: World) -> tuple[tuple[Sample, ...], ...]:
    """Return what serves after the promotion: a bad champion, and the holdback beside it."""
    bad = seen(PLACE, "2", world.now, throughput=80.0, drift=0.01, confidence=mean(0.5, 2000))
    return bad, seen(PLACE, "1", world.now, throughput=20.0, drift=0.01, confidence=mean(0.9, 500))


@pytest.fixture
def world() -> World:
    """Return a world in which version 1 was seen to be good, and version 2 was made champion and is in breach."""
    world = World(POLICY)
    world.told(rollout(PLACE, "1"))
    for _ in range(6):
        world.sees(seen(PLACE, "1", world.now, throughput=100.0, drift=0.01, confidence=mean(0.9, 2000)))
        world.passes()
    world.told(rollout(PLACE, "2"))
    for _ in range(6):
        world.sees(*look(world))
        world.passes()
    assert world.target(PLACE).level is Level.BREACH
    return world


def test_a_past_too_short_to_prove_anything_ends_no_breach(world: World) -> None:
    """Reading a past that does not reach back to the good version leaves the breach and the way back as they are."""
    began = world.now - START - 30.0
    steps = [(began + 15.0 * step, tuple(sample for part in look(world) for sample in part)) for step in range(2)]
    world.remembers(PLACE, steps)
    known = world.target(PLACE).known_good
    assert (world.target(PLACE).level, known and not isinstance(known, Missing) and known.version) == (
        Level.BREACH,
        "1",
    )
    baseline = world.cell(PLACE, "2", "confidence").verdict.baseline
    assert not isinstance(baseline, Missing)
    assert (baseline.kind, baseline.version) == (BaselineKind.LAST_KNOWN_GOOD, "1")


def test_a_cached_bad_version_is_not_put_back_as_ok(world: World) -> None:
    """The snapshot of a breach is compared with the last known good again: it does not come back as fine."""
    fleet = with_cached(empty_fleet(POLICY), to_cache(world.fleet), world.now, world.now)
    target = next(iter(fleet.targets.values()))
    assert target.level >= Level.WARN
