"""Small worlds for tests: names, measurements, rollouts and fleets, each in one short call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from modeltui.domain.event import Event, HistoryRead, RegistryRead, RolloutsRead, SamplesRead, Tick
from modeltui.domain.fleet import Cell, Context, Fleet, ServedVersion, SourceKind, SourceState, Target
from modeltui.domain.names import (
    UNKNOWN,
    Environment,
    Instant,
    Missing,
    ModelName,
    SegmentName,
    SignalName,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.reduce import Changes, reduce
from modeltui.domain.rollout import Job, Rollout, ServingRecord, Stage
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement, Sample
from modeltui.domain.text import safe_text
from modeltui.domain.version import Model, Pointer

START = Instant(1_767_268_800.0)
"""2026-01-01 12:00 UTC, as virtual clocks start."""
EVERY_SECONDS = 15.0
"""Between two looks at the metrics."""

Value: TypeAlias = float | tuple[float, float] | Measurement
"""A number is a gauge, a pair is (bad, total); anything else is taken as it is."""

NO_SEGMENTS: Mapping[str, Mapping[str, Value]] = MappingProxyType({})


def target_key(text: str) -> TargetKey:
    """Return the target that `model@environment` names."""
    model, _, environment = text.partition("@")
    return TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment)))


def version_id(text: str) -> VersionId:
    """Return the name of a version."""
    return VersionId(safe_text(text))


def signal_name(text: str) -> SignalName:
    """Return the name of a signal."""
    return SignalName(safe_text(text))


def source_name(text: str) -> SourceName:
    """Return the name of a source."""
    return SourceName(safe_text(text))


def mean(value: float, n: float) -> Mean:
    """Return the mean `value` of `n` observations."""
    return Mean(value * n, n)


def measurement(value: Value) -> Measurement:
    """Return what a short spelling means."""
    if isinstance(value, tuple):
        return Counts(*value)
    return value if isinstance(value, Counts | Mean | Estimate) else Estimate(value)


def seen(
    target: str,
    version: str,
    at: Instant | Unknown = START,
    segments: Mapping[str, Mapping[str, Value]] = NO_SEGMENTS,
    **signals: Value,
) -> tuple[Sample, ...]:
    """Return what a metrics source saw of one version: `seen("fraud@prod", "2", error_rate=(9, 900))`.

    `segments` gives, by signal, the values of its segments by name.
    """
    return tuple(
        Sample(
            target_key(target),
            version_id(version),
            signal_name(name),
            measurement(value),
            at,
            300.0,
            tuple((SegmentName(safe_text(part)), measurement(one)) for part, one in segments.get(name, {}).items()),
        )
        for name, value in signals.items()
    )


def rollout(
    target: str,
    stable: str | None = None,
    candidate: str | None = None,
    share: float = 0.05,
    *,
    shadow: str | None = None,
    stage: Stage | Unknown = UNKNOWN,
    served: Iterable[ServingRecord] = (),
    jobs: Iterable[Job] = (),
    source: str = "rollouts",
) -> Rollout:
    """Return a rollout of `candidate` at `share`, or a target that serves `stable` alone."""
    weights = {} if stable is None else {version_id(stable): 1.0}
    if candidate is not None:
        weights = {**({version_id(stable): 1.0 - share} if stable is not None else {}), version_id(candidate): share}
    return Rollout(
        target_key(target),
        source_name(source),
        weights,
        UNKNOWN if stable is None else version_id(stable),
        UNKNOWN if candidate is None else version_id(candidate),
        UNKNOWN if shadow is None else version_id(shadow),
        stage,
        served=tuple(served),
        jobs=tuple(jobs),
    )


def record(
    version: str, started_at: float, ended_at: float | Unknown = UNKNOWN, *, passed: bool = True
) -> ServingRecord:
    """Return a controller's memory of a version, in seconds after the start."""
    ended = ended_at if isinstance(ended_at, Missing) else Instant(START + ended_at)
    return ServingRecord(version_id(version), Instant(START + started_at), ended, passed)


def model(name: str, latest: str | None = None, source: str = "registry", **pointers: str) -> Model:
    """Return a registered model: `model("fraud", champion="2", challenger="3")`."""
    return Model(
        ModelName(safe_text(name)),
        UNKNOWN if latest is None else version_id(latest),
        tuple(Pointer(safe_text(alias), version_id(version)) for alias, version in pointers.items()),
        source_name(source),
    )


def empty_fleet(policy: Policy = DEFAULT_POLICY, context: str = "test") -> Fleet:
    """Return a fleet of which nothing is known yet, with one source of each kind."""
    sources = [SourceState(source_name(kind.value), kind, safe_text("fake"), EVERY_SECONDS) for kind in SourceKind]
    return Fleet(Context(safe_text(context)), policy, START, {source.name: source for source in sources})


@dataclass
class World:
    """A fleet with a time of its own; each call is one event."""

    policy: Policy = DEFAULT_POLICY
    now: Instant = START
    fleet: Fleet = field(init=False)
    changes: Changes = field(init=False, default_factory=Changes)
    """What the last event changed."""

    def __post_init__(self) -> None:
        self.fleet = empty_fleet(self.policy)

    def apply(self, event: Event) -> Changes:
        """Reduce one event."""
        self.fleet, self.changes = reduce(self.fleet, event)
        return self.changes

    def sees(self, *versions: tuple[Sample, ...]) -> None:
        """Let the metrics source answer with these samples, now."""
        samples = tuple(sample for samples in versions for sample in samples)
        self.apply(SamplesRead(source_name("metrics"), self.now, samples))

    def remembers(self, target: str, steps: Iterable[tuple[float, tuple[Sample, ...]]]) -> None:
        """Let the metrics source tell the past of a target; times are seconds after the start."""
        past = tuple((Instant(START + at), samples) for at, samples in steps)
        self.apply(HistoryRead(source_name("metrics"), self.now, (target_key(target),), past))

    def told(self, *rollouts: Rollout) -> None:
        """Let the controller describe its targets, now."""
        self.apply(RolloutsRead(source_name("rollouts"), self.now, rollouts))

    def registered(self, *models: Model) -> None:
        """Let the registry list its models, now."""
        self.apply(RegistryRead(source_name("registry"), self.now, models))

    def passes(self, seconds: float = EVERY_SECONDS) -> Instant:
        """Let time pass without an event; return the moment after."""
        self.now = Instant(self.now + seconds)
        return self.now

    def ticks(self, seconds: float = EVERY_SECONDS) -> None:
        """Let time pass, and the fleet notice it."""
        self.apply(Tick(self.passes(seconds)))

    def target(self, name: str) -> Target:
        """Return a target by `model@environment`."""
        return self.fleet.targets[target_key(name)]

    def served(self, target: str, version: str) -> ServedVersion:
        """Return one version of a target; fail when it is not there."""
        found = self.target(target).version(version_id(version))
        if isinstance(found, Missing):
            raise LookupError(f"{version} is not on {target}")
        return found

    def cell(self, target: str, version: str, signal: str) -> Cell:
        """Return one signal of one version of a target."""
        return self.served(target, version).cells[signal_name(signal)]
