"""Who a row is about: label values become a target and a version once, and stay the same object afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from modeltui.adapters.prometheus.plan import DIMENSIONS, Identity
from modeltui.domain.names import (
    UNKNOWN,
    Environment,
    Instant,
    Missing,
    ModelName,
    SignalName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.text import safe_text

_FORGET_AFTER_SECONDS: Final = 900.0
"""What has not answered for this long is forgotten: three windows of five minutes."""
_SWEEP_EVERY_SECONDS: Final = 60.0
_MOST_REMEMBERED: Final = 100_000
"""Beyond this only what answered within the last minute is remembered: names that change all the time are a leak."""


@dataclass(slots=True, eq=False)
class Group:
    """One version at one target, and what earlier answers said of it."""

    target: TargetKey
    version: VersionId
    seen_at: dict[SignalName, float] = field(default_factory=dict)
    """By signal: the newest raw observation ever reported, by the server's clock."""
    began_at: dict[SignalName, float] = field(default_factory=dict)
    """By signal: the last answer without it, where it began while we were watching and its window is not yet full."""
    asked_at: float = 0.0
    """Server time of the last answer that had it."""


class Groups:
    """Every version that was ever seen, by the raw label values of its rows."""

    def __init__(self, identity: Identity) -> None:
        self.identity: Final = identity
        self._by_raw: dict[tuple[str, ...], Group | Missing] = {}
        self._by_name: dict[tuple[TargetKey, VersionId], Group] = {}
        self._raw_names: dict[TargetKey, set[tuple[str, str]]] = {}
        """Where making a name safe changed it: the model's and environment's label values."""
        self._targets: dict[tuple[str, str], TargetKey] = {}
        self._answered: dict[SignalName, float] = {}
        self._swept_at = 0.0

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, raw: tuple[str, ...]) -> Group | Unknown:
        """Return the version that a row with these values of the identity labels is about."""
        known = self._by_raw.get(raw)
        if known is None:
            known = self._by_raw[raw] = self._made(raw)
        return known

    def missing_dimensions(self, raw: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of model, version and environment a row does not say."""
        return tuple(dimension for dimension in DIMENSIONS if not self._value(dimension, raw))

    def raw_names(self, target: TargetKey) -> Iterable[tuple[str, str]]:
        """Return the label values that stand for a target: model and environment."""
        return self._raw_names.get(target, ((target.model, target.environment),))

    def last_answer(self, signal: SignalName) -> float | Unknown:
        """Return when, by the server's clock, a signal was answered before; unknown at the first time."""
        return self._answered.get(signal, UNKNOWN)

    def answered(self, signal: SignalName, at: float) -> None:
        """Remember that a signal was answered, and forget what has been gone for long."""
        self._answered[signal] = at
        if at - self._swept_at < _SWEEP_EVERY_SECONDS:
            return
        self._swept_at = at
        is_crowded = len(self._by_raw) > _MOST_REMEMBERED
        longest = _SWEEP_EVERY_SECONDS if is_crowded else _FORGET_AFTER_SECONDS
        old = [key for key, group in self._by_name.items() if at - group.asked_at > longest]
        if not old and not is_crowded:
            return
        for key in old:
            del self._by_name[key]
        # Raw values without a version stay few only when they are forgotten now and then, too.
        kept = set(map(id, self._by_name.values()))
        self._by_raw = {raw: group for raw, group in self._by_raw.items() if id(group) in kept}
        living = {target for target, _ in self._by_name}
        self._raw_names = {target: names for target, names in self._raw_names.items() if target in living}
        self._targets = {names: target for names, target in self._targets.items() if target in living}

    def _made(self, raw: tuple[str, ...]) -> Group | Unknown:
        model, version, environment = (self._value(dimension, raw) for dimension in DIMENSIONS)
        if not (model and version and environment):
            return UNKNOWN
        target = self._target(model, environment)
        safe_version = VersionId(safe_text(version))
        key = (target, safe_version)
        group = self._by_name.get(key)
        if group is None:
            group = self._by_name[key] = Group(target, safe_version)
        return group

    def _target(self, model: str, environment: str) -> TargetKey:
        known = self._targets.get((model, environment))
        if known is not None:
            return known
        target = TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment)))
        self._targets[model, environment] = target
        if (target.model, target.environment) != (model, environment) or target in self._raw_names:
            self._raw_names.setdefault(target, {(target.model, target.environment)}).add((model, environment))
        return target

    def _value(self, dimension: str, raw: tuple[str, ...]) -> str:
        fixed = self.identity.fixed.get(dimension)
        if fixed:
            return fixed
        labels = self.identity.labels
        return next((raw[i] for label in self.identity.of(dimension) if (raw[i := labels.index(label)])), "")


def seen_by_our_clock(group: Group, signal: SignalName, offset_seconds: float) -> Instant | Unknown:
    """Return when the newest raw observation was made; unknown when no answer ever said."""
    seen = group.seen_at.get(signal)
    return UNKNOWN if seen is None else Instant(seen - offset_seconds)
