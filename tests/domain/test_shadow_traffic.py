"""Copies of requests are not requests."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.fleet import ServedVersion
from modeltui.domain.health import Level
from modeltui.domain.judging import judge_target, new_target
from modeltui.domain.names import Environment, Instant, ModelName, SignalName, SourceName, TargetKey, VersionId
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import THROUGHPUT, Estimate, Sample
from modeltui.domain.text import SafeText

KEY = TargetKey(ModelName(SafeText("card-routing")), Environment(SafeText("prod-hk")))
STABLE, SHADOW = VersionId(SafeText("5.5.1")), VersionId(SafeText("5.6.0"))
RATE = SignalName(SafeText(THROUGHPUT))


def test_a_shadow_that_gets_a_copy_of_everything_takes_nothing_from_the_stable_version() -> None:
    """A stable version that answers all requests is well, however many copies a shadow gets beside it."""
    rollout = Rollout(KEY, SourceName(SafeText("rollouts")), {STABLE: 1.0}, stable=STABLE, shadow=SHADOW)
    target = replace(new_target(KEY, DEFAULT_POLICY), rollout=rollout)
    for second in range(0, 200, 20):
        at = Instant(1000.0 + second)
        samples = [
            Sample(KEY, STABLE, RATE, Estimate(900.0), at, 300.0),
            Sample(KEY, SHADOW, RATE, Estimate(910.0), at, 300.0),
        ]
        target = judge_target(target, samples, DEFAULT_POLICY, at)
    stable = target.version(STABLE)
    assert isinstance(stable, ServedVersion)
    assert stable.observed == 1.0
    assert stable.cells[RATE].verdict.level is Level.OK
    shadow = target.version(SHADOW)
    assert isinstance(shadow, ServedVersion)
    assert shadow.role is Role.SHADOW
    assert target.level is Level.OK
