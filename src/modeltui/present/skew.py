"""Version × environment in words and for machines."""

from __future__ import annotations

from typing import Any

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Environment, ModelName
from modeltui.domain.skew import ParityRow, Sameness, parity, skew_matrix
from modeltui.present.format import rfc3339


def environments_in_order(fleet: Fleet) -> list[Environment]:
    """Return all environments: as configured, then by name."""
    seen = {key.environment for key in fleet.targets}
    configured = [environment for environment in fleet.policy.environments if environment in seen]
    return [*configured, *sorted(seen.difference(configured))]


def skew_table(fleet: Fleet) -> list[list[str]]:
    """Return heading and rows: a model, its version in each environment, the verdict."""
    environments = environments_in_order(fleet)
    rows = [["MODEL", *environments, "SKEW"]]
    for row in skew_matrix(fleet):
        stable = dict(row.stable)
        here = {key.environment for key in fleet.targets if key.model == row.model}
        versions = [str(stable.get(place, "?" if place in here else "-")) for place in environments]
        rows.append([row.model, *versions, "skewed" if row.is_skewed else ""])
    return rows


def parity_rows(fleet: Fleet, model: ModelName) -> tuple[ParityRow, ...]:
    """Return what the environments of a model run, differences first."""
    return parity(tuple(fleet.environments_of(model)))


def skew_object(fleet: Fleet) -> dict[str, Any]:
    """Return `modeltui.skew/1`."""
    return {
        "schema": "modeltui.skew/1",
        "at": rfc3339(fleet.at),
        "context": fleet.context.name,
        "models": [
            {
                "model": row.model,
                "skewed": row.is_skewed,
                "stable": dict(row.stable),
                "differences": [
                    {"fact": fact.name, "values": {k: v for k, v in fact.values if v is not None}}
                    for fact in parity_rows(fleet, row.model)
                    if fact.sameness is Sameness.DIFFERENT
                ],
            }
            for row in skew_matrix(fleet)
        ],
    }
