"""`modeltui deny ID`: a second person's no; one is enough."""

from __future__ import annotations

import click

from modeltui.cli.acting_session import with_acting
from modeltui.cli.approve import named, say_decision
from modeltui.config.load import Loaded, Options
from modeltui.domain.acting.approval import Decision
from modeltui.domain.text import safe_text
from modeltui.ports.acting import Acting

HELP = """Deny somebody else's plan, named by its id or by the beginning of its hash (six digits or more).

One no ends a plan: it cannot be carried out any more, whoever approved it."""


@click.command("deny", help=HELP)
@click.argument("wanted", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why: whoever asked reads it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(options: Options, wanted: str, reason: str, as_json: bool) -> int:
    """Deny a plan."""

    async def use(acting: Acting, _: Loaded) -> int:
        given = await acting.decide(named(wanted), Decision.DENY, safe_text(reason, 500))
        return say_decision(given, as_json=as_json)

    return with_acting(options, use, as_json=as_json)
