"""What the acting commands have in common: their arguments, and what becomes of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from modeltui.config.options import Options
from modeltui.domain.acting.action import ActionKind, Reason, ReasonCode, Weights
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.names import UNKNOWN, Environment, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text

_WHY = [code.value for code in ReasonCode]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a command is to be carried out."""

    reason: Reason = field(default_factory=Reason)
    acknowledged: tuple[SafeText, ...] = ()
    plan_hash: str = ""
    """The plan that is meant; empty: whoever sits at the terminal is asked."""
    break_glass: bool = False
    as_json: bool = False
    again: str = ""
    """The command that carries out a plan that was printed, without its hash."""
    program: str = "modeltui"
    """How the program was called."""


def consenting(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options with which a plan is agreed to."""
    options = (
        click.option(
            "--plan-hash", metavar="HASH", default="", help="Carry out exactly this plan, without a terminal."
        ),
        click.option("--reason", metavar="TEXT", default="", help="Why, for the journal."),
        click.option("--why", type=click.Choice(_WHY), default=ReasonCode.OTHER.value, help="Why, in one word."),
        click.option("--incident", metavar="ID", default="", help="The incident that this belongs to."),
        click.option(
            "--acknowledge", metavar="NAME", multiple=True, help="A check that did not pass, and is accepted; again."
        ),
        click.option(
            "--break-glass", is_flag=True, help="Overrule a freeze or a second person; needs --incident, tells others."
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wish_of(
    plan_hash: str,
    reason: str,
    why: str,
    incident: str,
    acknowledge: tuple[str, ...],
    break_glass: bool,
    as_json: bool,
    again: str = "",
    program: str = "modeltui",
) -> Wish:
    """Return the wish that the options of `consenting` say; raise `UsageError` where they contradict each other."""
    if break_glass and not incident.strip():
        raise click.UsageError("--break-glass needs --incident ID: an incident that others can look up")
    said = Reason(ReasonCode(why), safe_text(reason.strip(), 500), safe_text(incident.strip(), 100))
    names = tuple(safe_text(name) for name in acknowledge)
    return Wish(said, names, plan_hash.strip(), break_glass, as_json, again, program)


def program(options: Options) -> str:
    """Return how the program was called, so that a command that is told can be copied."""
    words = ["modeltui"]
    words += ["--config", shlex.quote(options.config)] if options.config else []
    words += ["--context", shlex.quote(options.context)] if options.context else []
    return " ".join(words)


def target_key(text: str) -> TargetKey:
    """Return the target that `MODEL@ENV` names."""
    model, at_sign, environment = text.rpartition("@")
    if not at_sign or not model or not environment:
        raise click.UsageError(f"{safe_text(text)!r} names no target: write MODEL@ENV, as in fraud-detector@prod-hk")
    return TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment)))


def version_of(text: str | None) -> VersionId | Unknown:
    """Return the version that was named; unknown for the last known good."""
    return VersionId(safe_text(text)) if text else UNKNOWN


def weights_of(text: str) -> Weights:
    """Return the shares that `V=0.05,V=0.95` says; shares may be percentages (`5%`)."""
    pairs: dict[VersionId, float] = {}
    for piece in text.split(","):
        version, equals, share = piece.strip().rpartition("=")
        if not equals or not version:
            raise click.UsageError(f"{safe_text(piece)!r} is no share: write VERSION=0.05,VERSION=0.95")
        pairs[VersionId(safe_text(version))] = share_of(share)
    if abs(sum(pairs.values()) - 1.0) > 1e-6:
        raise click.UsageError(f"the shares add up to {sum(pairs.values()):g}, not to 1")
    return tuple(sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])))


def share_of(text: str) -> float:
    """Return a share, 0 to 1, from `0.05` or `5%`."""
    number = text.strip()
    try:
        share = float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.UsageError(f"{safe_text(text)!r} is no share between 0 and 1 (or 0% and 100%)")
    return share


def shares_of(text: str) -> tuple[float, ...]:
    """Return the steps of a progressive reversion, in percent (`25,50,100`), rising and ending in 100."""
    steps = tuple(share_of(piece if "%" in piece else f"{piece}%") for piece in text.split(","))
    if steps != tuple(sorted(set(steps))) or steps[0] <= 0 or steps[-1] != 1.0:
        raise click.UsageError(f"--shares {safe_text(text)}: write rising percentages that end in 100, as in 25,50,100")
    return steps


def seconds_of(text: str, option: str) -> float:
    """Return a duration: `60s`, `5m`, `1h`, or plain seconds."""
    from modeltui.config.quantity import Quantity, read_amount

    try:
        return read_amount(text.strip(), Quantity.DURATION).value
    except ValueError:
        raise click.UsageError(f"{option} {safe_text(text)!r}: write a duration such as 60s or 5m") from None


def request_of(kind: ActionKind, target: str, version: str | None = None, **more: Any) -> ActionRequest:
    """Return what is asked for."""
    return ActionRequest(kind, target_key(target), version_of(version), **more)
