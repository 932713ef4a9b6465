"""What is written into a record is what is read out of it, and nothing that does not fit is guessed at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.acting.action import Desired, Plan
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import (
    Details,
    StepResult,
    intent_details,
    is_rescue,
    may_be_spooled,
    moment_text,
    outcome_details,
    read_intent,
    read_step,
    read_weights,
    report_from_record,
    share_text,
    step_details,
    weights_detail,
)
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import FakeWorld, abort_plan, consent_to, promote_plan, rollback_plan, stepwise_plan
from modeltui.testing.clock import VirtualClock
from modeltui.testing.worlds import version_id

WORLD = FakeWorld(VirtualClock())
moments = st.none() | st.integers(0, 4_102_444_800_000)
shares = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 1_000_000)), max_size=4)


def record(kind: RecordKind, details: Details) -> Record:
    """Return a record as it comes back from a file: tuples have become lists."""
    plan = abort_plan(WORLD)
    back = json.loads(json.dumps(details))
    entry = Entry(kind, Instant(0.0), Actor(SafeText("a")), plan.context, plan.target, plan.id, plan.hash, details=back)
    return Record(entry, 7, SafeText("0" * 64), SafeText("1" * 64))


def instant(milliseconds: int | None) -> Instant | Unknown:
    return UNKNOWN if milliseconds is None else Instant(milliseconds / 1000)


@given(outcome=st.sampled_from(Outcome), at=st.tuples(*[moments] * 5), weights=shares)
def test_a_report_reads_back_as_it_was_written(
    outcome: Outcome, at: tuple[int | None, ...], weights: list[tuple[str, int]]
) -> None:
    """Whatever an outcome says, with times to the millisecond: the journal says the same later."""
    plan = abort_plan(WORLD)
    requested, sent, accepted, serving, healthy = (instant(one) for one in at)
    seen = tuple((version_id(name), share / 1_000_000) for name, share in weights)
    because, remedy = SafeText("why"), SafeText("next")
    made = Report(
        plan.id, plan.hash, plan.target, outcome, because, remedy, requested, sent, accepted, serving, healthy, seen, 7
    )
    assert report_from_record(record(RecordKind.ACTION_OUTCOME, outcome_details(made))) == made


@pytest.mark.parametrize("plan", [abort_plan(WORLD), stepwise_plan(WORLD, (0.96, 1.0)), promote_plan(WORLD)])
def test_an_intent_tells_what_was_to_be_written_onto_what(plan: Plan) -> None:
    """From an intent alone I can find out later what became of it: every step's state, and how it was before."""
    ends = Instant(9.0)
    details = intent_details(plan, consent_to(plan), (), before=WORLD.rollout, process="h/1/2", gone_after=ends)
    read = read_intent(record(RecordKind.ACTION_INTENT, details))
    assert read.states == tuple(step.desired for step in plan.steps)
    assert read.before == WORLD.rollout
    assert read.process == "h/1/2"
    assert read.writes_to == plan.writes_to
    assert read.gone_after == ends
    assert not read.has_lease


def test_a_step_reads_back_as_it_was_written() -> None:
    """Each step's result, words and token come back as they were."""
    for result in StepResult:
        for revision in (UNKNOWN, SafeText("r1")):
            read = read_step(record(RecordKind.ACTION_STEP, step_details(2, result, "so it was", revision)))
            assert (read.step, read.result, read.says, read.revision) == (2, result, "so it was", revision)


@pytest.mark.parametrize(
    "broken",
    [
        {"outcome": "splendid"},
        {"outcome": None},
        {"because": 5},
        {"serving": [["1", 1.0]]},
        {"serving": [["1"]]},
        {"serving": [["1", "1.5"]]},
        {"serving": "all"},
        {"serving": [["1", "nan"]]},
        {"sent_at": "yesterday"},
        {"sent_at": "2026-01-01T00:00:00"},
        {"sent_at": 5},
    ],
)
def test_a_record_that_does_not_fit_is_not_guessed_at(broken: Mapping[str, object]) -> None:
    """Somebody else's record, or a broken one, is refused with the place."""
    plan = abort_plan(WORLD)
    good = outcome_details(Report(plan.id, plan.hash, plan.target, Outcome.FAILED, SafeText("why")))
    with pytest.raises(ValueError, match=r"."):
        report_from_record(record(RecordKind.ACTION_OUTCOME, {**good, **broken}))  # type: ignore[dict-item]  # broken on purpose


def test_a_record_of_another_kind_holds_no_outcome() -> None:
    """Only outcomes are outcomes."""
    with pytest.raises(ValueError, match="holds no outcome"):
        report_from_record(record(RecordKind.ACTION_STEP, {}))


@given(st.integers(0, 1_000_000))
def test_a_share_is_text_without_needless_digits(millionths: int) -> None:
    """`0.05` stays `0.05`, and `1` is not `1.000000`; each reads back as itself."""
    text = share_text(millionths / 1_000_000)
    assert float(text) == millionths / 1_000_000
    assert text == text.strip()
    assert text in ("0", "1") or not text.endswith("0")
    assert read_weights(weights_detail([(version_id("1"), millionths / 1_000_000)])) == (
        (version_id("1"), millionths / 1_000_000),
    )


def test_moments_are_utc_with_milliseconds() -> None:
    """A time in a record can be read by anybody: RFC 3339, UTC, milliseconds."""
    assert moment_text(Instant(1_767_268_800.0)) == "2026-01-01T12:00:00.000Z"
    assert moment_text(Instant(1_767_268_800.9996)) == "2026-01-01T12:00:01.000Z"
    assert moment_text(UNKNOWN) is None


def test_only_the_safe_direction_may_be_kept_beside_the_journal() -> None:
    """Abort and the way back to the last known good may go on without the journal; promotion and the rest may not."""
    abort, back, promote = abort_plan(WORLD), rollback_plan(WORLD, "1"), promote_plan(WORLD)
    elsewhere = replace(back, to=Desired(((version_id("0"), 1.0),), version_id("0")))
    for plan, expected in ((abort, True), (back, True), (promote, False), (elsewhere, False)):
        entry = record(RecordKind.ACTION_INTENT, intent_details(plan, consent_to(plan), ())).entry
        assert is_rescue(plan) is expected
        assert may_be_spooled(entry) is expected
    assert may_be_spooled(record(RecordKind.ACTION_OUTCOME, {}).entry)
