"""`modeltui approve ID`: a second person's yes to somebody else's plan."""

from __future__ import annotations

import click

from modeltui.cli.acting_session import glyphs_of, say_refusal, with_acting
from modeltui.cli.output import can_be_typed_at, data, json_object, note
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.action import Plan, Refusal
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.wording import approve_command
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.present.acting_objects import approval_object, waiting_object
from modeltui.present.plan_text import plan_lines
from modeltui.present.span import plain
from modeltui.present.times import both_times

HELP = """Approve somebody else's plan, named by its id or by the beginning of its hash (six digits or more).

The plan is shown again with what has moved since it was made, and on a terminal the end of its hash is asked for.
Without a terminal the whole hash (sha256:…) has to be given. Without ID, what waits for a second person is listed."""


@click.command("approve", help=HELP)
@click.argument("wanted", metavar="[ID]", required=False)
@click.option("--reason", metavar="TEXT", default="", help="Why, for the journal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(options: Options, wanted: str | None, reason: str, as_json: bool) -> int:
    """Grant a plan."""

    async def use(acting: Acting, loaded: Loaded) -> int:
        if wanted is None:
            return await list_pending(acting, loaded, as_json=as_json)
        found = await acting.reviewed(named(wanted))
        if isinstance(found, Refusal):
            return say_refusal(found, as_json=as_json)
        plan, moved = found
        _show(loaded, plan, moved)
        if moved:
            remedy = safe_text(f"nothing to approve any more: {plan.actor} has to plan again")
            return say_refusal(Refusal(safe_text(f"moved: {'; '.join(moved)}", 500), remedy), as_json=as_json)
        refusal = await _asked(loaded, plan, wanted)
        if refusal is not None:
            return say_refusal(refusal, as_json=as_json)
        return say_decision(await acting.decide(plan.hash, Decision.GRANT, safe_text(reason, 500)), as_json=as_json)

    return with_acting(options, use, as_json=as_json)


def named(wanted: str) -> str:
    """Return what an operator typed or copied, without blanks."""
    return str(safe_text(wanted.strip(), 100))


def say_decision(given: GivenApproval | Refusal, *, as_json: bool) -> int:
    """Say what was decided and return the exit code."""
    if isinstance(given, Refusal):
        return say_refusal(given, as_json=as_json)
    if as_json:
        json_object(approval_object(given))
        return 0
    word = "approved" if given.decision is Decision.GRANT else "denied"
    until = f", until {both_times(given.expires_at)}" if given.decision is Decision.GRANT else ""
    data([f"{word}: {given.plan_hash} by {given.by}{until}"])
    return 0


async def list_pending(acting: Acting, loaded: Loaded, *, as_json: bool) -> int:
    """Print what waits for a second person."""
    from modeltui.present.journal_text import approval_lines
    from modeltui.wiring.observing import now

    waiting = await acting.pending()
    if as_json:
        json_object(waiting_object(waiting))
        return 0
    data([plain(line).strip() for line in approval_lines(waiting, now(), glyphs_of(loaded))])
    if not waiting:
        note("modeltui: nothing waits for a second person")
    return 0


def _show(loaded: Loaded, plan: Plan, moved: tuple[SafeText, ...]) -> None:
    for line in plan_lines(plan, glyphs_of(loaded)):
        note(plain(line).rstrip())
    note("since" + " " * 4 + ("; ".join(moved) if moved else "nothing has moved since it was made"))


async def _asked(loaded: Loaded, plan: Plan, wanted: str) -> Refusal | None:
    """Return why it is not approved; `None` once the operator has typed the end of the hash, or given all of it."""
    if not can_be_typed_at():
        if wanted.strip() == plan.hash:
            return None
        return Refusal(
            SafeText("there is no terminal to ask on"),
            safe_text(f"give the whole hash: {approve_command(plan, is_whole=True)}", 400),
        )
    from modeltui.cli.typing_it import typed_at_terminal

    expected = str(plan.hash[-6:])
    what = f"to approve what {plan.actor} asked for"
    says = await typed_at_terminal(plan, expected, f"Type the last 6 of the plan's hash {what}", glyphs_of(loaded))
    return Refusal(safe_text(f"not approved: {says}", 300), SafeText("nothing was decided")) if says else None
