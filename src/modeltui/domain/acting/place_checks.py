"""What is looked at before acting on the place: what runs there, who else acts, whether its figures can be believed.

As in `checks`, one small function each, with names that are stable; there it is the version that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from modeltui.domain.acting.action import ActionKind, Check
from modeltui.domain.acting.desired import percent_text
from modeltui.domain.acting.finding import failed, passed, unknown, warned
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.wording import names_text
from modeltui.domain.fleet import Fleet, SourceCondition, SourceKind, Target
from modeltui.domain.health import Level
from modeltui.domain.lineage import Known
from modeltui.domain.names import UNKNOWN, Instant, Missing, SourceName, Unknown, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.traffic import counts_for_target

_RECONCILERS = ("argocd", "argo-cd", "argo cd", "fluxcd", "flux", "gitops", "auto-sync", "autosync", "automated sync")


def jobs(target: Target, leaving: Iterable[VersionId]) -> Check:
    """Return whether work in flight is bound to a version that will no longer serve."""
    if not isinstance(target.rollout, Rollout):
        return unknown("jobs", "nobody says whether batch jobs are running")
    left = frozenset(leaving)
    bound = [job for job in target.rollout.jobs if job.version in left]
    if not bound:
        return passed("jobs", "no batch job runs on what is left")
    plural = "s run" if len(bound) > 1 else " runs"
    names = names_text(job.name for job in bound)
    return warned("jobs", f"{len(bound)} batch job{plural} on what is left and will not stop: {names}")


def fresh(fleet: Fleet, target: Target) -> Check:
    """Return whether what is known of the target is recent enough to act on: who should serve, and how it goes."""
    for source in _sources_of(fleet, target):
        state = fleet.sources.get(source)
        condition = state.condition(fleet.at) if state else SourceCondition.CONNECTING
        if condition is SourceCondition.CONNECTING:
            return warned("fresh", f"{source} has not answered yet")
        if condition is not SourceCondition.FRESH:
            return warned("fresh", f"{source} is {condition.value}: what it said of the target is old")
    counted = [served for served in target.versions if counts_for_target(served)]
    stale = [served.version for served in counted if served.level is Level.STALE]
    if stale:
        return warned("fresh", f"the figures of {names_text(stale)} are too old to judge by")
    silent = [served.version for served in counted if served.level is Level.NO_DATA]
    if silent or not counted:
        return unknown("fresh", f"nothing tells how {names_text(silent) or 'any version'} does here")
    return passed("fresh", "controller and figures are up to date")


def freeze(permission: Permission) -> Check:
    """Return whether a freeze window is in force for this."""
    if isinstance(permission.frozen, Missing):
        return passed("freeze", "no freeze window forbids it")
    return failed("freeze", str(permission.frozen))


def busy(lease: Lease | Unknown, kind: ActionKind, now: Instant) -> Check:
    """Return whether somebody else is acting on the target at this moment."""
    if isinstance(lease, Missing):
        return unknown("busy", "nobody could say whether somebody else is acting here")
    if lease.expires_at <= now:
        return passed("busy", "nobody else is acting here")
    says = f"{lease.holder} is busy here: {lease.kind}{f', {lease.says}' if lease.says else ''}"
    return warned("busy", f"{says}; an abort ends that") if kind is ActionKind.ABORT else failed("busy", says)


def nobody_busy() -> Check:
    """Return that the leases were read and none is held here."""
    return passed("busy", "nobody else is acting here")


def reconciler(fleet: Fleet, target: Target) -> Check | None:
    """Return whether something is known to set the target back by itself; nothing where there is no controller."""
    rollout = target.rollout
    if not isinstance(rollout, Rollout) or fleet.context.simulated:
        return None
    texts = [str(rollout.says)] if not isinstance(rollout.says, Missing) else []
    if isinstance(rollout.environment, Known):
        texts += [f"{name} {value}" for name, value in rollout.environment.value.items()]
    model = fleet.models.get(target.key.model)
    texts += [f"{name} {value}" for name, value in model.tags] if model else []
    for text in texts:
        named = next((name for name in _RECONCILERS if name in text.lower()), None)
        if named:
            return warned("reconciler", f"{named} may set this back within minutes: change its source as well")
    state = fleet.sources.get(rollout.source)
    if state is None or state.kind is not SourceKind.ROLLOUTS:
        return None
    return unknown("reconciler", f"{rollout.source} does not say whether something else keeps its wishes")


def single_claim(fleet: Fleet, target: Target) -> Check | None:
    """Return whether one version alone claims to be the trusted one; nothing where no pointer says so."""
    model = fleet.models.get(target.key.model)
    pointers = model.pointers if model else ()
    stable = (target.key.environment, Role.STABLE)
    claims = {
        pointer.version: pointer.name for pointer in pointers if fleet.policy.pointers.get(pointer.name) == stable
    }
    if not claims:
        return None
    if len(claims) > 1:
        said = ", ".join(f"{name} is {version}" for version, name in sorted(claims.items()))
        return failed("one-stable", f"{len(claims)} versions claim to be stable here: {said}")
    version, name = next(iter(claims.items()))
    told = target.rollout.stable if isinstance(target.rollout, Rollout) else UNKNOWN
    if not isinstance(told, Missing) and told != version:
        return warned("one-stable", f"the registry's {name} is {version}, the controller's stable is {told}")
    return passed("one-stable", f"{version} alone claims to be stable")


def health(name: str, target: Target, version: VersionId) -> Check:
    """Return whether a version is within its limits here, with figures that may be believed; the check is `name`."""
    served = target.version(version)
    if isinstance(served, Missing) or not served.cells:
        return unknown(name, f"{version} is not measured here")
    bad = names_text(signal for signal, cell in served.cells.items() if cell.verdict.level is served.level)
    match served.level:
        case Level.OK:
            seen = served.observed
            share = "" if isinstance(seen, Missing) else f" with {percent_text(round(seen, 3))} of the traffic"
            return passed(name, f"{version} is within its limits{share}")
        case Level.BREACH:
            return failed(name, f"{version} is in breach: {bad}")
        case Level.STALE:
            return failed(name, f"the figures of {version} are too old to go by: {bad}")
        case Level.WARN:
            return warned(name, f"{version} is near its limits: {bad}")
        case _:
            return unknown(name, f"{version} cannot be judged: {bad}")


def _sources_of(fleet: Fleet, target: Target) -> Iterable[SourceName]:
    if isinstance(target.rollout, Rollout):
        yield target.rollout.source
    metrics = [name for name, state in fleet.sources.items() if state.kind is SourceKind.METRICS]
    if len(metrics) == 1:
        yield from metrics  # of several nobody knows which measures this target: its figures tell by their age
