"""Who gets a target next: the rules of a lease, the same in every store that keeps it.

Lease times are wall times of whoever wrote them. A step of a clock frees a lease rather than block a target: what
keeps two writes apart is the comparing write and the fence, not the lease.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import safe_text

SKEW_SECONDS = 5.0
"""Clocks of two operators may differ by this: nobody loses a lease that early, or keeps one that late."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody wants a target."""

    target: TargetKey
    holder: Actor
    plan_id: PlanId
    kind: ActionKind
    breaks_others: bool
    lease_seconds: float = LEASE_SECONDS
    says: str = ""
    """Who claims it, so that two runs of one plan are told apart; it stands in the lease until it is renewed."""


def is_in_force(lease: Lease, now: Instant, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Tell whether a lease still counts; one that ends later than any lease can was written by a clock that is off."""
    left = lease.expires_at - now
    return -min(SKEW_SECONDS, lease_seconds) < left <= lease_seconds + SKEW_SECONDS


def taken(current: Lease | Unknown, last_fence: int, claim: Claim, now: Instant) -> Lease:
    """Return the lease after a claim: ours with a new fence, ours as it was but longer, or the other's."""
    if not isinstance(current, Missing) and is_in_force(current, now, claim.lease_seconds):
        is_same_plan = current.plan_id == claim.plan_id
        if is_same_plan and current.says == safe_text(claim.says):  # asked again, perhaps after a lost answer
            return _longer(current, now, claim.lease_seconds)
        if is_same_plan or not claim.breaks_others:
            return current
    return Lease(
        claim.target,
        claim.holder,
        claim.plan_id,
        claim.kind,
        fence=last_fence + 1,
        taken_at=now,
        expires_at=Instant(now + claim.lease_seconds),
        says=safe_text(claim.says),
    )


def renewed(
    current: Lease | Unknown, lease: Lease, says: str, now: Instant, lease_seconds: float = LEASE_SECONDS
) -> Lease | Unknown:
    """Return our lease with a later end; unknown when somebody else took or broke it."""
    if isinstance(current, Missing) or not is_same(current, lease):
        return UNKNOWN
    return replace(_longer(current, now, lease_seconds), says=safe_text(says))


def is_same(one: Lease, other: Lease) -> bool:
    """Tell whether two leases are one, at whatever point of its life."""
    return (one.target, one.plan_id, one.fence) == (other.target, other.plan_id, other.fence)


def _longer(lease: Lease, now: Instant, lease_seconds: float) -> Lease:
    return replace(lease, expires_at=Instant(now + lease_seconds))
