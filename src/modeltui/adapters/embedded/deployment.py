"""The versions that are deployed on a target: their series, and the share of the traffic that really reaches them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Final

from modeltui.adapters.embedded.plans import Fault, ModelPlan, Quality, Scenario, TargetPlan
from modeltui.adapters.embedded.traffic import Counter, counted, drifts, struck, weather

SHARE_LAG_SECONDS: Final = 4.0
"""Traffic follows a new weight by this time constant, as routers and open connections have it."""
KEPT_SECONDS: Final = 600.0
"""A version without traffic stays deployed for this long, so that a way back is warm."""
_NO_SHARE: Final = 0.0005

CounterRow = tuple[int, float, int, int, int, float, int, int, bytes]
GaugeRow = tuple[int, float, float]


@dataclass(slots=True)
class Deployment:
    """One version on one target."""

    version: str
    series: dict[str, int]
    """Series by segment, the whole under the empty name; features of the drift among them."""
    share: float = 0.0
    """Of the target's traffic, as it is and not as it is wanted."""
    idle_since: float | None = None
    counters: dict[str, Counter] = field(default_factory=dict)

    def follow(self, wanted: float, elapsed_seconds: float, at: float) -> None:
        """Move the share towards what is wanted."""
        self.share = wanted + (self.share - wanted) * math.exp(-elapsed_seconds / SHARE_LAG_SECONDS)
        if wanted <= 0 and self.share < _NO_SHARE:
            self.share = 0.0
            self.idle_since = at if self.idle_since is None else self.idle_since
        else:
            self.idle_since = None


@dataclass(slots=True)
class Place:
    """One target with what is deployed there."""

    plan: TargetPlan
    model: ModelPlan
    faults: tuple[Fault, ...]
    deployments: dict[str, Deployment] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.plan.model}@{self.plan.environment}"

    @property
    def segments(self) -> Mapping[str, float]:
        """Shares of the traffic by segment; everything under the empty name where there are none."""
        return self.model.segments if self.plan.has_segments and self.model.segments else {"": 1.0}

    @property
    def features(self) -> Sequence[str]:
        return self.model.features if self.plan.has_segments else ()

    def series_names(self) -> tuple[str, ...]:
        """Return the segments and features that a deployment here has series for."""
        return ("", *(name for name in self.segments if name), *self.features)

    def is_measured(self, story_seconds: float) -> bool:
        """Tell whether its metrics reach anybody."""
        return self.plan.requests_per_second > 0 and story_seconds < self.plan.falls_silent_at

    def quality(self, version: str) -> Quality:
        """Return how a version behaves here while nothing strikes it."""
        plan = self.model.version(version)
        changes = plan.quality if plan else {}
        values = {name: getattr(self.model.quality, name) for name in Quality.__slots__}
        return Quality(**{**values, **changes})

    def tick(
        self, random: Random, at: float, elapsed_seconds: float, story_seconds: float
    ) -> tuple[list[CounterRow], list[GaugeRow]]:
        """Return the rows of all deployed versions after `elapsed_seconds` of traffic."""
        counters: list[CounterRow] = []
        gauges: list[GaugeRow] = []
        now = weather(self.key, at)
        for deployment in self.deployments.values():
            faults = tuple(fault for fault in self.faults if fnmatchcase(deployment.version, fault.version))
            quality = self.quality(deployment.version)
            requests = self.plan.requests_per_second * now.load * deployment.share * elapsed_seconds
            grown = {
                segment: counted(random, requests * part, struck(quality, faults, segment, story_seconds), now)
                for segment, part in self.segments.items()
            }
            for segment, growth in grown.items():
                deployment.counters.setdefault(segment, Counter()).add(growth)
                if segment:
                    deployment.counters.setdefault("", Counter()).add(growth)
            counters.extend(
                (deployment.series[segment], at, *counter.row()) for segment, counter in deployment.counters.items()
            )
            drift = drifts(random, quality, self.features, faults, story_seconds)
            gauges.extend((deployment.series[name], at, round(value, 5)) for name, value in drift.items())
        return counters, gauges


def places(scenario: Scenario) -> dict[tuple[str, str], Place]:
    """Return the targets of a scenario, with nothing deployed yet."""
    found = {}
    for plan in scenario.targets:
        model = scenario.model(plan.model)
        if model is None:
            raise ValueError(f"the scenario has a target of {plan.model} and no such model")
        key = f"{plan.model}@{plan.environment}"
        faults = tuple(fault for fault in scenario.faults if fnmatchcase(key, fault.match))
        found[plan.model, plan.environment] = Place(plan, model, faults)
    return found
