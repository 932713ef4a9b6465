"""How a simulated world is described: what to read before adding a model to `scenario`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

EVERYTHING: Final = ""
"""The segment of a fault that strikes all requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How a version behaves while nothing is wrong with it."""

    error_rate: float = 0.002
    """Share of requests that fail, 0 to 1."""
    latency_seconds: float = 0.03
    """Median; the 95th percentile is about twice as much."""
    latency_spread: float = 0.42
    """Standard deviation of the logarithm."""
    confidence: float = 0.88
    """Mean score of the predictions, 0 to 1."""
    confidence_spread: float = 0.10
    business: float = 0.90
    """Share of predictions with the good business outcome, 0 to 1."""
    drift: float = 0.03
    """Population stability index of the features against the training data."""


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """One version of a model: a row of its history, oldest first."""

    id: str
    age_days: float
    """Since it was registered."""
    by: str
    """Who registered it."""
    says: str
    """The description in the registry."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Fields of its provenance that differ from the version before; tables are merged, None makes a field absent."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """Fields of `Quality` that differ from the model's."""
    same_data: bool = False
    """It was trained on the snapshots of the version before."""
    passed_gates: bool = True
    """False: it was rolled out once and taken back."""
    approved_by: str = "r.okafor"
    """Empty while nobody has approved it."""
    effects: tuple[str, ...] = ()
    """What an agent has done to other systems since this version's snapshot, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """One line of versions."""

    name: str
    owner: str
    kind: str = "tabular"
    business: str
    """What its business signal counts, in words."""
    quality: Quality
    segments: Mapping[str, float] = field(default_factory=dict)
    """Segment names (`region=hk`) and their shares of the traffic, which add up to 1."""
    features: tuple[str, ...] = ()
    """Whose drift is measured one by one."""
    repository: str
    lineage: Mapping[str, Any]
    """The provenance of the first version, by the fields of `Provenance`."""
    versions: tuple[VersionPlan, ...]
    """Oldest first."""
    pointers: Mapping[str, str]
    """Registry names for versions: champion, challenger, staging."""

    def version(self, version: str) -> VersionPlan | None:
        """Return one of its versions."""
        return next((plan for plan in self.versions if plan.id == version), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """Work in flight on a target that is bound to a version."""

    name: str
    version: str
    started_hours_ago: float
    lasts_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """A version on its way in."""

    version: str
    stage: str
    """shadow, canary-5, …"""
    weight: float = 0.0
    """Its share of the traffic; 0 for a shadow, which gets copies."""
    hours: float
    """How long the stage has lasted."""
    hold_hours: float
    """How long it has to last."""

    @property
    def is_shadow(self) -> bool:
        """Tell whether its answers reach nobody."""
        return self.weight <= 0


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One place where a model serves."""

    model: str
    environment: str
    requests_per_second: float
    """In the middle of its day; 0 for a target that nobody measures."""
    stable: str
    serving_days: float
    """How long the stable version has served here."""
    rollout: RolloutPlan | None = None
    says: str = "Healthy"
    """The controller's own words."""
    jobs: tuple[JobPlan, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """Facts of its environment that do not follow from the stable version's requirements."""
    has_segments: bool = True
    falls_silent_at: float = float("inf")
    """Seconds of the story after which its metrics stop; negative: before the story begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with a version: its quality moves to other values, and stays there."""

    match: str
    """Shell pattern on `model@environment`."""
    version: str = "*"
    """Shell pattern."""
    segment: str = EVERYTHING
    """Only these requests suffer; for drift, only this feature."""
    begins_at: float
    """Seconds of the story; negative: before it begins."""
    lasts_to_grow: float = 0.0
    """Seconds until it has its full strength."""
    quality: Mapping[str, float]
    """The fields of `Quality` that become bad, with their bad values."""

    def strength(self, story_seconds: float) -> float:
        """Return 0 before it begins, 1 when it has grown."""
        if story_seconds < self.begins_at:
            return 0.0
        if self.lasts_to_grow <= 0:
            return 1.0
        return min((story_seconds - self.begins_at) / self.lasts_to_grow, 1.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole world."""

    models: tuple[ModelPlan, ...]
    targets: tuple[TargetPlan, ...]
    faults: tuple[Fault, ...] = ()

    def model(self, name: str) -> ModelPlan | None:
        """Return one of its models."""
        return next((plan for plan in self.models if plan.name == name), None)
