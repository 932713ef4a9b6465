"""Who is busy with a target: a courtesy among operators; safety is the comparing write."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.identity import Actor
from modeltui.domain.names import Instant, TargetKey
from modeltui.domain.text import SafeText

LEASE_SECONDS = 120.0
"""An executor that died frees its target after this; renewed every quarter of it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One actor's claim on one target."""

    target: TargetKey
    holder: Actor
    plan_id: PlanId
    kind: ActionKind
    fence: int
    """Grows with every lease on this target: a late write of an earlier holder is recognised by it."""
    taken_at: Instant
    expires_at: Instant
    says: SafeText = SafeText("")
    """Where it is: `verifying`."""
