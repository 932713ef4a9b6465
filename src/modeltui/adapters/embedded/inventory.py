"""What a new world holds besides its measurements: models, versions, targets and what they run in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from modeltui.adapters.embedded.commits import commit_rows
from modeltui.adapters.embedded.lineage import DAY_SECONDS, digest, documents, registered_at
from modeltui.adapters.embedded.plans import ModelPlan, Scenario, TargetPlan

HOUR_SECONDS: Final = 3600.0

Row = tuple[Any, ...]


def write_inventory(connection: sqlite3.Connection, scenario: Scenario, now: float) -> None:
    """Write everything that does not change by itself into the transaction that is under way."""
    told = {model.name: documents(model, now) for model in scenario.models}
    for model in scenario.models:
        tags = json.dumps({"business metric": model.business, "repository": model.repository})
        _insert(connection, "models", [(model.name, model.owner, model.kind, tags)])
        _insert(connection, "versions", _versions(model, told[model.name], now))
        _insert(connection, "commits", commit_rows(model, told[model.name], now))
        _insert(connection, "pointers", [(model.name, name, version) for name, version in model.pointers.items()])
    for target in scenario.targets:
        found = scenario.model(target.model)
        if found is None:
            raise ValueError(f"the scenario has a target of {target.model} and no such model")
        _write_target(connection, target, found, told[target.model][target.stable], now)


def _versions(model: ModelPlan, told: dict[str, Any], now: float) -> Iterator[Row]:
    for plan in model.versions:
        tags = {"risk tier": "2", "validated": "yes" if plan.approved_by else "pending"}
        tags.update(told[plan.id].get("tags") or {})
        yield (
            model.name,
            plan.id,
            registered_at(model, plan, now),
            plan.by,
            "READY" if plan.approved_by else "PENDING_APPROVAL",
            plan.says,
            json.dumps(tags),
            json.dumps(told[plan.id]),
        )


def _write_target(
    connection: sqlite3.Connection, target: TargetPlan, model: ModelPlan, told: dict[str, Any], now: float
) -> None:
    key = (target.model, target.environment)
    rollout = target.rollout
    candidate = rollout.version if rollout and not rollout.is_shadow else None
    shadow = rollout.version if rollout and rollout.is_shadow else None
    weight = rollout.weight if rollout else 0.0
    stage = (
        (rollout.stage, weight, now - rollout.hours * HOUR_SECONDS, rollout.hold_hours * HOUR_SECONDS)
        if rollout
        else ("full", 1.0, now - target.serving_days * DAY_SECONDS, None)
    )
    revision = 1 + 2 * len(model.versions)
    _insert(connection, "targets", [(*key, target.stable, candidate, shadow, *stage, target.says, revision)])
    weights = [(*key, target.stable, 1.0 - weight)]
    if candidate:
        weights.append((*key, candidate, weight))
    _insert(connection, "weights", weights)
    _insert(connection, "served", _served(target, model, now))
    jobs = (
        (*key, job.name, job.version, now - job.started_hours_ago * HOUR_SECONDS, job.lasts_hours * HOUR_SECONDS)
        for job in target.jobs
    )
    _insert(connection, "jobs", [(*job, None) for job in jobs])
    facts = _facts(target, told)
    _insert(connection, "environment_facts", [(*key, name, value, now - HOUR_SECONDS) for name, value in facts.items()])


def _served(target: TargetPlan, model: ModelPlan, now: float) -> Iterator[Row]:
    """Yield who served here before: each version until its successor came, the failed ones for two days."""
    ids = [plan.id for plan in model.versions]
    stable_since = now - target.serving_days * DAY_SECONDS
    yield target.model, target.environment, target.stable, stable_since, None, 1
    ended = stable_since
    for plan in reversed(model.versions[: ids.index(target.stable)]):
        if plan.passed_gates:
            started = min(now - (plan.age_days - 4) * DAY_SECONDS, ended - DAY_SECONDS)
            yield target.model, target.environment, plan.id, started, ended, 1
            ended = started
        else:
            began = min(now - (plan.age_days - 4) * DAY_SECONDS, ended - 3 * DAY_SECONDS)
            yield target.model, target.environment, plan.id, began, began + 2 * DAY_SECONDS, 0


def _facts(target: TargetPlan, told: dict[str, Any]) -> dict[str, str]:
    """Return what the target runs in: what its stable version asked for, unless the plan says otherwise."""
    libraries = dict(requirement.split("==") for requirement in told["requirements"] if "==" in requirement)
    runtime = told["runtime"]
    facts = {
        "python": runtime["python"],
        "image": runtime["image"],
        **libraries,
        **target.facts,
    }
    facts.setdefault("image digest", f"sha256:{digest(sorted(facts.items()))[:32]}")
    return facts


def _insert(connection: sqlite3.Connection, table: str, rows: Any) -> None:
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own table names
