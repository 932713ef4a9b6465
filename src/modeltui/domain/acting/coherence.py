"""Whether a plan can have come from planning: its hash only says that nobody changed it since somebody hashed it.

A plan arrives as a file, as a record or through a pipe, from whoever can write there. What it says of itself (an
abort, a light guard, a long life) is believed only where its steps bear it out.
"""

from __future__ import annotations

from modeltui.domain.acting.action import ActionKind, Desired, Plan, Refusal
from modeltui.domain.acting.desired import SAME_SHARE, share_of, whole_traffic
from modeltui.domain.acting.guarding import PLAN_SECONDS, Course, guard_for, refusing
from modeltui.domain.acting.permission import Permission
from modeltui.domain.names import UNKNOWN, Missing
from modeltui.domain.text import SafeText, safe_text

_OWN_RULES = Permission(True, SafeText("whatever the policy says"))
"""The ladder alone: what the policy asks for on top is asked of the policy, right before acting."""
_ROUNDING_SECONDS = 1.0


def incoherence(plan: Plan) -> Refusal | None:
    """Return why no planning makes such a plan; `None` when one may."""
    says = _shape(plan) or _way(plan) or _guard(plan)
    if not says:
        return None
    return Refusal(safe_text(f"the plan is not one that planning makes: {says}"), SafeText("plan again"))


def course_of(plan: Plan) -> Course:
    """Return the kind of action by what its steps do, not by how heavy it says it is."""
    match plan.kind:
        case ActionKind.ABORT:
            return Course.ABORT
        case ActionKind.ROLLBACK:
            return Course.KNOWN_GOOD if plan.premise.known_good == plan.version else Course.OTHER_VERSION
        case ActionKind.PROMOTE:
            return Course.PROMOTE
        case ActionKind.WEIGHTS:
            candidate, before = plan.to.candidate, plan.premise.desired
            if isinstance(candidate, Missing) or isinstance(before, Missing):
                return Course.MOST
            after = share_of(plan.to.weights, candidate)
            if after < share_of(before.weights, candidate):
                return Course.LESS
            return Course.MORE if after < 0.5 else Course.MOST


def _shape(plan: Plan) -> str:
    """Return what is wrong between the kind of action and where it leads."""
    before, to = plan.premise.desired, plan.to
    if isinstance(before, Missing):
        return "it does not say who serves before"
    if plan.kind is ActionKind.WEIGHTS:
        names = {version for version, _ in to.weights}
        is_same = (to.stable, to.candidate) == (before.stable, before.candidate) and not isinstance(
            before.candidate, Missing
        )
        if not is_same or not names <= {to.stable, to.candidate} or share_of(to.weights, to.stable) <= 0.0:
            return "other shares are for stable and candidate as they are"
        return ""
    if to != Desired(whole_traffic(to.stable), to.stable, UNKNOWN):
        return f"after {_WORDS[plan.kind]} one version serves alone"
    if plan.kind is ActionKind.ABORT and (to.stable != before.stable or isinstance(before.candidate, Missing)):
        return f"an abort ends a rollout and leads to {before.stable}, the stable version"
    if plan.kind is ActionKind.PROMOTE and to.stable != before.candidate:
        return "a promotion leads to the candidate"
    return ""


def _way(plan: Plan) -> str:
    """Return what is wrong with the steps: each gives the version to go to more, and nobody else anything new."""
    before, to = plan.premise.desired, plan.to
    if not plan.steps or plan.steps[-1].desired != to:
        return "its steps do not lead where it says"
    if plan.kind in (ActionKind.ABORT, ActionKind.WEIGHTS) and len(plan.steps) > 1:
        return f"{_WORDS[plan.kind]} is one step"
    if isinstance(before, Missing):
        return ""
    known = {before.stable, before.candidate, to.stable, *(version for version, _ in before.weights)}
    has = 0.0
    for number, step in enumerate(plan.steps[:-1], 1):
        desired = step.desired
        names = {desired.stable, desired.candidate, *(version for version, _ in desired.weights)} - {UNKNOWN}
        share = share_of(desired.weights, to.stable)
        if not names <= known or share < has + SAME_SHARE:
            return f"step {number} does not lead to {to.stable}"
        has = share
    return ""


def _guard(plan: Plan) -> str:
    """Return what is wrong with how heavy, how long and how well checked it says it is."""
    course = course_of(plan)
    if against := refusing(course, plan.checks):
        return f"{against[0].name} leaves no plan"
    needed = guard_for(course, plan.checks, _OWN_RULES)
    if plan.guard < needed:
        return f"{_WORDS[plan.kind]} needs guard {int(needed)}, and it says {int(plan.guard)}"
    if plan.expires_at - plan.made_at > PLAN_SECONDS[plan.guard] + _ROUNDING_SECONDS:
        return "it lasts longer than any plan"
    return ""


_WORDS = {
    ActionKind.ABORT: "an abort",
    ActionKind.ROLLBACK: "a rollback",
    ActionKind.PROMOTE: "a promotion",
    ActionKind.WEIGHTS: "a change of shares",
}
