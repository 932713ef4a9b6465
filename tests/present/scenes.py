"""One night in a small fleet, as every face has to tell it."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.event import SourceFailed
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.rollout import Job, Stage
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, World, mean, record, rollout, seen, source_name, version_id

CANARY = "fraud-detector@prod-hk"
"""A candidate at 5 % that harms one segment."""
TWIN = "fraud-detector@prod-cn"
"""The same model with an older stable version."""
HEALTHY = "credit-scorer@prod-hk"
SILENT = "churn@prod-hk"
"""Should serve, and nobody measures it."""
GONE = "ranker@prod-hk"
"""Was in breach when its numbers stopped."""
FEW = "night-batch@prod-hk"
"""Has too few requests to judge."""
ALL = (CANARY, TWIN, HEALTHY, SILENT, GONE, FEW)


def night() -> World:
    """Return the fleet at the moment when somebody looks."""
    world = World()
    stage = Stage(SafeText("canary-5"), 0.05, START, 600.0)
    jobs = [Job(SafeText("nightly-scoring"), version_id("2.3.1"), START, 0.4)]
    told = rollout(CANARY, "2.3.1", "3.0.0", 0.05, stage=stage, served=[record("2.3.1", -90_000)], jobs=jobs)
    world.told(
        replace(told, says=SafeText("Progressing: waiting for analysis")),
        rollout(TWIN, "2.3.0"),
        rollout(HEALTHY, "7"),
        rollout(SILENT, "1"),
        rollout(GONE, "4"),
    )
    world.registered()
    for look in range(16):
        at = world.passes()
        harm = {"error_rate": {"region=hk": (360, 900), "region=sg": (3, 900)}}
        calm = {"error_rate": {"region=hk": (9, 900), "region=sg": (9, 900)}}
        versions = [
            seen(CANARY, "2.3.1", at, calm, throughput=95.0, error_rate=(90, 9000), latency_p95=0.041, drift=0.02),
            seen(CANARY, "3.0.0", at, harm, throughput=5.0, error_rate=(110, 9000), latency_p95=0.043, drift=0.3),
            seen(TWIN, "2.3.0", at, throughput=80.0, error_rate=(0, 900), confidence=mean(0.91, 900)),
            seen(HEALTHY, "7", at, throughput=1200.0, error_rate=(1, 90_000), business=(120, 900)),
            seen(FEW, "1", at, throughput=0.02, error_rate=(1, 6)),
        ]
        if look < 11:
            versions.append(seen(GONE, "4", at, throughput=10.0, error_rate=(400, 900)))
        world.sees(*versions)
    world.apply(SourceFailed(source_name("registry"), world.now, SafeText("401 from the registry"), SafeText("renew")))
    world.ticks(1)
    return world


def unscraped() -> World:
    """Return a fleet with one process that is no longer scraped."""
    world = World()
    world.sees(seen(HEALTHY, "7", world.now, throughput=10.0, error_rate=(1, 900)))
    world.passes()
    world.sees(seen(HEALTHY, "7", UNKNOWN, throughput=10.0, error_rate=(1, 900)))
    world.ticks(1)
    return world


def at_noon(seconds: float = 0.0) -> Instant:
    """Return a moment after the start."""
    return Instant(START + seconds)
