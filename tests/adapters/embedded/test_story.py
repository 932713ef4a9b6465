"""What somebody sees who opens the demo and keeps looking."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters.embedded.scenario import ONSET_SECONDS
from modeltui.adapters.embedded.world import open_world, set_weights
from modeltui.domain.event import ProvenanceRead
from modeltui.domain.fleet import ServedVersion, Target
from modeltui.domain.health import Cause, Level
from modeltui.domain.known_good import KnownGood
from modeltui.domain.names import NO_DATA, Missing, SignalName
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import BUSINESS, CONFIDENCE, DRIFT, ERRORS, LATENCY
from modeltui.domain.skew import skew_matrix
from modeltui.domain.suspects.suspect import Suspect
from modeltui.domain.suspects.symptoms import doubts, symptom_of, top_suspect, usual_pair
from modeltui.domain.text import SafeText
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import onlooker, source, target_key, version

pytestmark = pytest.mark.broad

FRAUD = "fraud-detector@prod-hk"
NOT_WELL = {FRAUD, "churn-predictor@prod-hk", "document-ocr@prod-cn", "limit-optimizer@prod-cn"}


def signal(name: str) -> SignalName:
    return SignalName(SafeText(name))


def served(target: Target, text: str) -> ServedVersion:
    found = target.version(version(text))
    assert isinstance(found, ServedVersion)
    return found


async def test_it_opens_with_warnings_and_gaps_and_a_canary_that_has_always_been_well(
    world_path: Path, clock: VirtualClock
) -> None:
    """At first sight a slow model, a drifted one, a stale one and one without data, and nothing in breach."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
        levels = {str(target.key): target.level for target in eye.fleet.worst_first()}
    assert list(levels)[:2] == ["churn-predictor@prod-hk", "document-ocr@prod-cn"]
    assert levels.pop("churn-predictor@prod-hk") is Level.WARN
    assert levels.pop("document-ocr@prod-cn") is Level.WARN
    assert levels.pop("limit-optimizer@prod-cn") is Level.STALE
    assert levels.pop("sanctions-matcher@prod-hk") is Level.NO_DATA
    assert set(levels.values()) == {Level.OK}
    assert len(levels) == 26
    candidate = served(eye.target(FRAUD), "3.0.0")
    assert candidate.role is Role.CANDIDATE
    assert not eye.target(FRAUD).changes
    assert candidate.observed == pytest.approx(0.05, abs=0.005)


async def test_the_canary_turns_red_by_one_segment_within_two_minutes(world_path: Path, clock: VirtualClock) -> None:
    """The worst target becomes the fraud detector, by the errors of micro merchants, while the whole looks well."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
        with open_world(world_path) as world:
            await eye.live(world, ONSET_SECONDS, tick_seconds=2, poll_seconds=2)
            assert eye.levels == []
            await eye.live(world, 120 - ONSET_SECONDS, tick_seconds=2, poll_seconds=2)
            (warned_at, *_), (red_at, *_) = eye.levels
            await eye.live(world, 120)
    assert [change[1:] for change in eye.levels] == [(FRAUD, Level.OK, Level.WARN), (FRAUD, Level.WARN, Level.BREACH)]
    assert ONSET_SECONDS < warned_at < red_at
    assert 60 <= red_at <= 120
    worst = eye.fleet.worst_first()[0]
    assert str(worst.key) == FRAUD
    errors = served(worst, "3.0.0").cells[signal(ERRORS)]
    assert errors.verdict.level is Level.BREACH
    assert errors.verdict.cause is Cause.SEGMENT
    assert errors.verdict.segment == "merchant_size=micro"
    worst_segment = errors.worst_segment()
    assert not isinstance(worst_segment, Missing)
    assert worst_segment.measurement.value > 5 * 0.013
    assert errors.sample.measurement.value < 0.012, "the whole shows little"
    others = [segment for segment in errors.segments if segment.name != "merchant_size=micro"]
    assert len(others) == 3
    assert all(segment.verdict.level is Level.OK for segment in others)
    assert served(worst, "2.3.1").level is Level.OK
    good = worst.known_good
    assert isinstance(good, KnownGood)
    assert good.version == "2.3.1"


async def test_the_card_names_the_filter_once_the_canary_is_red(world_path: Path, clock: VirtualClock) -> None:
    """Before the breach nothing is wrong; after it the top suspect is the filter that cut the harmed segment."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
        for name in ("2.3.1", "3.0.0"):
            told = await eye.registry.read_provenance(target_key(FRAUD).model, version(name))
            eye.see(ProvenanceRead(source("registry"), clock.now(), target_key(FRAUD).model, version(name), told))
        assert not symptom_of(eye.target(FRAUD))
        with open_world(world_path) as world:
            await eye.live(world, 180)
        target = eye.target(FRAUD)
        assert symptom_of(target).segments == {"merchant_size=micro"}
        assert usual_pair(eye.fleet, target) == ("2.3.1", "3.0.0")
        suspect = top_suspect(eye.fleet, target)
        assert isinstance(suspect, Suspect)
        assert "AND m.monthly_volume > 500" in suspect.title
        assert "merchant_size=micro" in suspect.because
        assert doubts(eye.fleet, target) == (), "no other place looks at its segments"


async def test_what_no_change_of_version_explains_has_no_suspect(world_path: Path, clock: VirtualClock) -> None:
    """Slow in one office only, with the version that is well in the other: that is said, and nothing is suspected."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
    slow = eye.target("document-ocr@prod-cn")
    assert symptom_of(slow).signals == {LATENCY}
    assert top_suspect(eye.fleet, slow) is NO_DATA
    assert doubts(eye.fleet, slow) == (
        "3.1.4 is the last known good version here: no newer one explains it",
        "3.1.4 is well in prod-hk and staging: look at what is different in prod-cn",
    )
    drifted = eye.target("churn-predictor@prod-hk")
    assert symptom_of(drifted).drifted == {"tenure_months"}
    assert top_suspect(eye.fleet, drifted) is NO_DATA


async def test_taken_back_it_recovers(world_path: Path, clock: VirtualClock) -> None:
    """After the bad version gets no traffic any more, the target is well again within the window."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
        with open_world(world_path) as world:
            await eye.live(world, 300)
            cells = served(eye.target(FRAUD), "3.0.0").cells
            assert {cells[signal(name)].verdict.level for name in (ERRORS, CONFIDENCE, BUSINESS)} == {Level.BREACH}
            revision = set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 1.0, "3.0.0": 0.0})
            await eye.live(world, 90)
            after = eye.target(FRAUD)
            assert after.level is Level.OK
            assert served(after, "3.0.0").observed == 0.0
            assert served(after, "2.3.1").observed == 1.0
            assert isinstance(after.rollout, Rollout)
            assert after.rollout.revision == str(revision)
            await eye.live(world, 240)
            errors = served(eye.target(FRAUD), "3.0.0").cells[signal(ERRORS)]
            assert errors.verdict.cause is Cause.NO_OBSERVATIONS


async def test_healthy_targets_do_not_flap(world_path: Path, clock: VirtualClock) -> None:
    """In twenty minutes no healthy target changes its level even once."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
        with open_world(world_path) as world:
            await eye.live(world, 1200)
    assert [change for change in eye.levels if change[1] not in NOT_WELL] == []


async def test_what_is_not_well_says_why(world_path: Path, clock: VirtualClock) -> None:
    """The slow one is slow, the drifted one names its feature, and the stale one was well when it was last heard of."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
    slow = served(eye.target("document-ocr@prod-cn"), "3.1.4")
    assert {name for name, cell in slow.cells.items() if cell.verdict.level > Level.OK} == {LATENCY}
    drifted = served(eye.target("churn-predictor@prod-hk"), "9.1.0").cells[signal(DRIFT)]
    worst = drifted.worst_segment()
    assert not isinstance(worst, Missing)
    assert worst.name == "feature=tenure_months"
    assert eye.target("limit-optimizer@prod-cn").last_judged is Level.OK
    assert eye.target("sanctions-matcher@prod-hk").serving == "3.9.0"


async def test_two_offices_serve_two_versions(world_path: Path, clock: VirtualClock) -> None:
    """Of all models only the screening of transfers is skewed inside production."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
    skewed = [row for row in skew_matrix(eye.fleet) if row.is_skewed]
    assert [row.model for row in skewed] == ["aml-screening"]
    assert dict(skewed[0].stable) == {"prod-cn": "3.0.0", "prod-hk": "2.3.1", "staging": "3.0.0"}
