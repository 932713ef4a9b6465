"""The last run's fleet on disk: written whole or not at all, read with suspicion."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from modeltui.domain.cached import CachedTarget
from modeltui.domain.health import Level
from modeltui.domain.history import ServingSpan
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
    VersionId,
)
from modeltui.domain.rollout import Rollout, Stage
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement, Sample
from modeltui.domain.text import safe_text

T = TypeVar("T")

SCHEMA = "modeltui.snapshot/1"
_MOST_BYTES = 16 << 20


class _Numbers(msgspec.Struct, array_like=True):
    """A measurement: its kind (`c` counts, `m` mean, `e` estimate) and two numbers, the second may be unknown."""

    kind: str
    first: float
    second: float | None = None


class _Sample(msgspec.Struct, omit_defaults=True):
    version: str
    signal: str
    numbers: _Numbers
    window_seconds: float
    at: float | None = None
    segments: list[tuple[str, _Numbers]] = []


class _Span(msgspec.Struct):
    version: str
    started_at: float
    last_seen_at: float
    share: float
    healthy_seconds: float
    worst: int
    last_healthy_at: float
    breached_at: float


class _Rollout(msgspec.Struct, omit_defaults=True):
    source: str
    weights: dict[str, float]
    stable: str | None = None
    candidate: str | None = None
    shadow: str | None = None
    stage: str | None = None
    stage_weight: float = 0.0
    stage_since: float | None = None
    stage_hold_seconds: float | None = None


class _Target(msgspec.Struct, omit_defaults=True):
    model: str
    environment: str
    samples: list[_Sample]
    spans: list[_Span] = []
    rollout: _Rollout | None = None


class _Snapshot(msgspec.Struct):
    schema: str
    saved_at: float
    targets: list[_Target]


def save(path: str, saved_at: Instant, targets: tuple[CachedTarget, ...]) -> None:
    """Write the snapshot; raise `OSError` when it cannot be written."""
    snapshot = _Snapshot(SCHEMA, saved_at, [_encoded(target) for target in targets])
    partial = Path(f"{path}.{os.getpid()}")
    partial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(snapshot))
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def load(path: str) -> tuple[Instant, tuple[CachedTarget, ...]] | None:
    """Return when it was saved and what; None when there is nothing that can be read."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MOST_BYTES)
        snapshot = msgspec.json.decode(raw, type=_Snapshot)
        if snapshot.schema != SCHEMA:
            return None
        return Instant(snapshot.saved_at), tuple(_decoded(target) for target in snapshot.targets)
    except (OSError, msgspec.MsgspecError, ValueError):
        # A cache may be missing, cut or foreign: the program starts without it.
        return None


def _encoded(target: CachedTarget) -> _Target:
    rollout = target.rollout
    return _Target(
        target.key.model,
        target.key.environment,
        [_encoded_sample(sample) for sample in target.samples],
        [
            _Span(
                span.version,
                span.started_at,
                span.last_seen_at,
                span.share,
                span.healthy_seconds,
                int(span.worst),
                span.last_healthy_at,
                span.breached_at,
            )
            for span in target.spans
        ],
        None if isinstance(rollout, Missing) else _encoded_rollout(rollout),
    )


def _encoded_sample(sample: Sample) -> _Sample:
    return _Sample(
        sample.version,
        sample.signal,
        _numbers(sample.measurement),
        sample.window_seconds,
        _or_none(sample.at),
        [(name, _numbers(measurement)) for name, measurement in sample.segments],
    )


def _encoded_rollout(rollout: Rollout) -> _Rollout:
    encoded = _Rollout(
        rollout.source,
        {str(version): weight for version, weight in rollout.weights.items()},
        _or_none(rollout.stable),
        _or_none(rollout.candidate),
        _or_none(rollout.shadow),
    )
    if not isinstance(rollout.stage, Missing):
        encoded.stage = rollout.stage.name
        encoded.stage_weight = rollout.stage.weight
        encoded.stage_since = _or_none(rollout.stage.since)
        encoded.stage_hold_seconds = _or_none(rollout.stage.hold_seconds)
    return encoded


def _numbers(measurement: Measurement) -> _Numbers:
    match measurement:
        case Counts(bad=bad, total=total):
            return _Numbers("c", bad, total)
        case Mean(sum=total_sum, total=total):
            return _Numbers("m", total_sum, total)
        case Estimate(value=value, n=n):
            return _Numbers("e", value, _or_none(n))


def _decoded(target: _Target) -> CachedTarget:
    key = TargetKey(ModelName(safe_text(target.model)), Environment(safe_text(target.environment)))
    return CachedTarget(
        key,
        tuple(_decoded_sample(key, sample) for sample in target.samples),
        UNKNOWN if target.rollout is None else _decoded_rollout(key, target.rollout),
        tuple(
            ServingSpan(
                _version(span.version),
                Instant(span.started_at),
                Instant(span.last_seen_at),
                span.share,
                span.healthy_seconds,
                Level(span.worst),
                Instant(span.last_healthy_at),
                Instant(span.breached_at),
            )
            for span in target.spans
        ),
    )


def _decoded_sample(key: TargetKey, sample: _Sample) -> Sample:
    return Sample(
        key,
        _version(sample.version),
        SignalName(safe_text(sample.signal)),
        _measurement(sample.numbers),
        UNKNOWN if sample.at is None else Instant(sample.at),
        sample.window_seconds,
        tuple((SegmentName(safe_text(name)), _measurement(numbers)) for name, numbers in sample.segments),
    )


def _decoded_rollout(key: TargetKey, rollout: _Rollout) -> Rollout:
    stage: Stage | Missing = UNKNOWN
    if rollout.stage is not None:
        stage = Stage(
            safe_text(rollout.stage),
            rollout.stage_weight,
            UNKNOWN if rollout.stage_since is None else Instant(rollout.stage_since),
            UNKNOWN if rollout.stage_hold_seconds is None else rollout.stage_hold_seconds,
        )
    return Rollout(
        key,
        SourceName(safe_text(rollout.source)),
        {_version(version): weight for version, weight in rollout.weights.items()},
        UNKNOWN if rollout.stable is None else _version(rollout.stable),
        UNKNOWN if rollout.candidate is None else _version(rollout.candidate),
        UNKNOWN if rollout.shadow is None else _version(rollout.shadow),
        stage,
    )


def _measurement(numbers: _Numbers) -> Measurement:
    if numbers.kind == "e":
        return Estimate(numbers.first, UNKNOWN if numbers.second is None else numbers.second)
    if numbers.second is None:
        raise ValueError("a count without a total")
    return Counts(numbers.first, numbers.second) if numbers.kind == "c" else Mean(numbers.first, numbers.second)


def _version(text: str) -> VersionId:
    return VersionId(safe_text(text))


def _or_none(value: T | Missing) -> T | None:
    return None if isinstance(value, Missing) else value
