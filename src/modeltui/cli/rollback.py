"""`modeltui rollback`: make an earlier version the only one that serves."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import click

from modeltui.cli.acting_session import say_refusal, with_acting
from modeltui.cli.carrying_out import carry_out
from modeltui.cli.planned_before import planned_before
from modeltui.cli.still_holding import say_void, what_changed
from modeltui.cli.wishes import Wish, consenting, program, request_of, wish_of
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.action import ActionKind, Refusal
from modeltui.domain.acting.request import ActionRequest
from modeltui.ports.acting import Acting

HELP = """Make an earlier version of MODEL@ENV the only one that serves: the last known good one unless --to.

On a terminal the plan is shown and asked about as on the screens. Without one nothing is done at once: the plan and
its hash are printed (exit code 3), and the same command with --plan-hash HASH carries out exactly that plan.

Exit codes: 0 verified, 1 failed or partial, 2 usage, 3 refused or the world moved, 4 outcome unknown,
130 interrupted."""


@click.command("rollback", help=HELP)
@click.argument("target", metavar="MODEL@ENV")
@click.option("--to", "version", metavar="VERSION", help="Where to; a version other than the last known good.")
@consenting
@click.pass_obj
def command(options: Options, /, target: str, version: str | None, **consent: Any) -> int:
    """Roll a target back."""
    to = f" --to {shlex.quote(version)}" if version else ""
    wish = wish_of(
        **consent,
        again=f"{program(options)} rollback {shlex.quote(target)}{to}{said_again(consent)}",
        program=program(options),
    )
    if wish.plan_hash and not (wish.reason.text or wish.reason.incident):
        raise click.UsageError("a rollback by hash needs --reason TEXT: the journal says why")
    return act(options, request_of(ActionKind.ROLLBACK, target, version), wish)


def act(options: Options, request: ActionRequest, wish: Wish) -> int:
    """Plan what is asked for, or find the plan that was agreed to, and carry it out."""

    async def use(acting: Acting, loaded: Loaded) -> int:
        wanted = replace(request, reason=wish.reason, break_glass=wish.break_glass)
        plan = await (planned_before(acting, wish.plan_hash, wanted) if wish.plan_hash else acting.plan(wanted))
        if isinstance(plan, Refusal):
            return say_refusal(plan, as_json=wish.as_json)
        if wish.plan_hash and plan.kind is not ActionKind.ABORT:  # that waits for nothing: stable serves already
            changed = await what_changed(acting, plan)
            if isinstance(changed, Refusal):
                return say_refusal(changed, as_json=wish.as_json)
            if changed:
                return say_void(plan, changed, wish)
        return await carry_out(acting, loaded, plan, wish)

    return with_acting(options, use, as_json=wish.as_json)


def said_again(consent: dict[str, Any]) -> str:
    """Return the options of a first call, for the second."""
    words = [] if consent["reason"] else ["--reason", "TEXT"]
    for option in ("reason", "incident"):
        if consent[option]:
            words += [f"--{option}", shlex.quote(consent[option])]
    for name in consent["acknowledge"]:
        words += ["--acknowledge", shlex.quote(name)]
    words += ["--break-glass"] if consent["break_glass"] else []
    return "".join(f" {word}" for word in words)
