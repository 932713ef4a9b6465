"""Screens follow the journal, and what serves is written down while they run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.fleet import Context, Fleet, ServedVersion, SourceKind, SourceState, Target
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import ChainState, Detail, Entry, Record, RecordKind
from modeltui.domain.journal.record_line import GENESIS, record_line
from modeltui.domain.journal.serving_history import Basis
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import NO_DATA, UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.rollout import Role, Rollout, ServingRecord, Stage
from modeltui.domain.text import SafeText
from modeltui.engine.journal.as_of import serving_at, serving_on
from modeltui.engine.journal.poller import JournalPoller, observe
from modeltui.engine.store import Store
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock

ALICE = Actor(SafeText("alice"))
TARGET = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))
QUIET = TargetKey(ModelName(SafeText("ranker")), Environment(SafeText("prod")))
GOOD, BAD = VersionId(SafeText("2.3.1")), VersionId(SafeText("3.0.0"))
METRICS, PLANE = SourceName(SafeText("prometheus")), SourceName(SafeText("controller"))


class Book:
    """A journal in memory that can be out of reach."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_down = False
        self.reads = 0

    async def append(self, entry: Entry) -> Record:
        """Add a record."""
        self._look()
        previous = self.records[-1].hash if self.records else GENESIS
        record, _ = record_line(entry, len(self.records) + 1, previous)
        self.records.append(record)
        return record

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return what matches, in the plainest way."""
        self._look()
        self.reads += 1
        found = [record for record in self.records if _matches(record, query)]
        return tuple((found[::-1] if query.newest_first else found)[: query.most])

    async def head(self) -> tuple[int, SafeText]:
        """Return the newest."""
        self._look()
        return len(self.records), self.records[-1].hash if self.records else GENESIS

    async def open_intents(self) -> tuple[Record, ...]:
        """Return intents."""
        self._look()
        return tuple(record for record in self.records if record.entry.kind is RecordKind.ACTION_INTENT)

    async def verify(self) -> ChainState:
        """Say that all fits."""
        self._look()
        return ChainState(len(self.records), GENESIS)

    def _look(self) -> None:
        if self.is_down:
            raise JournalUnavailable("the journal is away", "Wait")


def _matches(record: Record, query: Query) -> bool:
    said = record.entry
    return (
        (query.target is UNKNOWN or said.target == query.target)
        and (not query.kinds or said.kind in query.kinds)
        and (query.plan_id is UNKNOWN or said.plan_id == query.plan_id)
        and (not isinstance(query.since, float) or said.at >= query.since)
        and (not isinstance(query.until, float) or said.at <= query.until)
        and record.seq > query.after_seq
    )


def entry(kind: RecordKind, at: float, plan: str = "", actor: Actor = ALICE, **details: Detail) -> Entry:
    """Return something that was written down about the target."""
    made = Entry(kind, Instant(at), actor, SafeText("prod"), TARGET, details=details)
    return replace(made, plan_id=SafeText(plan)) if plan else made  # type: ignore[arg-type]  # a plan's id is text


def fleet(clock: VirtualClock, shares: Iterable[tuple[VersionId, float]], *, age_seconds: float = 0.0) -> Fleet:
    """Return a fleet whose metrics saw these shares, so long ago."""
    seen = Instant(clock.now() - age_seconds)
    versions = tuple(ServedVersion(version, Role.STABLE, UNKNOWN, share, {}, seen) for version, share in shares)
    rollout = Rollout(TARGET, PLANE, {GOOD: 1.0}, GOOD)
    sources = {
        METRICS: SourceState(METRICS, SourceKind.METRICS, SafeText("prometheus"), 15.0, answered_at=clock.now()),
        PLANE: SourceState(PLANE, SourceKind.ROLLOUTS, SafeText("embedded"), 15.0, answered_at=seen),
    }
    targets = {TARGET: Target(TARGET, versions, rollout), QUIET: Target(QUIET)}
    return Fleet(Context(SafeText("prod")), at=clock.now(), sources=sources, targets=targets)


def view(store: Store) -> JournalView:
    """Return what the screens know of the journal."""
    assert isinstance(store.fleet.journal, JournalView)
    return store.fleet.journal


async def test_what_others_write_is_on_screen_within_a_second() -> None:
    """A record of another session is seen at the next look, and nothing is read while nothing is new."""
    clock, book = VirtualClock(), Book()
    store = Store(Fleet(Context(SafeText("prod"))))
    poller = JournalPoller(book, store, clock)
    await poller.look()
    first = await book.append(entry(RecordKind.ACTION_INTENT, clock.now(), "plan"))
    await poller.look()
    assert view(store).records == view(store).open_intents == (first,)
    reads = book.reads
    for _ in range(3):
        await poller.look()
    assert book.reads == reads
    await poller.verify()
    assert view(store).chain == ChainState(1, GENESIS)


async def test_only_the_newest_records_are_kept() -> None:
    """A journal of years costs a screen no more than its newest records."""
    clock, book = VirtualClock(), Book()
    store = Store(Fleet(Context(SafeText("prod"))))
    for _ in range(700):
        await book.append(entry(RecordKind.WRITES_LOCKED, clock.now()))
    await JournalPoller(book, store, clock).look()
    assert [record.seq for record in view(store).records] == list(range(201, 701))


async def test_a_journal_that_goes_away_is_told_and_comes_back() -> None:
    """While the journal cannot be read the screens say so and keep what they know; afterwards they catch up."""
    clock, book = VirtualClock(), Book()
    store = Store(Fleet(Context(SafeText("prod"))))
    poller = JournalPoller(book, store, clock)
    await book.append(entry(RecordKind.WRITES_LOCKED, clock.now()))
    assert await poller.look()
    book.is_down = True
    assert not await poller.look()
    assert view(store).error == "the journal is away"
    assert len(view(store).records) == 1
    book.is_down = False
    assert await poller.look()
    assert view(store).error is NO_DATA


async def test_what_serves_is_written_down_when_it_changes_and_every_five_minutes() -> None:
    """One record for what is seen, none for the same again, one for a change, one after five minutes."""
    clock, book = VirtualClock(), Book()

    async def look(*serving: tuple[VersionId, float]) -> int:
        return len(await observe(fleet(clock, list(serving)), book, clock.now(), ALICE))

    assert await look((GOOD, 1.0)) == 1
    assert book.records[0].entry.details == {
        "serving": (("2.3.1", "1"),),
        "stable": "2.3.1",
        "candidate": None,
        "evidence": "metrics",
    }
    assert await look((GOOD, 0.97), (BAD, 0.0002)) == 0
    assert await look((GOOD, 0.9), (BAD, 0.1)) == 1
    await clock.advance(301)
    assert await look((GOOD, 0.9), (BAD, 0.1)) == 1


async def test_two_machines_write_no_more_than_one() -> None:
    """What another machine wrote down a moment ago is not written down again."""
    clock, book = VirtualClock(), Book()
    assert len(await observe(fleet(clock, [(GOOD, 1.0)]), book, clock.now(), ALICE)) == 1
    assert await observe(fleet(clock, [(GOOD, 1.0)]), book, clock.now(), ALICE) == ()


async def test_old_news_is_not_written_down_as_new() -> None:
    """While the metrics are silent only a controller that answered just now says what serves; else nothing does."""
    clock, book = VirtualClock(), Book()
    await clock.advance(1_000)
    stale = fleet(clock, [(BAD, 1.0)], age_seconds=500.0)
    assert await observe(stale, book, clock.now(), ALICE) == ()
    answering = replace(stale.sources[PLANE], answered_at=clock.now())
    told = replace(stale, sources={**stale.sources, PLANE: answering})
    (record,) = await observe(told, book, clock.now(), ALICE)
    assert (record.entry.details["serving"], record.entry.details["evidence"]) == ((("2.3.1", "1"),), "controller")


async def test_what_served_at_a_time_comes_with_who_approved_it() -> None:
    """'What served on that day, and who approved it' is one answer; targets of which nobody knows are gaps."""
    clock, book = VirtualClock(), Book()
    noon = float(clock.now())
    bob = Actor(SafeText("bob"))
    await book.append(entry(RecordKind.APPROVAL_GRANTED, noon - 70, "p1", bob))
    approvals = ({"by": "carol", "at": "2026-01-01T11:58:00.000Z", "decision": "grant"},)
    await book.append(entry(RecordKind.ACTION_INTENT, noon - 60, "p1", approvals=approvals))
    await book.append(entry(RecordKind.ACTION_OUTCOME, noon, "p1", outcome="verified", serving=(("2.3.1", "1"),)))
    await book.append(entry(RecordKind.SERVING_OBSERVED, noon + 300, serving=(("2.3.1", "1"),), stable="2.3.1"))
    later = Instant(noon + 86_400 * 3)
    at = Instant(noon + 600)
    (only,) = await serving_at(book, at, now=later, target=TARGET)
    assert (only.version, only.basis, only.share) == (GOOD, Basis.OBSERVATION, 1.0)
    assert (only.approvals, only.done_by) == (("bob", "carol"), "alice")
    assert only.seqs == (3, 4)
    everywhere = await serving_at(book, at, now=later, fleet=fleet(clock, []))
    assert [(one.target, one.basis) for one in everywhere] == [
        (TARGET, Basis.OBSERVATION),
        (QUIET, Basis.GAP),
    ]
    day = await serving_on(book, date(2026, 1, 1), ZoneInfo("UTC"), now=later, target=TARGET)
    assert [one.basis for one in day] == [Basis.GAP, Basis.ACTION, Basis.OBSERVATION, Basis.GAP]


async def test_who_brought_it_back_is_not_who_brought_it_first() -> None:
    """After others replaced what our action brought, and brought it back themselves, it is nobody's approved doing."""
    clock, book = VirtualClock(), Book()
    noon = float(clock.now())
    await book.append(entry(RecordKind.ACTION_OUTCOME, noon, "p1", outcome="verified", serving=(("2.3.1", "1"),)))
    for after, version in ((300, "2.3.1"), (600, "3.0.0"), (900, "2.3.1")):
        await book.append(entry(RecordKind.SERVING_OBSERVED, noon + after, serving=((version, "1"),), stable=version))
    later = Instant(noon + 86_400 * 3)
    told = [
        (await serving_at(book, Instant(noon + seconds), now=later, target=TARGET))[0].done_by
        for seconds in (10, 310, 610, 910)
    ]
    assert told == ["alice", "alice", UNKNOWN, UNKNOWN]


async def test_what_an_action_ended_it_did_not_bring() -> None:
    """The stable version before an abort was not brought by the abort that left it alone."""
    clock, book = VirtualClock(), Book()
    noon = float(clock.now())
    split, rest = (("2.3.1", "0.95"), ("3.0.0", "0.05")), (("2.3.1", "0.99"), ("3.0.0", "0.01"))
    await book.append(entry(RecordKind.SERVING_OBSERVED, noon, serving=split, stable="2.3.1", candidate="3.0.0"))
    await book.append(entry(RecordKind.ACTION_INTENT, noon + 50, "p1", to=(("2.3.1", "1"),)))
    await book.append(entry(RecordKind.ACTION_OUTCOME, noon + 60, "p1", outcome="verified", serving=rest))
    before = await serving_at(book, Instant(noon + 30), now=Instant(noon + 9_000), target=TARGET)
    assert [(one.version, one.role, one.done_by) for one in before] == [
        (GOOD, Role.STABLE, UNKNOWN),
        (BAD, Role.CANDIDATE, UNKNOWN),
    ]
    after = await serving_at(book, Instant(noon + 60), now=Instant(noon + 9_000), target=TARGET)
    assert [(one.version, one.share, one.done_by) for one in after] == [(GOOD, 0.99, "alice"), (BAD, 0.01, UNKNOWN)]


async def test_a_canary_that_nobody_looked_at_is_told_with_its_controllers_word() -> None:
    """Before the first look, a candidate that serves now is told from when its controller began to send to it."""
    clock, book = VirtualClock(), Book()
    now = clock.now()
    world = fleet(clock, [])
    rollout = Rollout(
        TARGET,
        PLANE,
        weights={GOOD: 0.95, BAD: 0.05},
        stable=GOOD,
        candidate=BAD,
        stage=Stage(SafeText("canary"), 0.05, since=Instant(now - 3_600)),
        served=(ServingRecord(GOOD, Instant(now - 90_000), UNKNOWN, True),),
    )
    world = replace(world, targets={**world.targets, TARGET: replace(world.targets[TARGET], rollout=rollout)})
    found = await serving_at(book, Instant(now - 60), now=now, fleet=world, target=TARGET)
    assert [(one.version, one.role, one.share, one.since) for one in found] == [
        (GOOD, Role.STABLE, UNKNOWN, now - 3_600),
        (BAD, UNKNOWN, UNKNOWN, now - 3_600),
    ]
