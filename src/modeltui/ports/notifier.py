"""Telling people elsewhere what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from modeltui.domain.names import UNKNOWN, Instant, TargetKey, Unknown
from modeltui.domain.text import SafeText

if TYPE_CHECKING:  # a configuration names occasions, and who only looks loads nothing of acting
    from modeltui.domain.acting.action import PlanHash, PlanId


class Occasion(StrEnum):
    """What people are told of."""

    OUTCOME = "outcome"
    UNKNOWN_OUTCOME = "unknown-outcome"
    BREAK_GLASS = "break-glass"
    SNAPPED_BACK = "snapped-back"
    APPROVAL_ASKED = "approval-asked"
    FOUND_OUT = "found-out"
    """What was unknown or failed turned out otherwise, and not as planned: somebody still has to look."""
    SETTLED = "settled"
    """What somebody had to look at is verified now, or was put right by a later action."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, the same for every sink."""

    id: SafeText
    """Delivered at least once: who gets it twice knows it by this."""
    occasion: Occasion
    at: Instant
    context: SafeText
    target: TargetKey
    headline: SafeText
    """One line."""
    facts: Mapping[SafeText, SafeText]
    """Label and value, in the order to show."""
    plan_id: PlanId | Unknown = UNKNOWN
    plan_hash: PlanHash | Unknown = UNKNOWN
    journal_head: SafeText | Unknown = UNKNOWN
    """Hash of the newest record: who keeps the message keeps a witness."""


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What waits and what was lost: for `doctor`, and for whoever wonders why nobody was told."""

    waiting: int
    oldest_at: Instant | Unknown
    given_up: int
    """Notices that at least one sink never got; they lie in `given-up/`."""
    says: tuple[SafeText, ...] = ()
    """The last trouble of each sink."""


class Notifier(Protocol):
    """Takes messages and delivers them by and by; an action never waits for it and never fails by it."""

    def tells(self, occasion: Occasion) -> bool:
        """Tell whether anybody wants to know of this."""
        ...

    async def put(self, notice: Notice) -> bool:
        """Keep a notice until it is delivered; return whether it is on disk.

        It is not where nobody wants it, or where it cannot be kept: a lost one is counted. Raises nothing. One that
        waits already, with the same id and moment, stays as it is.
        """
        ...

    async def deliver(self, *, deadline_seconds: float) -> int:
        """Try what is due, within the time; return how many are still undelivered."""
        ...

    async def state(self) -> OutboxState:
        """Return what waits and what was given up."""
        ...
