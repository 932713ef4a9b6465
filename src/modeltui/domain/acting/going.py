"""What still stands between a plan and its execution, once the operator has said GO."""

from __future__ import annotations

from collections.abc import Iterable

from modeltui.domain.acting.access import with_broken_glass
from modeltui.domain.acting.action import ActionKind, Consent, GuardLevel, Plan, Refusal
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.acting.approving import Standing, approval_standing, is_same_person
from modeltui.domain.acting.overruling import glass_command
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText, safe_text

_PLAN_AGAIN = SafeText("plan again and confirm that plan")


def objection_to(
    plan: Plan,
    consent: Consent,
    permission: Permission,
    decisions: Iterable[GivenApproval],
    actor: Actor,
    now: Instant,
) -> Refusal | None:
    """Return why the plan must not be executed on this consent; `None` when nothing stands against it.

    Expiry by boot time and a moved world are not looked at here.
    """
    return _about_consent(plan, consent, now) or _about_rules(plan, consent, permission, decisions, actor, now)


def overrules(plan: Plan, consent: Consent, permission: Permission) -> bool:
    """Tell whether the consent breaks the glass, and there is something behind it."""
    held_up = not permission.is_allowed or permission.second_person or plan.guard is GuardLevel.SECOND_PERSON
    return consent.break_glass and permission.break_glass and held_up


def _about_consent(plan: Plan, consent: Consent, now: Instant) -> Refusal | None:
    if consent.plan_hash != plan.hash:
        return Refusal(SafeText("the consent is for another plan"), _PLAN_AGAIN)
    if now >= plan.expires_at:
        return Refusal(SafeText("the plan has expired"), _PLAN_AGAIN)
    if consent.guard < plan.guard:
        says = f"the plan needs guard {int(plan.guard)}, and guard {int(consent.guard)} was passed"
        return Refusal(safe_text(says), _PLAN_AGAIN)
    if plan.guard >= GuardLevel.IDENTITY:
        missing = [check.name for check in plan.flags if check.name not in consent.acknowledged]
        if missing:
            return Refusal(safe_text(f"not acknowledged: {', '.join(missing)}"), SafeText("acknowledge each flag"))
        if not consent.reason.text.strip():
            return Refusal(SafeText("no reason is given"), SafeText("say why, in a sentence"))
    if consent.break_glass and not consent.reason.incident.strip():
        return Refusal(SafeText("break-glass without an incident"), SafeText("name the incident's id"))
    return None


def _or_break(plan: Plan, permission: Permission) -> str:
    """Return the loud way, where the rules leave one."""
    if not permission.break_glass:
        return ""
    weights = plan.to.weights if plan.kind is ActionKind.WEIGHTS else ()
    return f"; or, with an incident: {glass_command(plan.kind, plan.target, plan.version, weights)}"


def _about_rules(
    plan: Plan,
    consent: Consent,
    permission: Permission,
    decisions: Iterable[GivenApproval],
    actor: Actor,
    now: Instant,
) -> Refusal | None:
    breaks = overrules(plan, consent, permission)
    ruled = with_broken_glass(permission) if breaks else permission
    if not ruled.is_allowed:
        return Refusal(ruled.says, safe_text(f"ask somebody who may{_or_break(plan, permission)}", 400))
    if not actor.assurance.is_at_least(ruled.assurance):
        says = f"{actor.principal} is known by {actor.assurance.value} only; {ruled.assurance.value} is needed"
        return Refusal(safe_text(says), SafeText("show who you are, by a key of your ssh agent"))
    standing = approval_standing(plan.hash, plan.actor, decisions, now)
    if standing.standing is Standing.DENIED:
        return Refusal(standing.says, SafeText("talk to whoever denied it; a new plan needs a new approval"))
    if breaks or not (ruled.second_person or plan.guard is GuardLevel.SECOND_PERSON):
        return None
    others = [grant for grant in standing.granted if not is_same_person(grant.by, actor)]
    if standing.standing is Standing.GRANTED and others:
        return None
    says = standing.says if not standing.granted else safe_text("whoever approved it must not execute it alone")
    return Refusal(says, safe_text(f"ask a second person: modeltui approve{_or_break(plan, permission)}", 400))
