"""`modeltui plan rollback|abort|promote|weights`: what would be done, and nothing else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modeltui.cli.acting_session import say_refusal, with_acting
from modeltui.cli.carrying_out import show_plan
from modeltui.cli.output import data, note
from modeltui.cli.wishes import program, request_of, seconds_of, shares_of, weights_of
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.action import ActionKind, Plan, Refusal
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Missing, NoData
from modeltui.domain.text import safe_text
from modeltui.ports.acting import Acting
from modeltui.present.times import both_times

if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.suspects.suspect import Suspect

_SHARES = "Give the version to go to these percentages one after the other: 25,50,100."


@click.group("plan", help="Say what an action would do, from a fresh look; nothing is sent.")
def command() -> None:
    """Make plans: to read, to have approved, to carry out with `modeltui apply`."""


def _printing(made: Callable[..., int]) -> Callable[..., int]:
    options = (
        click.option("--out", "out", metavar="FILE", help="Write the plan there, for `modeltui apply FILE`."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        click.option("--break-glass", is_flag=True, help="Plan in spite of a freeze; `apply` needs it again."),
        click.pass_obj,
    )
    for option in reversed(options):
        made = option(made)
    return made


@command.command("rollback", help="Plan to make an earlier version the only one: the last known good unless --to.")
@click.argument("target", metavar="MODEL@ENV")
@click.option("--to", "version", metavar="VERSION", help="Where to; a version other than the last known good.")
@click.option("--shares", metavar="25,50,100", help=_SHARES)
@click.option("--every", metavar="60s", default="60s", show_default=True, help="With --shares: from step to step.")
@_printing
def rollback(
    options: Options,
    target: str,
    version: str | None,
    shares: str | None,
    every: str,
    out: str | None,
    as_json: bool,
    break_glass: bool,
) -> int:
    """Plan a rollback."""
    steps: dict[str, Any] = {"shares": shares_of(shares)} if shares else {}
    request = request_of(
        ActionKind.ROLLBACK,
        target,
        version,
        step_seconds=seconds_of(every, "--every"),
        break_glass=break_glass,
        **steps,
    )
    return _plan(options, request, out, as_json)


@command.command("abort", help="Plan to stop the rollout: all traffic to stable.")
@click.argument("target", metavar="MODEL@ENV")
@_printing
def abort(options: Options, target: str, out: str | None, as_json: bool, break_glass: bool) -> int:
    """Plan an abort."""
    return _plan(options, request_of(ActionKind.ABORT, target, break_glass=break_glass), out, as_json)


@command.command("promote", help="Plan to make the candidate the stable version.")
@click.argument("target", metavar="MODEL@ENV")
@_printing
def promote(options: Options, target: str, out: str | None, as_json: bool, break_glass: bool) -> int:
    """Plan a promotion."""
    return _plan(options, request_of(ActionKind.PROMOTE, target, break_glass=break_glass), out, as_json)


@command.command("weights", help="Plan to give stable and candidate other shares.")
@click.argument("target", metavar="MODEL@ENV")
@click.option("--weights", metavar="V=0.05,V=0.95", required=True, help="What each version shall get; adds up to 1.")
@_printing
def weights(options: Options, target: str, weights: str, out: str | None, as_json: bool, break_glass: bool) -> int:
    """Plan other shares."""
    return _plan(
        options,
        request_of(ActionKind.WEIGHTS, target, weights=weights_of(weights), break_glass=break_glass),
        out,
        as_json,
    )


def _plan(options: Options, request: ActionRequest, out: str | None, as_json: bool) -> int:
    async def make(acting: Acting, loaded: Loaded) -> int:
        plan = await acting.plan(request)
        if isinstance(plan, Refusal):
            return say_refusal(plan, as_json=as_json)
        if out is not None:
            _write(plan, out)
        if out is None or as_json:
            show_plan(loaded, plan, as_json=as_json)
            if not as_json:
                _say_suspect(await acting.suspect(plan.target))
        if out is not None:
            note(f"modeltui: written: {out}; nothing was sent; void at {both_times(plan.expires_at)}")
            note(f"  {program(options)} apply {shlex.quote(out)} --plan-hash {plan.hash}")
        return 0

    return with_acting(options, make, as_json=as_json)


def _say_suspect(suspect: Suspect | NoData) -> None:
    """Say what may be behind it, where that is known: in one line, and only as a suspect."""
    if isinstance(suspect, Missing):
        return
    from modeltui.present.compare_summary import top_line
    from modeltui.present.plan_text import LABEL_WIDTH

    data([f"{'suspect':<{LABEL_WIDTH}}{top_line(suspect)}"])


def _write(plan: Plan, out: str) -> None:
    """Write a plan whole or not at all: half a plan is none."""
    import json

    from modeltui.domain.acting.plan_document import plan_document

    path = Path(out)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(plan_document(plan), stream, ensure_ascii=False, allow_nan=False, indent=2)
            stream.write("\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        says = safe_text(f"{out} cannot be written: {error.strerror}", 300)
        raise ConfigError(str(says), "name another file with --out; nothing was sent") from error
