"""What became of each version: registered, approved, served, taken back and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.domain.retention_world import DAY, FRAUD, history, known, listed, row, told, whole_world

from modeltui.domain.acting.action import PlanHash, PlanId, Reason, ReasonCode
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import Detail, Entry, Record, RecordKind
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.lineage import Approval
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant
from modeltui.domain.text import SafeText
from modeltui.domain.timeline import Happening, HappeningKind, Timeline, earliest_moment, joined_intervals, timeline
from modeltui.testing.worlds import START, World, target_key, version_id

ALICE = Actor(SafeText("alice"))


def action(
    seq: int, kind: str, before: Mapping[str, str], after: Mapping[str, str], *, outcome: str | None = "verified"
) -> tuple[Record, ...]:
    """Return the records of one action: its intent, and its outcome where there is one."""
    details: dict[str, Detail] = {"kind": kind, "from": tuple(before.items()), "to": tuple(after.items())}
    reason = Reason(ReasonCode.ERROR, SafeText("errors since 02:01"), SafeText("INC-7"))
    plan = PlanId(SafeText(f"plan-{seq}"))
    intent = Entry(
        RecordKind.ACTION_INTENT,
        Instant(START - DAY),
        ALICE,
        SafeText("prod"),
        target_key("fraud@prod"),
        plan,
        PlanHash(SafeText("x")),
        reason,
        details,
    )
    records = [Record(intent, seq, SafeText("0"), SafeText("1"))]
    if outcome is not None:
        ended = replace(intent, kind=RecordKind.ACTION_OUTCOME, details={"outcome": outcome}, reason=Reason())
        records.append(Record(ended, seq + 1, SafeText("1"), SafeText("2")))
    return tuple(records)


def of(world: World, past: tuple[Interval, ...] = (), records: tuple[Record, ...] = ()) -> Timeline:
    """Return the timeline of the model."""
    return timeline(world.fleet, FRAUD, past, records, since=Instant(START - 100 * DAY))


def happened(found: Timeline, name: str) -> list[Happening]:
    """Return what happened to one version."""
    return list(next(one for one in found.versions if one.version == name).happenings)


def test_registration_and_approval_stand_with_who_and_when() -> None:
    """A version tells who registered it and who approved it; what nobody dated comes first."""
    world = whole_world()
    yes = Approval(SafeText("bob"), SafeText("Approved"), Instant(START - DAY), SafeText("read"))
    no = Approval(SafeText("carol"), SafeText("not approved"))
    maybe = Approval(SafeText("dan"), SafeText("PendingManualApproval"), Instant(START))
    told(world, "fraud", "8", registered=known("ci"), approvals=known((yes, no, maybe)))
    found = [(one.kind, one.by, one.why) for one in happened(of(world), "8")]
    assert found == [
        (HappeningKind.REJECTED, "carol", ""),
        (HappeningKind.REGISTERED, "ci", ""),
        (HappeningKind.APPROVED, "bob", "read"),
        (HappeningKind.DECIDED, "dan", "PendingManualApproval"),
    ]


def test_serving_stands_with_its_evidence_and_gaps_stay_gaps() -> None:
    """From when to when it served, where, by whose word; what nobody saw belongs to no version."""
    found = of(whole_world(), history(gap=(50.0, 40.0)))
    served = [one for one in happened(found, "8") if one.kind is HappeningKind.SERVED]
    assert [(one.target, one.interval.basis.value) for one in served if isinstance(one.interval, Interval)] == [
        (target_key("fraud@prod"), "observation")
    ] * 2
    assert [(gap.since, gap.until) for gap in found.gaps] == [(START - 50 * DAY, START - 40 * DAY)]


def test_a_rollback_is_told_of_both_versions() -> None:
    """What was rolled back says why and how that ended; what took its place says so too."""
    records = action(1, "rollback", {"9": "1"}, {"8": "1"})
    found = of(whole_world(), (), records)
    (gone,) = [one for one in happened(found, "9") if one.kind is HappeningKind.ROLLED_BACK]
    (come,) = [one for one in happened(found, "8") if one.kind is HappeningKind.BROUGHT_BACK]
    for one in (gone, come):
        assert (one.by, one.outcome, one.seqs) == ("alice", "verified", (1, 2))
        assert one.why == "error: errors since 02:01 (INC-7)"


def test_an_abort_is_told_of_the_candidate_alone() -> None:
    """The stable version of an aborted rollout has nothing to tell; without an outcome that is said."""
    records = action(1, "abort", {"9": "0.05", "8": "0.95"}, {"8": "1"}, outcome=None)
    found = of(whole_world(), (), records)
    assert [one.outcome for one in happened(found, "9") if one.kind is HappeningKind.ABORTED] == ["no outcome recorded"]
    assert [one.kind for one in happened(found, "8")] == [HappeningKind.REGISTERED]


def test_a_failed_action_is_not_told_as_done() -> None:
    """An action that failed stands there as failed."""
    found = of(whole_world(), (), action(1, "promote", {"8": "1"}, {"9": "1"}, outcome="failed"))
    assert [(one.kind, one.outcome) for one in happened(found, "9")][-1] == (HappeningKind.PROMOTED, "failed")


def test_records_that_nobody_understands_tell_nothing() -> None:
    """A record that was not made here is not guessed at."""
    records = (*action(1, "dance", {"9": "1"}, {"8": "1"}), *action(5, "rollback", {"9": "many"}, {"8": "1"}))
    assert [one.kind for one in happened(of(whole_world(), (), records), "9")] == [HappeningKind.REGISTERED]


def test_a_version_that_no_registry_lists_is_told_all_the_same() -> None:
    """The journal remembers a version that is gone from the registry."""
    world = whole_world()
    listed(world, row("9"))
    found = of(world, history())
    assert [(one.version, one.listed is NO_DATA) for one in found.versions] == [("9", False), ("8", True)]


def test_gold_stands_with_its_place() -> None:
    """The last three known good versions are marked with their place on each target."""
    found = {one.version: one.gold for one in of(whole_world()).versions}
    assert [found[version_id(name)] for name in ("8", "7", "6")] == [
        ((target_key("fraud@prod"), place),) for place in (1, 2, 3)
    ]
    assert found[version_id("9")] == ()


def test_the_beginning_is_the_oldest_moment_that_is_remembered() -> None:
    """Told from the first registration, or from when a controller first remembers it; never from 1970."""
    world = whole_world()
    assert earliest_moment(world.fleet, FRAUD) == START - 80 * DAY
    listed(world, row("9", created_at=Instant(0.0)))
    assert earliest_moment(world.fleet, FRAUD) == START - 70 * DAY


def test_a_version_that_serves_on_beside_another_served_once() -> None:
    """Stretches that follow each other by the same word and share are one; another share is another stretch."""
    (whole,) = history()
    half = Instant(START - 50 * DAY)
    first, second = replace(whole, until=half, seqs=(1,)), replace(whole, since=half, seqs=(9,))
    (joined,) = joined_intervals((first, second))
    assert (joined.since, joined.until, joined.seqs) == (whole.since, whole.until, (1, 9))
    assert len(joined_intervals((first, replace(second, share=0.5)))) == 2
    assert len(joined_intervals((first, replace(second, share=UNKNOWN)))) == 2
    assert len(joined_intervals((first, replace(second, since=Instant(half + 1))))) == 2
