"""Who is busy with which target."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.lease import Lease
from modeltui.domain.identity import Actor
from modeltui.domain.names import TargetKey


class Leases(Protocol):
    """Shared by all operators; every method raises `JournalUnavailable` when the store cannot be used."""

    async def take(
        self,
        target: TargetKey,
        holder: Actor,
        plan_id: PlanId,
        kind: ActionKind,
        *,
        breaks_others: bool,
        says: str = "",
    ) -> Lease:
        """Return a lease of ours, which `says` so, or the lease of whoever has it.

        That one has another `plan_id`, or is of another run of the same plan and says something else. With
        `breaks_others` the lease of another plan ends: an abort waits for nobody. A lease that has run out is free.
        """
        ...

    async def renew(self, lease: Lease, says: str) -> Lease | None:
        """Return the lease with a later end; `None` when it was broken or has run out and somebody took it."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back; one that is no longer ours is left alone."""
        ...

    async def held(self) -> tuple[Lease, ...]:
        """Return all that are in force."""
        ...
