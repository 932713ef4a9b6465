"""What an approver's signature is made over: the plan by its hash, the decision, the moment."""

from __future__ import annotations

from modeltui.domain.acting.action import PlanHash
from modeltui.domain.acting.approval import Decision
from modeltui.domain.names import Instant

APPROVAL_NAMESPACE = "modeltui-approval"
"""A signature made for anything else does not count here, nor this one there."""


def approval_message(plan_hash: PlanHash, decision: Decision, at: Instant) -> bytes:
    """Return the bytes that are signed; the moment counts to the millisecond."""
    return f"modeltui approval/1\n{plan_hash}\n{decision.value}\n{round(at * 1000)}\n".encode()
