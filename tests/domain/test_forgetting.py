"""What leaves the fleet, and what stays although nobody speaks of it."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.cached import CachedTarget, with_cached
from modeltui.domain.event import SamplesRead, SourceFailed
from modeltui.domain.fleet import Context, Fleet, SourceKind, SourceState
from modeltui.domain.health import Above, Level, Rule
from modeltui.domain.judgement import judge
from modeltui.domain.names import NO_DATA, Environment, Instant, ModelName, SignalName, SourceName, TargetKey, VersionId
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.reduce import reduce
from modeltui.domain.rollout import Rollout
from modeltui.domain.signal import ERRORS, Counts, Sample
from modeltui.domain.text import SafeText

METRICS = SourceName(SafeText("metrics"))
OTHER = SourceName(SafeText("other"))
T0 = 1_000_000.0
SPIKE = Rule(SafeText("spike"), Above(0.05), for_seconds=60.0)


def key(model: str) -> TargetKey:
    return TargetKey(ModelName(SafeText(model)), Environment(SafeText("prod")))


def answer(at: float, *models: str, source: SourceName = METRICS) -> SamplesRead:
    signal = SignalName(SafeText(ERRORS))
    samples = (
        Sample(key(model), VersionId(SafeText("1")), signal, Counts(0, 900), Instant(at), 300.0) for model in models
    )
    return SamplesRead(source, Instant(at), tuple(samples))


def fleet_with(*sources: SourceName) -> Fleet:
    states = {name: SourceState(name, SourceKind.METRICS, SafeText("fake"), 15.0) for name in sources}
    return Fleet(Context(SafeText("test")), DEFAULT_POLICY, sources=states)


def test_a_target_that_no_source_speaks_of_any_more_leaves() -> None:
    """A model that was taken out of service ten minutes ago is off the screen."""
    fleet, _ = reduce(fleet_with(METRICS), answer(T0, "old", "new"))
    fleet, changes = reduce(fleet, answer(T0 + 601, "new"))

    assert set(fleet.targets) == {key("new")}
    assert key("old") in changes.targets
    assert fleet.places == {key("new").model: (key("new"),)}


def test_a_target_stays_for_two_windows_after_it_was_seen_last() -> None:
    """A model that missed some scrapes is stale, not gone."""
    fleet, _ = reduce(fleet_with(METRICS), answer(T0, "old", "new"))
    fleet, _ = reduce(fleet, answer(T0 + 599, "new"))

    assert set(fleet.targets) == {key("old"), key("new")}


def test_silence_of_a_source_is_no_evidence_about_its_targets() -> None:
    """While one of two metrics sources is down for an hour, its targets stay on the screen."""
    fleet, _ = reduce(fleet_with(METRICS, OTHER), answer(T0, "a"))
    fleet, _ = reduce(fleet, answer(T0, "b", source=OTHER))
    fleet, _ = reduce(fleet, SourceFailed(OTHER, Instant(T0 + 30), SafeText("no answer")))
    fleet, _ = reduce(fleet, answer(T0 + 3600, "a"))

    assert set(fleet.targets) == {key("a"), key("b")}


def test_a_version_that_is_still_wanted_is_not_forgotten() -> None:
    """A stable version without a single request stays, and is no data."""
    fleet, _ = reduce(fleet_with(METRICS), answer(T0, "a"))
    target = fleet.targets[key("a")]
    wanted = VersionId(SafeText("1"))
    rollout = Rollout(key("a"), METRICS, {wanted: 1.0}, stable=wanted)
    fleet = fleet.with_targets({key("a"): replace(target, rollout=rollout)})
    fleet, _ = reduce(fleet, answer(T0 + 3600, "b"))

    assert key("a") in fleet.targets


def test_a_violation_before_a_gap_does_not_seem_to_have_lasted_through_it() -> None:
    """An hour without data between two bad looks is not an hour of breach: it begins anew."""
    pending = judge((SPIKE,), (), Counts(90, 900), NO_DATA, Instant(T0))[0]
    watches, verdict = judge((SPIKE,), pending, Counts(90, 900), NO_DATA, Instant(T0 + 3600))

    assert verdict.level is Level.WARN
    assert watches[0].since == T0 + 3600


def test_a_snapshot_of_an_hour_ago_does_not_date_the_breach_of_now() -> None:
    """What was bad when the program was left is not called bad ever since."""
    policy = replace(DEFAULT_POLICY, rules={SignalName(SafeText(ERRORS)): (replace(SPIKE, for_seconds=0.0),)})
    bad = replace(answer(T0, "a").samples[0], measurement=Counts(90, 900))
    empty = replace(fleet_with(METRICS), policy=policy)
    fleet = with_cached(empty, (CachedTarget(key("a"), (bad,)),), saved_at=Instant(T0), now=Instant(T0 + 3600))
    later = replace(bad, at=Instant(T0 + 3600))
    fleet, _ = reduce(fleet, SamplesRead(METRICS, Instant(T0 + 3600), (later,)))
    cell = fleet.targets[key("a")].versions[0].cells[SignalName(SafeText(ERRORS))]

    assert cell.verdict.level is Level.BREACH
    assert cell.verdict.since == T0 + 3600


def test_coming_back_to_life_is_no_news_of_a_target() -> None:
    """After a cached start the tail does not list every target as changed from stale."""
    sample = answer(T0, "a").samples[0]
    fleet = with_cached(
        fleet_with(METRICS), (CachedTarget(key("a"), (sample,)),), saved_at=Instant(T0), now=Instant(T0 + 3600)
    )
    fleet, _ = reduce(fleet, answer(T0 + 3601, "a"))

    assert fleet.targets[key("a")].level is not Level.STALE
    assert fleet.targets[key("a")].changes == ()


def test_a_version_that_alone_is_measured_serves_although_nobody_counts_requests() -> None:
    """Without a count of requests the one measured version is named, and not called observed."""
    fleet, _ = reduce(fleet_with(METRICS), answer(T0, "a"))
    target = fleet.targets[key("a")]

    assert target.serving == "1"
    assert not target.is_serving_observed
