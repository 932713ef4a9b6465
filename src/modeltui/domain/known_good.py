"""The newest version on a target that is known to have served well: by evidence, never 'number minus one'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modeltui.domain.history import ServingSpan
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown, VersionId
from modeltui.domain.rollout import ServingRecord


@dataclass(frozen=True, slots=True)
class KnownGood:
    """A version to go back to, and why it is trusted."""

    version: VersionId
    served_from: Instant
    served_until: Instant
    healthy_seconds: float
    """Time within all limits that was seen here; 0 when only the controller's record speaks for it."""
    by_controller: bool
    """The controller's own record says that it passed its gates."""


def last_known_good(
    spans: Iterable[ServingSpan],
    records: Iterable[ServingRecord],
    *,
    now: Instant,
    proven_after_seconds: float,
) -> KnownGood | Unknown:
    """Return the version that most recently served with all gates passed, and is not in breach since."""
    trusted = known_good_versions(spans, records, now=now, proven_after_seconds=proven_after_seconds)
    return trusted[0] if trusted else UNKNOWN


def known_good_versions(
    spans: Iterable[ServingSpan],
    records: Iterable[ServingRecord],
    *,
    now: Instant,
    proven_after_seconds: float,
) -> tuple[KnownGood, ...]:
    """Return every version that is known to be good, the one that served last first.

    Two kinds of evidence count: what was observed here, and what the controller recorded. A breach seen later
    takes either away.
    """
    candidates: dict[VersionId, KnownGood] = {}
    breached: set[VersionId] = set()
    for record in records:
        if record.passed_gates:
            until = now if isinstance(record.ended_at, Missing) else record.ended_at
            _keep_newest(candidates, KnownGood(record.version, record.started_at, until, 0.0, True))
    for span in spans:
        if span.is_in_breach:
            breached.add(span.version)
        elif span.healthy_seconds >= proven_after_seconds:
            breached.discard(span.version)
            seen = KnownGood(span.version, span.started_at, span.last_seen_at, span.healthy_seconds, False)
            _keep_newest(candidates, seen)
    trusted = [good for good in candidates.values() if good.version not in breached]
    return tuple(sorted(trusted, key=lambda good: (good.served_until, good.served_from), reverse=True))


def _keep_newest(candidates: dict[VersionId, KnownGood], good: KnownGood) -> None:
    known = candidates.get(good.version)
    if known is None or known.served_until <= good.served_until:
        candidates[good.version] = good
