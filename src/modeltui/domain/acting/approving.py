"""What a second person may say to a plan, and what all that was said comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.acting.access import AccessPolicy, demanding, permit
from modeltui.domain.acting.action import ActionKind, PlanHash
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.authors import is_author
from modeltui.domain.acting.deed import deed_of
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.text import SafeText, safe_text

_ORDER = list(Assurance)
CLOCK_SKEW_SECONDS = 60.0
"""An approver's clock may be ahead of ours by this; a grant from further in the future does not count yet."""


def permit_approval(
    policy: AccessPolicy,
    approver: Actor,
    requester: Actor,
    kind: ActionKind,
    target: TargetKey,
    *,
    is_last_known_good: bool,
    production: bool,
    now: Instant,
    authors: tuple[SafeText, ...] = (),
) -> Permission:
    """Return whether somebody may grant another one's plan; denying one is open to everybody."""
    if is_same_person(approver, requester):
        return Permission(False, safe_text(f"{approver.principal} asked for it: somebody else must approve"))
    if is_author(approver, authors):
        says = f"{approver.principal} made the version, by its registry: somebody else must approve"
        return Permission(False, safe_text(says))
    deed = deed_of(kind, is_last_known_good=is_last_known_good)
    rules = [rule for rule in policy.rules if rule.concerns(deed, target, production=production)]
    demanded = [rule.assurance for rule in demanding(policy, rules, approver)]
    assurance = max([Assurance.OS_USER, *demanded], key=_ORDER.index)
    if not approver.assurance.is_at_least(assurance):
        says = f"{approver.principal} is not surely known: approving needs {assurance.value}"
        return Permission(False, safe_text(says), assurance=assurance)
    if policy.approvers:
        if policy.gives(policy.approvers, approver):
            return Permission(True, safe_text(f"{approver.principal} may approve"), assurance=assurance)
        return Permission(False, safe_text(f"only {', '.join(sorted(policy.approvers))} may approve"))
    own = permit(policy, approver, kind, target, is_last_known_good=is_last_known_good, production=production, now=now)
    # A freeze holds up who acts, not who looks at the plan; the requester's own permission says so.
    says = f"{approver.principal} may approve" if own.is_allowed or own.frozen else own.says
    return Permission(bool(own.is_allowed or own.frozen), safe_text(says), assurance=assurance)


def is_same_person(one: Actor, other: Actor) -> bool:
    """Tell whether two actors are, or may well be, the same person: under another name, or in another session.

    Two keys behind one account are two people; one account without proof of who sits there is one. A key shown on one
    machine proves nobody else than the account of the same name on another, where no key was shown.
    """
    if one.principal == other.principal:
        return True
    if not isinstance(one.ssh_key, Missing) and not isinstance(other.ssh_key, Missing):
        return one.ssh_key == other.ssh_key
    if isinstance(one.ssh_key, Missing) != isinstance(other.ssh_key, Missing):
        return bool(one.os_user) and one.os_user == other.os_user
    return bool(one.os_user) and (one.os_user, one.host) == (other.os_user, other.host)


class Standing(StrEnum):
    """What all decisions on one plan come to."""

    WAITING = "waiting"
    GRANTED = "granted"
    DENIED = "denied"
    """One no is enough, also after a yes, and whatever is said later."""
    EXPIRED = "expired"
    """Granted once, too long ago."""


@dataclass(frozen=True, slots=True)
class ApprovalStanding:
    """Where a plan stands with its second person."""

    standing: Standing
    says: SafeText
    granted: tuple[GivenApproval, ...] = ()
    """The grants that count."""


def approval_standing(
    plan_hash: PlanHash, requester: Actor, decisions: Iterable[GivenApproval], now: Instant
) -> ApprovalStanding:
    """Return what the decisions on exactly this plan come to; a grant by whoever asked counts for nothing."""
    ours = [decision for decision in decisions if decision.plan_hash == plan_hash]
    for decision in ours:
        if decision.decision is Decision.DENY:
            says = f"denied by {decision.by.principal}: {decision.reason}"
            return ApprovalStanding(Standing.DENIED, safe_text(says))
    grants = [decision for decision in ours if not is_same_person(decision.by, requester)]
    valid = tuple(grant for grant in grants if grant.at <= now + CLOCK_SKEW_SECONDS and now < grant.expires_at)
    if valid:
        return ApprovalStanding(Standing.GRANTED, safe_text(f"approved by {valid[0].by.principal}"), valid)
    if grants:
        return ApprovalStanding(Standing.EXPIRED, safe_text(f"the approval by {grants[0].by.principal} has expired"))
    return ApprovalStanding(Standing.WAITING, safe_text("waits for a second person"))
