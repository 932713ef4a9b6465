"""A version that was never compared with the one beside it has proven nothing."""

from __future__ import annotations

import pytest

from modeltui.domain.names import UNKNOWN, Missing
from modeltui.testing.worlds import World, mean, rollout, seen

PLACE = "fraud@prod"
PROVEN_AFTER_SECONDS = 660


def watched(world: World, *, beside: bool, conf: float = 0.9) -> None:
    """Let version 2 answer for as long as it takes to be known good, alone or with version 1 beside it."""
    for _ in range(PROVEN_AFTER_SECONDS // 15):
        others = [seen(PLACE, "1", world.now, throughput=20.0, confidence=mean(0.9, 500))] if beside else []
        world.sees(seen(PLACE, "2", world.now, throughput=80.0, confidence=mean(conf, 2000), drift=0.01), *others)
        world.passes()


def good(world: World) -> str:
    """Return the last known good version; empty when there is none."""
    known = world.target(PLACE).known_good
    return "" if isinstance(known, Missing) else known.version


def test_a_version_beside_its_predecessor_is_not_trusted_uncompared() -> None:
    """A champion that was bad before anybody looked is not the last known good while the holdback still answers."""
    world = World()
    world.told(rollout(PLACE, "2"))
    watched(world, beside=True, conf=0.5)
    assert world.target(PLACE).known_good is UNKNOWN


def test_a_version_alone_proves_itself_by_its_limits() -> None:
    """Where there is nobody to compare with, ten minutes within the absolute limits make a version known good."""
    world = World()
    world.told(rollout(PLACE, "2"))
    watched(world, beside=False)
    assert good(world) == "2"


def test_the_stable_version_proves_itself_beside_a_canary() -> None:
    """A canary is the one that is compared; the stable version stays trusted beside it."""
    world = World()
    world.told(rollout(PLACE, "1", "2", 0.2))
    for _ in range(PROVEN_AFTER_SECONDS // 15):
        stable = seen(PLACE, "1", world.now, throughput=80.0, confidence=mean(0.9, 2000), drift=0.01)
        world.sees(stable, seen(PLACE, "2", world.now, throughput=20.0, confidence=mean(0.9, 500)))
        world.passes()
    assert good(world) == "1"


@pytest.mark.parametrize("pointed", [True, False])
def test_a_newer_version_that_nobody_names_does_not_take_the_proof_away(pointed: bool) -> None:
    """Where a newer version gets a little traffic, the older one that serves most still proves itself."""
    world = World()
    if pointed:
        world.told(rollout(PLACE, "1"))
    for _ in range(PROVEN_AFTER_SECONDS // 15):
        serving = seen(PLACE, "1", world.now, throughput=95.0, confidence=mean(0.9, 2000), drift=0.01)
        world.sees(serving, seen(PLACE, "2", world.now, throughput=5.0, confidence=mean(0.5, 500)))
        world.passes()
    assert good(world) == "1"
