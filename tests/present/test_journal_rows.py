"""One row of the journal, as people read it."""

from __future__ import annotations

from tests.present import plans

from modeltui.domain.acting.action import ActionKind
from modeltui.domain.journal.details import plan_moved_details
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.text import SafeText
from modeltui.present.journal_text import journal_row


def test_what_moved_is_told_in_words() -> None:
    """A plan that the world made void says what moved, each thing once, without the marks of a program."""
    moved = (SafeText("candidate 3.0.0 is no longer being rolled out"), SafeText("stable was 2.3.1 and is now 2.3.2"))
    details = plan_moved_details(ActionKind.ABORT, moved)
    plan = plans.rollback()
    entry = Entry(RecordKind.PLAN_MOVED, plans.NOW, plans.BOB, SafeText("test"), plan.target, details=details)
    row = journal_row(Record(entry, 7, SafeText("0" * 64), SafeText("1" * 64)))
    assert row.what == f"void: the world moved: {moved[0]}; {moved[1]}"
