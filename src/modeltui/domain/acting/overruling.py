"""The way past a rule that holds somebody up, in the words that have to be typed: the screens have no key for it."""

from __future__ import annotations

from modeltui.domain.acting.action import ActionKind, Weights
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.wording import command_text
from modeltui.domain.names import Missing, TargetKey, Unknown, VersionId

_AND_AN_INCIDENT = ("--break-glass", "--incident", "ID", "--reason", "TEXT")


def glass_command(kind: ActionKind, target: TargetKey, version: VersionId | Unknown, weights: Weights = ()) -> str:
    """Return the command that breaks the glass for one action: loud, with an incident that others can look up."""
    key = str(target)
    if kind is ActionKind.ROLLBACK:
        to = () if isinstance(version, Missing) else ("--to", version)
        return command_text("modeltui", "rollback", key, *to, *_AND_AN_INCIDENT)
    shares = ("--weights", ",".join(f"{name}={share:g}" for name, share in weights)) if weights else ()
    planning = command_text("modeltui", "plan", kind.value, key, *shares, "--break-glass", "--out", "plan.json")
    return f"{planning}, then {command_text('modeltui', 'apply', 'plan.json', *_AND_AN_INCIDENT)}"


def way_past(request: ActionRequest, version: VersionId | Unknown, permission: Permission) -> str:
    """Return what is left to do in a freeze window."""
    if not permission.break_glass:
        return "wait until it ends, or ask the platform team that keeps the rules"
    command = glass_command(request.kind, request.target, version, request.weights)
    return f"wait until it ends; or, with an incident, on the command line: {command}"
