"""A plan is shown, agreed to, handed to the actor process and followed to its outcome: by hash or at the terminal."""

from __future__ import annotations

import asyncio

from modeltui.cli.acting_session import REFUSED, glyphs_of, say_refusal
from modeltui.cli.output import can_be_typed_at, data, json_object, note
from modeltui.cli.telling import end, interrupted_words, say_progress
from modeltui.cli.wishes import Wish
from modeltui.config.load import Loaded
from modeltui.domain.acting.action import Consent, Plan, Refusal
from modeltui.domain.acting.outcome import Phase, Progress
from modeltui.domain.acting.plan_document import plan_document
from modeltui.domain.acting.wording import approve_command
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.present.plan_text import plan_lines
from modeltui.present.span import plain
from modeltui.present.times import both_times

UNKNOWN_OUTCOME = 4
INTERRUPTED = 130
_SECONDS_A_LINE = 10.0


async def carry_out(acting: Acting, loaded: Loaded, plan: Plan, wish: Wish) -> int:
    """Carry out a plan as the wish says and return the exit code."""
    if wish.plan_hash and wish.plan_hash != plan.hash:
        says = safe_text(f"--plan-hash names another plan: this one is {plan.hash}", 300)
        return say_refusal(Refusal(says, SafeText("look at the plan, and give its hash")), as_json=wish.as_json)
    if not wish.plan_hash and not can_be_typed_at():
        return _how_to_agree(loaded, plan, wish)
    refusal = await _unlocked(acting, plan, wish)
    if refusal is not None:
        return say_refusal(refusal, as_json=wish.as_json)
    if wish.plan_hash:
        return await _by_hash(acting, loaded, plan, wish)
    from modeltui.cli.at_terminal import carry_out_at_terminal

    return await carry_out_at_terminal(acting, loaded, plan, wish)


async def _unlocked(acting: Acting, plan: Plan, wish: Wish) -> Refusal | None:
    """Switch writes on for this command where the context starts with them off; the journal says why."""
    if acting.writes.are_on:
        return None
    if not acting.writes.can_unlock:
        return Refusal(acting.writes.says, SafeText("use a context that may write"))
    why = f": {wish.reason.text}" if wish.reason.text else ""
    state = await acting.unlock(safe_text(f"on the command line, for one {plan.kind.value} of {plan.target}{why}", 500))
    return state if isinstance(state, Refusal) else None


async def _by_hash(acting: Acting, loaded: Loaded, plan: Plan, wish: Wish) -> int:
    consent = Consent(
        plan.hash,
        reason=wish.reason,
        acknowledged=wish.acknowledged,
        guard=plan.guard,
        through=SafeText("plan-hash"),
        break_glass=wish.break_glass,
    )
    refusal = await acting.may_go(plan, consent)
    if refusal is not None:
        return await refused_to_go(acting, plan, wish, refusal)
    has_gone = False
    heard: list[Progress] = []
    try:
        async with acting.start(plan) as running:
            async for progress in running.progress():
                say_progress(progress, heard)
                if progress.phase is Phase.PREPARED and not has_gone:
                    has_gone = True
                    try:
                        await running.go(consent)
                    except ModeltuiError as error:  # it was not told, so there is nothing to look up
                        return say_refusal(
                            Refusal(safe_text(error.title), safe_text(error.remedy)), as_json=wish.as_json
                        )
                if progress.phase is Phase.DONE:
                    break  # the runner goes on watching for a while in case something undoes it
    except asyncio.CancelledError:
        note(interrupted_words(plan, wish, has_gone=has_gone))
        raise
    return end(loaded, plan, heard, wish, has_gone=has_gone)


async def refused_to_go(acting: Acting, plan: Plan, wish: Wish, refusal: Refusal) -> int:
    """Say what stands between a plan and GO; where it is a second person's word, ask for it."""
    from modeltui.domain.acting.action import GuardLevel

    if plan.guard is not GuardLevel.SECOND_PERSON or "second person" not in refusal.remedy:
        return say_refusal(refusal, as_json=wish.as_json)
    asked = await acting.ask_approval(plan, wish.reason)
    if isinstance(asked, Refusal):
        return say_refusal(asked, as_json=wish.as_json)
    remedy = (
        f"a second person runs: {approve_command(plan)}; then, before {both_times(asked.expires_at)}, run "
        f"this again{'' if wish.plan_hash else f': {wish.again} --plan-hash {plan.hash}'}"
    )
    _, loudly, command = str(refusal.remedy).partition("; or, with an incident: ")
    return say_refusal(Refusal(refusal.reason, safe_text(f"{remedy}{loudly}{command}", 800)), as_json=wish.as_json)


def _how_to_agree(loaded: Loaded, plan: Plan, wish: Wish) -> int:
    """Print the plan and how a script agrees to it: without a terminal nobody can be asked."""
    show_plan(loaded, plan, as_json=wish.as_json)
    note(f"modeltui: not done: there is no terminal to ask on; the plan's hash is {plan.hash}")
    note(f"  To carry out exactly this plan before {both_times(plan.expires_at)}:")
    note(f"  {wish.again} --plan-hash {plan.hash}")
    return REFUSED


def show_plan(loaded: Loaded, plan: Plan, *, as_json: bool) -> None:
    """Print a plan: all of it, as data."""
    if as_json:
        json_object(plan_document(plan))
    else:
        data([plain(line).rstrip() for line in plan_lines(plan, glyphs_of(loaded))])
