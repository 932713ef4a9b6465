"""Is a model's environment the same everywhere, and what was built for it? What nobody knows is no yes."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.acting.compatibility import environment_differences
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.lineage import Known
from modeltui.domain.names import Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.skew import ParityRow, Sameness, parity
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.told import told_of


@dataclass(frozen=True, slots=True)
class BuiltFor:
    """What serves on a target, held against what the place runs."""

    target: TargetKey
    version: VersionId | Unknown
    """What serves there."""
    sameness: Sameness
    compared: int = 0
    """Facts that both sides name."""
    differences: tuple[SafeText, ...] = ()
    """`numpy is 1.26.4 here, built for 2.2.6`."""
    why: SafeText = SafeText("")
    """Why nothing can be compared; empty otherwise."""


@dataclass(frozen=True, slots=True)
class SameEverywhere:
    """The environments of all targets of a model."""

    model: ModelName
    facts: tuple[ParityRow, ...]
    """Between environments, differences first; empty where there is one environment or none tells anything."""
    built_for: tuple[BuiltFor, ...]
    why: SafeText = SafeText("")
    """Why environments cannot be compared with each other; empty when they can, or when there is only one."""

    @property
    def sameness(self) -> Sameness:
        """Return the verdict: different when anything is, the same only when everything is known to be."""
        found = [*(row.sameness for row in self.facts), *(one.sameness for one in self.built_for)]
        if Sameness.DIFFERENT in found:
            return Sameness.DIFFERENT
        return Sameness.UNKNOWN if self.why or not found or Sameness.UNKNOWN in found else Sameness.SAME


def same_everywhere(fleet: Fleet, model: ModelName) -> SameEverywhere:
    """Return whether the environments of a model are the same, and fit what serves in them."""
    targets = tuple(fleet.environments_of(model))
    rows = parity(targets) if len(targets) > 1 else ()
    why = ""
    if not targets:
        why = "no target of the model is known"
    elif len(targets) > 1 and not rows:
        why = "no source tells what the environments run"
    return SameEverywhere(model, rows, tuple(_built_for(fleet, target) for target in targets), safe_text(why))


def _built_for(fleet: Fleet, target: Target) -> BuiltFor:
    key, version = target.key, target.serving
    rollout = target.rollout
    if isinstance(version, Missing):
        return BuiltFor(key, version, Sameness.UNKNOWN, why=SafeText("nobody knows what serves there"))
    if not isinstance(rollout, Rollout) or not isinstance(rollout.environment, Known):
        return BuiltFor(key, version, Sameness.UNKNOWN, why=SafeText("no source tells what runs there"))
    told = told_of(fleet, (key.model, version))
    if isinstance(told, Missing):
        return BuiltFor(key, version, Sameness.UNKNOWN, why=SafeText("nobody has read what it was built for"))
    compared, differences = environment_differences(told, rollout.environment.value)
    if not compared:
        why = safe_text(f"nothing that {version} was built for is told of the place")
        return BuiltFor(key, version, Sameness.UNKNOWN, why=why)
    sameness = Sameness.DIFFERENT if differences else Sameness.SAME
    return BuiltFor(key, version, sameness, compared, differences)
