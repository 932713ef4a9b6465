"""Did it take? Three questions with three answers, and the one word that they come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.acting.action import Desired
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.acting.verification import (
    Answer,
    Before,
    Judgement,
    Seen,
    before_acting,
    conclude,
    control,
    health,
    observed_shares,
    serving,
    serving_window,
)
from modeltui.domain.fleet import Target
from modeltui.domain.journal.details import StepResult
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, World, rollout, seen, signal_name, version_id

ONE, TWO = version_id("1"), version_id("2")
ALL_ON_ONE = Desired(((ONE, 1.0),), ONE)
SPLIT = Desired(((ONE, 0.9), (TWO, 0.1)), ONE, TWO)
NOBODY = Before()
LATER = Instant(START + 60.0)


def world(one: float = 95.0, two: float = 5.0, errors: tuple[float, float] = (0.0, 0.3), at: Instant = LATER) -> World:
    """Return a target at some requests per second on each version, measured at a moment, for long enough to judge."""
    made = World()
    made.told(rollout("fraud@prod", "1", "2", 0.05))
    for before in (60.0, 40.0, 20.0, 0.0):
        made.now = Instant(at - before)
        made.sees(
            seen("fraud@prod", "1", made.now, throughput=one, error_rate=(1e4 * errors[0], 1e4)),
            seen("fraud@prod", "2", made.now, throughput=two, error_rate=(1e4 * errors[1], 1e4)),
        )
    return made


def target(one: float = 95.0, two: float = 5.0, errors: tuple[float, float] = (0.0, 0.3)) -> Target:
    return world(one, two, errors).target("fraud@prod")


def test_the_controller_has_it_when_names_and_shares_are_as_planned() -> None:
    """The controller reads as planned, reads otherwise, or says nothing: yes, not yet, cannot tell."""
    assert control(ALL_ON_ONE, rollout("fraud@prod", "1")).answer is Answer.YES
    assert control(SPLIT, rollout("fraud@prod", "1", "2", 0.1)).answer is Answer.YES
    assert control(SPLIT, rollout("fraud@prod", "1", "2", 0.11)).answer is Answer.NOT_YET
    assert control(ALL_ON_ONE, rollout("fraud@prod", "2")).answer is Answer.NOT_YET
    assert control(ALL_ON_ONE, UNKNOWN).answer is Answer.CANNOT_TELL
    assert control(ALL_ON_ONE, rollout("fraud@prod")).answer is Answer.CANNOT_TELL


@pytest.mark.parametrize(
    ("one", "two", "answer"),
    [(100.0, 0.0, Answer.YES), (99.0, 1.0, Answer.YES), (98.9, 1.1, Answer.NOT_YET), (0.0, 0.0, Answer.CANNOT_TELL)],
)
def test_one_version_serves_when_it_answers_ninety_nine_of_a_hundred(one: float, two: float, answer: Answer) -> None:
    """The last hundredth are stragglers; no requests at all say nothing."""
    assert serving(ALL_ON_ONE, target(one, two), START).answer is answer


@pytest.mark.parametrize(("one", "two", "answer"), [(86.0, 14.0, Answer.YES), (84.0, 16.0, Answer.NOT_YET)])
def test_a_split_serves_when_each_share_is_near_its_plan(one: float, two: float, answer: Answer) -> None:
    """Five points to either side are luck of the draw."""
    assert serving(SPLIT, target(one, two), START).answer is answer


def test_what_was_measured_before_the_write_says_nothing() -> None:
    """The newest sample is as old as the write, or older: nobody can tell, and nobody is shown as serving."""
    shown = target(100.0, 0.0)
    for since in (LATER, Instant(LATER + 1.0)):
        assert serving(ALL_ON_ONE, shown, since).answer is Answer.CANNOT_TELL
        assert observed_shares(shown, since) == ()
    assert serving(ALL_ON_ONE, shown, Instant(LATER - 0.001)).answer is Answer.YES


def test_an_old_version_that_was_not_measured_since_may_still_serve() -> None:
    """The new version is measured and the old one not any more: that is not yet a yes."""
    made = world()
    made.passes(10.0)
    made.sees(seen("fraud@prod", "1", made.now, throughput=95.0), seen("fraud@prod", "2", LATER, throughput=5.0))
    judged = serving(ALL_ON_ONE, made.target("fraud@prod"), LATER)
    assert judged.answer is Answer.NOT_YET
    assert "no measurement of 2" in judged.says


def test_a_target_that_nobody_counts_requests_of_cannot_be_told() -> None:
    """There is no measure of traffic: neither yes nor no."""
    assert serving(ALL_ON_ONE, UNKNOWN, START).answer is Answer.CANNOT_TELL
    made = World()
    made.told(rollout("fraud@prod", "1"))
    assert serving(ALL_ON_ONE, made.target("fraud@prod"), START).answer is Answer.CANNOT_TELL
    assert serving_window(UNKNOWN) == 0.0
    assert serving_window(target()) == 300.0


def test_a_version_is_well_when_its_signals_are_judged_and_within_limits() -> None:
    """All that is measured of the version to go to is within its limits, measured after the write."""
    shown = target(100.0, 0.0)
    assert health(ALL_ON_ONE, shown, NOBODY, START, DEFAULT_POLICY).answer is Answer.YES
    bad = target(100.0, 0.0, (0.3, 0.0))
    judged = health(ALL_ON_ONE, bad, NOBODY, START, DEFAULT_POLICY)
    assert judged.answer is Answer.NOT_YET
    assert "error_rate of 1 is at breach" in judged.says


def test_health_from_before_the_write_does_not_count() -> None:
    """The signals were fine when they were last measured, which was before my write: wait."""
    judged = health(ALL_ON_ONE, target(100.0, 0.0), NOBODY, LATER, DEFAULT_POLICY)
    assert judged.answer is Answer.NOT_YET
    assert "waiting for" in judged.says


def test_the_signal_that_caused_the_action_must_be_judged() -> None:
    """I acted because of drift; nobody measures drift on the version to go to: that is not known to be well."""
    cause = Before(frozenset({signal_name("drift")}))
    judged = health(ALL_ON_ONE, target(100.0, 0.0), cause, START, DEFAULT_POLICY)
    assert judged.answer is Answer.NOT_YET
    assert "drift of 1" in judged.says


def test_a_target_without_signals_cannot_be_told() -> None:
    """Nothing is measured: nobody can say how it is."""
    assert health(ALL_ON_ONE, UNKNOWN, NOBODY, START, DEFAULT_POLICY).answer is Answer.CANNOT_TELL
    made = World()
    made.told(rollout("fraud@prod", "1"))
    judged = health(ALL_ON_ONE, made.target("fraud@prod"), NOBODY, START, DEFAULT_POLICY)
    assert judged.answer is Answer.CANNOT_TELL


def test_what_was_bad_before_is_remembered_as_the_cause() -> None:
    """The signals in breach on the version that loses its traffic are why I act."""
    before = before_acting(target(), ((ONE, 0.95), (TWO, 0.05)), ALL_ON_ONE)
    assert before.causes == {signal_name("error_rate")}
    assert before_acting(target(), (), ALL_ON_ONE).causes == {signal_name("error_rate")}
    assert before_acting(UNKNOWN, (), ALL_ON_ONE) == NOBODY


def test_a_process_that_looks_for_the_first_time_sees_the_cause_too() -> None:
    """The actor process has just begun to look, so nothing is a breach yet: what is over its limit is the cause."""
    made = World()
    made.told(rollout("fraud@prod", "1", "2", 0.05))
    made.sees(seen("fraud@prod", "1", error_rate=(0, 1e4)), seen("fraud@prod", "2", error_rate=(3e3, 1e4)))
    before = before_acting(made.target("fraud@prod"), ((ONE, 0.95), (TWO, 0.05)), ALL_ON_ONE)
    assert before.causes == {signal_name("error_rate")}


def test_a_warning_that_was_there_before_is_not_held_against_the_action() -> None:
    """Drift has been at warn on stable for weeks: going back to it is still verified; a new warning is not."""
    made = World()
    made.told(rollout("fraud@prod", "1", "2", 0.05))
    for before in (120.0, 80.0, 40.0, 0.0):
        made.now = Instant(LATER - before)
        made.sees(seen("fraud@prod", "1", made.now, throughput=95.0, error_rate=(0, 1e4), drift=0.15))
    shown = made.target("fraud@prod")
    known = before_acting(shown, (), ALL_ON_ONE)
    assert known.warned[ONE] == {signal_name("drift")}
    assert health(ALL_ON_ONE, shown, known, START, DEFAULT_POLICY).answer is Answer.YES
    assert health(ALL_ON_ONE, shown, NOBODY, START, DEFAULT_POLICY).answer is Answer.NOT_YET


answers = st.builds(Judgement, st.sampled_from(Answer), st.just(SafeText("so")))
results = st.lists(st.sampled_from(StepResult), max_size=4).map(tuple)


@given(
    planned=st.integers(1, 4),
    results=results,
    control=answers,
    serving=answers,
    health=answers,
    was=st.booleans(),
    back=st.booleans(),
)
def test_the_word_at_the_end_never_says_more_than_was_seen(
    planned: int,
    results: tuple[StepResult, ...],
    control: Judgement,
    serving: Judgement,
    health: Judgement,
    was: bool,
    back: bool,
) -> None:
    """Verified needs every yes; failed and refused never cover what may be in force; unknown is never hidden."""
    results = results[:planned]
    took = sum(result.took for result in results)
    concluded = conclude(Seen(planned, results, SafeText("x"), control, was, back, serving, health, SafeText("y")))
    if concluded.outcome is Outcome.VERIFIED:
        assert took == planned
        assert control.is_yes
        assert serving.is_yes
        assert health.is_yes
    if results and results[-1] is StepResult.UNKNOWN:
        assert concluded.outcome is Outcome.UNKNOWN
    elif concluded.outcome in (Outcome.FAILED, Outcome.REFUSED):
        assert took == 0 or (back and was and not control.is_yes)
    if concluded.outcome is not Outcome.VERIFIED:
        assert concluded.because
        assert concluded.remedy
