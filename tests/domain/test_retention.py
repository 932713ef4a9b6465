"""What may be pruned, what never, and why: what nobody knows is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.retention_world import (
    DAY,
    FAILED,
    FRAUD,
    MEMORY,
    REGISTRY,
    VERSIONS,
    history,
    known,
    listed,
    of,
    one,
    prunable,
    row,
    told,
    whole_world,
)

import modeltui.domain.relatives
import modeltui.domain.retention
from modeltui.domain.event import ProvenanceUnread, SourceFailed
from modeltui.domain.gold import gold_of
from modeltui.domain.lineage import Artifact, Unreadable
from modeltui.domain.names import UNKNOWN, Instant, ModelName
from modeltui.domain.retained import Keep, Verdict
from modeltui.domain.retention import retention
from modeltui.domain.rollout import Job, Rollout
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, World, model, record, rollout, seen, source_name, target_key, version_id


def why(world: World, name: str, past: Any = UNKNOWN) -> set[Keep]:
    """Return why a version is kept."""
    return {reason.why for reason in one(of(world, past), name).reasons}


def test_what_nobody_needs_may_be_pruned() -> None:
    """Where everything is known: failed and never served versions may go; serving, gold and newer ones never."""
    found = of(whole_world())
    assert prunable(found) == {"5", "4", "3"}
    assert {each.version: each.verdict for each in found.versions if each.verdict is not Verdict.MAY} == {
        "9": Verdict.NEVER,
        "8": Verdict.NEVER,
        "7": Verdict.NEVER,
        "6": Verdict.NEVER,
    }
    assert why(whole_world(), "9") == {Keep.NEWER}
    assert why(whole_world(), "8") == {Keep.SERVES, Keep.DESIRED, Keep.STABLE, Keep.GOLD}
    assert why(whole_world(), "7") == {Keep.GOLD}


def test_gold_is_three_known_good_versions_of_each_target() -> None:
    """The last three that served well are gold on their target, the last known good first."""
    world = whole_world()
    gold = gold_of(world.fleet, world.target("fraud@prod"))
    assert [good.version for good in gold] == ["8", "7", "6"]
    assert "the last known good version on fraud@prod" in one(of(world), "8").reasons[-1].says


def test_a_registry_alone_never_makes_a_version_prunable_and_says_what_would() -> None:
    """With an alias and nothing that measures yet, all is kept: what would tell is said; a record alone does not."""
    world = World()
    world.registered(model("fraud", "9"))
    listed(world, *(row(name) for name in VERSIONS))
    world.told(rollout("fraud@prod", "8"))
    for name in VERSIONS:
        told(world, "fraud", name)
    found = of(world)
    assert prunable(found) == set()
    answer, measure, read = found.remedies
    assert answer == "metrics must answer: modeltui doctor says what is wrong with it"
    assert measure.startswith("a metrics source (prometheus, scrape) must see who answers there")
    assert read.startswith("the journal must be readable")
    assert of(world, history()).remedies == (answer, measure)
    assert prunable(of(world, history())) == set()
    *_, observe = of(world, history(since_days=5.0)).remedies
    assert observe.startswith("modeltui observe --every 5m, kept running beside a metrics source")


def test_what_is_said_to_tell_more_does() -> None:
    """Measured, and observed since before they were registered: versions that never served may go, and no advice."""
    world = whole_world(served=())
    assert prunable(of(world, history(since_days=5.0))) == set()
    assert len(of(world, history(since_days=5.0)).remedies) == 1
    found = of(world, history())
    assert prunable(found) == {"7", "6", "5", "4", "3"}
    assert found.remedies == ()


def test_candidates_shadows_and_jobs_are_kept() -> None:
    """A version that is tried, mirrored or bound to a batch job is never pruned."""
    world = whole_world()
    job = Job(SafeText("nightly scoring"), version_id("3"), START)
    world.told(rollout("fraud@prod", "8", "4", 0.0, shadow="5", jobs=[job], served=(FAILED, *MEMORY)))
    assert why(world, "4") == {Keep.CANDIDATE}
    assert why(world, "5") == {Keep.SHADOW}
    assert why(world, "3") == {Keep.JOB}
    assert prunable(of(world)) == set()


def test_what_is_measured_is_kept() -> None:
    """A version that should not serve and answers requests all the same is never pruned."""
    world = whole_world()
    world.sees(
        seen("fraud@prod", "8", throughput=50.0),
        seen("fraud@prod", "4", throughput=1.0),
        seen("fraud@prod", "3", drift=0.1),
    )
    assert Keep.SERVES in why(world, "4")
    assert Keep.MEASURED in why(world, "3")


def test_pointers_keep() -> None:
    """An alias in the list or on the model keeps its version."""
    world = whole_world()
    world.registered(model("fraud", "9", archive="3"))
    listed(world, *(row(name, pointers=(SafeText("old"),) if name == "4" else ()) for name in VERSIONS))
    assert why(world, "3") == {Keep.POINTER}
    assert why(world, "4") == {Keep.POINTER}


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("legal_hold", "case 4711", True),
        ("Legal-Hold", "", True),
        ("retain", "until 2020", True),
        ("hold", "false", False),
        ("hold", " No ", False),
        ("retain", "0", False),
        ("household", "yes", False),
    ],
)
def test_a_tag_holds_unless_it_says_no(name: str, value: str, holds: bool) -> None:
    """A legal hold keeps a version for ever, in the list or in its record, unless the tag says no."""
    tag = (SafeText(name), SafeText(value))
    world = whole_world()
    listed(world, *(row(one, tags=(tag,) if one == "3" else ()) for one in VERSIONS))
    told(world, "fraud", "4", tags=known(dict([tag])))
    for version in ("3", "4"):
        assert (why(world, version) == {Keep.HOLD}) is holds


def test_a_version_is_on_its_way_for_a_season() -> None:
    """What was registered after the serving version waits for its turn for ninety days, and no longer."""
    world = whole_world(served=(record("6", -200 * DAY, -190 * DAY), record("7", -190 * DAY, -180 * DAY), MEMORY[2]))
    old = {"8": 120.0, "4": 91.0, "3": 89.0}
    rows = [row(name, created_at=Instant(START - old.get(name, 150.0) * DAY)) for name in VERSIONS]
    listed(world, *rows)
    assert why(world, "3") == {Keep.NEWER}
    assert "4" in prunable(of(world))


def test_which_tags_hold_is_configurable() -> None:
    """A team's own word for a hold counts as the policy names it."""
    tag = (SafeText("litigation"), SafeText("yes"))
    world = whole_world()
    listed(world, *(row(one, tags=(tag,) if one == "3" else ()) for one in VERSIONS))
    assert "3" in prunable(of(world))
    fleet = replace(world.fleet, policy=replace(world.fleet.policy, hold_tags=("Litigation",)))
    world.fleet = fleet
    assert why(world, "3") == {Keep.HOLD}


def test_one_source_that_holds_is_enough() -> None:
    """Where two sources contradict each other on a hold, it holds."""
    world = whole_world()
    told(world, "fraud", "3", tags=known({SafeText("hold"): SafeText("no")}))
    told(world, "fraud", "3", "provenance", tags=known({SafeText("hold"): SafeText("yes")}, "provenance"))
    assert why(world, "3") == {Keep.HOLD}


def test_members_and_parents_of_what_serves_are_kept() -> None:
    """A member of an ensemble that serves, and the parent of a version that serves, are never pruned."""
    world = whole_world()
    world.told(rollout("fraud@prod", "8", served=(FAILED, *MEMORY)), rollout("quotes@prod", "1"))
    world.sees(seen("fraud@prod", "8", throughput=50.0), seen("quotes@prod", "1", throughput=5.0))
    told(world, "quotes", "1", components=known({FRAUD: version_id("4")}))
    told(world, "fraud", "8", parents=known((SafeText("fraud:5"),)))
    assert why(world, "4") == {Keep.MEMBER}
    assert why(world, "5") == {Keep.PARENT}
    assert prunable(of(world)) == {"3"}


def test_what_nobody_has_read_may_need_anything() -> None:
    """A version of another model that serves and was not read may be made of any: all are kept."""
    world = whole_world()
    world.told(rollout("fraud@prod", "8", served=(FAILED, *MEMORY)), rollout("quotes@prod", "1"))
    world.sees(seen("fraud@prod", "8", throughput=50.0), seen("quotes@prod", "1", throughput=5.0))
    assert why(world, "4") == {Keep.UNKNOWN}
    told(world, "quotes", "1", components=Unreadable(SafeText("403"), REGISTRY))
    assert why(world, "4") == {Keep.UNKNOWN}
    told(world, "quotes", "1")
    assert prunable(of(world)) == {"5", "4", "3"}


def test_a_parent_in_words_keeps_what_it_may_mean() -> None:
    """A parent that is written in a way that nobody understands keeps the versions whose name stands in it."""
    world = whole_world()
    told(world, "fraud", "8", parents=known((SafeText("retrained (from release 4, with fewer rows)"),)))
    assert why(world, "4") == {Keep.UNKNOWN}
    assert prunable(of(world)) == {"5", "3"}


def test_too_few_known_good_versions_keep_what_may_be_good() -> None:
    """With fewer than three known good versions, what has served or may have served unseen is kept."""
    world = whole_world(served=(FAILED, *MEMORY[1:]))
    assert why(world, "4") == {Keep.UNKNOWN}
    seen_all = history(since_days=100)
    assert prunable(of(world, seen_all)) == {"6", "4", "3"}
    assert why(world, "5", seen_all) == {Keep.UNKNOWN}
    # A history that begins later than a version says nothing of its first days.
    assert prunable(of(world, history(since_days=65))) == {"6"}
    # A gap counts for the versions that were there to serve in it.
    assert prunable(of(world, history(gap=(65.0, 64.0)))) == {"6"}
    assert why(world, "3", history(gap=(65.0, 64.0))) == {Keep.UNKNOWN}


def test_a_model_that_serves_nowhere_is_kept() -> None:
    """Where no target of the model is known nobody can say that a version is not needed."""
    world = World()
    world.registered(model("fraud", "9"))
    listed(world, *(row(name) for name in VERSIONS))
    for name in VERSIONS:
        told(world, "fraud", name)
    assert prunable(of(world)) == set()


def test_sizes_add_up_once() -> None:
    """The storage cost counts the same files once, none that a kept version needs, and says what it does not know."""
    world = whole_world()
    for name, uri in (("5", "s3://a"), ("4", "s3://a"), ("3", "s3://b")):
        told(world, "fraud", name, artifact=known(Artifact(SafeText(uri), size_bytes=500)))
    assert of(world).freed_bytes == 1_000
    told(world, "fraud", "7", artifact=known(Artifact(SafeText("s3://b"), size_bytes=500)))
    assert of(world).freed_bytes == 500
    assert of(world).stored_bytes == 3_000 + 1_000
    told(world, "fraud", "5", artifact=known(Artifact(SafeText("s3://c"))))
    assert (of(world).freed_bytes, of(world).unsized) == (500, ("5",))


def _without_provenance(world: World, name: str) -> None:
    key = (FRAUD, version_id(name))
    provenance = {one: value for one, value in world.fleet.provenance.items() if one != key}
    claims = {one: value for one, value in world.fleet.claims.items() if one != key}
    world.fleet = replace(world.fleet, provenance=provenance, claims=claims)


def _fail(world: World, source: str) -> None:
    world.apply(SourceFailed(source_name(source), world.now, SafeText("down")))


def _listed_twice(world: World) -> None:
    listing = frozenset({FRAUD})
    world.fleet = replace(world.fleet, listings={**world.fleet.listings, source_name("second"): listing})


def _filtered(world: World) -> None:
    world.fleet = replace(world.fleet, policy=replace(world.fleet.policy, exclude_models=("quotes*",)))


LOSSES: Mapping[str, Callable[[World], object]] = {
    "another registry lists it too": _listed_twice,
    "the context leaves models out": _filtered,
    "what serves is spelled otherwise": lambda world: world.sees(
        seen("fraud@prod", "8", throughput=50.0), seen("fraud@prod", "v4", throughput=5.0)
    ),
    "a model is spelled otherwise": lambda world: world.sees(
        seen("fraud@prod", "8", throughput=50.0), seen("Fraud_@prod", "4", throughput=5.0)
    ),
    "metrics are down": lambda world: _fail(world, "metrics"),
    "the registry is down": lambda world: _fail(world, "registry"),
    "the controller is down": lambda world: _fail(world, "rollouts"),
    "one version was not read": lambda world: _without_provenance(world, "4"),
    "the serving version was not read": lambda world: _without_provenance(world, "8"),
    "a source could not say": lambda world: world.apply(
        ProvenanceUnread(source_name("provenance"), START, FRAUD, version_id("4"), SafeText("503"))
    ),
    "the list has no dates": lambda world: listed(world, *(row(name, created_at=UNKNOWN) for name in VERSIONS)),
    "nobody says what should serve": lambda world: world.told(rollout("fraud@prod", served=MEMORY)),
    "a second place is not measured": lambda world: world.told(
        rollout("fraud@prod", "8", served=MEMORY), rollout("fraud@staging", "8", served=MEMORY)
    ),
    "the metrics are old": lambda world: world.ticks(100_000.0),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_to_sight_is_kept(loss: str) -> None:
    """Whatever stops being known keeps at least the version that it is about, and frees none."""
    world = whole_world()
    before = prunable(of(world))
    LOSSES[loss](world)
    after = prunable(of(world))
    assert after < before
    assert "4" not in after


SAID = {
    "another registry lists it too": "second lists the model too",
    "the context leaves models out": "leaves models out",
    "what serves is spelled otherwise": "fraud@prod names v4, which no registry lists",
    "a model is spelled otherwise": "Fraud_ serves and no registry lists it",
    "metrics are down": "metrics is down",
    "a source could not say": "provenance could not say where it comes from",
    "a second place is not measured": "nobody measures who answers on fraud@staging",
}


@pytest.mark.parametrize("loss", SAID)
def test_each_loss_is_named(loss: str) -> None:
    """What keeps a version is said in the operator's words: which source, which place, which name."""
    world = whole_world()
    LOSSES[loss](world)
    assert any(SAID[loss] in reason.says for reason in one(of(world), "4").reasons)


def test_a_source_that_could_not_say_may_know_of_a_hold() -> None:
    """Where one source knows the tags and another could not be asked, a hold may stand with the other."""
    world = whole_world()
    told(world, "fraud", "4", tags=known({SafeText("a"): SafeText("b")}), parents=known((SafeText("x"),)))
    world.apply(ProvenanceUnread(source_name("provenance"), START, FRAUD, version_id("4"), SafeText("503")))
    assert why(world, "4") == {Keep.UNKNOWN}


def test_a_source_that_could_not_say_may_know_of_a_member() -> None:
    """Where one source knows the members of what serves and another could not be asked, there may be more."""
    world = whole_world()
    told(world, "fraud", "8", components=known({}), parents=known((SafeText("x"),)))
    assert "4" in prunable(of(world))
    world.apply(ProvenanceUnread(source_name("provenance"), START, FRAUD, version_id("8"), SafeText("503")))
    assert why(world, "4") == {Keep.UNKNOWN}


def test_a_job_keeps_the_members_of_its_version() -> None:
    """An ensemble that only a batch job still runs needs its members all the same."""
    world = whole_world()
    job = Job(SafeText("nightly quotes"), version_id("1"), START)
    world.told(rollout("fraud@prod", "8", served=(FAILED, *MEMORY)), rollout("quotes@prod", "2", jobs=[job]))
    world.sees(seen("fraud@prod", "8", throughput=50.0), seen("quotes@prod", "2", throughput=5.0))
    told(world, "quotes", "2")
    told(world, "quotes", "1", components=known({FRAUD: version_id("4")}))
    assert why(world, "4") == {Keep.MEMBER}


REPLACING = {"nobody says what should serve", "a second place is not measured", "the list has no dates"}
"""Losses that say again what a world was drawn with."""
NAMES = st.sampled_from(VERSIONS)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world with anything serving, pointed at, held or lost."""
    records = draw(st.lists(st.sampled_from((FAILED, *MEMORY)), unique=True, max_size=4))
    world = whole_world(served=records)
    candidate = draw(st.none() | NAMES)
    stable = draw(st.none() | NAMES)
    world.told(rollout("fraud@prod", stable, candidate, shadow=draw(st.none() | NAMES), served=records))
    observed = draw(st.sets(NAMES, max_size=3))
    world.sees(*(seen("fraud@prod", name, throughput=10.0) for name in observed))
    pointed, held = draw(st.sets(NAMES, max_size=2)), draw(st.sets(NAMES, max_size=2))
    rows = [
        row(
            name,
            pointers=(SafeText("x"),) if name in pointed else (),
            tags=((SafeText("legal_hold"), SafeText("1")),) if name in held else (),
        )
        for name in VERSIONS
    ]
    listed(world, *rows)
    for name in draw(st.sets(NAMES, max_size=2)):
        _without_provenance(world, name)
    return world


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(worlds(), st.sampled_from([UNKNOWN, history(), history(gap=(50.0, 1.0))]))
def test_nothing_that_is_needed_is_ever_prunable(world: World, past: Any) -> None:
    """Whatever serves, should serve, is tried, is gold, pointed at, on hold or unread is not prunable."""
    target = world.target("fraud@prod")
    found = prunable(of(world, past))
    assert not found & {
        served.version for served in target.versions if served.observed or served.desired or served.cells
    }
    assert not found & {good.version for good in gold_of(world.fleet, target)}
    assert isinstance(target.rollout, Rollout)
    assert not found & {target.rollout.stable, target.rollout.candidate, target.rollout.shadow}
    for version in world.fleet.versions[FRAUD]:
        if version.pointers or version.tags or (FRAUD, version.id) not in world.fleet.provenance:
            assert version.id not in found


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(worlds(), st.sampled_from(sorted(LOSSES.keys() - REPLACING)))
def test_knowing_less_never_frees_a_version(world: World, loss: str) -> None:
    """Whatever is lost to sight, nothing becomes prunable by it."""
    before = prunable(of(world))
    LOSSES[loss](world)
    assert prunable(of(world)) <= before


def test_nothing_here_deletes() -> None:
    """The dry run has no second half: no writer and no file is within reach of what finds out what may be pruned."""
    for module in (modeltui.domain.retention, modeltui.domain.relatives):
        words = set(vars(module))
        assert not {
            name for name in words if "delete" in name.lower() or "writer" in name.lower() or name in ("os", "shutil")
        }


def test_other_models_are_not_counted() -> None:
    """A model of which nothing is listed has nothing to prune."""
    world = whole_world()
    found = retention(world.fleet, ModelName(SafeText("spam")))
    assert found.versions == ()
    assert found.troubles
    assert target_key("fraud@prod") in world.fleet.targets
