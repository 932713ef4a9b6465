"""What an operator asks for, before anybody has looked whether it can be done."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.acting.action import NO_REASON, ActionKind, Reason, Weights
from modeltui.domain.names import UNKNOWN, TargetKey, Unknown, VersionId


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """One wish."""

    kind: ActionKind
    target: TargetKey
    version: VersionId | Unknown = UNKNOWN
    """Where to roll back to; unknown for the last known good."""
    weights: Weights = ()
    """For WEIGHTS: what each version shall get."""
    shares: tuple[float, ...] = ()
    """Progressive reversion: the share of the version to go to at each step, rising; empty for all at once."""
    step_seconds: float = 60.0
    """Between two steps of a progressive reversion."""
    reason: Reason = NO_REASON
    break_glass: bool = False
    """A freeze window is to be overruled: the plan carries it as a failed check, and GO needs an incident."""
