"""Which version served when: by evidence, with every gap shown as one."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import share_text
from modeltui.domain.journal.record import Detail, Entry, Record, RecordKind
from modeltui.domain.journal.serving_history import (
    COVERS_SECONDS,
    Basis,
    Interval,
    as_of,
    day_span,
    intervals,
    with_provenance,
)
from modeltui.domain.lineage import DataSnapshot, Known, Provenance
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.rollout import Role, ServingRecord
from modeltui.domain.text import SafeText

TARGET = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))
NOON = 1_768_478_400.0
"""2026-01-15 12:00 UTC."""
GOOD, BAD = VersionId(SafeText("2.3.1")), VersionId(SafeText("3.0.0"))


def record(
    seq: int,
    at: float,
    *serving: tuple[VersionId, float],
    kind: RecordKind = RecordKind.SERVING_OBSERVED,
    stable: VersionId | None = GOOD,
    candidate: VersionId | None = None,
) -> Record:
    """Return a record that says what served."""
    shares: Detail = tuple((str(version), share_text(share)) for version, share in serving)
    details: dict[str, Detail] = {"serving": shares, "stable": stable, "candidate": candidate}
    made = Entry(kind, Instant(NOON + at), Actor(SafeText("alice")), SafeText("prod"), TARGET, details=details)
    return Record(made, seq, SafeText("0" * 64), SafeText("1" * 64))


def served(
    *records: Record, since: float = 0.0, until: float = 3_600.0, remembered: tuple[ServingRecord, ...] = ()
) -> tuple[Interval, ...]:
    """Return what served in the hour after noon."""
    now = Instant(NOON + 10 * 86_400)
    return intervals(TARGET, records, remembered, since=Instant(NOON + since), until=Instant(NOON + until), now=now)


def told(found: tuple[Interval, ...]) -> list[tuple[str, object, float, float]]:
    """Return basis, version, beginning and end of each, in seconds after noon."""
    return [(one.basis.value, one.version, one.since - NOON, one.until - NOON) for one in found]


def test_looks_that_follow_each_other_are_one_interval() -> None:
    """A version that was seen every five minutes served all the while, and its share is the mean of what was seen."""
    looks = [record(seq, seq * 300.0, (GOOD, 1.0 if seq % 2 else 0.98)) for seq in range(12)]
    (only,) = served(*looks)
    assert told((only,)) == [("observation", GOOD, 0.0, 3_600.0)]
    assert only.share is not UNKNOWN
    assert round(float(str(only.share)), 3) == 0.99
    assert only.seqs == (0, 11)
    assert only.role is Role.STABLE


def test_a_look_speaks_for_a_quarter_of_an_hour_and_no_longer() -> None:
    """After a single look nobody knows: that is a gap, not 'as before'."""
    assert told(served(record(1, 600.0, (GOOD, 1.0)))) == [
        ("gap", UNKNOWN, 0.0, 600.0),
        ("observation", GOOD, 600.0, 600.0 + COVERS_SECONDS),
        ("gap", UNKNOWN, 600.0 + COVERS_SECONDS, 3_600.0),
    ]


def test_a_look_before_the_hour_speaks_for_its_beginning() -> None:
    """What was seen just before the asked time counts, and it is said that it was so already."""
    found = served(record(1, -300.0, (GOOD, 1.0)), until=900.0)
    assert told(found)[0] == ("observation", GOOD, 0.0, 600.0)
    assert found[0].since_or_earlier
    assert not found[0].until_or_later


def test_an_action_that_was_seen_is_evidence_and_one_that_was_not_is_none() -> None:
    """An outcome tells what served when somebody saw it serve; 'accepted, not observable' leaves a gap."""
    seen = served(record(7, 0.0, (GOOD, 1.0), kind=RecordKind.ACTION_OUTCOME), until=600.0)
    assert told(seen) == [("action", GOOD, 0.0, 600.0)]
    assert seen[0].seqs == (7,)
    assert told(served(record(7, 0.0, kind=RecordKind.ACTION_OUTCOME), until=600.0)) == [("gap", UNKNOWN, 0.0, 600.0)]


def test_a_canary_and_its_stable_are_both_there() -> None:
    """During a rollout the answer is two versions, each with its share and its role."""
    found = served(record(1, 0.0, (GOOD, 0.95), (BAD, 0.05), candidate=BAD), until=300.0)
    assert [(one.version, one.share, one.role) for one in found] == [
        (GOOD, 0.95, Role.STABLE),
        (BAD, 0.05, Role.CANDIDATE),
    ]
    assert [one.version for one in as_of(found, Instant(NOON + 100))] == [GOOD, BAD]


def test_a_controllers_memory_fills_what_nobody_looked_at() -> None:
    """Where no look was made, what the controller remembers counts, without a share; where one was made, it wins."""
    remembered = (
        ServingRecord(GOOD, Instant(NOON - 9_000), Instant(NOON + 1_800), True),
        ServingRecord(BAD, Instant(NOON + 1_800), UNKNOWN, False),
    )
    found = served(record(3, 600.0, (GOOD, 0.5), (BAD, 0.5)), remembered=remembered, since=-10_000.0)
    assert told(found) == [
        ("gap", UNKNOWN, -10_000.0, -9_000.0),
        ("registry", GOOD, -9_000.0, 600.0),
        ("observation", GOOD, 600.0, 1_500.0),
        ("observation", BAD, 600.0, 1_500.0),
        ("registry", GOOD, 1_500.0, 1_800.0),
        ("registry", BAD, 1_800.0, 3_600.0),
    ]
    assert found[1].share is UNKNOWN
    assert found[-1].until_or_later


def test_a_remembered_canary_is_not_called_stable() -> None:
    """A version that failed its gates beside another is told beside it, without a share and without a role."""
    remembered = (
        ServingRecord(GOOD, Instant(NOON - 9_000), Instant(NOON + 3_000), True),
        ServingRecord(BAD, Instant(NOON + 600), Instant(NOON + 1_200), False),
    )
    found = served(remembered=remembered)
    assert [(one.version, one.role, one.share, one.since - NOON, one.until - NOON) for one in found] == [
        (GOOD, Role.STABLE, UNKNOWN, 0.0, 600.0),
        (GOOD, Role.STABLE, UNKNOWN, 600.0, 1_200.0),
        (BAD, UNKNOWN, UNKNOWN, 600.0, 1_200.0),
        (GOOD, Role.STABLE, UNKNOWN, 1_200.0, 3_000.0),
        (UNKNOWN, UNKNOWN, UNKNOWN, 3_000.0, 3_600.0),
    ]


def test_of_what_nobody_knows_the_role_none_is_told() -> None:
    """A version that never passed, and two that both did, are told without saying which one was the stable one."""
    assert served(remembered=(ServingRecord(BAD, Instant(NOON), UNKNOWN, False),))[0].role is UNKNOWN
    both = tuple(ServingRecord(version, Instant(NOON), UNKNOWN, True) for version in (GOOD, BAD))
    assert [(one.version, one.role) for one in served(remembered=both)] == [(GOOD, UNKNOWN), (BAD, UNKNOWN)]


def test_a_look_says_nothing_of_a_change_that_came_after_it() -> None:
    """Where a controller remembers that another version came two minutes after the last look, the look ends there."""
    remembered = (
        ServingRecord(BAD, Instant(NOON - 9_000), Instant(NOON + 120), False),
        ServingRecord(GOOD, Instant(NOON + 120), UNKNOWN, True),
    )
    found = served(record(1, 0.0, (BAD, 1.0), stable=BAD), remembered=remembered, until=600.0)
    assert told(found) == [("observation", BAD, 0.0, 120.0), ("registry", GOOD, 120.0, 600.0)]


def test_the_fifteenth_of_january_is_the_whole_day_where_it_was_asked() -> None:
    """A day is the day of the people who ask, and on it several versions may have served."""
    hong_kong = ZoneInfo("Asia/Hong_Kong")
    since, until = day_span(date(2026, 1, 15), hong_kong)
    assert datetime.fromtimestamp(since, hong_kong).isoformat() == "2026-01-15T00:00:00+08:00"
    assert until - since == 86_400
    looks = [record(n, since - NOON + n * 300.0, (GOOD if n < 144 else BAD, 1.0), stable=None) for n in range(288)]
    found = served(*looks, since=since - NOON, until=until - NOON)
    assert [(one.version, one.until - one.since) for one in found] == [(GOOD, 43_200.0), (BAD, 43_200.0)]
    spring = day_span(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert spring[1] - spring[0] == 23 * 3_600


def test_nothing_is_said_of_the_future() -> None:
    """What was seen a minute ago is not promised for the next hour."""
    now = Instant(NOON + 60)
    (only,) = intervals(
        TARGET, [record(1, 0.0, (GOOD, 1.0))], since=Instant(NOON), until=Instant(NOON + 3_600), now=now
    )
    assert only.until == now
    assert only.until_or_later


def test_each_version_comes_with_what_it_was_trained_on() -> None:
    """Beside the version stands the data that made it, where a registry knows it."""
    snapshot = DataSnapshot(SafeText("transactions"), SafeText("sha256:ab"))
    known: Known[tuple[DataSnapshot, ...]] = Known((snapshot,), SourceName(SafeText("mlflow")), Instant(NOON))
    provenance = {(TARGET.model, GOOD): Provenance(data_snapshots=known)}
    found = with_provenance(served(record(1, 0.0, (GOOD, 0.5), (BAD, 0.5)), until=60.0), provenance)
    assert [one.data for one in found] == [("transactions sha256:ab",), ()]


looks = st.lists(
    st.tuples(st.integers(-2_000, 5_000), st.sampled_from([((GOOD, 1.0),), ((BAD, 1.0),), ((GOOD, 0.9), (BAD, 0.1))])),
    max_size=12,
)
memories = st.lists(
    st.tuples(st.integers(-3_000, 5_000), st.one_of(st.none(), st.integers(0, 4_000)), st.sampled_from([GOOD, BAD])),
    max_size=5,
)


@given(looks, memories)
def test_every_moment_has_one_answer(
    said: list[tuple[int, tuple[tuple[VersionId, float], ...]]],
    remembered: list[tuple[int, int | None, VersionId]],
) -> None:
    """However the evidence lies, the asked time is covered without a hole and without two answers for one moment."""
    records = [record(seq, float(at), *serving) for seq, (at, serving) in enumerate(said)]
    kept = tuple(
        ServingRecord(version, Instant(NOON + at), UNKNOWN if lasts is None else Instant(NOON + at + lasts), True)
        for at, lasts, version in remembered
    )
    found = served(*records, remembered=kept)
    spans = list(dict.fromkeys((one.since, one.until) for one in found))
    assert spans[0][0] == NOON
    assert spans[-1][1] == NOON + 3_600
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    for one in found:
        supported = any(
            0 <= one.since - each.entry.at < COVERS_SECONDS or one.since <= each.entry.at < one.until
            for each in records
        )
        assert supported or one.basis in (Basis.GAP, Basis.REGISTRY)
        assert kept or one.basis is not Basis.REGISTRY
