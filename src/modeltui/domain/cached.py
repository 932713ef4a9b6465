"""What the last run knew, put back as what it is now: old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from modeltui.domain.cells import forgetful
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.health import LONGEST_GAP_SECONDS
from modeltui.domain.history import ServingSpan
from modeltui.domain.judging import aged, judge_target, new_target, rejudge
from modeltui.domain.names import UNKNOWN, Instant, TargetKey, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.signal import Sample

MOST_TARGETS = 200
"""The worst ones: what is looked at first; the rest comes live a moment later."""


@dataclass(frozen=True, slots=True)
class CachedTarget:
    """One target of the last run: what was seen, not what was thought of it."""

    key: TargetKey
    samples: tuple[Sample, ...]
    rollout: Rollout | Unknown = UNKNOWN
    spans: tuple[ServingSpan, ...] = ()
    """The evidence for the last known good outlives the program."""


def to_cache(fleet: Fleet) -> tuple[CachedTarget, ...]:
    """Return what is worth keeping of a fleet."""
    return tuple(_cached(target) for target in fleet.worst_first()[:MOST_TARGETS])


def with_cached(fleet: Fleet, cached: Iterable[CachedTarget], saved_at: Instant, now: Instant) -> Fleet:
    """Return a fleet that starts from the last run's: judged as it was then, and then aged until `now`."""
    targets = {}
    for old in cached:
        if fleet.policy.wants(old.key.model):
            empty = replace(new_target(old.key, fleet.policy), rollout=old.rollout, spans=old.spans)
            then = judge_target(empty, old.samples, fleet.policy, saved_at)
            # Once more, now that the last known good is known: it is what the others are compared with.
            then = rejudge(then, old.rollout, fleet.policy, saved_at)
            # That it lives again is no news of the target's own.
            then = replace(aged(then, fleet.policy, now), changes=(), since=UNKNOWN)
            # After a gap nothing may seem to have lasted: only what was measured says since when.
            targets[old.key] = then if now - saved_at <= LONGEST_GAP_SECONDS else _without_memory(then)
    if not targets:
        return fleet
    return replace(fleet.with_targets(targets), cached_at=saved_at, at=now)


def _without_memory(target: Target) -> Target:
    versions = tuple(
        replace(version, cells={name: forgetful(cell) for name, cell in version.cells.items()})
        for version in target.versions
    )
    return replace(target, versions=versions)


def _cached(target: Target) -> CachedTarget:
    samples = tuple(cell.sample for version in target.versions for cell in version.cells.values())
    return CachedTarget(target.key, samples, target.rollout, target.spans)
