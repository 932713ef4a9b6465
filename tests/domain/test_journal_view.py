"""The journal reaches the snapshot like everything else: as an event."""

from __future__ import annotations

from modeltui.domain.event import JournalRead
from modeltui.domain.fleet import Context, Fleet
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.journal.view import MOST_RECORDS, JournalView
from modeltui.domain.names import NO_DATA, Instant
from modeltui.domain.reduce import reduce
from modeltui.domain.text import SafeText, safe_text

FLEET = Fleet(Context(safe_text("here")))


def record(seq: int) -> Record:
    """Return a record in its place."""
    entry = Entry(RecordKind.PLAN_MADE, Instant(float(seq)), Actor(safe_text("ann")), safe_text("here"))
    return Record(entry, seq, safe_text("0" * 64), safe_text(f"{seq:064x}"))


def journal_of(fleet: Fleet) -> JournalView:
    """Return the fleet's journal, which has been read."""
    assert isinstance(fleet.journal, JournalView)
    return fleet.journal


def test_new_records_are_added_once() -> None:
    """A record that is read twice stands in the list once, in its order."""
    fleet, first = reduce(FLEET, JournalRead(Instant(5.0), (record(1), record(2))))
    fleet, second = reduce(fleet, JournalRead(Instant(6.0), (record(2), record(3))))
    assert [one.seq for one in journal_of(fleet).records] == [1, 2, 3]
    assert first.journal
    assert second.journal


def test_reading_nothing_new_changes_nothing_on_screen() -> None:
    """A look that finds the journal as it was moves its age and draws nothing."""
    fleet, _ = reduce(FLEET, JournalRead(Instant(5.0), (record(1),)))
    fleet, changes = reduce(fleet, JournalRead(Instant(9.0)))
    assert not changes.journal
    assert journal_of(fleet).read_at == 9.0


def test_a_journal_that_cannot_be_read_keeps_what_was_read_and_its_age() -> None:
    """An error stands beside the old records, which are not made younger by it."""
    fleet, _ = reduce(FLEET, JournalRead(Instant(5.0), (record(1),), chain=ChainState(1, SafeText("f" * 64))))
    fleet, changes = reduce(fleet, JournalRead(Instant(9.0), error=safe_text("disk gone")))
    journal = journal_of(fleet)
    assert changes.journal
    assert (journal.error, journal.read_at, len(journal.records)) == ("disk gone", 5.0, 1)
    fleet, _ = reduce(fleet, JournalRead(Instant(10.0)))
    assert journal_of(fleet).error is NO_DATA
    assert isinstance(journal_of(fleet).chain, ChainState)


def test_only_the_newest_records_are_kept() -> None:
    """A long journal does not grow the snapshot."""
    fleet, _ = reduce(FLEET, JournalRead(Instant(5.0), tuple(record(seq) for seq in range(1, MOST_RECORDS + 11))))
    assert len(journal_of(fleet).records) == MOST_RECORDS
    assert journal_of(fleet).records[0].seq == 11
