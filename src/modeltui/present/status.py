"""The fleet for machines: `modeltui.status/1`, as documented for the command line."""

from __future__ import annotations

from math import isfinite
from typing import Any

from modeltui.domain.fleet import Cell, ChangeKind, Fleet, ServedVersion, SourceCondition, SourceState, Target
from modeltui.domain.health import BaselineKind, Level, Verdict
from modeltui.domain.names import UNKNOWN, Instant, Missing, SignalName, Unknown, VersionId
from modeltui.domain.rollout import Role, Rollout, Stage
from modeltui.domain.signal import Signal
from modeltui.domain.skew import skewed_environments
from modeltui.present import words
from modeltui.present.format import is_moment, rfc3339

SCHEMA = "modeltui.status/1"

_CONDITIONS = {
    SourceCondition.FRESH: "fresh",
    SourceCondition.STALE: "stale",
    SourceCondition.DOWN: "down",
    SourceCondition.CONNECTING: "down",
}


def status_object(fleet: Fleet, targets: list[Target]) -> dict[str, Any]:
    """Return the JSON object of `status`; a value that is missing is absent."""
    return {
        "schema": SCHEMA,
        "at": rfc3339(fleet.at),
        "context": fleet.context.name,
        "mode": "read-only" if fleet.context.read_only else "writes-off",
        "simulated": fleet.context.simulated,
        "sources": [_source(source, fleet.at) for source in fleet.sources.values()],
        "targets": [target_object(fleet, target) for target in targets],
    }


def target_object(fleet: Fleet, target: Target) -> dict[str, Any]:
    """Return one target."""
    signals = {signal.name: signal for signal in fleet.policy.signals}
    result: dict[str, Any] = {
        "model": target.key.model,
        "environment": target.key.environment,
        "level": words.LEVEL_WORDS[target.level],
    }
    _put_since(result, _since(target), target.since_or_earlier)
    _put(result, "serving", target.serving)
    if not isinstance(target.serving, Missing):
        result["serving_observed"] = target.is_serving_observed
    _put(result, "desired", _desired(target.rollout))
    _put(result, "candidate", target.candidate)
    if isinstance(target.rollout, Rollout) and isinstance(target.rollout.stage, Stage):
        result["stage"] = _stage(target.rollout.stage)
    if not isinstance(target.known_good, Missing):
        because = words.known_good_words(target.known_good, fleet.at)
        result["last_known_good"] = {"version": target.known_good.version, "because": because}
    result["skew"] = list(skewed_environments(fleet, target.key))
    result["versions"] = [_version(version, signals, fleet.at) for version in target.versions]
    return result


def _since(target: Target) -> Instant | Unknown:
    """Return since when a target stands as it does; unknown where it already did when somebody began to look."""
    was_seen_to_begin = any(change.kind is ChangeKind.LEVEL and change.at == target.since for change in target.changes)
    return target.since if target.level >= Level.WARN or was_seen_to_begin else UNKNOWN


def _desired(rollout: Rollout | Unknown) -> VersionId | Unknown:
    """Return the version that should answer most requests, as the controller was told, whatever serves."""
    if isinstance(rollout, Missing):
        return rollout
    if rollout.weights:
        return max(rollout.weights, key=lambda version: (rollout.weights[version], version == rollout.stable))
    return rollout.stable


def _source(source: SourceState, now: Instant) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": source.name,
        "kind": source.kind.value,
        "backend": source.backend,
        "state": _CONDITIONS[source.condition(now)],
    }
    _put(result, "age_seconds", _age(source.known_at, now))
    _put(result, "error", source.error)
    _put(result, "remedy", source.remedy)
    _put(result, "asked_again_at", _time(source.again_at))
    if source.warnings:
        result["warnings"] = list(source.warnings)
    return result


def _stage(stage: Stage) -> dict[str, Any]:
    result: dict[str, Any] = {"name": stage.name}
    _put(result, "weight", stage.weight)
    _put(result, "since", _time(stage.since))
    _put(result, "hold_seconds", stage.hold_seconds)
    return result


def _version(version: ServedVersion, signals: dict[SignalName, Signal], now: Instant) -> dict[str, Any]:
    result: dict[str, Any] = {"version": version.version}
    if version.role is not Role.UNASSIGNED:
        result["role"] = version.role.value
    traffic: dict[str, float] = {}
    _put(traffic, "desired", version.desired)
    _put(traffic, "observed", version.observed)
    result["level"] = words.LEVEL_WORDS[version.level]
    result["traffic"] = traffic
    result["signals"] = {
        name: _cell(cell, signals[name], now) for name, cell in version.cells.items() if name in signals
    }
    return result


def _cell(cell: Cell, signal: Signal, now: Instant) -> dict[str, Any]:
    verdict = cell.verdict
    result: dict[str, Any] = {"level": words.LEVEL_WORDS[verdict.level]}
    _put(result, "value", verdict.value)
    if not isinstance(verdict.baseline, Missing):
        measurement = verdict.baseline.measurement
        _put(result, "baseline", measurement.value)
        result["baseline_kind"] = verdict.baseline.kind.value
        if verdict.baseline.kind is not BaselineKind.EXPECTED_SHARE:
            result["baseline_version"] = verdict.baseline.version
        _put(result, "baseline_n", measurement.n)
    _put(result, "limit", verdict.limit)
    result["unit"] = signal.unit.value
    _put(result, "n", verdict.n)
    result["window_seconds"] = cell.sample.window_seconds
    _put(result, "age_seconds", _age(cell.sample.at, now))
    _put_since(result, verdict.since, verdict.since_or_earlier)
    result["because"] = words.because(verdict, signal)
    if cell.segments:
        result["segments"] = [_segment(segment.name, segment.verdict) for segment in cell.segments]
    return result


def _segment(name: str, verdict: Verdict) -> dict[str, Any]:
    result: dict[str, Any] = {"name": name, "level": words.LEVEL_WORDS[verdict.level]}
    _put(result, "value", verdict.value)
    _put(result, "n", verdict.n)
    _put(result, "limit", verdict.limit)
    return result


def _time(at: Instant | Missing) -> str | Missing:
    return rfc3339(at) if not isinstance(at, Missing) and is_moment(at) else Missing.UNKNOWN


def _age(at: Instant | Missing, now: Instant) -> float | Missing:
    if isinstance(at, Missing) or not isfinite(at):
        return Missing.UNKNOWN
    return max(round(now - at, 3), 0.0)


def _put_since(result: dict[str, Any], since: Instant | Missing, or_earlier: bool) -> None:
    """Say since when; and that it may be longer, where it already was so when somebody began to look."""
    _put(result, "since", _time(since))
    if or_earlier and "since" in result:
        result["since_or_earlier"] = True


def _put(result: dict[str, Any], key: str, value: object) -> None:
    """Say what is known; what is missing, and what JSON has no number for, is absent."""
    if not isinstance(value, Missing) and not (isinstance(value, float) and not isfinite(value)):
        result[key] = value
