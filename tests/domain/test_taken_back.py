"""What the journal says against a version: it was taken out of service here, and nobody brought it back."""

from __future__ import annotations

from typing import Any

from tests.domain.situations import BOB, KEY

from modeltui.domain.acting.action import ActionKind, PlanHash, PlanId
from modeltui.domain.acting.situation import RECENT_SECONDS, taken_back
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import safe_text
from modeltui.testing.worlds import START, target_key, version_id

OLD, NEW = version_id("2.3.1"), version_id("3.0.0")


def told(*actions: tuple[str, str, str, str], target: str = str(KEY), began_at: float = -1_000.0) -> JournalView:
    """Return a journal of actions `(kind, from, to, outcome)`, a second between two records."""
    records: list[Record] = []

    def add(kind: RecordKind, number: int, details: dict[str, Any]) -> None:
        at = Instant(START + began_at + len(records))
        plan_id, plan_hash = PlanId(safe_text(f"plan-{number}")), PlanHash(safe_text(f"sha256:{number}"))
        entry = Entry(kind, at, BOB, safe_text("test"), target_key(target), plan_id, plan_hash, details=details)
        records.append(Record(entry, len(records) + 1, safe_text("0"), safe_text("1")))

    for number, (kind, leaving, to, outcome) in enumerate(actions):
        intent = {"kind": kind, "from": [[leaving, "0.95"], [to, "0.05"]], "to": [[to, "1"]]}
        add(RecordKind.ACTION_INTENT, number, intent)
        add(RecordKind.ACTION_OUTCOME, number, {"outcome": outcome})
    return JournalView(tuple(records))


def test_a_rollback_that_took_speaks_against_what_it_left() -> None:
    """After a rollback or an abort that took, the version that was left is marked with the time; what serves is not."""
    for kind in (ActionKind.ROLLBACK.value, ActionKind.ABORT.value):
        for outcome in ("verified", "partial"):
            assert taken_back(told((kind, "3.0.0", "2.3.1", outcome)), KEY, START) == {NEW: START - 999.0}


def test_what_did_not_happen_speaks_against_nobody() -> None:
    """An action that was refused, failed or is not yet known takes nothing from a version; neither does a promotion."""
    for outcome in ("refused", "failed", "unknown"):
        assert taken_back(told(("rollback", "3.0.0", "2.3.1", outcome)), KEY, START) == {}
    assert taken_back(told(("promote", "2.3.1", "3.0.0", "verified")), KEY, START) == {}


def test_who_is_brought_back_is_cleared() -> None:
    """A version that was brought back on purpose later is no longer marked."""
    journal = told(("rollback", "3.0.0", "2.3.1", "verified"), ("promote", "2.3.1", "3.0.0", "verified"))
    assert taken_back(journal, KEY, START) == {}


def test_only_this_target_and_lately() -> None:
    """What happened elsewhere, or more than a month ago, speaks against nobody here."""
    journal = told(("rollback", "3.0.0", "2.3.1", "verified"), target="fraud@staging")
    assert taken_back(journal, KEY, START) == {}
    old = told(("rollback", "3.0.0", "2.3.1", "verified"), began_at=-RECENT_SECONDS - 10)
    assert taken_back(old, KEY, START) == {}


def test_a_journal_that_cannot_be_read_is_not_an_empty_one() -> None:
    """Without the journal nobody knows; and a record that says nonsense is passed over."""
    assert taken_back(UNKNOWN, KEY, START) is UNKNOWN
    assert taken_back(JournalView(error=safe_text("disk gone")), KEY, START) is UNKNOWN
    odd = told(("rollback", "3.0.0", "2.3.1", "verified"))
    nonsense = Entry(RecordKind.ACTION_INTENT, START, BOB, safe_text("test"), KEY, details={"to": 7, "from": ("x",)})
    journal = JournalView((Record(nonsense, 9, safe_text("0"), safe_text("1")), *odd.records))
    assert taken_back(journal, KEY, START) == {NEW: START - 999.0}
