"""Which aliases mean a target, and which of them must move to make it as desired. Pure; knows no MLflow server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeltui.domain.acting.action import Desired
from modeltui.domain.errors import BackendRefused
from modeltui.domain.names import Environment, Missing, ModelName
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Role


@dataclass(frozen=True, slots=True)
class AliasNames:
    """The aliases of one environment, as the configuration names them."""

    stable: str
    candidate: str | None
    """None where no alias means a candidate."""
    shadow: str | None = None

    def concerned(self) -> tuple[str, ...]:
        """Return the aliases that a write may move, stable first."""
        return (self.stable,) if self.candidate is None else (self.stable, self.candidate)


@dataclass(frozen=True, slots=True)
class Move:
    """One alias and the version that it is to point at: one request."""

    alias: str
    version: str


def alias_names(policy: Policy, model: ModelName, environment: Environment) -> AliasNames:
    """Return the aliases of an environment; raise `BackendRefused` when none, or more than one, means its stable."""
    by_role: dict[Role, list[str]] = {}
    for alias, (place, role) in policy.pointers.items():
        if place == environment:
            by_role.setdefault(role, []).append(str(alias))
    stable = by_role.get(Role.STABLE, [])
    if not stable:
        raise BackendRefused(
            f"no alias means the stable version of {model}@{environment}",
            "Name one under `pointers` in the configuration: there is nothing to write otherwise.",
        )
    doubled = [alias for names in by_role.values() if len(names) > 1 for alias in sorted(names)]
    if doubled:
        raise BackendRefused(
            f"several aliases mean the same role on {environment}: {', '.join(doubled)}",
            "Keep one alias per role under `pointers`: nobody can say which of them is to move.",
        )
    candidate = by_role.get(Role.CANDIDATE, [None])[0]
    return AliasNames(stable[0], candidate, by_role.get(Role.SHADOW, [None])[0])


def moves(names: AliasNames, now: Mapping[str, str], desired: Desired) -> tuple[Move, ...]:
    """Return what has to be set to get from `now` to `desired`, stable first; empty when it is so already.

    Nothing is ever deleted: without a candidate its alias is to point at the stable version, as it does after a
    promotion. An alias that is not set stays so.
    """
    wanted = [Move(names.stable, desired.stable)]
    if names.candidate is not None:
        if not isinstance(desired.candidate, Missing):
            wanted.append(Move(names.candidate, desired.candidate))
        elif names.candidate in now:
            wanted.append(Move(names.candidate, desired.stable))
    return tuple(move for move in wanted if now.get(move.alias) != move.version)


def moved(now: Mapping[str, str], made: tuple[Move, ...]) -> dict[str, str]:
    """Return the aliases as they are after these moves."""
    return {**now, **{move.alias: move.version for move in made}}


def check_desired(names: AliasNames, model: ModelName, desired: Desired) -> None:
    """Raise `BackendRefused` for what aliases cannot say."""
    if desired.weights and dict(desired.weights) != {desired.stable: 1.0}:
        raise BackendRefused(
            f"aliases of MLflow carry no shares: {model} cannot be split",
            "Set the shares where the traffic is split; an alias points at one version.",
        )
    candidate = desired.candidate
    if not isinstance(candidate, Missing) and (names.candidate is None or candidate == desired.stable):
        raise BackendRefused(
            f"no alias can make {candidate} the candidate of {model}",
            "Name an alias for the candidate under `pointers`, and another version than the stable one.",
        )
    for version in (desired.stable, candidate):
        if not isinstance(version, Missing) and not (version.isascii() and version.isdecimal()):
            raise BackendRefused(f"{version} is no version of MLflow", "Versions there are numbers: 1, 2, 3, …")
