"""The controller of a world: what changes when a target is told what to do, and how rollouts go on by themselves.

Everything here runs inside a transaction of its caller. Stages with a hold go on when it is over; a stage that an
operator set has none, so that what an operator wanted stays until an operator wants something else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from modeltui.domain.errors import BackendRefused

STAGES: Final = (("shadow", 0.0), ("canary-5", 0.05), ("canary-25", 0.25))
"""The steps of a rollout and the candidate's share in each; after the last it has everything."""
_SAME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class TargetState:
    """The row of one target, as the file has it."""

    stable: str | None
    candidate: str | None
    shadow: str | None
    stage_since: float | None
    says: str
    revision: int


def target_state(connection: sqlite3.Connection, model: str, environment: str) -> TargetState:
    """Return what one target is at; raise `BackendRefused` when there is none of that name."""
    row = connection.execute(
        "SELECT stable, candidate, shadow, stage_since, says, revision FROM targets"
        " WHERE model = ? AND environment = ?",
        [model, environment],
    ).fetchone()
    if row is None:
        raise BackendRefused(f"the world has no target {model}@{environment}", "Look at `modeltui status`.")
    stable, candidate, shadow, since, says, revision = row
    return TargetState(stable, candidate, shadow, since, says or "", int(revision))


def write_weights(connection: sqlite3.Connection, model: str, environment: str, weights: Mapping[str, float]) -> None:
    """Replace the shares of one target."""
    connection.execute("DELETE FROM weights WHERE model = ? AND environment = ?", [model, environment])
    rows = [(model, environment, version, weight) for version, weight in weights.items()]
    connection.executemany("INSERT INTO weights VALUES (?, ?, ?, ?)", rows)


def new_revision(connection: sqlite3.Connection, model: str, environment: str, says: str) -> int:
    """Count one change of a target, and return its number."""
    row = connection.execute(
        "UPDATE targets SET revision = revision + 1, says = ? WHERE model = ? AND environment = ? RETURNING revision",
        [says or None, model, environment],
    ).fetchone()
    return int(row[0])


@dataclass(frozen=True, slots=True)
class Change:
    """What one target is to become."""

    model: str
    environment: str
    weights: Mapping[str, float]
    stable: str
    candidate: str | None
    at: float
    says: str
    """Who and why; stands behind what the controller itself says."""


def change_target(connection: sqlite3.Connection, before: TargetState, change: Change) -> int:
    """Make the target what it is to become, and return the new revision.

    Without a candidate whatever was under way ends: candidate, shadow and stage. Serving records follow: who leaves
    after a rollback or an abort leaves without having passed its gates.
    """
    key = [change.model, change.environment]
    write_weights(connection, change.model, change.environment, change.weights)
    if change.candidate is None:
        shadow, stage, weight = None, "full", 1.0
    else:
        weight = change.weights.get(change.candidate, 0.0)
        shadow, stage = before.shadow, f"canary-{100 * weight:g}"
    connection.execute(
        "UPDATE targets SET stable = ?, candidate = ?, shadow = ?, stage_name = ?, stage_weight = ?, stage_since = ?,"
        " stage_hold_seconds = NULL WHERE model = ? AND environment = ?",
        [change.stable, change.candidate, shadow, stage, weight, change.at, *key],
    )
    _remember(connection, before, change)
    says = _words(before, change)
    return new_revision(connection, change.model, change.environment, f"{says}; {change.says}" if change.says else says)


def _remember(connection: sqlite3.Connection, before: TargetState, change: Change) -> None:
    """Close and open serving records."""
    key = [change.model, change.environment]
    was_promoted = change.stable == before.candidate
    if before.candidate is not None and before.candidate not in (change.candidate, change.stable):
        began = change.at if before.stage_since is None else min(before.stage_since, change.at)
        connection.execute(
            "INSERT OR REPLACE INTO served VALUES (?, ?, ?, ?, ?, 0)", [*key, before.candidate, began, change.at]
        )
    if change.stable == before.stable:
        return
    connection.execute(
        "UPDATE served SET ended_at = ?, passed_gates = passed_gates AND ?"
        " WHERE model = ? AND environment = ? AND ended_at IS NULL",
        [change.at, was_promoted, *key],
    )
    passed_before = connection.execute(
        "SELECT MAX(passed_gates) FROM served WHERE model = ? AND environment = ? AND version = ?",
        [*key, change.stable],
    ).fetchone()[0]
    connection.execute(
        "INSERT OR REPLACE INTO served VALUES (?, ?, ?, ?, NULL, ?)",
        [*key, change.stable, change.at, 1 if was_promoted or passed_before else 0],
    )


def _words(before: TargetState, change: Change) -> str:
    if change.candidate is not None:
        return f"Held: {100 * change.weights.get(change.candidate, 0.0):g} % on {change.candidate}"
    if change.stable == before.candidate:
        return f"Promoted: all traffic on {change.stable}"
    if change.stable != before.stable:
        return f"Rolled back: all traffic on {change.stable}"
    ended = before.candidate or before.shadow
    return f"Aborted: {ended} taken out, all traffic on {change.stable}" if ended else f"All traffic on {change.stable}"


def advance_rollouts(connection: sqlite3.Connection, at: float, *, began_at: float, speed: float) -> None:
    """Take every rollout whose hold is over to its next stage; holds last seconds of the story."""
    rows = connection.execute(
        "SELECT model, environment, stable, candidate, shadow, stage_name, stage_weight, stage_since,"
        " stage_hold_seconds FROM targets WHERE stage_hold_seconds IS NOT NULL AND stage_since IS NOT NULL"
        " AND stable IS NOT NULL AND (candidate IS NOT NULL OR shadow IS NOT NULL)"
    ).fetchall()
    for model, environment, stable, candidate, shadow, name, weight, since, hold in rows:
        lasted = (at - since) * speed if since >= began_at else (began_at - since) + (at - began_at) * speed
        if lasted < hold or not _is_as_staged(connection, model, environment, candidate, weight):
            continue
        names = [stage for stage, _ in STAGES]
        following = names.index(name) + 1 if name in names else len(names)
        _go_on(connection, (model, environment), stable, candidate or shadow, following, at, hold)


def _is_as_staged(
    connection: sqlite3.Connection, model: str, environment: str, candidate: str | None, weight: float
) -> bool:
    """Tell whether the shares are those of the stage: nobody else has set them."""
    row = connection.execute(
        "SELECT weight FROM weights WHERE model = ? AND environment = ? AND version = ?",
        [model, environment, candidate],
    ).fetchone()
    share: float = row[0] if row else 0.0
    return abs(share - (weight or 0.0)) < _SAME


def _go_on(
    connection: sqlite3.Connection,
    target: tuple[str, str],
    stable: str,
    version: str,
    following: int,
    at: float,
    hold: float,
) -> None:
    if following == len(STAGES):
        change = Change(*target, {version: 1.0}, version, None, at, "")
        before = TargetState(stable, version, None, at, "", 0)
        change_target(connection, before, change)
        connection.execute("UPDATE targets SET says = 'Healthy' WHERE model = ? AND environment = ?", target)
        return
    name, weight = STAGES[following]
    then = STAGES[following + 1][0] if following + 1 < len(STAGES) else "full"
    write_weights(connection, *target, {stable: 1.0 - weight, version: weight})
    connection.execute(
        "UPDATE targets SET candidate = ?, shadow = NULL, stage_name = ?, stage_weight = ?, stage_since = ?"
        " WHERE model = ? AND environment = ?",
        [version, name, weight, at, *target],
    )
    new_revision(connection, *target, f"Progressing: {name} holds for {hold / 3600:g}h, then {then}")
