"""What a test tells a model server: who it serves, with how much traffic, and how each version behaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a version answers."""

    error_share: float = 0.01
    latency_seconds: float = 0.04
    """Median; the spread is log-normal."""
    latency_spread: float = 0.4
    confidence: float = 0.9
    """Mean, between 0 and 1, of a beta distribution."""
    approve_share: float = 0.8
    """Of answered requests: `approve`, the rest `decline`."""
    drift_psi: Mapping[str, float] = field(default_factory=lambda: {"amount": 0.03})
    """By feature."""
    regions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By region: numbers that differ there (`{"hk": {"error_share": 0.4}}`)."""

    def in_region(self, region: str) -> Behaviour:
        """The behaviour towards one region."""
        differing: Any = self.regions.get(region)
        return replace(self, **differing) if differing else self


@dataclass(frozen=True, slots=True)
class Slot:
    """A share of the traffic and what serves it."""

    name: str
    share: float = 1.0
    alias: str | None = None
    """Followed in the registry; while it was never answered, `version` serves."""
    version: str | None = None


def champion_and_holdback(champion_share: float, holdback_alias: str = "previous") -> tuple[Slot, Slot]:
    """Slots that leave a part of the traffic to the former version, as a baseline at the same time."""
    return (
        Slot("champion", champion_share, alias="champion"),
        Slot("holdback", 1.0 - champion_share, alias=holdback_alias),
    )


@dataclass(frozen=True, slots=True)
class ModelServerPlan:
    """All that a model server needs to know."""

    model: str
    environment: str = "prod"
    slots: tuple[Slot, ...] = (Slot("champion", alias="champion"),)
    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)
    """By version; the others behave like `Behaviour()`."""
    registry_url: str | None = None
    registry_username: str | None = None
    registry_password: str | None = field(default=None, repr=False)
    registry_poll_seconds: float = 1.0
    requests_per_second: float = 50.0
    """Of the built-in load generator; 0 for none."""
    regions: Mapping[str, float] = field(default_factory=lambda: {"hk": 0.5, "cn": 0.5})
    """Share of the traffic by region."""
    seed: int = 1

    def to_json(self) -> str:
        """The plan as the process reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ModelServerPlan:
        """The plan that `to_json` wrote."""
        plain = json.loads(text)
        slots = tuple(Slot(**slot) for slot in plain.pop("slots"))
        behaviours = {version: Behaviour(**given) for version, given in plain.pop("behaviours").items()}
        return cls(slots=slots, behaviours=behaviours, **plain)
