"""Is it the same everywhere?"""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.fleet import Target
from modeltui.domain.lineage import ABSENT, Known
from modeltui.domain.names import Environment
from modeltui.domain.policy import DEFAULT_POLICY, EnvironmentFacts
from modeltui.domain.skew import Sameness, parity, skew_matrix, skewed_environments
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, World, rollout, source_name, target_key


def serving(*places: tuple[str, str], world: World | None = None) -> World:
    """Return a world in which each place serves one version."""
    world = world or World()
    world.told(*(rollout(place, version) for place, version in places))
    return world


def test_another_version_in_the_same_group_is_skew() -> None:
    """Two offices of production with different stable versions are skewed, each towards the other."""
    world = serving(("fraud@prod-hk", "1"), ("fraud@prod-cn", "2"), ("fraud@staging", "3"))
    assert skewed_environments(world.fleet, target_key("fraud@prod-hk")) == ("prod-cn",)
    assert skewed_environments(world.fleet, target_key("fraud@prod-cn")) == ("prod-hk",)
    assert skewed_environments(world.fleet, target_key("fraud@staging")) == ()


def test_a_canary_is_meant_to_differ() -> None:
    """A candidate that runs in one office only is no skew."""
    world = World()
    world.told(rollout("fraud@prod-hk", "1", "2"), rollout("fraud@prod-cn", "1"))
    assert skewed_environments(world.fleet, target_key("fraud@prod-hk")) == ()


def test_what_is_unknown_is_not_another_version() -> None:
    """An environment whose version nobody knows is not called skewed, nor the same."""
    world = serving(("fraud@prod-hk", "1"))
    world.told(rollout("fraud@prod-hk", "1"), rollout("fraud@prod-cn"))
    assert skewed_environments(world.fleet, target_key("fraud@prod-hk")) == ()
    assert skewed_environments(world.fleet, target_key("fraud@prod-cn")) == ()
    (row,) = skew_matrix(world.fleet)
    assert row.stable == (("prod-hk", "1"),)
    assert not row.is_skewed


def test_groups_are_as_configured() -> None:
    """Environments belong together as the file says, whatever their names look like."""
    facts = {Environment(SafeText(name)): EnvironmentFacts(SafeText("asia")) for name in ("hk", "tokyo")}
    world = serving(("fraud@hk", "1"), ("fraud@tokyo", "2"), world=World(replace(DEFAULT_POLICY, environments=facts)))
    assert skewed_environments(world.fleet, target_key("fraud@hk")) == ("tokyo",)


def test_skewed_models_come_first() -> None:
    """The matrix begins with what differs."""
    world = serving(("a@prod-hk", "1"), ("a@prod-cn", "1"), ("b@prod-hk", "1"), ("b@prod-cn", "2"))
    assert [(row.model, row.is_skewed) for row in skew_matrix(world.fleet)] == [("b", True), ("a", False)]


def running(place: str, facts: dict[str, str] | None) -> Target:
    """Return a target whose controller tells what it runs in, or does not."""
    told = rollout(place, "1")
    if facts is not None:
        table = {SafeText(name): SafeText(value) for name, value in facts.items()}
        told = replace(told, environment=Known(table, source_name("rollouts"), START))
    else:
        told = replace(told, environment=ABSENT)
    return Target(target_key(place), rollout=told)


def test_environments_are_compared_fact_by_fact() -> None:
    """Same image and another Python: one fact is the same, one is different, and the difference comes first."""
    rows = parity(
        (
            running("fraud@prod-hk", {"image": "sha256:aa", "python": "3.11"}),
            running("fraud@prod-cn", {"image": "sha256:aa", "python": "3.10"}),
        )
    )
    assert [(row.name, row.sameness) for row in rows] == [
        ("python", Sameness.DIFFERENT),
        ("image", Sameness.SAME),
    ]


def test_unknown_is_not_the_same() -> None:
    """A fact that one environment does not tell is unknown, even where all that tell agree."""
    rows = parity((running("fraud@prod-hk", {"image": "sha256:aa"}), running("fraud@prod-cn", None)))
    assert [row.sameness for row in rows] == [Sameness.UNKNOWN]


def test_a_difference_is_seen_although_a_third_environment_is_silent() -> None:
    """Two environments that differ are different, whatever the third does not tell."""
    rows = parity(
        (
            running("fraud@prod-hk", {"image": "sha256:aa"}),
            running("fraud@prod-cn", {"image": "sha256:bb"}),
            running("fraud@prod-sg", None),
        )
    )
    assert [row.sameness for row in rows] == [Sameness.DIFFERENT]
