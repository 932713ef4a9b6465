"""A second person's yes or no to one plan, bound to its hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.acting.action import Plan, PlanHash
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText


class Decision(StrEnum):
    """What the second person said."""

    GRANT = "grant"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A plan that waits for somebody else."""

    plan: Plan
    asked_at: Instant
    expires_at: Instant
    reason: SafeText


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """One decision on one plan."""

    plan_hash: PlanHash
    by: Actor
    decision: Decision
    reason: SafeText
    at: Instant
    expires_at: Instant
    signature: SafeText | Unknown = UNKNOWN
    """An armoured SSH signature over `plan_hash`, decision and time; unknown where none was asked for."""
