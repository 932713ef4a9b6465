"""Plans that wait for a second person, and what that person said."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.acting.action import PlanHash
from modeltui.domain.acting.approval import ApprovalRequest, GivenApproval


class Approvals(Protocol):
    """Shared by all operators; every method raises `JournalUnavailable` when the store cannot be used."""

    async def ask(self, request: ApprovalRequest) -> None:
        """Put a plan where others see it; asking again for the same plan changes nothing."""
        ...

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what was asked for, has not expired and has no decision yet; oldest first."""
        ...

    async def request(self, plan_hash_or_id: str) -> ApprovalRequest | None:
        """Return one request by its plan's id, its hash, or at least six characters that only its hash begins with."""
        ...

    async def decide(self, approval: GivenApproval) -> None:
        """Add a decision; nothing is ever taken back."""
        ...

    async def decisions(self, plan_hash: PlanHash) -> tuple[GivenApproval, ...]:
        """Return every decision on a plan, oldest first."""
        ...
