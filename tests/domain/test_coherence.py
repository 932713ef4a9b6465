"""Plans that nobody planned: made by hand, with a hash that fits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from tests.domain.situations import situations, wild_requests, wishes
from tests.domain.test_planning_properties import plan_for
from tests.examples import examples

from modeltui.domain.acting.action import ActionKind, Desired, GuardLevel, Plan
from modeltui.domain.acting.coherence import incoherence
from modeltui.domain.acting.desired import whole_traffic
from modeltui.domain.acting.planning import plan
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import Situation
from modeltui.domain.names import Instant, Missing, VersionId
from modeltui.domain.text import SafeText

ANY = settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVIL = VersionId(SafeText("6.6.6"))


def leads_to(made: Plan, desired: Desired) -> Plan:
    """Return the plan with another end, and the last step to it."""
    return replace(made, to=desired, steps=(*made.steps[:-1], replace(made.steps[-1], desired=desired)))


@ANY
@given(situations(), wild_requests)
def test_what_planning_makes_is_coherent(situation: Situation, request: ActionRequest) -> None:
    """No plan that was made in earnest is taken for a forged one."""
    made = plan(situation, request)
    if isinstance(made, Plan):
        assert incoherence(made) is None


@ANY
@given(wishes())
def test_a_plan_that_lies_about_itself_is_refused(wish: tuple[Situation, ActionRequest]) -> None:
    """A lighter guard, a longer life, another end or a detour in the steps: nothing of it is believed."""
    made = plan_for(wish)
    assert incoherence(made) is None
    if made.kind is not ActionKind.ABORT:
        assert incoherence(replace(made, guard=GuardLevel.LETTER)) is not None
    assert incoherence(replace(made, expires_at=Instant(made.made_at + 86_400.0))) is not None
    assert incoherence(leads_to(made, Desired(whole_traffic(EVIL), made.to.stable, made.to.candidate))) is not None
    detour = replace(made.steps[0], desired=Desired(whole_traffic(EVIL), EVIL))
    assert incoherence(replace(made, steps=(detour, *made.steps))) is not None
    assert incoherence(replace(made, steps=())) is not None


@ANY
@given(wishes())
def test_nothing_that_leads_to_the_candidate_is_an_abort(wish: tuple[Situation, ActionRequest]) -> None:
    """One letter must not do what needs two people, whether the candidate is named stable or only gets the traffic."""
    made = plan_for(wish)
    before = made.premise.desired
    assert not isinstance(before, Missing)
    assume(not isinstance(before.candidate, Missing))
    assert not isinstance(before.candidate, Missing)
    light = replace(
        made,
        kind=ActionKind.ABORT,
        guard=GuardLevel.LETTER,
        checks=(),
        expires_at=Instant(made.made_at + 60.0),
        steps=made.steps[-1:],
    )
    all_of_it = whole_traffic(before.candidate)
    assert incoherence(leads_to(light, Desired(whole_traffic(before.stable), before.stable))) is None
    assert incoherence(leads_to(light, Desired(all_of_it, before.candidate))) is not None
    assert incoherence(leads_to(light, Desired(all_of_it, before.stable))) is not None
    assert incoherence(leads_to(light, Desired(all_of_it, before.stable, before.candidate))) is not None
