"""`modeltui apply PLAN.json`: carry out a plan that was made before, exactly as it was made or not at all."""

from __future__ import annotations

from typing import Any

import click

from modeltui.cli.acting_session import REFUSED, say_refusal, with_acting
from modeltui.cli.carrying_out import carry_out
from modeltui.cli.output import note
from modeltui.cli.planned_before import read_plan
from modeltui.cli.rollback import said_again
from modeltui.cli.wishes import Wish, consenting, program, wish_of
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.action import ActionKind, Plan, Refusal
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.present.plan_changes import plan_changes
from modeltui.present.times import both_times

HELP = """Carry out the plan in PLAN.json (modeltui plan … --out PLAN.json), exactly as it was made or not at all.

On a terminal the plan is shown and asked about; a script gives --plan-hash with the plan's hash. A plan that has
expired, or whose premise no longer holds, is refused with what has changed since (exit code 3).

Exit codes: 0 verified, 1 failed or partial, 2 usage, 3 refused or the world moved, 4 outcome unknown,
130 interrupted."""


@click.command("apply", help=HELP)
@click.argument("file", metavar="PLAN.json")
@consenting
@click.pass_obj
def command(options: Options, /, file: str, **consent: Any) -> int:
    """Carry out a plan."""
    wish = wish_of(**consent, again=f"{program(options)} apply {file}{said_again(consent)}", program=program(options))
    plan = read_plan(file)

    async def use(acting: Acting, loaded: Loaded) -> int:
        if plan.context != loaded.context_name:
            says = safe_text(f"the plan was made in context {plan.context}, and this is {loaded.context_name}", 300)
            return say_refusal(Refusal(says, safe_text(f"give --context {plan.context}")), as_json=wish.as_json)
        changed = await _what_changed(acting, plan)
        if isinstance(changed, Refusal):
            return say_refusal(changed, as_json=wish.as_json)
        if changed:
            return _say_void(plan, changed, wish)
        return await carry_out(acting, loaded, plan, wish)

    return with_acting(options, use, as_json=wish.as_json)


async def _what_changed(acting: Acting, plan: Plan) -> tuple[SafeText, ...] | Refusal:
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
    more: dict[str, Any] = {}
    if plan.kind is ActionKind.WEIGHTS:
        more["weights"] = plan.to.weights
    if len(plan.steps) > 1:
        more |= {"shares": shares, "step_seconds": plan.steps[1].after_seconds}
    return (
        ActionRequest(plan.kind, plan.target, plan.version, **more)
        if plan.kind is ActionKind.ROLLBACK
        else (ActionRequest(plan.kind, plan.target, **more))
    )


def _say_void(plan: Plan, changed: tuple[SafeText, ...], wish: Wish) -> int:
    remedy = SafeText("nothing was sent; make the plan again and look at it: modeltui plan … --out FILE")
    if wish.as_json:
        return say_refusal(Refusal(safe_text("; ".join(changed), 500), remedy), as_json=True)
    note(f"modeltui: refused: the plan {plan.hash[:19]} no longer holds:")
    for says in changed:
        note(f"  - {says}")
    note(f"  {remedy}")
    return REFUSED
