"""What the present alone cannot tell, the engine looks up in the past: which version was good, since when it is bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.event import RolloutsRead
from modeltui.domain.fleet import Context, Fleet, SourceKind
from modeltui.domain.health import Level
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText
from modeltui.engine.observer import Observer
from modeltui.engine.source import Source
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import HistoryAnswer, SamplesAnswer
from modeltui.ports.probe import Probe
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.worlds import mean, rollout, seen, source_name, target_key

PLACE = "fraud@prod"
PROMOTED_AT = Instant(NOON - 1200.0)
"""Twenty minutes before anybody looks, version 2 became what serves."""


class Metrics:
    """Version 1 was good; version 2 took most of its traffic and answers with half the confidence."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.is_down = False
        self.asked_for_past: list[TargetKey] = []

    async def read(self) -> SamplesAnswer:
        """Return what serves now."""
        if self.is_down:
            raise BackendUnavailable("the metrics are away", "wait")
        return SamplesAnswer(self._at(self._clock.now()))

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return what served when."""
        self.asked_for_past.extend(targets)
        moments = [Instant(start + step_seconds * step) for step in range(int((end - start) / step_seconds) + 1)]
        return HistoryAnswer(tuple((at, self._at(at)) for at in moments))

    async def probe(self) -> Probe:
        """Nobody asks."""
        raise NotImplementedError

    def _at(self, at: Instant) -> tuple[Sample, ...]:
        shares = {"1": 20.0, "2": 80.0} if at >= PROMOTED_AT else {"1": 100.0}
        return tuple(
            sample
            for version, rate in shares.items()
            for sample in seen(
                PLACE, version, at, throughput=rate, drift=0.01, confidence=mean(0.9 if version == "1" else 0.5, 1000)
            )
        )


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that leaps."""
    return VirtualClock(autojump=True)


@pytest.fixture
def metrics(clock: VirtualClock) -> Metrics:
    """Return the scripted metrics."""
    return Metrics(clock)


@pytest.fixture
def observer(clock: VirtualClock, metrics: Metrics) -> Observer:
    """Return an observer that nobody has asked anything yet; what should serve is known, what was good is not."""
    source = Source(source_name("metrics"), SourceKind.METRICS, SafeText("fake"), metrics, 15.0)
    policy = replace(DEFAULT_POLICY)
    store = Store(Fleet(Context(SafeText("test")), policy, clock.now(), {source.name: source.state()}))
    store.apply(RolloutsRead(source_name("rollouts"), clock.now(), (rollout(PLACE, "2"),)))
    return Observer(store, (source,), clock)


def level(observer: Observer) -> Level:
    """Return how bad the place is."""
    return observer.fleet.targets[target_key(PLACE)].level


def good(observer: Observer) -> str:
    """Return the last known good version; empty when there is none."""
    known = observer.fleet.targets[target_key(PLACE)].known_good
    return "" if isinstance(known, Missing) else known.version


async def _run_until(observer: Observer, clock: VirtualClock, holds: Callable[[], bool]) -> None:
    running = asyncio.ensure_future(observer.run())
    try:
        async with asyncio.timeout(20):
            while not holds():
                await clock.sleep(1.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_one_look_finds_a_bad_champion_by_its_past(observer: Observer) -> None:
    """A fresh `status` says breach for a version that went bad before anybody looked, and names the good one."""
    await observer.look_once()
    assert (level(observer), good(observer)) == (Level.BREACH, "1")


async def test_what_is_not_on_screen_is_compared_too(observer: Observer, clock: VirtualClock) -> None:
    """A bad champion that nobody scrolled to turns red all the same, and its past is asked for once."""
    await _run_until(observer, clock, lambda: level(observer) is Level.BREACH)
    assert good(observer) == "1"


async def test_the_past_is_fetched_when_the_metrics_were_away_at_the_start(
    observer: Observer, clock: VirtualClock, metrics: Metrics
) -> None:
    """Started while the metrics are down, the screens get their past when the metrics come back."""
    metrics.is_down = True
    observer.watch([target_key(PLACE)])

    async def come_back() -> None:
        await clock.sleep(300.0)
        metrics.asked_for_past.clear()
        metrics.is_down = False

    returning = asyncio.ensure_future(come_back())
    await _run_until(observer, clock, lambda: not metrics.is_down and bool(metrics.asked_for_past))
    await returning
    assert target_key(PLACE) in metrics.asked_for_past
