"""In which order one looks at targets, and how sources stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.fleet import SourceCondition, SourceKind, SourceState, Target
from modeltui.domain.health import Level
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, World, empty_fleet, rollout, seen, source_name, target_key


def target(name: str, level: Level, was: Level = Level.OK, since: float = 0.0) -> Target:
    """Return a target of some level, since some seconds after the start."""
    return Target(target_key(f"{name}@prod"), level=level, last_judged=was, since=Instant(START + since))


def order(*targets: Target) -> list[str]:
    """Return the names in the order in which the fleet shows them."""
    fleet = empty_fleet().with_targets({target.key: target for target in targets})
    return [target.key.model for target in fleet.worst_first()]


def test_the_worst_comes_first_and_unknown_stands_above_ok() -> None:
    """Breach, warning, stale, no data, no limit, ok: what is not known is never at the bottom with what is fine."""
    shown = order(
        target("ok", Level.OK),
        target("no-limit", Level.NO_LIMIT),
        target("no-data", Level.NO_DATA),
        target("stale", Level.STALE),
        target("warn", Level.WARN),
        target("breach", Level.BREACH),
    )
    assert shown == ["breach", "warn", "stale", "no-data", "no-limit", "ok"]


def test_a_stale_breach_stands_just_below_a_live_one() -> None:
    """Nothing says that a breach is over only because its numbers stopped."""
    shown = order(
        target("warn", Level.WARN),
        target("stale-ok", Level.STALE, Level.OK),
        target("stale-breach", Level.STALE, Level.BREACH),
        target("stale-warn", Level.STALE, Level.WARN),
        target("breach", Level.BREACH),
    )
    assert shown == ["breach", "stale-breach", "warn", "stale-warn", "stale-ok"]


def test_of_equal_breaches_the_older_comes_first() -> None:
    """What has hurt people for longer is looked at first."""
    shown = order(target("new", Level.BREACH, since=60), target("old", Level.BREACH, since=0))
    assert shown == ["old", "new"]


def test_healthy_targets_stand_by_name_and_do_not_move() -> None:
    """Nothing that is fine changes its place from one second to the next."""
    shown = order(target("b", Level.OK, since=0), target("a", Level.OK, since=60), target("c", Level.OK, since=30))
    assert shown == ["a", "b", "c"]


def test_environments_of_a_model_stand_in_order() -> None:
    """The places of one model are found together, sorted by name."""
    world = World()
    world.told(*(rollout(place, "1") for place in ("fraud@prod-hk", "credit@prod-hk", "fraud@prod-cn")))
    found = [str(one.key) for one in world.fleet.environments_of(target_key("fraud@x").model)]
    assert found == ["fraud@prod-cn", "fraud@prod-hk"]


SOURCE = SourceState(source_name("metrics"), SourceKind.METRICS, SafeText("fake"), 15.0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SOURCE, SourceCondition.CONNECTING),
        (replace(SOURCE, answered_at=Instant(START - 45)), SourceCondition.FRESH),
        (replace(SOURCE, answered_at=Instant(START - 46)), SourceCondition.STALE),
        (replace(SOURCE, answered_at=START, error=SafeText("refused")), SourceCondition.DOWN),
        (replace(SOURCE, error=SafeText("refused")), SourceCondition.DOWN),
    ],
)
def test_a_source_is_fresh_only_while_it_answers_in_time(state: SourceState, expected: SourceCondition) -> None:
    """Three missed turns make a source stale, one failed question makes it down."""
    assert state.condition(START) is expected


def test_the_worst_version_of_equals_is_the_candidate() -> None:
    """When both are as bad, one looks at what was changed last."""
    world = World()
    world.told(rollout("fraud@prod", "1", "2"))
    for _ in range(3):
        at = world.passes()
        world.sees(*(seen("fraud@prod", name, at, throughput=50.0, error_rate=(400, 900)) for name in ("1", "2")))
    worst = world.target("fraud@prod").worst_version()
    assert worst is world.served("fraud@prod", "2")
