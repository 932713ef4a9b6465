"""Is it the same everywhere? Versions and environments of one model, compared inside a group."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.lineage import Known
from modeltui.domain.names import UNKNOWN, Environment, Missing, ModelName, TargetKey, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText


def skewed_environments(fleet: Fleet, key: TargetKey) -> tuple[Environment, ...]:
    """Return the environments of the same group where the model's stable version is another one.

    The stable versions are compared: a canary is meant to differ.
    """
    mine = fleet.targets[key].stable
    if mine is UNKNOWN:
        return ()
    group = fleet.policy.group_of(key.environment)
    return tuple(
        other.key.environment
        for other in fleet.environments_of(key.model)
        if other.key != key
        and fleet.policy.group_of(other.key.environment) == group
        and other.stable not in (UNKNOWN, mine)
    )


class Sameness(StrEnum):
    """Result of comparing one fact between environments."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """Those that say agree, and at least one side does not say: that is not the same."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One fact about the environments of a model."""

    name: SafeText
    values: tuple[tuple[Environment, SafeText | None], ...]
    """None where the environment does not say."""
    sameness: Sameness


def parity(targets: tuple[Target, ...]) -> tuple[ParityRow, ...]:
    """Return, fact by fact, whether these environments run the same things; differences first."""
    tables = {target.key.environment: _table(target) for target in targets}
    names = Counter(name for table in tables.values() for name in table)
    rows = [
        ParityRow(name, values, _sameness([value for _, value in values]))
        for name in names
        for values in [tuple((place, table.get(name)) for place, table in tables.items())]
    ]
    order = {Sameness.DIFFERENT: 0, Sameness.UNKNOWN: 1, Sameness.SAME: 2}
    return tuple(sorted(rows, key=lambda row: (order[row.sameness], row.name)))


def _table(target: Target) -> dict[SafeText, SafeText]:
    rollout = target.rollout
    if isinstance(rollout, Rollout) and isinstance(rollout.environment, Known):
        return dict(rollout.environment.value)
    return {}


def _sameness(values: list[SafeText | None]) -> Sameness:
    told = {value for value in values if value is not None}
    if len(told) > 1:
        return Sameness.DIFFERENT
    return Sameness.SAME if None not in values else Sameness.UNKNOWN


@dataclass(frozen=True, slots=True)
class SkewRow:
    """One model's versions over its environments."""

    model: ModelName
    stable: tuple[tuple[Environment, VersionId], ...]
    """Only environments where it is known."""
    is_skewed: bool


def skew_matrix(fleet: Fleet) -> tuple[SkewRow, ...]:
    """Return a row per model, skewed ones first."""
    by_model: dict[ModelName, list[Target]] = {}
    for target in fleet.targets.values():
        by_model.setdefault(target.key.model, []).append(target)
    rows = []
    for model, targets in by_model.items():
        known = tuple(
            (target.key.environment, stable)
            for target in sorted(targets, key=lambda target: target.key)
            if not isinstance(stable := target.stable, Missing)
        )
        rows.append(SkewRow(model, known, _is_skewed(fleet, known)))
    return tuple(sorted(rows, key=lambda row: (not row.is_skewed, row.model)))


def _is_skewed(fleet: Fleet, known: tuple[tuple[Environment, VersionId], ...]) -> bool:
    groups: dict[SafeText, set[VersionId]] = {}
    for environment, version in known:
        groups.setdefault(fleet.policy.group_of(environment), set()).add(version)
    return any(len(versions) > 1 for versions in groups.values())
