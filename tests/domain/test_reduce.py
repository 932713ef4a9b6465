"""Events become the next snapshot, and say what looks different now."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from modeltui.domain.event import (
    HistoryRead,
    ProvenanceRead,
    RegistryRead,
    RolloutsRead,
    SamplesRead,
    SourceFailed,
    Tick,
    VersionsRead,
    Watched,
)
from modeltui.domain.fleet import SourceCondition
from modeltui.domain.health import Level
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import NO_DATA, UNKNOWN, Environment, Instant, Missing, ModelName
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.series import SERIES_SECONDS
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version
from modeltui.testing.worlds import (
    START,
    World,
    model,
    rollout,
    seen,
    signal_name,
    source_name,
    target_key,
    version_id,
)

HK, CN = "fraud@prod-hk", "fraud@prod-cn"
POINTERS = {
    SafeText("champion"): (Environment(SafeText("prod-hk")), Role.STABLE),
    SafeText("challenger"): (Environment(SafeText("prod-hk")), Role.CANDIDATE),
}


# Registry


def pointed() -> World:
    """Return a world in which aliases mean a place."""
    return World(replace(DEFAULT_POLICY, pointers=POINTERS))


def test_an_alias_says_what_should_serve() -> None:
    """The version under `champion` is the stable one of the place that the alias stands for."""
    world = pointed()
    world.registered(model("fraud", "2", champion="1", challenger="2"))
    told = world.target(HK).rollout
    assert isinstance(told, Rollout)
    assert (told.stable, told.candidate, dict(told.weights)) == ("1", "2", {})
    assert world.changes.targets == {target_key(HK)}
    assert world.changes.order


def test_an_alias_that_moves_is_a_new_stable_version() -> None:
    """When the alias moves, so does what should serve; the same answer again changes nothing."""
    world = pointed()
    world.registered(model("fraud", champion="1"))
    world.registered(model("fraud", champion="1"))
    assert not world.changes.targets
    world.registered(model("fraud", champion="2"))
    assert world.target(HK).stable == "2"


def test_a_model_that_the_registry_no_longer_lists_is_gone() -> None:
    """What a registry does not list it no longer has; its target has no desired state any more."""
    world = pointed()
    world.registered(model("fraud", champion="1"), model("credit", champion="1"))
    world.registered(model("credit", champion="1"))
    assert set(world.fleet.models) == {"credit"}
    assert target_key(HK) not in world.fleet.targets or world.target(HK).rollout is UNKNOWN


def test_a_list_that_is_not_whole_removes_nothing() -> None:
    """When a page of the registry's list fails, the models on it stay what they were."""
    world = pointed()
    world.registered(model("fraud", champion="1"), model("credit", champion="1"))
    part = RegistryRead(
        source_name("registry"), world.now, (model("credit", champion="2"),), (SafeText("a page failed"),)
    )
    world.apply(part)
    assert set(world.fleet.models) == {"fraud", "credit"}
    assert world.target(HK).stable == "1"
    assert world.target("credit@prod-hk").stable == "2"
    assert world.fleet.sources[source_name("registry")].warnings == ("a page failed",)


def test_a_registry_removes_only_its_own_models() -> None:
    """Two registries side by side do not empty each other."""
    world = World()
    world.registered(model("fraud"))
    world.apply(RegistryRead(source_name("other"), world.now, (model("credit", source="other"),)))
    assert set(world.fleet.models) == {"fraud", "credit"}


def test_a_model_that_is_not_wanted_is_not_shown() -> None:
    """Models outside the context's patterns appear nowhere, whoever speaks of them."""
    world = World(replace(DEFAULT_POLICY, exclude_models=("test-*",), pointers=POINTERS))
    world.registered(model("test-a", champion="1"))
    world.told(rollout("test-b@prod-hk", "1"))
    world.sees(seen("test-c@prod-hk", "1", throughput=1.0))
    assert not world.fleet.targets
    assert not world.fleet.models


# Rollouts


def test_a_controller_outweighs_an_alias() -> None:
    """Where a rollout system speaks of a place, the registry's alias does not."""
    world = pointed()
    world.registered(model("fraud", champion="1"))
    world.told(rollout(HK, "2"))
    world.registered(model("fraud", champion="3"))
    assert world.target(HK).stable == "2"


def test_a_target_that_the_controller_no_longer_describes_has_no_desired_state() -> None:
    """A controller describes all its targets: one that is missing is not its any more."""
    world = World()
    world.sees(seen(HK, "1", throughput=1.0))
    world.told(rollout(HK, "1"), rollout(CN, "1"))
    world.told(rollout(CN, "1"))
    assert world.target(HK).rollout is UNKNOWN


def test_a_description_that_is_not_whole_removes_nothing() -> None:
    """When a controller could tell only a part, the other targets keep their desired state."""
    world = World()
    world.told(rollout(HK, "1"), rollout(CN, "1"))
    world.apply(
        RolloutsRead(source_name("rollouts"), world.now, (rollout(CN, "2"),), (SafeText("one namespace failed"),))
    )
    assert world.target(HK).stable == "1"
    assert world.target(CN).stable == "2"


def test_the_same_description_again_changes_nothing() -> None:
    """A controller that says the same every few seconds makes nobody redraw."""
    world = World()
    world.told(rollout(HK, "1"))
    world.told(rollout(HK, "1"))
    assert not world.changes.targets
    assert world.changes.sources


def test_a_new_version_in_one_office_changes_how_the_others_look() -> None:
    """Skew is drawn at every place of the model: all of them are said to have changed."""
    world = World()
    world.told(rollout(HK, "1"), rollout(CN, "1"))
    world.told(rollout(HK, "2"), rollout(CN, "1"))
    assert world.changes.targets == {target_key(HK), target_key(CN)}


# Samples


def test_samples_make_a_target() -> None:
    """What is measured is shown, although no registry and no controller names it."""
    world = World()
    world.sees(seen(HK, "1", throughput=100.0, error_rate=(1, 900)))
    assert world.target(HK).level is Level.OK
    assert world.changes.targets == {target_key(HK)}
    assert world.changes.order
    world.sees(seen(HK, "1", world.passes(), throughput=100.0, error_rate=(1, 900)))
    assert not world.changes.order


def test_a_source_has_answered_with_its_last_part() -> None:
    """A large answer in parts counts as an answer when its last part is there."""
    world = World()
    metrics = source_name("metrics")
    world.apply(SamplesRead(metrics, world.now, seen(HK, "1", throughput=1.0), is_last_part=False))
    assert world.fleet.sources[metrics].condition(world.now) is SourceCondition.CONNECTING
    world.apply(SamplesRead(metrics, world.now, seen(CN, "1", throughput=1.0), True, (SafeText("partial"),)))
    assert world.fleet.sources[metrics].condition(world.now) is SourceCondition.FRESH
    assert world.fleet.sources[metrics].warnings == ("partial",)


# Failures


def test_a_failure_costs_the_source_and_keeps_the_fleet() -> None:
    """When a backend is down its last numbers stay, with the reason on row 1, and recover with its next answer."""
    world = World()
    metrics = source_name("metrics")
    world.sees(seen(HK, "1", throughput=100.0, error_rate=(1, 900)))
    world.apply(SourceFailed(metrics, world.passes(), SafeText("connection refused"), SafeText("start it")))
    assert world.target(HK).level is Level.OK
    state = world.fleet.sources[metrics]
    assert (state.condition(world.now), state.error, state.remedy) == (
        SourceCondition.DOWN,
        "connection refused",
        "start it",
    )
    world.sees()
    assert world.fleet.sources[metrics].condition(world.now) is SourceCondition.FRESH
    assert world.fleet.sources[metrics].error is NO_DATA


def test_a_failure_of_an_unknown_source_is_nothing() -> None:
    """A recording that names another source does not stop the replay."""
    world = World()
    before = world.fleet
    world.apply(SourceFailed(source_name("nobody"), world.now, SafeText("gone")))
    assert world.fleet == before


# Time


def test_a_tick_changes_only_what_grew_old() -> None:
    """A second in which nothing grows old redraws nothing."""
    world = World()
    world.sees(seen(HK, "1", world.now, throughput=100.0))
    world.sees(seen(CN, "1", world.passes(30), throughput=100.0))
    world.ticks(1)
    assert not world.changes.targets
    world.ticks(30)
    assert world.changes.targets == {target_key(HK)}
    world.ticks(1)
    assert not world.changes.targets


def test_an_event_that_comes_late_does_not_turn_the_time_back() -> None:
    """An answer that was stamped a moment before another one does not make ages shrink."""
    world = World()
    world.ticks(10)
    world.apply(Tick(Instant(world.now - 5)))
    assert world.fleet.at == world.now


def test_a_clock_that_was_set_back_is_followed() -> None:
    """When the machine's clock was an hour fast and is corrected, nothing is stale for an hour."""
    world = World()
    world.ticks(3600)
    world.now = START
    world.sees(seen(HK, "1", world.now, throughput=100.0, error_rate=(1, 900)))
    world.ticks(1)
    assert world.fleet.at == world.now
    assert world.target(HK).level is Level.OK


# What is asked for


def test_versions_and_provenance_are_kept_as_they_were_read() -> None:
    """A list of versions and where one of them comes from stay until they are read again."""
    world = World()
    name, version = ModelName(SafeText("fraud")), version_id("1")
    versions = (Version(name, version),)
    world.apply(VersionsRead(source_name("registry"), world.now, name, versions))
    assert world.changes.details == {name}
    world.apply(ProvenanceRead(source_name("registry"), world.now, name, version, Provenance()))
    assert world.fleet.versions[name] == versions
    assert world.fleet.provenance[name, version] == Provenance()


def points(world: World, name: str = HK, signal: str = "throughput") -> list[tuple[float, float]]:
    """Return the points of version 1 in seconds after the start."""
    series = world.fleet.points(target_key(name), version_id("1"), signal_name(signal))
    return [(point.at - START, point.value) for point in series]


def test_points_are_kept_of_what_is_watched() -> None:
    """The curves of what is on screen grow with each look; those of what left the screen are dropped."""
    world = World()
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    for _ in range(3):
        world.sees(seen(HK, "1", world.passes(), throughput=10.0), seen(CN, "1", world.now, throughput=10.0))
    world.sees(seen(HK, "1", world.now, throughput=10.0))
    assert points(world) == [(15, 10.0), (30, 10.0), (45, 10.0)]
    assert points(world, CN) == []
    world.apply(Watched(world.now, frozenset()))
    assert not world.fleet.series


def test_a_value_that_is_missing_is_no_point() -> None:
    """A gap in the numbers is a gap in the curve, never a zero."""
    world = World()
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    world.sees(seen(HK, "1", world.passes(), error_rate=(0, 0), throughput=float("nan")))
    world.sees(seen(HK, "1", UNKNOWN, confidence=0.9))
    assert not world.fleet.series


def test_curves_cover_an_hour_and_no_more() -> None:
    """After a day the points are those of the last hour, also when there was a gap."""
    world = World()
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    for _ in range(600):
        world.sees(seen(HK, "1", world.passes(15), throughput=10.0))
    assert len(points(world)) <= SERIES_SECONDS / 15 + 1
    world.passes(86_400)
    for _ in range(3):
        world.sees(seen(HK, "1", world.passes(15), throughput=10.0))
    assert all(at > world.now - START - SERIES_SECONDS for at, _ in points(world))


def test_curves_of_a_backend_that_is_asked_often_stay_small() -> None:
    """Asked each second for an hour, a curve keeps a point for each quarter of a minute, and always the newest."""
    world = World()
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    for number in range(3600):
        world.sees(seen(HK, "1", world.passes(1), throughput=float(number + 1)))
    times = [at for at, _ in points(world)]
    assert len(times) <= 3600 / 14 + 2
    assert max(later - earlier for earlier, later in pairwise(times)) <= 15
    assert points(world)[-1][1] == 3600.0


def test_curves_of_versions_that_left_are_dropped() -> None:
    """A target that gets a new version every ten minutes does not keep the curves of all of them."""
    world = World()
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    for number in range(50):
        for _ in range(4):
            world.sees(seen(HK, str(number), world.passes(150), throughput=10.0))
    assert len(world.fleet.series) <= SERIES_SECONDS / 600 + 2


# History


def test_the_past_tells_since_when() -> None:
    """A breach that is seen at the first look is dated from its beginning once the past is read."""
    world = World(now=Instant(START + 600))
    world.sees(seen(HK, "1", world.now, throughput=100.0, error_rate=(400, 900)))
    assert world.target(HK).level is Level.WARN
    bad_since = 300
    steps = [
        (at, seen(HK, "1", Instant(START + at), throughput=100.0, error_rate=(400 if at >= bad_since else 1, 900)))
        for at in range(0, 601, 30)
    ]
    world.remembers(HK, steps)
    target = world.target(HK)
    assert (target.level, target.since) == (Level.BREACH, START + bad_since)


def test_history_brings_the_curve_and_keeps_newer_points() -> None:
    """The curve begins where the past begins and ends with what was seen live."""
    world = World(now=Instant(START + 60))
    world.apply(Watched(world.now, frozenset({target_key(HK)})))
    world.sees(seen(HK, "1", Instant(START + 55), throughput=5.0))
    world.sees(seen(HK, "1", Instant(START + 62), throughput=6.0))
    world.remembers(HK, [(at, seen(HK, "1", Instant(START + at), throughput=1.0)) for at in (0, 30, 60)])
    assert points(world) == [(0, 1.0), (30, 1.0), (60, 1.0), (62, 6.0)]


def test_history_does_not_bring_back_who_left() -> None:
    """A version that left before the past was read does not serve again because its last numbers are known."""
    world = World()
    world.sees(seen(HK, "1", world.now, throughput=50.0), seen(HK, "2", world.now, throughput=50.0))
    world.sees(seen(HK, "1", world.passes(), throughput=100.0))
    world.remembers(HK, [(0.0, (*seen(HK, "1", START, throughput=50.0), *seen(HK, "2", START, throughput=50.0)))])
    assert world.served(HK, "1").observed == 1.0
    assert world.served(HK, "2").observed == 0.0


def test_the_past_of_a_target_that_is_silent_now_is_old() -> None:
    """A past that ended half an hour ago is not shown as the present."""
    world = World(now=Instant(START + 3600))
    world.remembers(HK, [(at, seen(HK, "1", Instant(START + at), throughput=1.0)) for at in (0, 30, 60)])
    assert world.target(HK).level is Level.STALE


def test_an_empty_past_changes_no_verdict() -> None:
    """A backend that keeps no history costs nothing that is known."""
    world = World()
    for _ in range(4):
        world.sees(seen(HK, "1", world.passes(), throughput=100.0, error_rate=(400, 900)))
    before = world.target(HK)
    world.remembers(HK, [])
    after = world.target(HK)
    assert (after.level, after.since, after.versions) == (before.level, before.since, before.versions)


def test_reading_the_past_writes_no_event_twice() -> None:
    """The tail of events is the same after the past was read again."""
    world = World()
    steps = []
    for bad in (1, 1, 1, 400, 400, 400, 400):
        at = world.passes(30)
        samples = seen(HK, "1", at, throughput=100.0, error_rate=(bad, 900))
        world.sees(samples)
        steps.append((at - START, samples))
    before = world.target(HK).changes
    world.remembers(HK, steps)
    world.remembers(HK, steps)
    assert world.target(HK).changes == before


@pytest.mark.parametrize("event", [HistoryRead(source_name("metrics"), START, (target_key(HK),), ())])
def test_history_of_an_unknown_target_makes_it_known_without_a_verdict(event: HistoryRead) -> None:
    """A target that was asked about and has no past is there, with no data."""
    world = World()
    world.apply(event)
    assert world.target(HK).level is Level.NO_DATA
    assert isinstance(world.target(HK).serving, Missing)
