"""What serves at one moment, as an entry for the journal: seen by the metrics, else as the controller was told."""

from __future__ import annotations

from modeltui.domain.action import Weights
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.identity import Actor
from modeltui.domain.journal_details import Evidence, serving_details
from modeltui.domain.names import Missing, VersionId
from modeltui.domain.record import Entry, RecordKind
from modeltui.domain.rollout import Rollout


def observations(fleet: Fleet, actor: Actor) -> tuple[Entry, ...]:
    """Return one entry for each target of which anybody says what serves; nothing is said of the others."""
    found = (_observation(fleet, target, actor) for _, target in sorted(fleet.targets.items()))
    return tuple(entry for entry in found if entry is not None)


def _observation(fleet: Fleet, target: Target, actor: Actor) -> Entry | None:
    serving, evidence = _serving(target)
    if not serving:
        return None
    details = serving_details(serving, target.stable, target.candidate, evidence)
    return Entry(RecordKind.SERVING_OBSERVED, fleet.at, actor, fleet.context.name, target.key, details=details)


def _serving(target: Target) -> tuple[Weights, Evidence]:
    """Return who answers what share, and who says so: the metrics are nearer to the truth than any intention."""
    observed = [(one.version, one.observed) for one in target.versions if not isinstance(one.observed, Missing)]
    if observed:
        return _sorted(observed), Evidence.METRICS
    rollout = target.rollout
    if isinstance(rollout, Rollout):
        told = list(rollout.weights.items())
        # A pointer names a version and no share; a controller that keeps shares has a token for them.
        return _sorted(told), Evidence.REGISTRY if isinstance(rollout.revision, Missing) else Evidence.CONTROLLER
    return (), Evidence.REGISTRY


def _sorted(pairs: list[tuple[VersionId, float]]) -> Weights:
    return tuple(sorted(((version, share) for version, share in pairs if share > 0), key=lambda one: (-one[1], one[0])))
