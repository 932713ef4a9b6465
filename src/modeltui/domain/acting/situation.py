"""Everything that a plan is made from, in one value: nothing else is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modeltui.domain.acting.action import ActionKind, Desired, PlanId, Refusal, WritingPromise
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.acting.permission import Permission
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.known_good import KnownGood, known_good_versions
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version

RECENT_SECONDS = 30 * 86_400.0
"""What was taken back longer ago than this no longer speaks against a version by itself."""


@dataclass(frozen=True, slots=True)
class Timings:
    """By when an action shows, counted from its last write."""

    accepted_seconds: float = 10.0
    """The controller reads back as planned."""
    serving_seconds: float = 60.0
    """The metrics show the planned versions answering: their window comes on top."""
    window_seconds: float = 60.0
    """Over how long observed traffic is counted."""
    healthy_seconds: float = 300.0
    """One whole window of the signal that made us act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One moment, one actor, one target's world."""

    fleet: Fleet
    actor: Actor
    promise: WritingPromise | Refusal
    """What writing through the target's source can promise, or why nothing can be written."""
    permission: Permission
    plan_id: PlanId
    now: Instant
    call: Callable[[Rollout | Unknown, Desired], SafeText]
    """What the backend will be told, in its words."""
    writes_to: SafeText
    """Where that is sent; empty where nothing can be written."""
    provenance: Mapping[VersionId, Provenance] = field(default_factory=dict)
    """Of the version to go to and of what serves; one that is missing was not read."""
    versions: tuple[Version, ...] | Unknown = UNKNOWN
    """The registry's list; unknown where it was not read."""
    lease: Lease | Unknown = UNKNOWN
    """Whose turn it is here; unknown where nobody could say. A lease of ours, or one that ran out, is nobody's."""
    is_lease_known: bool = False
    """Whether the leases could be read: then an unknown lease means that nobody is busy."""
    journal: JournalView | Unknown = UNKNOWN
    """The records of this target; unknown while the journal cannot be read."""
    timings: Timings = Timings()

    def target(self, key: TargetKey) -> Target | Unknown:
        """Return the target as it is known now."""
        return self.fleet.targets.get(key, UNKNOWN)


def trusted_versions(fleet: Fleet, target: Target, now: Instant) -> tuple[KnownGood, ...]:
    """Return every version that is known to be good on a target, the last known good first."""
    records = target.rollout.served if isinstance(target.rollout, Rollout) else ()
    found = known_good_versions(target.spans, records, now=now, proven_after_seconds=fleet.policy.proven_after_seconds)
    first = target.known_good
    if isinstance(first, Missing):
        return found
    return (first, *(good for good in found if good.version != first.version))


def taken_back(
    journal: JournalView | Unknown, target: TargetKey, now: Instant
) -> Mapping[VersionId, Instant] | Unknown:
    """Return the versions that an action took out of service here lately and that no action brought back since."""
    if isinstance(journal, Missing) or not isinstance(journal.error, Missing):
        return UNKNOWN
    intents: dict[object, Record] = {}
    left: dict[VersionId, Instant] = {}
    for record in journal.of(target):
        entry = record.entry
        if entry.kind is RecordKind.ACTION_INTENT:
            intents[entry.plan_id] = record
        elif entry.kind in (RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED):
            intent = intents.get(entry.plan_id)
            took = entry.details.get("outcome") in (Outcome.VERIFIED.value, Outcome.PARTIAL.value)
            if intent is not None and took:
                _follow(left, intent, entry.at)
    return {version: at for version, at in left.items() if now - at <= RECENT_SECONDS}


def _follow(left: dict[VersionId, Instant], intent: Record, at: Instant) -> None:
    details = intent.entry.details
    to = _versions(details.get("to"))
    for version in to:
        left.pop(version, None)
    if details.get("kind") in (ActionKind.ROLLBACK.value, ActionKind.ABORT.value):
        left.update((version, at) for version in _versions(details.get("from")) if version not in to)


def _versions(weights: object) -> tuple[VersionId, ...]:
    """Return the versions in `[[version, "1"], …]`; what is no such list names none."""
    if not isinstance(weights, tuple | list):
        return ()
    named = (pair[0] for pair in weights if isinstance(pair, tuple | list) and len(pair) == 2)
    return tuple(VersionId(SafeText(name)) for name in named if isinstance(name, str))
