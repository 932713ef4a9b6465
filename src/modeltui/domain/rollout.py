"""What a controller was told to do with the traffic of a target, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.lineage import UNSUPPORTED, Fact, Table
from modeltui.domain.names import UNKNOWN, Instant, Missing, SourceName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText


class Role(StrEnum):
    """What a version is on a target."""

    STABLE = "stable"
    """The version that the target trusts: the baseline."""
    CANDIDATE = "candidate"
    """The version being rolled out."""
    SHADOW = "shadow"
    """Gets copies of requests; its answers reach nobody."""
    UNASSIGNED = "unassigned"
    """It answers requests, and nothing says that it should."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a rollout."""

    name: SafeText
    weight: float
    """Share of live traffic on the candidate, 0 to 1."""
    since: Instant | Unknown = UNKNOWN
    hold_seconds: float | Unknown = UNKNOWN
    """How long the stage has to last before the next."""


@dataclass(frozen=True, slots=True)
class ServingRecord:
    """A controller's own memory of a version that served here."""

    version: VersionId
    started_at: Instant
    ended_at: Instant | Unknown
    """Unknown while it serves."""
    passed_gates: bool
    """It was made the stable version by them. One that only ever was a candidate was not, however far it came."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work in flight that is bound to a version."""

    name: SafeText
    version: VersionId
    started_at: Instant
    progress: float | Unknown = UNKNOWN
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One target as its controller describes it."""

    target: TargetKey
    source: SourceName
    weights: Mapping[VersionId, float]
    """Desired share of live traffic, 0 to 1; they add up to 1."""
    stable: VersionId | Unknown = UNKNOWN
    candidate: VersionId | Unknown = UNKNOWN
    shadow: VersionId | Unknown = UNKNOWN
    stage: Stage | Unknown = UNKNOWN
    says: SafeText | Unknown = UNKNOWN
    """The controller's own words on its state."""
    revision: SafeText | Unknown = UNKNOWN
    """Opaque compare-and-swap token."""
    served: tuple[ServingRecord, ...] = ()
    jobs: tuple[Job, ...] = ()
    environment: Fact[Table] = UNSUPPORTED
    """What it runs in: image digest, Python, libraries; for parity."""

    def role_of(self, version: VersionId) -> Role:
        """Return what `version` is here."""
        if version == self.stable:
            return Role.STABLE
        if version == self.candidate:
            return Role.CANDIDATE
        return Role.SHADOW if version == self.shadow else Role.UNASSIGNED


def rollout_from_pointers(target: TargetKey, source: SourceName, pointed: Mapping[Role, VersionId]) -> Rollout:
    """Return what registry pointers say about a target, where no controller does.

    A pointer names a version and no share: a weight is known only when one version alone is pointed at.
    """
    stable = pointed.get(Role.STABLE, UNKNOWN)
    candidate = pointed.get(Role.CANDIDATE, UNKNOWN)
    if candidate == stable:
        candidate = UNKNOWN
    weights: dict[VersionId, float] = {}
    if not isinstance(stable, Missing) and isinstance(candidate, Missing):
        weights[stable] = 1.0
    shadow = pointed.get(Role.SHADOW, UNKNOWN)
    return Rollout(target, source, weights, stable, candidate, shadow)
