"""Plans, outcomes and records in words: few, honest, the same on every face."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from tests.present import plans

from modeltui.domain.acting.action import Refusal
from modeltui.domain.acting.outcome import Outcome, Phase
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import SafeText
from modeltui.present import journal_text, outcome_text, plan_text
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, UNICODE
from modeltui.present.span import Line, plain
from modeltui.present.times import both_times

HONG_KONG = timezone(timedelta(hours=8), "HKT")
PLANS = {
    "abort": plans.abort(),
    "rollback": plans.rollback(),
    "any": plans.to_any_version(),
    "promote": plans.promotion(),
}


def text(lines: list[Line]) -> str:
    """Return lines as one text."""
    return "\n".join(plain(line) for line in lines)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_at_most_seven_facts_and_one_sentence(name: str) -> None:
    """Somebody just woken up reads one sentence of consequence and at most seven facts, each within the panel."""
    plan = PLANS[name]
    assert len(plan_text.plan_facts(plan, UNICODE)) <= plan_text.MOST_FACTS
    assert plan_text.consequence(plan).count(".") - plan_text.consequence(plan).count("2.") >= 1
    for line in plan_text.panel_lines(plan, 76, UNICODE):
        assert sum(cell_width(span.text) for span in line) <= 76, plain(line)


def test_an_abort_is_three_facts() -> None:
    """The safe direction is read in a moment: what, to whom, how."""
    lines = plan_text.short_lines(plans.abort(), 100, UNICODE)
    assert len(lines) == 3
    assert plain(lines[0]) == "The rollout of 3.0.0 stops: only 2.3.1 answers fraud-detector@prod-hk."


def test_the_whole_plan_holds_everything() -> None:
    """The command line and reports show every check, step, job, the guarantee, the undo, the premise and the hash."""
    plan = plans.to_any_version()
    whole = text(plan_text.plan_lines(plan, UNICODE, HONG_KONG))
    wanted = [str(check.says) for check in plan.checks] + [str(step.call) for step in plan.steps]
    wanted += [str(plan.writes_through.says), str(plan.hash), "rev-41", "canary-5", "chargeback-backfill", "54% done"]
    wanted += ["02:07:31 UTC (10:07:31 HKT)", "back to 2.1.0 95%, 3.0.0 5.0%", "bob@ops1"]
    assert [one for one in wanted if one not in whole] == []


def test_each_result_of_a_check_has_its_word() -> None:
    """A check that could not be made is never drawn like one that passed."""
    shown = [plain(plan_text.check_spans(check, ASCII)) for check in (*plans.PASSED[:1], *plans.FLAGS)]
    assert [line.split()[1] for line in shown] == ["pass", "warning", "not"]
    assert len({line[0] for line in shown}) == 3


def test_what_is_not_measured_is_said() -> None:
    """Without figures on the traffic the plan does not invent them."""
    plan = plans.rollback()
    dark = replace(plan, blast=replace(plan.blast, share=UNKNOWN, requests_per_second=UNKNOWN), inverse=UNKNOWN)
    shown = text(plan_text.panel_lines(dark, 200, UNICODE))
    assert "how many requests move is not measured" in shown
    assert "undo: not known" in shown


def test_a_refusal_says_what_to_do_instead() -> None:
    """A no has its reason, its remedy, and what did not pass."""
    refusal = Refusal(SafeText("no version is known to be good"), SafeText("name one"), (*plans.PASSED, *plans.FLAGS))
    shown = text(plan_text.refusal_lines(refusal, ASCII))
    assert "no version is known to be good" in shown
    assert "name one" in shown
    assert "did not answer within 2 s" in shown
    assert "exists" not in shown


def test_times_are_given_twice_and_once_where_they_are_the_same() -> None:
    """UTC and local time side by side; nothing for a moment that no calendar has."""
    assert both_times(plans.NOW, HONG_KONG) == "02:07:31 UTC (10:07:31 HKT)"
    assert both_times(plans.NOW, UTC) == "02:07:31 UTC"
    assert both_times(Instant(1e30), HONG_KONG) == "?"


# Outcomes


def test_what_is_under_way_says_what_it_waits_for() -> None:
    """Requested and accepted have their times, serving says what it waits for, healthy comes then."""
    shown = text(
        outcome_text.tracker_lines(plans.rollback(), plans.UNDER_WAY, Instant(plans.NOW + 20), 120, UNICODE)
    ).splitlines()
    assert "02:07:43Z" in shown[0]
    assert "+2s" in shown[1]
    assert "waited 6s of 40s" in shown[2]
    assert "2.3.1 answers 62% of requests; waits for 99%" in shown[2]
    assert "then" in shown[3]


def test_sent_is_never_done() -> None:
    """While only bytes have left, no milestone but the request counts as reached, and nothing says done."""
    sent = plans.UNDER_WAY[:3]
    shown = text(outcome_text.tracker_lines(plans.rollback(), sent, Instant(plans.NOW + 13), 120, UNICODE))
    standings = [one.standing for one in outcome_text.milestones(plans.rollback(), sent)]
    assert standings == [
        outcome_text.Standing.DONE,
        outcome_text.Standing.WAITING,
        outcome_text.Standing.AHEAD,
        outcome_text.Standing.AHEAD,
    ]
    assert "done" not in shown.lower()


@pytest.mark.parametrize("outcome", Outcome)
def test_every_end_has_its_word_and_a_next_step(outcome: Outcome) -> None:
    """An outcome is one word, why, and what to do next; unknown is not called failed, and failed not unknown."""
    shown = text(outcome_text.report_lines(plans.report(outcome), UNICODE, HONG_KONG))
    assert outcome_text.outcome_word(outcome) in shown
    assert "next" in shown
    assert ("FAILED" in shown) == (outcome is Outcome.FAILED)
    never = outcome_text.milestones(plans.rollback(), plans.ended(outcome))
    if outcome is Outcome.REFUSED:
        assert {one.standing for one in never} == {outcome_text.Standing.NEVER}


def test_a_snap_back_is_said_after_the_outcome() -> None:
    """When something undoes it later, the tracker says so in its last row."""
    progress = (*plans.ended(), plans.said(Phase.SNAPPED_BACK, 400, "the alias is 3.0.0 again"))
    shown = text(outcome_text.tracker_lines(plans.rollback(), progress, Instant(plans.NOW + 401), 120, ASCII))
    assert "SNAPPED BACK" in shown.splitlines()[-1]
    assert "the alias is 3.0.0 again" in shown


# Records


def test_every_kind_of_record_has_words() -> None:
    """No kind of record is shown by a name that only a program understands, and none breaks on empty details."""
    for kind in RecordKind:
        row = journal_text.journal_row(plans.recorded(kind, 7))
        assert row.what
        assert kind.value not in row.what
        assert journal_text.detail_lines(plans.recorded(kind, 7), ASCII, HONG_KONG)


@pytest.mark.parametrize("broken", [(("2.3.1",),), "2.3.1", ((1, 2, 3),), (("2.3.1", "many"),), 5, None])
def test_strange_details_are_shown_and_break_nothing(broken: object) -> None:
    """A record that somebody else wrote may hold anything: it is shown as a question, never as a crash."""
    record = plans.recorded(RecordKind.ACTION_INTENT, 7, 0, to=broken, **{"from": broken})
    assert "?" in journal_text.what_words(record)
    assert journal_text.detail_lines(record, ASCII)


def test_an_intent_that_somebody_works_on_is_not_lost() -> None:
    """Unknown are only the actions that nobody holds a lease for any more."""
    intent = plans.recorded(RecordKind.ACTION_INTENT, 3)
    view = JournalView(open_intents=(intent,), read_at=plans.NOW)
    assert journal_text.lost_intents(view) == (intent,)
    from modeltui.domain.acting.action import ActionKind
    from modeltui.domain.acting.lease import Lease

    lease = Lease(
        plans.TARGET, plans.BOB, plans.rollback().id, ActionKind.ROLLBACK, 1, plans.NOW, Instant(plans.NOW + 60)
    )
    assert journal_text.lost_intents(replace(view, leases=(lease,))) == ()
    assert journal_text.lost_intents(replace(view, leases=(lease,), read_at=Instant(plans.NOW + 61))) == (intent,)
    assert journal_text.open_words(1) == "1 action with unknown outcome"
