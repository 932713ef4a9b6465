"""What is said of the chain is what was looked at, and no more."""

from __future__ import annotations

from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.journal_text import chain_words
from modeltui.present.tone import Tone


def view(records: int, looked_at: int, first_bad_seq: int | None = None) -> JournalView:
    """Return a journal of so many records, of whose chain so many were looked at."""
    entry = Entry(RecordKind.PLAN_MADE, Instant(0.0), Actor(safe_text("ann")), safe_text("here"))
    known = tuple(Record(entry, seq, SafeText("0" * 64), SafeText("1" * 64)) for seq in range(1, records + 1))
    chain = ChainState(looked_at, SafeText("1" * 64))
    if first_bad_seq is not None:
        chain = ChainState(looked_at, SafeText("1" * 64), first_bad_seq, safe_text("another hash"))
    return JournalView(known, chain=chain)


def test_a_journal_that_began_after_the_last_look_was_not_looked_at() -> None:
    """Nothing that nobody looked at is called whole."""
    assert chain_words(view(6, 0)) == ("chain not looked at since it began, 6 records", Tone.UNKNOWN)


def test_what_came_after_the_last_look_is_told_apart() -> None:
    """The chain is whole as far as it was looked at; what is newer is counted."""
    says, _ = chain_words(view(6, 4))
    assert "4 records" in says
    assert says.endswith("2 newer not looked at yet")


def test_a_broken_chain_is_said_first() -> None:
    """Where a record does not fit, its number is the news."""
    says, tone = chain_words(view(6, 6, first_bad_seq=3))
    assert says.startswith("CHAIN BROKEN at #3")
    assert tone is Tone.BREACH
