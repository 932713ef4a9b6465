"""What is looked at is asked for: the past, versions, where a version comes from. Once each."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest
from tests.engine.running import running

from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.event import SourceFailed
from modeltui.domain.fleet import SourceCondition
from modeltui.domain.health import Level
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import Instant, ModelName, TargetKey
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version
from modeltui.engine.observer import MOST_WATCHED, Observer
from modeltui.ports.probe import Probe
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.fakes import Fake, FakeMetrics, FakeRegistry, fake_observer, fake_source
from modeltui.testing.worlds import model, seen, signal_name, source_name, target_key, version_id

WELL, BAD = "well@prod", "bad@prod"
FRAUD = ModelName(SafeText("fraud"))
BAD_SINCE = Instant(NOON - 300)


def two_places(at: Instant) -> tuple[Sample, ...]:
    """Return a world with a healthy place and one that went bad five minutes before noon."""
    bad = 400 if at >= BAD_SINCE else 1
    return (
        *seen(WELL, "1", at, throughput=100.0, error_rate=(1, 900)),
        *seen(BAD, "1", at, throughput=100.0, error_rate=(bad, 900)),
    )


def asked_history(metrics: Fake) -> list[set[object]]:
    """Return the targets of each question for the past."""
    return [set(question.about) for question in metrics.asked("history")]


def keys(*names: str) -> list[TargetKey]:
    """Return targets by name."""
    return [target_key(name) for name in names]


# One look


async def test_one_look_fetches_the_past_of_doubtful_targets_only() -> None:
    """`status` asks each source once, and the past of what violates a limit: it says breach and since when."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=two_places)
    fleet = await fake_observer(clock, fake_source(metrics)).look_once()
    assert len(metrics.asked("samples")) == 1
    assert asked_history(metrics) == [{target_key(BAD)}]
    bad = fleet.targets[target_key(BAD)]
    assert (bad.level, bad.since) == (Level.BREACH, BAD_SINCE)
    assert fleet.targets[target_key(WELL)].level is Level.OK


async def test_one_look_at_a_healthy_fleet_asks_for_no_past() -> None:
    """Where nothing is in doubt, nothing more is asked."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=lambda at: seen(WELL, "1", at, throughput=1.0, error_rate=(1, 900)))
    await fake_observer(clock, fake_source(metrics)).look_once()
    assert asked_history(metrics) == []


async def test_one_look_returns_what_is_known_when_a_source_is_down() -> None:
    """`status` prints what the others say, and names the source that failed."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=two_places)
    registry = FakeRegistry(clock=clock, fault=BackendUnavailable("connection refused"))
    fleet = await fake_observer(clock, fake_source(metrics), fake_source(registry)).look_once()
    assert set(fleet.targets) == set(keys(WELL, BAD))
    assert fleet.sources[source_name("registry")].error == "connection refused"


async def test_one_look_survives_a_past_that_cannot_be_read() -> None:
    """Without history the present is still told: a violation that has not been seen to last."""
    clock = VirtualClock()
    metrics = FakeMetrics(
        clock=clock, world=two_places, fault=BackendUnavailable("too slow"), failing=frozenset({"history"})
    )
    fleet = await fake_observer(clock, fake_source(metrics)).look_once()
    assert fleet.targets[target_key(BAD)].level is Level.WARN


# Watching


async def watched(observer: Observer, clock: VirtualClock, *names: str) -> None:
    """Let a screen show these targets, and everything settle."""
    observer.watch(keys(*names))
    await clock.settle()


async def test_the_past_of_what_is_on_screen_is_fetched_once() -> None:
    """Scrolling back to a target does not ask for its past again."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=two_places)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await watched(observer, clock, WELL)
        await watched(observer, clock, WELL, BAD)
        await watched(observer, clock, WELL)
        assert asked_history(metrics) == [{target_key(WELL)}, {target_key(BAD)}]
        await clock.advance(300)
        assert len(asked_history(metrics)) == 2
        points = observer.fleet.points(target_key(WELL), version_id("1"), signal_name("throughput"))
    assert points[0].at <= NOON - 3540
    assert points[-1].at >= NOON + 285


async def test_the_past_is_fetched_again_after_a_gap() -> None:
    """When the backend was away, or the laptop asleep, the hole in the curves is filled afterwards."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=two_places)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await watched(observer, clock, WELL)
        metrics.fault = BackendUnavailable("connection refused")
        await clock.advance(600)
        metrics.fault = None
        await clock.advance(60)
        assert asked_history(metrics) == [{target_key(WELL)}] * 2
        points = observer.fleet.points(target_key(WELL), version_id("1"), signal_name("throughput"))
    gaps = [later.at - earlier.at for earlier, later in pairwise(points)]
    assert max(gaps) <= 45


async def test_a_past_that_could_not_be_read_is_asked_for_again() -> None:
    """When the first question for the past fails and the polls go on, the curves get their past a little later."""
    clock = VirtualClock()
    metrics = FakeMetrics(
        clock=clock, world=two_places, fault=BackendUnavailable("too busy"), failing=frozenset({"history"})
    )
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await watched(observer, clock, WELL)
        await clock.advance(600)
        assert 2 <= len(asked_history(metrics)) <= 10
        metrics.fault = None
        await clock.advance(900)
        points = observer.fleet.points(target_key(WELL), version_id("1"), signal_name("throughput"))
        assert points[0].at < NOON
        asked = len(asked_history(metrics))
        await clock.advance(900)
        assert len(asked_history(metrics)) == asked


async def test_only_so_many_targets_keep_their_curves() -> None:
    """Whoever scrolls through 300 targets keeps the curves of the last ones."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        for number in range(300):
            await watched(observer, clock, f"model-{number}@prod")
        assert observer.fleet.watched == frozenset(keys(*(f"model-{n}@prod" for n in range(300 - MOST_WATCHED, 300))))


async def test_the_screen_hears_nothing_when_it_watches_the_same() -> None:
    """Drawing the same rows again is no event."""
    clock = VirtualClock()
    observer = fake_observer(clock, fake_source(FakeMetrics(clock=clock)))
    heard = []
    async with running(observer, clock):
        await watched(observer, clock, WELL)
        observer.store.subscribe(lambda _, changes: heard.append(changes))
        await watched(observer, clock, WELL)
    assert heard == []


# Versions and provenance


async def test_the_same_wish_is_asked_once() -> None:
    """Pressing a key five times while the registry is slow asks it once."""
    clock = VirtualClock()
    registry = FakeRegistry(clock=clock, takes_seconds=5.0, versions={FRAUD: (Version(FRAUD, version_id("1")),)})
    observer = fake_observer(clock, fake_source(registry))
    async with running(observer, clock):
        for _ in range(5):
            observer.want_versions(FRAUD)
            observer.want_provenance(FRAUD, version_id("1"))
            await clock.advance(1)
        await clock.advance(20)
        assert len(registry.asked("versions")) == 1
        assert len(registry.asked("provenance")) == 1
        assert [version.id for version in observer.fleet.versions[FRAUD]] == ["1"]
        assert observer.fleet.provenance[FRAUD, version_id("1")] == Provenance()
        observer.want_versions(FRAUD)
        await clock.advance(10)
        assert len(registry.asked("versions")) == 2


async def test_only_the_registry_that_has_the_model_is_asked() -> None:
    """With two registries, the one that lists a model tells its versions."""
    clock = VirtualClock()
    here = FakeRegistry(clock=clock, models=(model("fraud"),))
    there = FakeRegistry(clock=clock, models=(model("credit", source="there"),))
    from dataclasses import replace

    other = replace(fake_source(there), name=source_name("there"))
    observer = fake_observer(clock, fake_source(here), other)
    await observer.poll_now()
    await observer.read_versions(FRAUD)
    assert (len(here.asked("versions")), len(there.asked("versions"))) == (1, 0)


@pytest.mark.parametrize("fault", [BackendUnavailable("away"), ValueError("a bug")])
async def test_a_wish_that_fails_is_a_failure_of_its_source(fault: Exception) -> None:
    """When the list of versions or the past cannot be read, row 1 says so and the program goes on."""
    clock = VirtualClock()
    registry = FakeRegistry(clock=clock, fault=fault, failing=frozenset({"versions", "provenance"}))
    metrics = FakeMetrics(clock=clock, world=two_places, fault=fault, failing=frozenset({"history"}))
    observer = fake_observer(clock, fake_source(registry), fake_source(metrics))
    async with running(observer, clock):
        observer.want_versions(FRAUD)
        observer.want_provenance(FRAUD, version_id("1"))
        observer.watch(keys(WELL))
        await clock.settle()
        for name in ("registry", "metrics"):
            assert observer.fleet.sources[source_name(name)].condition(clock.now()) is SourceCondition.DOWN
        await clock.advance(15)
        assert observer.fleet.sources[source_name("registry")].condition(clock.now()) is SourceCondition.FRESH


# Doctor


async def test_every_source_is_probed_whatever_the_others_answer() -> None:
    """One source away, one broken, one well: each has its own line, in the order of the configuration."""
    clock = VirtualClock()
    away = fake_source(FakeRegistry(clock=clock, fault=BackendUnavailable("connection refused")))
    broken = fake_source(FakeMetrics(clock=clock, faults=deque([ValueError("a bug")])))
    well = fake_source(FakeRegistry(clock=clock))
    found = await fake_observer(clock, away, broken, well).probe()
    assert [source for source, _ in found] == [away, broken, well]
    first, second, third = (result for _, result in found)
    assert isinstance(first, SourceFailed)
    assert first.title == "connection refused"
    assert isinstance(second, SourceFailed)
    assert "the adapter failed" in second.title
    assert isinstance(third, Probe)
