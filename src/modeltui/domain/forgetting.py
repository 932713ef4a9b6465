"""What nobody wants and nobody sees leaves the fleet; what a silent source hides stays, and grows old."""

from __future__ import annotations

from modeltui.domain.fleet import Fleet, ServedVersion, SourceCondition, SourceKind, Target
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.rollout import Rollout

FORGET_AFTER_SECONDS = 600.0
"""Two windows of five minutes: nothing of it is in any number any more."""


def is_forgotten(target: Target, version: ServedVersion, now: Instant) -> bool:
    """Tell whether a version has no more business on a target, given that its sources have answered."""
    return not _is_named(target, version) and now - version.last_seen_at > FORGET_AFTER_SECONDS


def to_forget(fleet: Fleet) -> frozenset[TargetKey]:
    """Return the targets that no source speaks of any more.

    Only when every metrics source answers: silence of a source is no evidence about its targets.
    """
    metrics = [source for source in fleet.sources.values() if source.kind is SourceKind.METRICS]
    if any(source.condition(fleet.at) is not SourceCondition.FRESH for source in metrics):
        return frozenset()
    return frozenset(
        key
        for key, target in fleet.targets.items()
        if isinstance(target.rollout, Missing)
        and all(is_forgotten(target, version, fleet.at) for version in target.versions)
    )


def _is_named(target: Target, version: ServedVersion) -> bool:
    rollout = target.rollout
    if not isinstance(rollout, Rollout):
        return False
    return version.version in (rollout.stable, rollout.candidate, rollout.shadow, *rollout.weights)
