"""What a face and the actor process tell each other arrives as it was said, and nothing else is taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.acting.action import Check, CheckResult, Consent, GuardLevel, PlanHash, PlanId, Reason, ReasonCode
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.acting.runner_lines import order_line, progress_line, read_order, read_progress
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, TargetKey, VersionId
from modeltui.domain.text import safe_text

TEXTS = st.text(max_size=60).map(safe_text)
MOMENTS = st.floats(0, 4e9, allow_nan=False).map(Instant)
SOMETIMES = st.one_of(st.just(UNKNOWN), MOMENTS)
REASONS = st.builds(Reason, st.sampled_from(ReasonCode), TEXTS, TEXTS)
CHECKS = st.lists(st.builds(Check, TEXTS, st.sampled_from(CheckResult), TEXTS), max_size=3).map(tuple)
CONSENTS = st.builds(
    Consent,
    TEXTS.map(PlanHash),
    REASONS,
    st.lists(TEXTS, max_size=3).map(tuple),
    st.sampled_from(GuardLevel),
    TEXTS,
    st.booleans(),
)
REPORTS = st.builds(
    Report,
    TEXTS.map(PlanId),
    TEXTS.map(PlanHash),
    st.builds(TargetKey, TEXTS.map(ModelName), TEXTS.map(Environment)),
    st.sampled_from(Outcome),
    TEXTS,
    TEXTS,
    requested_at=SOMETIMES,
    sent_at=SOMETIMES,
    accepted_at=SOMETIMES,
    serving_at=SOMETIMES,
    healthy_at=SOMETIMES,
    serving=st.lists(st.tuples(TEXTS.map(VersionId), st.floats(0, 1)), max_size=3).map(tuple),
    seq=st.one_of(st.just(UNKNOWN), st.integers(1, 10**9)),
    checks=CHECKS,
    reason=REASONS,
)
PROGRESS = st.builds(Progress, st.sampled_from(Phase), MOMENTS, TEXTS, st.one_of(st.just(UNKNOWN), REPORTS), CHECKS)


@given(st.one_of(CONSENTS, REASONS))
def test_an_order_arrives_as_it_was_given(order: Consent | Reason) -> None:
    """GO carries exactly the consent of the guard, on one line."""
    line = order_line(order)
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert read_order(line) == order


@given(PROGRESS)
def test_a_phase_arrives_as_it_was_told(progress: Progress) -> None:
    """The screen shows what the actor process said, to the millisecond and the share."""
    line = progress_line(progress)
    assert "\n" not in line[:-1]
    assert read_progress(line) == progress


CONSENT = Consent(PlanHash(safe_text("sha256:00")), Reason(), (safe_text("age"),), GuardLevel.VERSION)


def changed(**changes: Any) -> str:
    """Return GO with other fields."""
    whole = json.loads(order_line(CONSENT))
    whole["go"].update(changes)
    return json.dumps(whole)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GO",
        "null",
        "[]",
        "{}",
        '{"go": true}',
        '{"go": {}}',
        '{"go": {"plan_hash": "x"}}',
        order_line(CONSENT)[:-2],
        "[" * 100_000,
        changed(break_glass=1),
        changed(break_glass="yes"),
        changed(guard=True),
        changed(guard=9),
        changed(guard="2"),
        changed(plan_hash=None),
        changed(acknowledged="age"),
        changed(acknowledged=[1]),
        changed(reason={"code": "bored", "text": "", "incident": ""}),
        changed(reason={"code": "error", "text": ""}),
        changed(more=1),
        json.dumps(json.loads(order_line(CONSENT)) | {"reason": {"code": "error", "text": "", "incident": ""}}),
        '{"reason": {"code": "error", "text": 5, "incident": ""}}',
    ],
)
def test_what_is_not_exactly_an_order_is_none(line: str) -> None:
    """Half a line, another type or a key too many is never taken for GO."""
    with pytest.raises(ValueError):  # noqa: PT011 - each in its own words
        read_order(line)


@pytest.mark.parametrize(
    "line", ["", "hello", "{}", '{"phase": "sent", "at": 1, "says": ""}', '{"phase": "done", "at": true}']
)
def test_what_is_not_exactly_a_phase_is_none(line: str) -> None:
    """What a library prints into the pipe is not shown as news of the action."""
    with pytest.raises(ValueError):  # noqa: PT011 - each in its own words
        read_progress(line)
