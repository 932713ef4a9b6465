"""Which version served a target when, and how well: kept from what was observed, for the last known good."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modeltui.domain.health import Level
from modeltui.domain.names import Instant, VersionId

MOST_SPANS = 32
"""Kept per target; the journal keeps the rest."""


@dataclass(frozen=True, slots=True)
class ServingSpan:
    """One stretch of time in which a version answered requests on a target."""

    version: VersionId
    started_at: Instant
    """First seen; it may have served before anybody looked."""
    last_seen_at: Instant
    share: float
    """Highest observed share of the traffic, 0 to 1."""
    healthy_seconds: float = 0.0
    """How long all judged signals were within their limits, while it had the share that proves something."""
    worst: Level = Level.OK
    last_healthy_at: Instant = Instant(0.0)
    breached_at: Instant = Instant(0.0)
    """When it was last in breach; 0 when never."""

    @property
    def is_in_breach(self) -> bool:
        """Tell whether a breach is the last thing that was seen of it."""
        return self.breached_at > self.last_healthy_at


def observe(
    spans: tuple[ServingSpan, ...],
    version: VersionId,
    share: float,
    level: Level,
    at: Instant,
    *,
    longest_gap_seconds: float,
    proving_share: float,
) -> tuple[ServingSpan, ...]:
    """Return the spans after `version` was seen at `at` with `share` of the traffic and this worst level.

    Time between two looks counts as healthy only when both were, and lay no further apart than the gap.
    """
    position = next((i for i in range(len(spans) - 1, -1, -1) if spans[i].version == version), -1)
    if position < 0 or at - spans[position].last_seen_at > longest_gap_seconds:
        fresh = ServingSpan(version, at, at, share)
        return (*spans, _counted(fresh, share, level, at, 0.0, proving_share))[-MOST_SPANS:]
    span = spans[position]
    if at <= span.last_seen_at:
        return spans
    elapsed = at - span.last_seen_at if span.last_healthy_at == span.last_seen_at else 0.0
    seen = replace(span, last_seen_at=at, share=max(span.share, share))
    counted = _counted(seen, share, level, at, elapsed, proving_share)
    return (*spans[:position], counted, *spans[position + 1 :])


def _counted(
    span: ServingSpan, share: float, level: Level, at: Instant, elapsed: float, proving_share: float
) -> ServingSpan:
    if level is Level.BREACH:
        return replace(span, worst=max(span.worst, level), breached_at=at)
    if level is Level.OK and share >= proving_share:
        return replace(span, healthy_seconds=span.healthy_seconds + elapsed, last_healthy_at=at)
    return replace(span, worst=max(span.worst, level))
