"""Whether a plan that was made before is the one that would be made now: its checks, not its premise alone."""

from __future__ import annotations

from typing import Any

from modeltui.cli.acting_session import REFUSED, say_refusal
from modeltui.cli.output import note
from modeltui.cli.wishes import Wish
from modeltui.domain.acting.action import ActionKind, CheckResult, Plan, Refusal
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.present.plan_changes import plan_changes
from modeltui.present.times import both_times


async def what_changed(acting: Acting, plan: Plan) -> tuple[SafeText, ...] | Refusal:
    """Return why a plan is void: it has expired, or a plan for the same made now would be another."""
    from modeltui.wiring.observing import now

    expired = now() >= plan.expires_at
    fresh = await acting.plan(_again(plan))
    if isinstance(fresh, Refusal):
        if not expired:
            return fresh
        refused = safe_text(f"and now it would be refused: {fresh.reason}", 400)
        return (safe_text(f"the plan expired at {both_times(plan.expires_at)}"), refused)
    changed = plan_changes(plan, fresh)
    if expired:
        late = safe_text(f"the plan expired at {both_times(plan.expires_at)}")
        return (late, *(changed or (SafeText("nothing else has changed since: plan again"),)))
    return changed


def _again(plan: Plan) -> ActionRequest:
    """Return the wish that a plan came from."""
    shares = tuple(dict(step.desired.weights).get(plan.version, 0.0) for step in plan.steps)
    more: dict[str, Any] = {
        "break_glass": any(c.name == "freeze" and c.result is CheckResult.FAIL for c in plan.checks)
    }
    if plan.kind is ActionKind.WEIGHTS:
        more["weights"] = plan.to.weights
    if len(plan.steps) > 1:
        more |= {"shares": shares, "step_seconds": plan.steps[1].after_seconds}
    return (
        ActionRequest(plan.kind, plan.target, plan.version, **more)
        if plan.kind is ActionKind.ROLLBACK
        else (ActionRequest(plan.kind, plan.target, **more))
    )


def say_void(plan: Plan, changed: tuple[SafeText, ...], wish: Wish) -> int:
    """Say what has changed since a plan was made; return the exit code."""
    remedy = SafeText("nothing was sent; make the plan again and look at it: modeltui plan … --out FILE")
    if wish.as_json:
        return say_refusal(Refusal(safe_text("; ".join(changed), 500), remedy), as_json=True)
    note(f"modeltui: refused: the plan {plan.hash[:19]} no longer holds:")
    for says in changed:
        note(f"  - {says}")
    note(f"  {remedy}")
    return REFUSED
