"""A target under new samples: who serves, who is compared with whom, and what is thought of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.fleet import ChangeKind
from modeltui.domain.health import Baseline, BaselineKind, Cause, Level
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.rollout import Role, Stage
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import (
    NO_SEGMENTS,
    START,
    Value,
    World,
    mean,
    record,
    rollout,
    seen,
    signal_name,
    version_id,
)

PLACE = "fraud@prod-hk"


def look(version: str, at: Instant | Unknown, rate: float | None = None, **signals: Value) -> tuple[Sample, ...]:
    """Return samples of a version on the one place of these tests."""
    if rate is not None:
        signals = {"throughput": rate, **signals}
    return seen(PLACE, version, at, NO_SEGMENTS, **signals)


def baseline_of(world: World, version: str, signal: str) -> Baseline:
    """Return what a value was compared with; fail when it was compared with nothing."""
    baseline = world.cell(PLACE, version, signal).verdict.baseline
    assert isinstance(baseline, Baseline)
    return baseline


# Traffic


def test_observed_shares_are_shares_of_the_requests_seen() -> None:
    """Two versions that answer 95 and 5 requests a second have 95 % and 5 %."""
    world = World()
    world.sees(look("1", world.now, 95.0), look("2", world.now, 5.0))
    assert world.served(PLACE, "1").observed == pytest.approx(0.95)
    assert world.served(PLACE, "2").observed == pytest.approx(0.05)
    assert world.target(PLACE).serving == "1"


def test_no_requests_at_all_is_no_data_not_zero() -> None:
    """Where nobody asks anything, no version has a share."""
    world = World()
    world.sees(look("1", world.now, 0.0), look("2", world.now, 0.0))
    assert world.served(PLACE, "1").observed is NO_DATA
    assert not world.target(PLACE).is_serving_observed


def test_a_version_that_nobody_scrapes_takes_no_share() -> None:
    """What a dead process counted last is not traffic of now."""
    world = World()
    world.sees(look("1", UNKNOWN, 95.0), look("2", world.now, 5.0))
    assert world.served(PLACE, "2").observed == 1.0
    assert world.served(PLACE, "1").observed == 0.0


def test_a_throughput_that_is_no_number_takes_no_share() -> None:
    """NaN requests a second of one version do not hide the share of the other."""
    world = World()
    world.sees(look("1", world.now, float("nan")), look("2", world.now, 5.0))
    assert world.served(PLACE, "2").observed == 1.0


def test_a_metrics_source_without_throughput_leaves_the_shares_alone() -> None:
    """An answer about drift alone says nothing of who serves."""
    world = World()
    world.sees(look("1", world.now, 95.0), look("2", world.now, 5.0))
    world.sees(look("1", world.passes(), drift=0.02))
    assert world.served(PLACE, "1").observed == pytest.approx(0.95)
    assert world.target(PLACE).serving == "1"


def test_desired_traffic_and_roles_come_from_the_rollout() -> None:
    """A canary at 5 % is the candidate; a version that nothing names but answers is unassigned."""
    world = World()
    world.told(rollout(PLACE, "1", "2", 0.05))
    world.sees(look("1", world.now, 95.0), look("2", world.now, 4.0), look("x", world.now, 1.0))
    versions = [(v.version, v.role, v.desired) for v in world.target(PLACE).versions]
    assert versions == [("1", Role.STABLE, 0.95), ("2", Role.CANDIDATE, 0.05), ("x", Role.UNASSIGNED, 0.0)]


def test_versions_of_one_role_stand_newest_first() -> None:
    """Stable, candidate, then the others from the newest to the oldest, shadows last."""
    world = World()
    world.told(rollout(PLACE, "5", "6", shadow="7"))
    names = ["4-alpha", "4-beta", "10", "9", "5", "6", "7"]
    world.sees(*(look(name, world.now, 1.0) for name in names))
    shown = [version.version for version in world.target(PLACE).versions]
    assert shown == ["5", "6", "10", "9", "4-beta", "4-alpha", "7"]


def test_a_named_version_without_samples_is_shown() -> None:
    """A version that should serve and is not measured is there, with no data."""
    world = World()
    world.told(rollout(PLACE, "1"))
    assert world.served(PLACE, "1").level is Level.NO_DATA
    assert world.target(PLACE).level is Level.NO_DATA
    assert world.target(PLACE).serving == "1"
    assert not world.target(PLACE).is_serving_observed


def test_a_version_that_left_is_forgotten() -> None:
    """Ten minutes after a version was last seen, and named by nobody, it is gone from the target."""
    world = World()
    world.sees(look("1", world.now, 95.0), look("2", world.now, 5.0))
    for _ in range(40):
        world.sees(look("1", world.passes(), 100.0))
    assert world.served(PLACE, "2").observed == 0.0
    world.sees(look("1", world.passes(), 100.0))
    assert world.target(PLACE).version(version_id("2")) is NO_DATA


def test_a_new_desired_state_does_not_bring_back_who_left() -> None:
    """When the controller speaks, a version that left minutes ago neither serves again nor is seen again."""
    world = World()
    world.sees(look("1", world.now, 50.0), look("2", world.now, 50.0))
    world.sees(look("1", world.passes(), 100.0))
    left = world.served(PLACE, "2").last_seen_at
    world.passes()
    world.told(rollout(PLACE, "1"))
    assert world.served(PLACE, "1").observed == 1.0
    assert world.served(PLACE, "2").observed == 0.0
    assert world.served(PLACE, "2").last_seen_at == left
    assert [span.last_seen_at for span in world.target(PLACE).spans if span.version == "2"] == [START]


# Baselines


def test_a_candidate_is_compared_with_the_stable_version_of_the_same_minutes() -> None:
    """The candidate's error rate is judged by the stable version's, and the verdict says so."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    for _ in range(5):
        at = world.passes()
        world.sees(look("1", at, 95.0, error_rate=(9, 900)), look("2", at, 5.0, error_rate=(27, 900)))
    cell = world.cell(PLACE, "2", "error_rate")
    assert cell.verdict.level is Level.BREACH
    assert (baseline_of(world, "2", "error_rate").kind, baseline_of(world, "2", "error_rate").version) == (
        BaselineKind.STABLE,
        "1",
    )
    assert world.cell(PLACE, "1", "error_rate").verdict.level is Level.OK
    assert world.target(PLACE).level is Level.BREACH


def test_without_a_rollout_the_version_with_most_traffic_is_the_baseline_at_once() -> None:
    """Where nobody says what is stable, the first look already compares with the version that serves most."""
    world = World()
    world.sees(
        look("1", world.now, 95.0, confidence=mean(0.9, 900)), look("2", world.now, 5.0, confidence=mean(0.5, 900))
    )
    assert baseline_of(world, "2", "confidence").version == "1"
    assert world.cell(PLACE, "2", "confidence").verdict.level is Level.WARN


def test_a_stable_version_that_is_too_old_to_compare_with_is_no_baseline() -> None:
    """When the stable version's samples stop, they do not go on as the same minutes."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    stopped = world.now
    at = world.passes(90)
    world.sees(look("1", stopped, confidence=mean(0.9, 900)), look("2", at, confidence=mean(0.5, 900)))
    assert world.cell(PLACE, "2", "confidence").verdict.level is Level.NO_LIMIT


def test_a_stable_version_is_compared_with_the_last_known_good_beside_it() -> None:
    """After a promotion the version before it, still serving a little, is the baseline of the new stable one."""
    world = World()
    world.told(rollout(PLACE, "2", served=[record("1", -7200, -60)]))
    at = world.now
    world.sees(look("2", at, 90.0, confidence=mean(0.5, 900)), look("1", at, 10.0, confidence=mean(0.9, 900)))
    world.sees(look("2", at, 90.0, confidence=mean(0.5, 900)), look("1", at, 10.0, confidence=mean(0.9, 900)))
    assert baseline_of(world, "2", "confidence").kind is BaselineKind.LAST_KNOWN_GOOD


def serve_well(world: World, version: str, minutes: float, **signals: Value) -> None:
    """Let one version have all traffic within its limits for some minutes."""
    for _ in range(int(minutes * 4)):
        world.sees(look(version, world.passes(), 100.0, error_rate=(1, 900), **signals))


def test_a_promoted_version_is_compared_with_the_last_known_good_of_earlier() -> None:
    """After a switch of all traffic the old version's figures, from when it was within all limits, are the baseline."""
    world = World()
    world.told(rollout(PLACE, "1"))
    serve_well(world, "1", 11, confidence=mean(0.9, 900))
    world.told(rollout(PLACE, "2"))
    for _ in range(6):
        world.sees(look("2", world.passes(), 100.0, error_rate=(1, 900), confidence=mean(0.7, 900)))
    baseline = baseline_of(world, "2", "confidence")
    assert (baseline.kind, baseline.version) == (BaselineKind.EARLIER, "1")
    assert world.cell(PLACE, "2", "confidence").verdict.level is Level.BREACH


def test_figures_of_one_version_are_never_shown_as_another_versions() -> None:
    """When the last known good changes, the baseline's figures change with its name."""
    world = World()
    world.told(rollout(PLACE, "1"))
    serve_well(world, "1", 11, confidence=mean(0.9, 900))
    world.told(rollout(PLACE, "3", served=[record("2", -60, world.now - START + 5)]))
    at = world.passes()
    for moment in (at, world.passes()):
        world.sees(look("3", moment, 100.0, error_rate=(1, 900), confidence=mean(0.7, 900)))
    good = world.target(PLACE).known_good
    assert not isinstance(good, Missing)
    assert good.version == "2"
    assert world.cell(PLACE, "3", "confidence").verdict.baseline is NO_DATA


def test_the_figures_of_the_version_before_outlive_the_good_time_of_the_next() -> None:
    """A version that served well and then turns bad is compared with the one before it again."""
    world = World()
    world.told(rollout(PLACE, "1"))
    serve_well(world, "1", 11, confidence=mean(0.9, 900))
    world.told(rollout(PLACE, "2"))
    serve_well(world, "2", 11, confidence=mean(0.88, 900))
    for _ in range(10):
        world.sees(look("2", world.passes(), 100.0, error_rate=(400, 900), confidence=mean(0.5, 900)))
    good = world.target(PLACE).known_good
    assert not isinstance(good, Missing)
    assert good.version == "1"
    baseline = baseline_of(world, "2", "confidence")
    assert (baseline.kind, baseline.version) == (BaselineKind.EARLIER, "1")
    assert baseline.measurement.value == pytest.approx(0.9)


def test_throughput_is_compared_with_the_share_that_it_should_have() -> None:
    """A candidate that should have half of the traffic and gets a tenth is warned about."""
    world = World()
    world.told(rollout(PLACE, "1", "2", 0.5))
    for _ in range(6):
        world.sees(look("1", world.passes(), 90.0), look("2", world.now, 10.0))
    verdict = world.cell(PLACE, "2", "throughput").verdict
    assert verdict.level is Level.WARN
    baseline = baseline_of(world, "2", "throughput")
    assert baseline.kind is BaselineKind.EXPECTED_SHARE
    assert baseline.measurement.value == pytest.approx(50.0)
    assert world.cell(PLACE, "1", "throughput").verdict.level is Level.OK


# Segments


def hk(bad: float, total: float) -> dict[str, dict[str, Value]]:
    """Return an error rate in two segments: one as given, one without harm."""
    return {"error_rate": {"region=hk": (bad, total), "region=sg": (1, 900)}}


def test_harm_in_one_segment_raises_the_signal() -> None:
    """A segment at 40 % errors is a breach although all together stay inside every limit."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    for _ in range(4):
        at = world.passes()
        world.sees(
            seen(PLACE, "1", at, hk(9, 900), throughput=95.0, error_rate=(90, 9000)),
            seen(PLACE, "2", at, hk(360, 900), throughput=5.0, error_rate=(110, 9000)),
        )
    cell = world.cell(PLACE, "2", "error_rate")
    assert (cell.verdict.level, cell.verdict.cause, cell.verdict.segment) == (Level.BREACH, Cause.SEGMENT, "region=hk")
    assert cell.verdict.value == pytest.approx(110 / 9000)
    worst = cell.worst_segment()
    assert not isinstance(worst, Missing)
    assert worst.name == "region=hk"
    assert worst.verdict.value == pytest.approx(0.4)
    assert world.target(PLACE).level is Level.BREACH


def test_a_segment_is_compared_with_the_same_segment_of_the_baseline() -> None:
    """A segment that was always worse than the rest is no harm of the candidate's."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    for _ in range(4):
        at = world.passes()
        world.sees(
            seen(PLACE, "1", at, hk(90, 900), throughput=95.0, error_rate=(90, 9000)),
            seen(PLACE, "2", at, hk(90, 900), throughput=5.0, error_rate=(90, 9000)),
        )
    cell = world.cell(PLACE, "2", "error_rate")
    assert cell.verdict.level is Level.OK
    compared = {segment.name: segment.verdict.baseline for segment in cell.segments}
    hong_kong = compared[cell.segments[0].name]
    assert isinstance(hong_kong, Baseline)
    assert hong_kong.measurement.value == pytest.approx(0.1)


def test_a_segment_with_too_few_requests_is_not_judged() -> None:
    """Nine errors of ten requests in a small segment raise no alarm, and are not called fine either."""
    world = World()
    world.sees(seen(PLACE, "1", world.now, hk(9, 10), throughput=95.0, error_rate=(90, 9000)))
    cell = world.cell(PLACE, "1", "error_rate")
    assert cell.verdict.level is Level.OK
    assert cell.segments[0].verdict.level is Level.NO_DATA


def test_segments_grow_old_with_their_signal() -> None:
    """A breach in a segment does not look live when its sample is minutes old."""
    world = World()
    for _ in range(3):
        world.sees(seen(PLACE, "1", world.passes(), hk(360, 900), throughput=95.0, error_rate=(90, 9000)))
    assert world.cell(PLACE, "1", "error_rate").segments[0].verdict.level is Level.BREACH
    world.ticks(61)
    segment = world.cell(PLACE, "1", "error_rate").segments[0].verdict
    assert (segment.level, segment.before) == (Level.STALE, Level.BREACH)


def test_a_gap_in_scraping_does_not_forget_a_segments_breach() -> None:
    """When a process is not scraped for one look, the breach in its segment goes on from where it was."""
    world = World()
    for _ in range(3):
        world.sees(seen(PLACE, "1", world.passes(), hk(360, 900), throughput=95.0, error_rate=(90, 9000)))
    since = world.cell(PLACE, "1", "error_rate").verdict.since
    world.passes()
    world.sees(seen(PLACE, "1", UNKNOWN, throughput=95.0, error_rate=(90, 9000)))
    assert world.cell(PLACE, "1", "error_rate").verdict.level is Level.STALE
    world.sees(seen(PLACE, "1", world.passes(), hk(360, 900), throughput=95.0, error_rate=(90, 9000)))
    verdict = world.cell(PLACE, "1", "error_rate").verdict
    assert (verdict.level, verdict.since) == (Level.BREACH, since)


# Age


def test_a_sample_older_than_a_minute_is_stale() -> None:
    """A number that has not been renewed for a minute is not shown as one of now."""
    world = World()
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)))
    world.ticks(60)
    assert world.target(PLACE).level is Level.OK
    world.ticks(1)
    verdict = world.cell(PLACE, "1", "error_rate").verdict
    assert (verdict.level, verdict.cause, verdict.before) == (Level.STALE, Cause.TOO_OLD, Level.OK)
    assert world.target(PLACE).level is Level.STALE


def test_each_signal_has_its_own_age() -> None:
    """A drift that is computed by the hour is not stale after a minute where the policy says so."""
    signals = tuple(
        replace(signal, max_age_seconds=7200.0) if signal.name == "drift" else signal
        for signal in DEFAULT_POLICY.signals
    )
    world = World(replace(DEFAULT_POLICY, signals=signals))
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900), drift=0.02))
    world.ticks(120)
    assert world.cell(PLACE, "1", "drift").verdict.level is Level.OK
    assert world.cell(PLACE, "1", "error_rate").verdict.level is Level.STALE


def test_a_sample_that_arrives_old_is_stale_at_once() -> None:
    """A backend that answers with numbers of five minutes ago is not believed."""
    world = World()
    world.sees(look("1", Instant(world.now - 300), 95.0, error_rate=(1, 900)))
    assert world.target(PLACE).level is Level.STALE


def test_a_process_that_is_no_longer_scraped_is_not_ok() -> None:
    """What nobody scrapes is stale whatever number the backend still computes."""
    world = World()
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)))
    world.passes()
    world.sees(look("1", UNKNOWN, 95.0, error_rate=(1, 900)))
    verdict = world.cell(PLACE, "1", "error_rate").verdict
    assert (verdict.level, verdict.cause, verdict.before) == (Level.STALE, Cause.NOT_SCRAPED, Level.OK)


def test_a_process_that_was_never_scraped_was_never_fine() -> None:
    """The first look at a dead process does not say that it was ok."""
    world = World()
    world.sees(look("1", UNKNOWN, 95.0, error_rate=(1, 900)))
    verdict = world.cell(PLACE, "1", "error_rate").verdict
    assert (verdict.level, verdict.before) == (Level.STALE, Level.NO_DATA)


def test_a_stale_breach_is_remembered_by_the_target() -> None:
    """A target whose breach went stale says what it was."""
    world = World()
    for _ in range(3):
        world.sees(look("1", world.passes(), 95.0, error_rate=(400, 900)))
    world.ticks(120)
    target = world.target(PLACE)
    assert (target.level, target.last_judged) == (Level.STALE, Level.BREACH)


def test_a_breach_keeps_its_evidence_while_a_backend_repeats_old_numbers() -> None:
    """When a metrics store goes on answering with samples of minutes ago, what was compared, and with what, stays."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    for _ in range(3):
        at = world.passes()
        both = look("1", at, 95.0, error_rate=(5, 9000)) + look("2", at, 95.0, error_rate=(90, 900))
        world.sees(both)
    live = world.cell(PLACE, "2", "error_rate").verdict
    assert (live.level, live.baseline) == (Level.BREACH, baseline_of(world, "2", "error_rate"))
    for _ in range(4):
        world.passes(30)
        world.sees(both)
    old = world.cell(PLACE, "2", "error_rate").verdict
    assert (old.level, old.before) == (Level.STALE, Level.BREACH)
    assert (old.value, old.baseline, old.limit, old.since) == (live.value, live.baseline, live.limit, live.since)


# Which versions make the target's level


def test_a_challenger_alias_without_traffic_does_not_drag_the_target() -> None:
    """A registry alias that points at a version that nobody asks leaves a healthy target healthy."""
    world = World()
    world.told(rollout(PLACE, "1"))
    challenger = replace(rollout(PLACE, "1", "2"), weights={})
    world.told(challenger)
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)))
    assert world.served(PLACE, "2").level is Level.NO_DATA
    assert world.target(PLACE).level is Level.OK


def test_a_shadow_in_breach_does_not_make_the_target_one() -> None:
    """A shadow's errors reach nobody: they are shown, and the target is what people get."""
    world = World()
    world.told(rollout(PLACE, "1", shadow="2"))
    for _ in range(3):
        at = world.passes()
        world.sees(look("1", at, 95.0, error_rate=(1, 900)), look("2", at, 95.0, error_rate=(400, 900)))
    assert world.served(PLACE, "2").level is Level.BREACH
    assert world.target(PLACE).level is Level.OK


def test_a_version_that_should_serve_and_is_not_seen_keeps_the_target_from_ok() -> None:
    """A candidate with a desired share and no samples is no data, and so is the target."""
    world = World()
    world.told(rollout(PLACE, "1", "2", 0.05))
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)))
    assert world.target(PLACE).level is Level.NO_DATA


def test_a_breach_counts_where_nobody_measures_traffic() -> None:
    """With errors alone, no throughput and no rollout, a version in breach makes its target one."""
    world = World()
    for _ in range(3):
        world.sees(look("1", world.passes(), error_rate=(400, 900)))
    assert world.target(PLACE).level is Level.BREACH


def test_no_limit_is_never_ok() -> None:
    """A target whose every number lacks a limit is not called ok."""
    world = World()
    world.sees(look("1", world.now, confidence=mean(0.9, 900)))
    assert world.cell(PLACE, "1", "confidence").verdict.level is Level.NO_LIMIT
    assert world.target(PLACE).level is not Level.OK


# Since and what happened


def test_the_target_is_bad_since_its_violation_began() -> None:
    """A breach is dated from the first bad sample, not from the moment when it was called one."""
    world = World()
    first = world.passes()
    for at in (first, world.passes(), world.passes(), world.passes()):
        world.sees(look("1", at, 95.0, error_rate=(400, 900)))
    assert world.target(PLACE).level is Level.BREACH
    assert world.target(PLACE).since == first


def test_a_change_of_what_serves_is_recorded() -> None:
    """When another version has most of the requests, the tail of events says so with both names."""
    world = World()
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)), look("2", world.now, 5.0, error_rate=(1, 900)))
    at = world.passes()
    world.sees(look("1", at, 5.0, error_rate=(1, 900)), look("2", at, 95.0, error_rate=(1, 900)))
    changes = [(c.kind, c.before, c.after, c.at) for c in world.target(PLACE).changes if c.kind is ChangeKind.SERVING]
    assert changes == [(ChangeKind.SERVING, "1", "2", at)]


def test_an_intention_is_not_recorded_as_serving() -> None:
    """When the metrics fall silent, what the controller wants is not written down as what served."""
    world = World()
    world.sees(look("1", world.now, 95.0))
    world.told(rollout(PLACE, "2"))
    world.sees(look("1", world.passes(), 0.0))
    assert not [c for c in world.target(PLACE).changes if c.kind is ChangeKind.SERVING]


def test_what_the_controller_changes_is_recorded() -> None:
    """A new stable version, a new candidate and a new stage each leave a line."""
    world = World()
    world.told(rollout(PLACE, "1"))
    world.passes()
    world.told(rollout(PLACE, "1", "2", stage=Stage(SafeText("canary-5"), 0.05)))
    world.passes()
    world.told(rollout(PLACE, "2"))
    told = [(c.kind.value, c.before, c.after) for c in world.target(PLACE).changes if c.kind is not ChangeKind.LEVEL]
    assert told == [
        ("candidate", "none", "2"),
        ("stage", "none", "canary-5"),
        ("stable", "1", "2"),
        ("candidate", "2", "none"),
        ("stage", "canary-5", "none"),
    ]


def test_the_list_of_changes_is_bounded() -> None:
    """A target that flaps for days keeps its newest events only."""
    world = World()
    for number in range(100):
        world.told(rollout(PLACE, str(number)))
    changes = world.target(PLACE).changes
    assert len(changes) == 24
    assert changes[-1].after == "99"


def test_rules_of_one_target_replace_the_signals_own() -> None:
    """An override for a target counts there and nowhere else."""
    from modeltui.domain.health import Above, Rule
    from modeltui.domain.policy import RulesFor

    strict = RulesFor(
        SafeText("fraud@*"), signal_name("error_rate"), (Rule(SafeText("none"), Above(0.0), for_seconds=0),)
    )
    world = World(replace(DEFAULT_POLICY, overrides=(strict,)))
    world.sees(look("1", world.now, 95.0, error_rate=(1, 900)))
    world.sees(seen("credit@prod", "1", world.now, throughput=95.0, error_rate=(1, 900)))
    assert world.cell(PLACE, "1", "error_rate").verdict.level is Level.BREACH
    assert world.cell("credit@prod", "1", "error_rate").verdict.level is Level.OK
