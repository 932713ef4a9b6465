"""Which version served a target when, and how well: kept from what was observed, for the last known good."""

from __future__ import annotations

from dataclasses import dataclass

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
        return _kept((*spans, _seen(fresh, share, level, at, 0.0, proving_share)))
    span = spans[position]
    if at <= span.last_seen_at:
        return spans
    elapsed = at - span.last_seen_at if span.last_healthy_at == span.last_seen_at else 0.0
    return (*spans[:position], _seen(span, share, level, at, elapsed, proving_share), *spans[position + 1 :])


def merged(past: tuple[ServingSpan, ...], live: tuple[ServingSpan, ...]) -> tuple[ServingSpan, ...]:
    """Return one account of what a backend remembers and what was seen here: the same stretch is told once."""
    spans = list(past)
    for span in live:
        place = next((i for i, other in enumerate(spans) if _overlap(span, other)), -1)
        if place < 0:
            spans.append(span)
        else:
            spans[place] = _together(span, spans[place])
    return _kept(tuple(sorted(spans, key=lambda span: span.started_at)))


def _overlap(one: ServingSpan, other: ServingSpan) -> bool:
    same = one.version == other.version
    return same and one.started_at <= other.last_seen_at and other.started_at <= one.last_seen_at


def _together(one: ServingSpan, other: ServingSpan) -> ServingSpan:
    return ServingSpan(
        one.version,
        min(one.started_at, other.started_at),
        max(one.last_seen_at, other.last_seen_at),
        max(one.share, other.share),
        max(one.healthy_seconds, other.healthy_seconds),
        max(one.worst, other.worst),
        max(one.last_healthy_at, other.last_healthy_at),
        max(one.breached_at, other.breached_at),
    )


def _kept(spans: tuple[ServingSpan, ...]) -> tuple[ServingSpan, ...]:
    """Drop what was seen longest ago: a version that has served for months is not the oldest news."""
    if len(spans) <= MOST_SPANS:
        return spans
    oldest = sorted(spans, key=lambda span: span.last_seen_at)[: len(spans) - MOST_SPANS]
    return tuple(span for span in spans if span not in oldest)


def _seen(
    span: ServingSpan, share: float, level: Level, at: Instant, elapsed: float, proving_share: float
) -> ServingSpan:
    healthy = level is Level.OK and share >= proving_share
    return ServingSpan(
        span.version,
        span.started_at,
        at,
        max(span.share, share),
        span.healthy_seconds + elapsed if healthy else span.healthy_seconds,
        max(span.worst, level),
        at if healthy else span.last_healthy_at,
        at if level is Level.BREACH else span.breached_at,
    )
