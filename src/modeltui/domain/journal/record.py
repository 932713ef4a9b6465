"""One line of the journal: what was asked, refused, done and seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from modeltui.domain.acting.action import NO_REASON, PlanHash, PlanId, Reason
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, TargetKey, Unknown
from modeltui.domain.text import SafeText

Detail: TypeAlias = "str | int | bool | tuple[Detail, ...] | Mapping[str, Detail] | None"
"""What a record may hold. No float: its text would depend on who writes it; a share is the text `0.05`."""


class RecordKind(StrEnum):
    """What a record says; the part before the dot groups them."""

    LOG_OPENED = "log.opened"
    LOG_ROTATED = "log.rotated"
    LOG_RECOVERED = "log.recovered"
    """A torn tail was cut off and kept aside."""
    LOG_CHECKPOINT = "log.checkpoint"
    LOG_ANCHORED = "log.anchored"
    LOG_ANCHOR_FAILED = "log.anchor-failed"
    LOG_SPOOLED = "log.spooled"
    """Records that were written elsewhere while this journal could not be."""
    WRITES_UNLOCKED = "writes.unlocked"
    WRITES_LOCKED = "writes.locked"
    PLAN_MADE = "plan.made"
    PLAN_REFUSED = "plan.refused"
    """The request itself was refused: by a check, the policy, a lease."""
    PLAN_MOVED = "plan.moved"
    PLAN_EXPIRED = "plan.expired"
    PLAN_ABANDONED = "plan.abandoned"
    """Shown, prepared, and not executed: esc, a closed terminal."""
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GRANTED = "approval.granted"
    APPROVAL_DENIED = "approval.denied"
    BREAK_GLASS = "break-glass.used"
    BREAK_GLASS_REVIEWED = "break-glass.reviewed"
    LEASE_TAKEN = "lease.taken"
    LEASE_BROKEN = "lease.broken"
    LEASE_LOST = "lease.lost"
    ACTION_INTENT = "action.intent"
    """On disk before the first byte leaves."""
    ACTION_STEP = "action.step"
    """One write was accepted, refused, or its answer was lost: `details.result`."""
    ACTION_REASON = "action.reason"
    """Why, said afterwards."""
    ACTION_OUTCOME = "action.outcome"
    """Ends an intent."""
    ACTION_RECONCILED = "action.reconciled"
    """An unknown or missing outcome was found out later; ends an intent too."""
    ACTION_SNAPPED_BACK = "action.snapped-back"
    NOTICE_QUEUED = "notice.queued"
    """People elsewhere are told of another record here: the notice is on disk, and whoever starts next need not."""
    SERVING_OBSERVED = "serving.observed"
    """Which version served with which share at one moment: `details.serving`."""
    EXPORTED = "export.created"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record before the journal gives it its place."""

    kind: RecordKind
    at: Instant
    actor: Actor
    context: SafeText
    target: TargetKey | Unknown = UNKNOWN
    plan_id: PlanId | Unknown = UNKNOWN
    plan_hash: PlanHash | Unknown = UNKNOWN
    reason: Reason = NO_REASON
    details: Mapping[str, Detail] = field(default_factory=dict)
    """What belongs to the kind; see `domain/journal/details`."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry in its place in the chain."""

    entry: Entry
    seq: int
    """From 1."""
    previous: SafeText
    """Hash of the record before; of the first, 64 zeros."""
    hash: SafeText


@dataclass(frozen=True, slots=True)
class ChainState:
    """What a look at the chain found."""

    records: int
    head: SafeText | Unknown
    """Hash of the last record; unknown when there is none."""
    first_bad_seq: int | Unknown = UNKNOWN
    """The first record that does not fit; unknown when all do."""
    says: SafeText = SafeText("")
    """What is wrong with it, where something is; else how far it could not have been changed unnoticed."""
    anchored_to_seq: int | Unknown = UNKNOWN
    """Up to here somebody else has seen it; nothing before that can be changed unnoticed."""
    signed_to_seq: int | Unknown = UNKNOWN
    silent: tuple[SafeText, ...] = ()
    """Who may have seen more of it and did not answer when asked."""
    torn_bytes: int = 0
    """At its end, of a record that was never finished: not counted."""

    @property
    def is_whole(self) -> bool:
        """Tell whether every record fits."""
        return self.first_bad_seq is UNKNOWN
