"""How an action went: its phases while it runs, and the one word at its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.acting.action import NO_REASON, Check, PlanHash, PlanId, Reason, Weights
from modeltui.domain.names import UNKNOWN, Instant, TargetKey, Unknown
from modeltui.domain.text import SafeText


class Outcome(StrEnum):
    """How it ended. Nothing is called failed that may have happened."""

    VERIFIED = "verified"
    """The controller has it, the metrics show it serving, the signals are within their limits."""
    PARTIAL = "partial"
    """It took, and not all of it: a later step failed, serving cannot be observed, or the signals are not well."""
    FAILED = "failed"
    """The backend said no to the first write, or has gone back: nothing of it is in force."""
    REFUSED = "refused"
    """Nothing was sent: a guard, a policy or a world that moved."""
    UNKNOWN = "unknown"
    """Something was sent, and nobody can say whether it took. Look, do not repeat."""


class Phase(StrEnum):
    """Where an action is; in this order, though some are skipped."""

    PREPARING = "preparing"
    PREPARED = "prepared"
    """The runner read the world and agrees with the plan: it waits for GO."""
    MOVED = "moved"
    """The premise no longer holds; `says` names what moved. Nothing was sent."""
    INTENT = "intent"
    """The intent is on disk."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The controller reads back as planned."""
    SERVING = "serving"
    """The metrics show the planned versions answering."""
    HEALTHY = "healthy"
    """What made us act is within its limits, and nothing else left them."""
    WAITING = "waiting"
    """Still at the phase before; `says` names what is waited for."""
    DONE = "done"
    """The outcome is written."""
    SNAPPED_BACK = "snapped-back"
    """After the outcome, something undid it."""


@dataclass(frozen=True, slots=True)
class Report:
    """The end of an action, as its journal line has it."""

    plan_id: PlanId
    plan_hash: PlanHash
    target: TargetKey
    outcome: Outcome
    because: SafeText
    remedy: SafeText = SafeText("")
    requested_at: Instant | Unknown = UNKNOWN
    sent_at: Instant | Unknown = UNKNOWN
    """When the first byte of the first write left."""
    accepted_at: Instant | Unknown = UNKNOWN
    serving_at: Instant | Unknown = UNKNOWN
    healthy_at: Instant | Unknown = UNKNOWN
    serving: Weights = ()
    """Observed at the end; empty where nobody could see it."""
    seq: int | Unknown = UNKNOWN
    """Its place in the journal; unknown when the journal could not be written."""
    checks: tuple[Check, ...] = ()
    """What the runner found, where it refused."""
    reason: Reason = NO_REASON


@dataclass(frozen=True, slots=True)
class Progress:
    """One message of the runner to whoever watches."""

    phase: Phase
    at: Instant
    says: SafeText = SafeText("")
    report: Report | Unknown = UNKNOWN
    """With DONE."""
    checks: tuple[Check, ...] = ()
    """With PREPARED: what the runner checked itself."""


_EXIT_CODES = {Outcome.VERIFIED: 0, Outcome.PARTIAL: 1, Outcome.FAILED: 1, Outcome.REFUSED: 3, Outcome.UNKNOWN: 4}


def exit_code(outcome: Outcome) -> int:
    """Return the exit code of a command that ends like this."""
    return _EXIT_CODES[outcome]
