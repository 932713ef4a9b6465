"""What a face may ask for besides looking. It holds no writer: plans go to the actor process."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from modeltui.domain.acting.action import ActionKind, Consent, Plan, Reason, Refusal
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.identity import Actor
from modeltui.domain.names import NoData, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.action_runner import RunningAction
from modeltui.ports.journal import JournalReader

if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.suspects.suspect import Suspect

UNLOCKED_SECONDS = 900.0
"""Writes lock themselves again after this."""


@dataclass(frozen=True, slots=True)
class WritesState:
    """Whether anything may be written from here."""

    are_on: bool
    left_seconds: float | Unknown
    """Until they lock themselves, by boot time; unknown while they are off or without an end."""
    says: SafeText
    """While off: why, and how to change it."""
    can_unlock: bool


class Acting(Protocol):
    """One session's way to act in one context.

    A session that may only look has none: its faces get a `Refusal` instead, which says why and who can.
    """

    @property
    def journal(self) -> JournalReader:
        """The record of this context."""
        ...

    @property
    def writes(self) -> WritesState:
        """Whether writes are on now."""
        ...

    async def actor(self) -> Actor:
        """Return who sits here."""
        ...

    async def read_rules(self) -> None:
        """Read the platform's rules anew: `permission` answers by what they said last; all else reads them itself."""
        ...

    async def unlock(self, reason: SafeText) -> Refusal | WritesState:
        """Switch writes on for `UNLOCKED_SECONDS`; the reason goes into the journal."""
        ...

    async def lock(self) -> None:
        """Switch writes off now."""
        ...

    def permission(self, kind: ActionKind, target: TargetKey) -> Permission | Refusal:
        """Return at once whether such an action could be asked for: for keys that are listed with their reason.

        A refusal says what stands in the way: writes are off, no writer for this source, no rollout to abort.
        """
        ...

    async def plan(self, request: ActionRequest) -> Plan | Refusal:
        """Return what would be done, from a fresh look; both answers are written down in the journal.

        Works with writes off too: a plan harms nobody.
        """
        ...

    async def suspect(self, target: TargetKey) -> Suspect | NoData:
        """Return what may be behind what is wrong on a target; reads what is not known, and waits briefly."""
        ...

    async def may_go(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Return what still stands between a plan and GO: locked writes, a missing approval, an open flag, expiry."""
        ...

    def start(self, plan: Plan) -> AbstractAsyncContextManager[RunningAction]:
        """Start the actor process with a plan; it waits for GO."""
        ...

    async def ask_approval(self, plan: Plan, reason: Reason) -> ApprovalRequest | Refusal:
        """Put the plan where a second person sees it."""
        ...

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what waits for a second person here."""
        ...

    async def decide(self, plan_hash_or_id: str, decision: Decision, reason: SafeText) -> GivenApproval | Refusal:
        """Grant or deny somebody else's plan; refused to the one who asked."""
        ...

    async def reviewed(self, plan_hash_or_id: str) -> tuple[Plan, tuple[SafeText, ...]] | Refusal:
        """Return a waiting plan, and what moved since it was made: what an approver reads before the decision."""
        ...
