"""Sources are asked again and again: each on its own, patiently while it fails, for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import pairwise

import pytest
from tests.engine.running import running

from modeltui.domain.errors import BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.event import SamplesRead, SourceFailed
from modeltui.domain.fleet import Fleet, SourceCondition, SourceState
from modeltui.domain.health import Level
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.reduce import Changes
from modeltui.domain.signal import Sample
from modeltui.engine.observer import Observer
from modeltui.engine.poller import LONGEST_BACK_OFF_SECONDS, LONGEST_LATENESS_SECONDS
from modeltui.engine.questions import TARGETS_PER_PART, ask
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.fakes import FakeMetrics, FakeRegistry, FakeRollouts, fake_observer, fake_source
from modeltui.testing.worlds import model, rollout, seen, source_name, target_key

PLACE = "fraud@prod-hk"


def healthy(at: Instant) -> tuple[Sample, ...]:
    """Return a world in which one version serves well."""
    return seen(PLACE, "1", at, throughput=100.0, error_rate=(1, 900))


def state(observer: Observer, name: str) -> SourceState:
    """Return a source as row 1 sees it."""
    return observer.fleet.sources[source_name(name)]


def condition(observer: Observer, name: str) -> SourceCondition:
    """Return whether a source may be trusted now."""
    return state(observer, name).condition(observer.fleet.at)


# Turns


async def test_each_source_is_asked_in_its_own_turn() -> None:
    """The metrics are asked every 15 s and the registry every minute, whatever the other does."""
    clock = VirtualClock()
    metrics, registry = FakeMetrics(clock=clock, world=healthy), FakeRegistry(clock=clock)
    observer = fake_observer(clock, fake_source(metrics), fake_source(registry, every_seconds=60.0))
    async with running(observer, clock):
        await clock.advance(120)
    assert [question.at for question in metrics.asked("samples")] == [0, 15, 30, 45, 60, 75, 90, 105, 120]
    assert [question.at for question in registry.asked("models")] == [0, 60, 120]


async def test_the_time_of_an_answer_does_not_shift_the_turns() -> None:
    """A source that needs 4 s for its answer is still asked every 15 s."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy, takes_seconds=4.0)
    async with running(fake_observer(clock, fake_source(metrics)), clock):
        await clock.advance(46)
    assert [question.at for question in metrics.asked("samples")] == [0, 15, 30, 45]


async def test_a_slow_source_is_never_asked_twice_at_once() -> None:
    """When answers take longer than a turn, the next question waits for the answer, also when r is pressed."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy, takes_seconds=40.0)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await clock.advance(10)
        pressed = asyncio.ensure_future(observer.poll_now())
        await clock.advance(300)
        await pressed
    assert metrics.most_at_once == 1
    assert len(metrics.asked("samples")) <= 8


async def test_a_slow_source_gets_a_breath_between_two_questions() -> None:
    """A backend that cannot keep up is not asked again in the same moment."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy, takes_seconds=3.0)
    async with running(fake_observer(clock, fake_source(metrics, every_seconds=1.0)), clock):
        await clock.advance(60)
    asked = [question.at for question in metrics.asked("samples")]
    assert all(later - earlier > 3.0 for earlier, later in pairwise(asked))


async def test_asking_now_is_one_question_more() -> None:
    """The key for a refresh asks every source at once, out of turn."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await clock.advance(5)
        await observer.poll_now()
    assert [question.at for question in metrics.asked("samples")] == [0, 5]


# Failures


async def test_one_source_down_costs_its_own_cells_only() -> None:
    """With the registry refused and the controller gone, the metrics are as live as ever."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy)
    registry = FakeRegistry(clock=clock, fault=BackendRefused("401 from the registry", "renew the token"))
    rollouts = FakeRollouts(clock=clock, fault=BackendUnavailable("connection refused"))
    observer = fake_observer(clock, fake_source(metrics), fake_source(registry), fake_source(rollouts))
    async with running(observer, clock):
        await clock.advance(120)
        assert observer.fleet.targets[target_key(PLACE)].level is Level.OK
    assert condition(observer, "metrics") is SourceCondition.FRESH
    assert condition(observer, "registry") is SourceCondition.DOWN
    assert (state(observer, "registry").error, state(observer, "registry").remedy) == (
        "401 from the registry",
        "renew the token",
    )
    assert condition(observer, "rollouts") is SourceCondition.DOWN


async def test_a_failing_source_is_asked_more_and_more_rarely_but_within_half_a_minute() -> None:
    """Pauses grow while a backend is away, are never longer than 30 s, and are not the same for everybody."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, fault=BackendUnavailable("connection refused"))
    async with running(fake_observer(clock, fake_source(metrics)), clock):
        await clock.advance(600)
    asked = [question.at for question in metrics.asked("samples")]
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert max(pauses) <= LONGEST_BACK_OFF_SECONDS
    assert max(pauses[:2]) <= 4.0
    assert max(pauses) > 15.0
    assert len(set(pauses)) == len(pauses)


async def test_a_source_that_asks_for_a_pause_is_left_alone_for_that_long() -> None:
    """Two minutes asked for are two minutes without a question; then it is live by itself, in its usual turns."""
    clock = VirtualClock()
    asking = BackendUnavailable("metrics asks for fewer requests", asked_pause_seconds=120.0)
    metrics = FakeMetrics(clock=clock, world=healthy, faults=deque([asking]))
    registry = FakeRegistry(clock=clock, models=(model("fraud"),))
    observer = fake_observer(clock, fake_source(metrics), fake_source(registry))
    async with running(observer, clock):
        await clock.advance(118)
        assert condition(observer, "metrics") is SourceCondition.DOWN
        assert condition(observer, "registry") is SourceCondition.FRESH
        await clock.advance(22)
    first, second, third = (question.at for question in metrics.asked("samples"))
    assert (first, third - second) == (0.0, 15.0)
    assert 120.0 < second <= 120.0 + LONGEST_LATENESS_SECONDS
    assert len(registry.asked("models")) > 5


async def test_a_short_pause_asked_for_again_and_again_does_not_hurry_us() -> None:
    """A source that says 'in a second' each time is still asked more and more rarely."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, fault=BackendUnavailable("slow down", asked_pause_seconds=1.0))
    async with running(fake_observer(clock, fake_source(metrics)), clock):
        await clock.advance(600)
    pauses = [later.at - earlier.at for earlier, later in pairwise(metrics.asked("samples"))]
    assert min(pauses) > 1.0
    assert max(pauses) > 15.0


async def test_a_source_that_failed_says_when_it_is_asked_again() -> None:
    """The moment that is named is that of the next question, also after r was pressed in vain; then it is gone."""
    clock = VirtualClock()
    asking = BackendUnavailable("slow down", asked_pause_seconds=60.0)
    metrics = FakeMetrics(clock=clock, world=healthy, faults=deque([asking, asking]))
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await clock.advance(30)
        await observer.poll_now()
        again_at = state(observer, "metrics").again_at
        assert isinstance(again_at, float)
        await clock.advance(65)
        assert state(observer, "metrics").again_at is UNKNOWN
    assert metrics.asked("samples")[2].at == pytest.approx(again_at - NOON)
    assert len(metrics.asked("samples")) == 3


async def test_one_look_promises_no_second_question() -> None:
    """A command that looks once names no time of a next question: there is none."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, fault=BackendUnavailable("slow down", asked_pause_seconds=60.0))
    observer = fake_observer(clock, fake_source(metrics))
    await observer.look_once()
    assert condition(observer, "metrics") is SourceCondition.DOWN
    assert state(observer, "metrics").again_at is UNKNOWN


async def test_after_an_hour_without_the_backend_everything_is_live_again_by_itself() -> None:
    """The metrics are gone for an hour and come back: no key is pressed, and within half a minute all is as before."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy)
    observer = fake_observer(clock, fake_source(metrics))
    async with running(observer, clock):
        await clock.advance(60)
        metrics.fault = BackendUnavailable("connection refused")
        await clock.advance(3600)
        assert condition(observer, "metrics") is SourceCondition.DOWN
        assert observer.fleet.targets[target_key(PLACE)].level is Level.STALE
        metrics.fault = None
        await clock.advance(LONGEST_BACK_OFF_SECONDS)
        assert condition(observer, "metrics") is SourceCondition.FRESH
        assert observer.fleet.targets[target_key(PLACE)].level is Level.OK
        del metrics.questions[:]
        await clock.advance(60)
        assert len(metrics.asked("samples")) == 4


async def test_days_without_the_backend_do_not_end_the_program() -> None:
    """A program left open over a long weekend without its metrics is still there on Tuesday."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy, fault=BackendUnavailable("connection refused"))
    observer = fake_observer(clock, fake_source(metrics))
    source = fake_source(metrics)
    async with running(observer, clock):
        observer._pollers[0]._failures = 2_000
        await clock.advance(120)
        metrics.fault = None
        await clock.advance(30)
        assert condition(observer, source.name) is SourceCondition.FRESH


async def test_a_source_that_never_answers_is_given_up_at_its_deadline() -> None:
    """A hanging backend is DOWN with the time that was waited, and asked again."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, never_answers=True)
    (event,) = await ask(fake_source(metrics, deadline_seconds=0.05), clock)
    assert isinstance(event, SourceFailed)
    assert event.title == "metrics: no answer within 0.05 s"
    assert event.remedy


@pytest.mark.parametrize(
    "fault", [ValueError("bad"), KeyError("x"), ExceptionGroup("two", [OSError("a"), OSError("b")])]
)
async def test_a_bug_of_an_adapter_is_a_failure_of_its_source(fault: Exception) -> None:
    """An adapter that stumbles over an answer is named on row 1; everything else goes on."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, world=healthy, faults=_queue(fault))
    registry = FakeRegistry(clock=clock, models=(model("fraud"),))
    observer = fake_observer(clock, fake_source(metrics), fake_source(registry))
    async with running(observer, clock):
        assert "the adapter failed" in str(state(observer, "metrics").error)
        assert type(fault).__name__ in str(state(observer, "metrics").error)
        assert condition(observer, "registry") is SourceCondition.FRESH
        await clock.advance(15)
        assert condition(observer, "metrics") is SourceCondition.FRESH


async def test_what_a_backend_says_in_its_error_is_harmless() -> None:
    """An error text with an escape sequence reaches row 1 as visible text."""
    clock = VirtualClock()
    metrics = FakeMetrics(clock=clock, fault=BackendMalformed("\x1b]0;owned\x07 half a page"))
    (event,) = await ask(fake_source(metrics), clock)
    assert isinstance(event, SourceFailed)
    assert "\x1b" not in event.title
    assert "owned" in event.title


# Large answers


async def test_a_large_answer_comes_in_parts_with_keys_answered_in_between() -> None:
    """1 000 targets are taken in by parts; between any two of them somebody else gets a turn."""
    clock = VirtualClock()
    names = [f"model-{number}@prod" for number in range(1000)]
    metrics = FakeMetrics(
        clock=clock, world=lambda at: [one for name in names for one in seen(name, "1", at, throughput=1.0)]
    )
    observer = fake_observer(clock, fake_source(metrics))
    order: list[str] = []

    def applied(fleet: Fleet, changes: Changes) -> None:
        if changes.targets:
            order.append(f"part of {len(changes.targets)}")

    async def keys() -> None:
        while len(observer.fleet.targets) < 1000:
            order.append("key")
            await asyncio.sleep(0)

    observer.store.subscribe(applied)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(observer.poll_now())
        tasks.create_task(keys())
    parts = [place for place, what in enumerate(order) if what != "key"]
    assert [order[place] for place in parts] == [f"part of {TARGETS_PER_PART}"] * (1000 // TARGETS_PER_PART)
    assert all("key" in order[first:second] for first, second in pairwise(parts))


async def test_all_samples_of_a_target_are_in_one_part() -> None:
    """However an answer is mixed, no target is judged on half of its samples."""
    clock = VirtualClock()
    names = [f"model-{number}@prod" for number in range(450)]
    rates = [one for name in names for one in seen(name, "1", clock.now(), throughput=1.0)]
    errors = [one for name in reversed(names) for one in seen(name, "1", clock.now(), error_rate=(1, 900))]
    events = await ask(fake_source(FakeMetrics(clock=clock, world=lambda _: [*rates, *errors])), clock)
    parts = [event for event in events if isinstance(event, SamplesRead)]
    assert len(parts) > 2
    assert [part.is_last_part for part in parts] == [*[False] * (len(parts) - 1), True]
    where: dict[object, set[int]] = {}
    for number, part in enumerate(parts):
        for sample in part.samples:
            where.setdefault(sample.target, set()).add(number)
    assert len(where) == 450
    assert all(len(numbers) == 1 for numbers in where.values())


async def test_an_empty_answer_is_an_answer() -> None:
    """A metrics source that sees nothing has answered all the same."""
    clock = VirtualClock()
    (event,) = await ask(fake_source(FakeMetrics(clock=clock)), clock)
    assert event == SamplesRead(source_name("metrics"), clock.now(), (), True)


# Subscribers


async def test_every_change_is_told_once_and_only_while_asked_for() -> None:
    """A screen hears of each event once, and of none after it has left."""
    clock = VirtualClock()
    observer = fake_observer(clock, fake_source(FakeRollouts(clock=clock, rollouts=(rollout(PLACE, "1"),))))
    heard: list[Changes] = []
    leave = observer.store.subscribe(lambda _, changes: heard.append(changes))
    await observer.poll_now()
    assert [changes.targets for changes in heard] == [{target_key(PLACE)}]
    leave()
    await observer.poll_now()
    assert len(heard) == 1


def _queue(*faults: BaseException) -> deque[BaseException]:
    return deque(faults)
