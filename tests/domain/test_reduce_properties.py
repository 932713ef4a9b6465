"""What holds for every sequence of events, however odd."""

from __future__ import annotations

import copy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from modeltui.domain.event import (
    Event,
    HistoryRead,
    RegistryRead,
    RolloutsRead,
    SamplesRead,
    SourceFailed,
    Tick,
    Watched,
)
from modeltui.domain.fleet import Cell, Fleet, Target
from modeltui.domain.health import Cause, Level
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.reduce import reduce
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement, Sample
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import (
    START,
    World,
    empty_fleet,
    model,
    record,
    rollout,
    seen,
    signal_name,
    source_name,
    target_key,
    version_id,
)

PLACES = ["fraud@prod-hk", "fraud@prod-cn", "credit@prod-hk"]
VERSIONS = ["1", "2", "3"]
POLICY = replace(
    DEFAULT_POLICY,
    pointers={
        SafeText("champion"): (Environment(SafeText("prod-hk")), Role.STABLE),
        SafeText("challenger"): (Environment(SafeText("prod-hk")), Role.CANDIDATE),
    },
)

# Most numbers are near the limits, some are no numbers at all.
NUMBERS = st.floats(0, 2) | st.sampled_from([0.0, 1.0, 900.0, 1e9, float("nan"), float("inf"), -1.0])
MEASUREMENTS: st.SearchStrategy[Measurement] = st.one_of(
    st.builds(Counts, st.sampled_from([0.0, 1.0, 50.0, 400.0]), st.sampled_from([0.0, 20.0, 900.0])),
    st.builds(Mean, NUMBERS, st.sampled_from([0.0, 20.0, 900.0])),
    st.builds(Estimate, NUMBERS, st.sampled_from([UNKNOWN, 0.0, 900.0])),
)
SIGNALS = ["throughput", "error_rate", "confidence", "latency_p95", "not-configured"]
SEGMENTS = st.lists(st.tuples(st.sampled_from(["region=hk", "region=cn"]), MEASUREMENTS), max_size=2)


@st.composite
def samples(draw: st.DrawFn, at: Instant) -> tuple[Sample, ...]:
    """Return an answer of a metrics source at about `at`."""
    found = []
    for place in draw(st.lists(st.sampled_from(PLACES), unique=True, max_size=2)):
        for version in draw(st.lists(st.sampled_from(VERSIONS), unique=True, max_size=2)):
            for signal in draw(st.lists(st.sampled_from(SIGNALS), unique=True, max_size=3)):
                age = draw(st.sampled_from([0.0, 5.0, 90.0, -5.0]))
                moment = UNKNOWN if draw(st.integers(0, 9)) == 0 else Instant(at - age)
                parts = tuple((SafeText(name), value) for name, value in draw(SEGMENTS))
                found.append(
                    Sample(
                        target_key(place),
                        version_id(version),
                        signal_name(signal),
                        draw(MEASUREMENTS),
                        moment,
                        300.0,
                        parts,  # type: ignore[arg-type]  # names of segments
                    )
                )
    return tuple(found)


@st.composite
def rollouts(draw: st.DrawFn) -> tuple[Rollout, ...]:
    """Return what a controller says of some places."""
    chosen = draw(st.lists(st.sampled_from(PLACES), unique=True, max_size=2))
    pick = st.none() | st.sampled_from(VERSIONS)
    return tuple(
        rollout(
            place,
            draw(pick),
            draw(pick),
            draw(st.sampled_from([0.0, 0.05, 1.0])),
            shadow=draw(pick),
            served=[record("1", -9000, -60)] if draw(st.booleans()) else [],
        )
        for place in chosen
    )


@st.composite
def event_sequences(draw: st.DrawFn) -> list[Event]:
    """Return events as a bad night brings them, in the order of time mostly."""
    now = START
    events: list[Event] = []
    metrics, registry, controller = (source_name(name) for name in ("metrics", "registry", "rollouts"))
    for _ in range(draw(st.integers(0, 14))):
        now = Instant(now + draw(st.sampled_from([0.0, 1.0, 15.0, 30.0, 90.0, 700.0, -3600.0])))
        warnings = (SafeText("partial"),) if draw(st.booleans()) else ()
        match draw(st.sampled_from("SSSSTTRLHFW")):
            case "S":
                events.append(SamplesRead(metrics, now, draw(samples(now)), draw(st.booleans()), warnings))
            case "T":
                events.append(Tick(now))
            case "R":
                events.append(RolloutsRead(controller, now, draw(rollouts()), warnings))
            case "L":
                pointed = {alias: draw(st.sampled_from(VERSIONS)) for alias in ("champion", "challenger")}
                events.append(RegistryRead(registry, now, (model("fraud", **pointed),), warnings))
            case "H":
                place = target_key(draw(st.sampled_from(PLACES)))
                steps = tuple((Instant(now - back), draw(samples(Instant(now - back)))) for back in (120.0, 60.0, 30.0))
                events.append(HistoryRead(metrics, now, (place,), steps))
            case "F":
                name = draw(st.sampled_from([metrics, registry, controller]))
                events.append(SourceFailed(name, now, SafeText("down")))
            case "W":
                places = draw(st.lists(st.sampled_from(PLACES), max_size=2))
                events.append(Watched(now, frozenset(target_key(place) for place in places)))
    return events


def cells(fleet: Fleet) -> list[Cell]:
    """Return every cell of every version of every target."""
    return [cell for t in fleet.targets.values() for version in t.versions for cell in version.cells.values()]


@settings(max_examples=examples(60))
@given(event_sequences())
def test_no_sequence_of_events_stops_the_program(events: list[Event]) -> None:
    """Whatever comes in whatever order: a snapshot comes out, and says which targets look different."""
    fleet = empty_fleet(POLICY)
    for event in events:
        after, changes = reduce(fleet, event)
        differs = {key for key, target in after.targets.items() if fleet.targets.get(key) != target}
        differs |= fleet.targets.keys() - after.targets.keys()
        assert differs <= changes.targets
        if any(_level(fleet.targets.get(key)) is not _level(after.targets.get(key)) for key in differs):
            assert changes.order
        fleet = after
        assert {key for keys in fleet.places.values() for key in keys} == set(fleet.targets)


def _level(target: Target | None) -> Level | None:
    return None if target is None else target.level


@settings(max_examples=examples(30))
@given(event_sequences())
def test_the_same_events_make_the_same_fleet(events: list[Event]) -> None:
    """A replay is the night as it was; and an older snapshot never changes under whoever still draws it."""
    first = second = empty_fleet(POLICY)
    for event in events:
        kept = copy.deepcopy(first)
        before = first
        first, _ = reduce(first, event)
        second, _ = reduce(second, event)
        # By their words: NaN is not equal to itself, and must not make two equal fleets differ.
        assert in_words(before) == in_words(kept)
    assert in_words(first) == in_words(second)


def in_words(fleet: Fleet) -> tuple[str, list[str]]:
    """Return a fleet as text; what is watched apart and in order, for a copy of a set may print in another one."""
    return repr(replace(fleet, watched=frozenset())), sorted(map(str, fleet.watched))


@settings(max_examples=examples(60))
@given(event_sequences())
def test_nothing_is_ok_that_was_not_measured_and_judged(events: list[Event]) -> None:
    """Green stands for a number within a limit: never for silence, for old numbers or for a missing comparison."""
    fleet = empty_fleet(POLICY)
    for event in events:
        fleet, _ = reduce(fleet, event)
        for cell in cells(fleet):
            if cell.verdict.level is Level.OK:
                assert cell.verdict.cause is Cause.WITHIN_LIMITS
                assert isinstance(cell.verdict.value, float)
                assert isinstance(cell.verdict.limit, float)
                assert not isinstance(cell.sample.at, Missing)
        for target in fleet.targets.values():
            if target.level is Level.OK:
                levels = {cell.verdict.level for version in target.versions for cell in version.cells.values()}
                assert Level.OK in levels


@settings(max_examples=examples(40))
@given(event_sequences())
def test_far_in_the_future_everything_is_stale(events: list[Event]) -> None:
    """When no answer has come for a day, no number is shown as one of now."""
    fleet = empty_fleet(POLICY)
    for event in events:
        fleet, _ = reduce(fleet, event)
    latest = max((event.at for event in events), default=START)
    fleet, _ = reduce(fleet, Tick(Instant(max(fleet.at, latest) + 86_400)))
    for cell in cells(fleet):
        assert cell.verdict.level is Level.STALE
        assert all(segment.verdict.level is Level.STALE for segment in cell.segments)


@settings(max_examples=examples(40))
@given(event_sequences())
def test_what_is_kept_is_bounded(events: list[Event]) -> None:
    """Nothing but the watched targets has curves; events and stretches of service are few."""
    fleet = empty_fleet(POLICY)
    for event in events:
        fleet, _ = reduce(fleet, event)
        assert {key[0] for key in fleet.series} <= fleet.watched
        for target in fleet.targets.values():
            assert len(target.changes) <= 24
            assert len(target.spans) <= 32
            assert len(target.references) <= 3


# Live and history are one code path

LOOKS = st.lists(
    st.tuples(st.sampled_from([1.0, 30.0, 400.0]), st.sampled_from([0.9, 0.7]), st.sampled_from([0.0, 5.0, 50.0])),
    min_size=1,
    max_size=30,
)


def answer(at: Instant, errors: float, confidence: float, canary: float) -> tuple[Sample, ...]:
    """Return one look at a place with a stable version and a canary."""
    return (
        *seen("fraud@prod", "1", at, throughput=95.0, error_rate=(9, 900), confidence=Mean(0.9 * 900, 900)),
        *seen(
            "fraud@prod", "2", at, throughput=canary, error_rate=(errors, 900), confidence=Mean(confidence * 900, 900)
        ),
    )


@settings(max_examples=examples(40))
@given(LOOKS)
def test_the_past_read_at_once_is_judged_as_it_was_live(looks: list[tuple[float, float, float]]) -> None:
    """Who opens the program now sees what somebody who watched all the time sees: level, since when, way back."""
    live, late = World(), World()
    for world in (live, late):
        world.told(rollout("fraud@prod", "1", "2"))
    steps = []
    for errors, confidence, canary in looks:
        at = live.passes(30)
        samples_then = answer(at, errors, confidence, canary)
        live.sees(samples_then)
        steps.append((at - START, samples_then))
    late.now = live.now
    late.remembers("fraud@prod", steps)
    seen_live, read_late = live.target("fraud@prod"), late.target("fraud@prod")
    assert read_late.versions == seen_live.versions
    assert (read_late.level, read_late.since) == (seen_live.level, seen_live.since)
    assert (read_late.spans, read_late.known_good) == (seen_live.spans, seen_live.known_good)


@settings(max_examples=examples(40))
@given(LOOKS)
def test_reading_the_past_of_what_was_watched_changes_no_verdict(looks: list[tuple[float, float, float]]) -> None:
    """Reading again what was already seen calms nothing and alarms nobody."""
    world = World()
    world.told(rollout("fraud@prod", "1", "2"))
    steps = []
    for errors, confidence, canary in looks:
        at = world.passes(30)
        samples_then = answer(at, errors, confidence, canary)
        world.sees(samples_then)
        steps.append((at - START, samples_then))
    before = world.target("fraud@prod")
    world.remembers("fraud@prod", steps)
    after = world.target("fraud@prod")
    assert after.versions == before.versions
    assert (after.level, after.spans, after.changes) == (before.level, before.spans, before.changes)
