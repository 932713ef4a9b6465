"""What holds of every plan, whatever the world and the wish."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from tests.domain.situations import situations, wild_requests, wishes
from tests.examples import examples

from modeltui.domain.acting.action import ActionKind, CheckResult, GuardLevel, Plan, Refusal
from modeltui.domain.acting.desired import as_rollout, desired_of, is_as_desired, share_of
from modeltui.domain.acting.plan_document import plan_document, plan_from_document, plan_hash
from modeltui.domain.acting.planning import plan
from modeltui.domain.acting.premise import what_moved
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import Situation
from modeltui.domain.names import Missing
from modeltui.domain.rollout import Rollout

ANY = settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plan_for(wish: tuple[Situation, ActionRequest]) -> Plan:
    """Return the plan for a wish; wishes that are refused are left aside."""
    found = plan(*wish)
    assume(isinstance(found, Plan))
    assert isinstance(found, Plan)
    return found


def rollout_of(situation: Situation, request: ActionRequest) -> Rollout:
    """Return how the target is described; there is no plan without that."""
    target = situation.fleet.targets[request.target]
    assert isinstance(target.rollout, Rollout)
    return target.rollout


@ANY
@given(situations(), wild_requests)
def test_there_is_always_an_answer(situation: Situation, request: ActionRequest) -> None:
    """Every wish in every situation gets a plan, or a refusal with the reason and what to do instead."""
    found = plan(situation, request)
    if isinstance(found, Refusal):
        assert found.reason
        assert found.remedy
    else:
        assert found.because
        assert plan_hash(found) == found.hash


@ANY
@given(wishes())
def test_no_plan_leaves_requests_without_an_answer(wish: tuple[Situation, ActionRequest]) -> None:
    """At every step of every plan all of the traffic goes to somebody, and the last step is what the plan promises."""
    found = plan_for(wish)
    for step in found.steps:
        assert abs(sum(share for _, share in step.desired.weights) - 1.0) < 1e-9
        assert all(0.0 < share <= 1.0 for _, share in step.desired.weights)
        assert step.after_seconds >= 0
    assert found.steps[-1].desired == found.to
    assert share_of(found.to.weights, found.to.stable) > 0
    if found.kind is not ActionKind.WEIGHTS:
        assert found.to.weights == ((found.to.stable, 1.0),)


@ANY
@given(wishes())
def test_a_plan_is_the_same_after_being_written_and_read(wish: tuple[Situation, ActionRequest]) -> None:
    """A plan that goes through a file is the plan that was shown, to the last digit."""
    found = plan_for(wish)
    assert plan_from_document(plan_document(found)) == found


@ANY
@given(wishes())
def test_no_plan_asks_for_what_is_so_already(wish: tuple[Situation, ActionRequest]) -> None:
    """What is so already is said to be so; nobody is asked to confirm it."""
    situation, request = wish
    found = plan_for(wish)
    assert not is_as_desired(rollout_of(situation, request), found.to)


@ANY
@given(wishes())
def test_the_inverse_leads_back(wish: tuple[Situation, ActionRequest]) -> None:
    """What a plan names as its inverse is exactly what the target was told before."""
    situation, request = wish
    found = plan_for(wish)
    before = rollout_of(situation, request)
    after = before
    for step in found.steps:
        after = as_rollout(after, step.desired)
    assert is_as_desired(after, found.to)
    assert not isinstance(found.inverse, Missing)
    back = as_rollout(after, found.inverse)
    assert desired_of(back) == desired_of(before) == found.inverse


@ANY
@given(wishes())
def test_a_plan_holds_until_something_moves(wish: tuple[Situation, ActionRequest]) -> None:
    """Right after it was made a plan holds for the screens and for the actor process; once it is done it does not."""
    situation, request = wish
    found = plan_for(wish)
    target = situation.fleet.targets[request.target]
    before = rollout_of(situation, request)
    assert what_moved(found.premise, found.kind, target) == ()
    assert what_moved(found.premise, found.kind, before) == ()
    assert what_moved(found.premise, found.kind, as_rollout(before, found.to))


@ANY
@given(wishes())
def test_old_figures_are_always_flagged(wish: tuple[Situation, ActionRequest]) -> None:
    """A target whose figures or controller are old or missing never gives a plan without saying so."""
    situation, request = wish
    found = plan_for(wish)
    target = situation.fleet.targets[request.target]
    source = situation.fleet.sources.get(rollout_of(situation, request).source)
    fresh = next(check for check in found.checks if check.name == "fresh")
    is_measured = any(version.cells for version in target.versions)
    is_old = target.level.name in ("STALE", "NO_DATA") or not is_measured
    is_down = source is None or not isinstance(source.error, Missing)
    if is_old or is_down:
        assert fresh.result is not CheckResult.PASS
        assert fresh in found.flags


@ANY
@given(wishes())
def test_the_guard_is_never_lighter_than_the_ladder(wish: tuple[Situation, ActionRequest]) -> None:
    """An abort is a letter; promotions need two; any version but the last known good needs its whole identity."""
    situation, _ = wish
    found = plan_for(wish)
    failed = [check for check in found.checks if check.result is CheckResult.FAIL]
    match found.kind:
        case ActionKind.ABORT:
            assert found.guard is GuardLevel.LETTER
        case ActionKind.PROMOTE:
            assert found.guard is GuardLevel.SECOND_PERSON
        case ActionKind.ROLLBACK:
            is_known_good = found.premise.known_good == found.version
            assert found.guard >= (GuardLevel.VERSION if is_known_good else GuardLevel.IDENTITY)
        case ActionKind.WEIGHTS:
            assert found.guard >= GuardLevel.VERSION
    if failed and found.kind is not ActionKind.ABORT:
        assert found.guard >= GuardLevel.IDENTITY
    if situation.permission.second_person and found.kind is not ActionKind.ABORT:
        assert found.guard is GuardLevel.SECOND_PERSON


@ANY
@given(wishes())
def test_nobody_plans_what_the_rules_forbid(wish: tuple[Situation, ActionRequest]) -> None:
    """A plan exists where the rules allow it, or where only a freeze window forbids it, glass may be broken, and is."""
    situation, request = wish
    plan_for(wish)
    permission = situation.permission
    assert permission.is_allowed or (permission.break_glass and permission.frozen and request.break_glass)
    assert situation.actor.assurance.is_at_least(permission.assurance)
    assert not isinstance(situation.promise, Refusal)


INVARIANTS = [one for name, one in globals().copy().items() if name.startswith("test_") and "an_answer" not in name]


@pytest.mark.broad
@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: str(one.__name__))
def test_the_same_holds_of_many_more(invariant: Any) -> None:
    """What holds of a few plans holds of hundreds."""
    settings(ANY, max_examples=200)(given(wishes())(invariant.hypothesis.inner_test))()
