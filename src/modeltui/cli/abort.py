"""`modeltui abort`: stop a rollout, all traffic to stable."""

from __future__ import annotations

import shlex
from typing import Any

import click

from modeltui.cli.rollback import act, said_again
from modeltui.cli.wishes import consenting, program, request_of, wish_of
from modeltui.config.load import Options
from modeltui.domain.acting.action import ActionKind

HELP = """Stop the rollout on MODEL@ENV: all traffic goes to the stable version.

On a terminal one letter is asked for. Without one the plan and its hash are printed (exit code 3), and the same command
with --plan-hash HASH carries out exactly that plan. A reason is optional.

Exit codes: 0 verified, 1 failed or partial, 2 usage, 3 refused or the world moved, 4 outcome unknown,
130 interrupted."""


@click.command("abort", help=HELP)
@click.argument("target", metavar="MODEL@ENV")
@consenting
@click.pass_obj
def command(options: Options, /, target: str, **consent: Any) -> int:
    """Abort a rollout."""
    again = f"{program(options)} abort {shlex.quote(target)}{said_again(consent).removeprefix(' --reason TEXT')}"
    return act(options, request_of(ActionKind.ABORT, target), wish_of(**consent, again=again, program=program(options)))
