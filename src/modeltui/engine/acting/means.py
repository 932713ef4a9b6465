"""What an action is carried out with, and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from modeltui.domain.acting.action import Consent, Plan, PlanHash
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.acting.permission import Permission
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.identity import Actor
from modeltui.engine.acting.deadlines import DEADLINES, Deadlines
from modeltui.engine.acting.verifier import Reader
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal
from modeltui.ports.leases import Leases
from modeltui.ports.notifier import Notifier
from modeltui.ports.rollout_writer import RolloutWriter

WaitForGo: TypeAlias = Callable[[], Awaitable[Consent | None]]
"""Returns the consent, or `None` when the operator went away: then nothing happens."""
Permit: TypeAlias = Callable[[Plan], Permission]
"""Returns what the platform's rules say now to whoever runs this process."""
Decisions: TypeAlias = Callable[[PlanHash], Awaitable[tuple[GivenApproval, ...]]]
"""Returns what second persons said to a plan: only what they signed, where a signature is demanded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Everything outside that an action touches."""

    writer: RolloutWriter
    journal: Journal
    leases: Leases
    actor: Actor
    """Whoever runs this process."""
    reader: Reader
    clock: Clock
    permission: Permit
    decisions: Decisions
    read_rules: Callable[[], Awaitable[None]] | None = None
    """Reads the rules anew, so that `permission` and `decisions` answer by what they say now."""
    deadlines: Deadlines = DEADLINES
    notifier: Notifier | None = None
    process: str = ""
    """How this process calls itself, for whoever finds its intent without an outcome."""


def title_of(error: Exception) -> str:
    """Return what happened, in one line."""
    return error.title if isinstance(error, ModeltuiError) else "no answer in time"
