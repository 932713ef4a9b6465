"""Whom a plan touches, and what it leaves as it is although one might think otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Set
from math import isfinite

from modeltui.domain.acting.action import Blast, Desired, JobInFlight, Weights, WritingPromise
from modeltui.domain.acting.desired import share_of, weights_of
from modeltui.domain.acting.wording import names_text, whole_milliseconds
from modeltui.domain.fleet import Fleet, SourceKind, Target
from modeltui.domain.health import Level
from modeltui.domain.names import UNKNOWN, Missing, Unknown, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import THROUGHPUT
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.traffic import fresh_rates

MOST_SEGMENTS = 6
_RATE_AGE_SECONDS = 120.0


def leaving_of(target: Target, now: Desired) -> Weights:
    """Return who gets what before: as the controller was told, else as the metrics see it, else nothing."""
    if now.weights:
        return now.weights
    return weights_of(
        {served.version: served.observed for served in target.versions if not isinstance(served.observed, Missing)}
    )


def blast_of(fleet: Fleet, target: Target, leaving: Weights, to: Desired) -> Blast:
    """Return the share of requests that will be answered by another version, how many that is, and who is harmed."""
    observed = weights_of(
        {served.version: served.observed for served in target.versions if not isinstance(served.observed, Missing)}
    )
    before = observed or leaving
    left = {version: share - share_of(to.weights, version) for version, share in before}
    share: float | Unknown = round(sum(max(lost, 0.0) for lost in left.values()), 6) if before else UNKNOWN
    ages = [signal.max_age_seconds for signal in fleet.policy.signals if signal.name == THROUGHPUT]
    rates = fresh_rates(target.versions, target.rollout, fleet.at, max(ages, default=_RATE_AGE_SECONDS))
    rate = sum(rates.values())
    known_rate = round(rate, 3) if rates and isfinite(rate) else UNKNOWN
    losing = {version for version, lost in left.items() if lost > 0}
    return Blast(share, known_rate, tuple(_harmed(target, losing))[:MOST_SEGMENTS])


def jobs_of(target: Target) -> tuple[JobInFlight, ...]:
    """Return the batch jobs that run on while the traffic moves."""
    jobs = target.rollout.jobs if isinstance(target.rollout, Rollout) else ()
    return tuple(JobInFlight(job.name, job.version, whole_milliseconds(job.started_at), job.progress) for job in jobs)


def left_as_is(fleet: Fleet, target: Target, to: Desired, promise: WritingPromise) -> tuple[SafeText, ...]:
    """Return what stays as it is: other places, jobs, shadows, pointers of a registry that nobody writes to here."""
    return tuple(safe_text(one, 300) for one in _left_as_is(fleet, target, to, promise))


def _left_as_is(fleet: Fleet, target: Target, to: Desired, promise: WritingPromise) -> Iterator[str]:
    key = target.key
    group = fleet.policy.group_of(key.environment)
    others = [
        f"{other.key.environment} ({other.stable})"
        for other in fleet.environments_of(key.model)
        if other.key != key and fleet.policy.group_of(other.key.environment) == group and other.stable is not UNKNOWN
    ]
    if others:
        yield f"other places of {key.model} go on as they are: {names_text(others)}"
    rollout = target.rollout
    if not isinstance(rollout, Rollout):
        return
    bound = [f"{job.name} on {job.version}" for job in rollout.jobs if job.version != to.stable]
    if bound:
        yield f"batch jobs go on with the version they began with: {names_text(bound)}"
    if not isinstance(rollout.shadow, Missing):
        yield f"{rollout.shadow} goes on getting copies of requests as a shadow"
    state = fleet.sources.get(rollout.source)
    if state is not None and state.kind is SourceKind.ROLLOUTS:
        yield from _pointers(fleet, target, to, promise)


def _pointers(fleet: Fleet, target: Target, to: Desired, promise: WritingPromise) -> Iterator[str]:
    model = fleet.models.get(target.key.model)
    for pointer in model.pointers if model else ():
        meaning = fleet.policy.pointers.get(pointer.name)
        if meaning == (target.key.environment, Role.STABLE) and pointer.version != to.stable:
            yield f"the registry's {pointer.name} stays {pointer.version}: {promise.source} does not write there"


def _harmed(target: Target, losing: Set[VersionId]) -> Iterator[SafeText]:
    for served in target.versions:
        if served.version not in losing:
            continue
        for signal, cell in served.cells.items():
            for segment in cell.segments:
                if segment.verdict.level is Level.BREACH or segment.verdict.level is Level.WARN:
                    yield safe_text(f"{segment.name} ({signal})")
