"""What is wrong on a target, which pair of versions is looked at first, and what the card says of them."""

from __future__ import annotations

from dataclasses import replace

from tests.domain.suspects.building import text

from modeltui.domain.event import ProvenanceRead
from modeltui.domain.fleet import Cell, Context, Fleet, SegmentCell, ServedVersion, Target
from modeltui.domain.health import Cause, Level, Verdict
from modeltui.domain.history import ServingSpan
from modeltui.domain.known_good import KnownGood
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import (
    NO_DATA,
    UNKNOWN,
    Environment,
    Instant,
    Missing,
    ModelName,
    SegmentName,
    SignalName,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.reduce import reduce
from modeltui.domain.rollout import Role, Rollout, ServingRecord
from modeltui.domain.signal import Estimate, Sample
from modeltui.domain.suspects import symptoms
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.suspects.symptoms import doubts, is_new, symptom_of, top_suspect, troubled, usual_pair
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version

MODEL = ModelName(text("fraud"))
HK = TargetKey(MODEL, Environment(text("prod-hk")))
CN = TargetKey(MODEL, Environment(text("prod-cn")))
REGISTRY = SourceName(text("registry"))
NIL = Instant(0.0)
NOW = Instant(1_000_000.0)
WARN, BREACH, OK, STALE = Level.WARN, Level.BREACH, Level.OK, Level.STALE


def version(name: str) -> VersionId:
    return VersionId(text(name))


def verdict(level: Level, before: Level = Level.NO_DATA) -> Verdict:
    return Verdict(level, Cause.OVER_LIMIT, before=before)


def cell(signal: str, level: Level, before: Level = Level.NO_DATA, **segments: Level) -> Cell:
    """Return a judged signal; segments as `region__hk=BREACH`."""
    sample = Sample(HK, version("1"), SignalName(text(signal)), Estimate(1.0), NOW, 300.0)
    slices = tuple(
        SegmentCell(SegmentName(text(name.replace("__", "="))), Estimate(1.0), verdict(judged))
        for name, judged in segments.items()
    )
    return Cell(sample, verdict(level, before), (), slices)


def served(name: str, role: Role, *cells: Cell) -> ServedVersion:
    return ServedVersion(version(name), role, 0.5, 0.5, {one.sample.signal: one for one in cells})


def target(
    *versions: ServedVersion,
    stable: str = "2",
    candidate: str = "",
    good: str = "2",
    before: tuple[str, ...] = (),
    key: TargetKey = HK,
) -> Target:
    records = tuple(ServingRecord(version(one), Instant(at), UNKNOWN, True) for at, one in enumerate(before))
    rollout = Rollout(
        key,
        SourceName(text("rollouts")),
        {},
        version(stable),
        version(candidate) if candidate else UNKNOWN,
        served=records,
    )
    known: KnownGood | Unknown = KnownGood(version(good), NOW, NOW, 900.0, False) if good else UNKNOWN
    return Target(key, versions, rollout, known)


def fleet(*targets: Target) -> Fleet:
    return Fleet(Context(text("prod")), at=NOW).with_targets({one.key: one for one in targets})


def told(whole: Fleet, name: str, **facts: object) -> Fleet:
    known = {field: Known(value, REGISTRY, NOW) for field, value in facts.items()}
    event = ProvenanceRead(REGISTRY, NOW, MODEL, version(name), Provenance(**known))  # type: ignore[arg-type]
    return reduce(whole, event)[0]


STABLE = served("2", Role.STABLE, cell("error_rate", OK))


def test_the_symptom_is_what_the_worst_version_shows() -> None:
    """Signals in warn or breach, the segments that suffer while others do not, and features that drifted."""
    bad = served(
        "3",
        Role.CANDIDATE,
        cell("error_rate", BREACH, merchant_size__micro=BREACH, merchant_size__large=OK),
        cell("drift", WARN, feature__tenure=WARN, feature__age=OK),
        cell("latency_p95", OK),
    )
    found = symptom_of(target(STABLE, bad, candidate="3"))
    assert found.signals == {"error_rate", "drift"}
    assert found.segments == {"merchant_size=micro"}
    assert found.drifted == {"tenure"}
    assert found.version == "3"


def test_where_every_segment_suffers_none_does_particularly() -> None:
    """Errors in all regions are errors, not a matter of one region."""
    bad = served("3", Role.CANDIDATE, cell("error_rate", BREACH, region__hk=BREACH, region__sg=WARN))
    assert symptom_of(target(STABLE, bad, candidate="3")).segments == frozenset()


def test_a_breach_that_went_stale_is_still_a_symptom() -> None:
    """Nothing says that it is over; what was well before it went stale is none."""
    stale = served("3", Role.CANDIDATE, cell("error_rate", STALE, BREACH), cell("confidence", STALE, OK))
    found = symptom_of(target(STABLE, stale, candidate="3"))
    assert found.signals == {"error_rate"}
    assert usual_pair(fleet(), target(STABLE, stale, candidate="3")) == ("2", "3")


def test_nothing_wrong_is_an_empty_symptom() -> None:
    """All is well: no signal is named, whichever version it is about."""
    assert not symptom_of(target(STABLE))
    assert symptom_of(target()) == Symptom()


def test_what_a_third_version_suffers_from_is_no_symptom_of_two_others() -> None:
    """The candidate breaks, and two older versions are compared: nothing is wrong with what those changed."""
    bad = served("3", Role.CANDIDATE, cell("error_rate", BREACH, region__hk=BREACH, region__sg=OK))
    here = target(STABLE, bad, candidate="3")
    assert symptom_of(here, version("1"), version("2")) == Symptom()
    assert doubts(fleet(here), here, version("1"), version("2")) == ()
    assert symptom_of(here, version("3"), version("1")).segments == {"region=hk"}
    ill = target(served("2", Role.STABLE, cell("latency_p95", WARN)), bad, candidate="3")
    assert symptom_of(ill, version("1"), version("2")).signals == {"latency_p95"}


def test_the_targets_where_one_of_two_versions_is_in_trouble() -> None:
    """Of several targets in trouble only those count where it is one of the two that are compared."""
    bad, slow = cell("error_rate", BREACH), cell("latency_p95", WARN)
    here = target(STABLE, served("3", Role.CANDIDATE, bad), candidate="3")
    there = target(served("1", Role.STABLE, slow), stable="1", good="1", key=CN)
    whole = fleet(here, there)
    assert [one.key for one in troubled(whole, MODEL, version("2"), version("3"))] == [HK]
    assert [one.key for one in troubled(whole, MODEL, version("1"), version("2"))] == [CN]
    assert {one.key for one in troubled(whole, MODEL, version("1"), version("3"))} == {HK, CN}
    assert troubled(whole, ModelName(text("other")), version("1"), version("3")) == ()


def test_the_usual_pair_is_last_known_good_and_the_version_in_trouble() -> None:
    """A bad version wins over a candidate that is well; the candidate over what serves."""
    bad = served("1", Role.STABLE, cell("error_rate", BREACH))
    canary = served("3", Role.CANDIDATE, cell("error_rate", OK))
    assert usual_pair(fleet(), target(bad, canary, stable="1", candidate="3", good="0")) == ("0", "1")
    assert usual_pair(fleet(), target(STABLE, canary, candidate="3")) == ("2", "3")
    assert usual_pair(fleet(), target(STABLE, stable="2", good="1")) == ("1", "2")


def test_without_a_last_known_good_the_stable_version_is_the_other_side() -> None:
    """Nothing proves any version yet: the candidate is held against what the target trusts."""
    canary = served("3", Role.CANDIDATE, cell("error_rate", BREACH))
    assert usual_pair(fleet(), target(STABLE, canary, candidate="3", good="")) == ("2", "3")


def test_a_version_that_is_good_itself_is_held_against_the_one_before() -> None:
    """It serves, it is the last known good one, and somebody wants to know what it changed: its predecessor."""
    alone = target(STABLE, before=("0", "1", "2"))
    assert usual_pair(fleet(alone), alone) == ("1", "2")
    listed = tuple(Version(MODEL, version(one)) for one in ("3", "2", "1"))
    whole = replace(fleet(target(STABLE)), versions={MODEL: listed})
    assert usual_pair(whole, target(STABLE)) == ("1", "2")


def test_one_version_of_which_nobody_knows_another_has_no_pair() -> None:
    """There is nothing to hold it against: that is said, and no pair is made up."""
    assert usual_pair(fleet(), target(STABLE)) is NO_DATA
    assert usual_pair(fleet(), Target(HK)) is NO_DATA
    assert top_suspect(fleet(), target(STABLE)) is NO_DATA


def test_a_good_version_that_became_slow_is_nobodys_change() -> None:
    """The last known good version itself is in trouble, and well elsewhere: no suspect, but both are said."""
    slow = served("2", Role.STABLE, cell("latency_p95", WARN))
    here = target(slow, before=("1", "2"))
    elsewhere = target(served("2", Role.STABLE, cell("latency_p95", OK)), key=CN)
    whole = told(told(fleet(here, elsewhere), "1", base_image=text("a")), "2", base_image=text("b"))
    assert not is_new(here, version("2"))
    assert top_suspect(whole, here) is NO_DATA
    assert doubts(whole, here) == (
        "2 is the last known good version here: no newer one explains it",
        "2 is well in prod-cn: look at what is different in prod-hk",
    )


def test_a_version_that_fell_ill_within_a_day_is_still_suspected() -> None:
    """It was well for an hour and counts as good; drift shows after three: what it changed may be behind it."""
    for hours, is_suspected in ((3.0, True), (30.0, False)):
        drifting = cell("drift", WARN)
        drifting = replace(drifting, verdict=replace(drifting.verdict, since=Instant(hours * 3600)))
        here = target(served("2", Role.STABLE, drifting))
        spans = ServingSpan(version("1"), Instant(-9e6), Instant(0.0), 1.0), ServingSpan(version("2"), NIL, NIL, 1.0)
        seen = replace(here, spans=spans)
        assert is_new(seen, version("2")) is is_suspected
        assert usual_pair(fleet(seen), seen) == ("1", "2")
        assert not is_new(replace(here, spans=spans[1:]), version("2")), "it was there when somebody began to look"


def test_a_place_that_does_not_look_at_the_segment_says_nothing() -> None:
    """Staging counts no segments: that a version is well there says nothing of the one that suffers here."""
    bad = served("3", Role.CANDIDATE, cell("error_rate", BREACH, region__hk=BREACH, region__sg=OK))
    here = target(STABLE, bad, candidate="3")
    blind = target(served("3", Role.STABLE, cell("error_rate", OK)), key=CN, stable="3", good="3")
    assert doubts(fleet(here, blind), here) == ()
    seeing = target(served("3", Role.STABLE, cell("error_rate", OK, region__hk=OK)), key=CN, stable="3", good="3")
    assert doubts(fleet(here, seeing), here) == ("3 is well in prod-cn: look at what is different in prod-hk",)


CANARY = target(STABLE, served("3", Role.CANDIDATE, cell("latency_p95", BREACH)), candidate="3")


def test_the_top_suspect_is_that_of_the_usual_pair() -> None:
    """What the card says in one line: the first suspect, by what is wrong."""
    image = told(told(fleet(CANARY), "2", base_image=text("tabular-3.11")), "3", base_image=text("tabular-3.12"))
    found = top_suspect(image, CANARY)
    assert isinstance(found, Suspect)
    assert found.field == "environment.base_image"
    assert "slow answers" in found.because


def test_facts_that_were_not_read_make_no_suspect() -> None:
    """Only one of the two versions was read: nothing is known to differ yet."""
    assert top_suspect(fleet(CANARY), CANARY) is NO_DATA
    assert top_suspect(told(fleet(CANARY), "3", base_image=text("b")), CANARY) is NO_DATA


def test_the_same_question_is_answered_from_memory() -> None:
    """A redraw asks again: the same facts give the very same answer, new facts another, and memory stays small."""
    whole = told(told(fleet(CANARY), "2", base_image=text("a")), "3", base_image=text("b"))
    once = top_suspect(whole, CANARY)
    assert top_suspect(replace(whole, at=Instant(NOW + 1)), CANARY) is once
    later = top_suspect(told(whole, "3", base_image=text("b"), architecture=text("TabNet")), CANARY)
    assert later == once, "nobody told the architecture of 2"
    assert later is not once
    for at in range(300):
        other = target(STABLE, served(f"4.{at}", Role.CANDIDATE, cell("latency_p95", BREACH)), candidate=f"4.{at}")
        assert isinstance(top_suspect(told(whole, f"4.{at}", base_image=text("c")), other), Suspect)
    assert len(symptoms._KEPT) <= 128


def test_without_a_known_good_one_only_trouble_makes_a_version_new() -> None:
    """Nobody measures it and nothing proves it: that is no reason to suspect it."""
    quiet = target(served("2", Role.STABLE), good="")
    assert not is_new(quiet, version("2"))
    assert is_new(quiet, version("3"))
    loud = target(served("2", Role.STABLE, cell("error_rate", BREACH)), good="")
    assert is_new(loud, version("2"))
    assert isinstance(loud.known_good, Missing)
    assert isinstance(SafeText("x"), str)
