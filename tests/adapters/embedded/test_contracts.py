"""The embedded world keeps what every adapter promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters.embedded import metrics, registry
from modeltui.adapters.embedded.file import Options
from modeltui.adapters.embedded.world import open_world, set_weights
from modeltui.testing import metrics_contract, registry_contract
from modeltui.testing.clock import VirtualClock
from modeltui.testing.metrics_contract import MetricsCase
from tests.adapters.embedded.story import demo_policy, surroundings, target_key


@pytest.mark.parametrize("check", metrics_contract.CHECKS, ids=metrics_contract.check_name)
async def test_metrics(check: metrics_contract.Check, world_path: Path, clock: VirtualClock) -> None:
    """The metrics of a world that moves, with a version just deployed, are what the port promises."""
    targets = frozenset(map(target_key, ("fraud-detector@prod-hk", "kyc-agent@staging", "card-routing@prod-hk")))
    with open_world(world_path) as world:
        set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 0.9, "2.2.0": 0.1})
        await clock.advance(2)
        world.append(clock.now())
        async with metrics.connect(Options(path=world_path), surroundings("metrics", clock)) as port:
            await check(MetricsCase(port, clock, demo_policy().signals, targets, step_seconds=30, history_steps=20))


@pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
async def test_registry(check: registry_contract.Check, world_path: Path, clock: VirtualClock) -> None:
    """The registry of a world is what the port promises."""
    async with registry.connect(Options(path=world_path), surroundings("registry", clock)) as port:
        await check(port)
