"""`modeltui apply PLAN.json`: carry out a plan that was made before, exactly as it was made or not at all."""

from __future__ import annotations

import shlex
from typing import Any

import click

from modeltui.cli.acting_session import say_refusal, with_acting
from modeltui.cli.carrying_out import carry_out
from modeltui.cli.planned_before import read_plan
from modeltui.cli.rollback import said_again
from modeltui.cli.still_holding import say_void, what_changed
from modeltui.cli.wishes import consenting, program, wish_of
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.action import Refusal
from modeltui.domain.text import safe_text
from modeltui.ports.acting import Acting

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
    wish = wish_of(
        **consent, again=f"{program(options)} apply {shlex.quote(file)}{said_again(consent)}", program=program(options)
    )
    plan = read_plan(file)

    async def use(acting: Acting, loaded: Loaded) -> int:
        if plan.context != loaded.context_name:
            says = safe_text(f"the plan was made in context {plan.context}, and this is {loaded.context_name}", 300)
            return say_refusal(Refusal(says, safe_text(f"give --context {plan.context}")), as_json=wish.as_json)
        changed = await what_changed(acting, plan)
        if isinstance(changed, Refusal):
            return say_refusal(changed, as_json=wish.as_json)
        if changed:
            return say_void(plan, changed, wish)
        return await carry_out(acting, loaded, plan, wish)

    return with_acting(options, use, as_json=wish.as_json)
