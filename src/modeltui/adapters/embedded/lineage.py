"""The provenance of every version, from the model's first and what each later one changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from modeltui.adapters.embedded.plans import ModelPlan, VersionPlan

DAY_SECONDS: Final = 86_400.0
_TABLE_FILES: Final = {
    "model/weights.bin": "artifact",
    "model/features.json": "feature_pipeline",
    "requirements.txt": "requirements",
}
_FILES: Final = {
    "tabular": _TABLE_FILES,
    "batch": _TABLE_FILES,
    "vision": {
        "model/weights.bin": "artifact",
        "model/page_prep.json": "feature_pipeline",
        "requirements.txt": "requirements",
    },
    "ensemble": {"members.json": "components", "combine.json": "parameters", "requirements.txt": "requirements"},
}
"""The files of an artifact by kind of model, and the field on which each depends; others are put together late."""
BEFORE_TRAINING_SECONDS: Final = 1.5 * DAY_SECONDS
"""So long before a version was registered its data were taken."""
_STORE: Final = "s3://harbourlight-models.example"

Document = dict[str, Any]


def documents(model: ModelPlan, now: float) -> dict[str, Document]:
    """Return the provenance of each version by its id, as JSON has it."""
    found: dict[str, Document] = {}
    told: Document = {}
    effects: list[str] = []
    previous: VersionPlan | None = None
    for plan in model.versions:
        told = _merged(told if previous else dict(model.lineage), plan.changed)
        whole = {
            "tags": None,
            **told,
            **_registered(model, plan, now),
            **_trained(model, plan, previous, told, found, now),
        }
        whole["model_card"] = _card(model, plan, whole)
        whole.update(_files(model, whole))
        effects = [*effects, *plan.effects]
        whole.update({"external_effects": effects or None} if model.kind == "agent" else {})
        gaps = {name: value for name, value in plan.changed.items() if value is None or "unreadable" in value}
        found[plan.id] = {**whole, **gaps}
        previous = plan
    return found


def digest(*parts: object) -> str:
    """Return a digest that looks like one, the same for the same parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def registered_at(model: ModelPlan, plan: VersionPlan, now: float) -> float:
    """Return when a version was registered: on its day, at an hour of its own."""
    hours = int(digest(model.name, plan.id, "hour")[:4], 16) % 9
    minutes = int(digest(model.name, plan.id, "minute")[:4], 16) % 60
    return now - plan.age_days * DAY_SECONDS - hours * 3600.0 - minutes * 60.0


def _merged(before: Document, changed: Mapping[str, Any]) -> Document:
    """Return the document with these fields changed: tables row by row, everything else as a whole."""
    after = dict(before)
    for name, value in changed.items():
        old = after.get(name)
        if isinstance(old, dict) and isinstance(value, dict) and "unreadable" not in value:
            after[name] = {key: item for key, item in {**old, **value}.items() if item is not None}
        else:
            after[name] = value
    return after


def _registered(model: ModelPlan, plan: VersionPlan, now: float) -> Document:
    approvals: list[Document] = []
    if plan.approved_by:
        at = registered_at(model, plan, now) + 0.8 * DAY_SECONDS
        comment = "Challenger report read; limits agreed."
        approvals.append({"by": plan.approved_by, "decision": "approved", "at": at, "comment": comment})
    stamp = digest(model.name, plan.id, "artifact")
    return {
        "registered": plan.by,
        "owner": model.owner,
        "run": f"run-{digest(model.name, plan.id, 'run')[:12]}",
        "approvals": approvals or None,
        "artifact": {
            "uri": f"{_STORE}/{model.name}/{plan.id}/model.tar.zst",
            "digest": f"sha256:{stamp}",
            "size_bytes": _size(model, stamp),
            "is_reachable": True,
        },
        "attestations": [f"in-toto slsa-provenance/v1 sha256:{digest(stamp)[:32]}"] if plan.age_days < 200 else None,
    }


def _size(model: ModelPlan, stamp: str) -> int:
    """Return some megabytes, about the same for all versions of a model."""
    whole = 4_000_000 + int(digest(model.name, "size")[:6], 16) * 3
    return int(whole * (1 + int(stamp[:4], 16) / 0xFFFF * 0.04))


def _trained(
    model: ModelPlan,
    plan: VersionPlan,
    previous: VersionPlan | None,
    told: Document,
    earlier: Mapping[str, Document],
    now: float,
) -> Document:
    before = earlier[previous.id] if previous else None
    return {
        "code": {
            "commit": digest(model.name, plan.id, "commit")[:40],
            "repository": model.repository,
            "branch": f"release/{plan.id}",
            "has_uncommitted_changes": False,
            **(plan.changed.get("code") or {}),
        },
        "data_snapshots": _snapshots(model, plan, told, before, registered_at(model, plan, now)),
        "parents": [f"{model.name}:{previous.id}"] if previous else None,
        "importances": _importances(model, plan, told),
        "base_image": f"registry.harbourlight.example/serving/{told['runtime']['image']}"
        f"@sha256:{digest(told['runtime']['image'], told['requirements'])[:64]}",
    }


def _snapshots(model: ModelPlan, plan: VersionPlan, told: Document, before: Document | None, at: float) -> Any:
    if plan.same_data and before:
        return before["data_snapshots"]
    random = Random(f"{model.name}/{plan.id}")  # noqa: S311 - invented row counts
    growth = 1 + 0.04 * model.versions.index(plan)
    taken_at = at - BEFORE_TRAINING_SECONDS
    return [
        {
            "name": name,
            "digest": f"sha256:{digest(model.name, plan.id, name)[:32]}",
            "uri": f"iceberg://lake.harbourlight.example/{name}/snapshot={plan.id}",
            "rows": int(rows * growth * random.uniform(0.97, 1.03)),
            "used_for": used_for,
            "origin": f"lake.{model.owner.replace('-', '_')}.{name}",
            "taken_at": taken_at,
            **_span(taken_at, *days),
        }
        for name, rows, used_for, *days in told["data_snapshots"]
    ]


def _span(taken_at: float, days: float = 0.0) -> Document:
    """Return the time that the rows cover, in whole days; nothing of what has no time."""
    if not days:
        return {}
    ends_at = taken_at // DAY_SECONDS * DAY_SECONDS
    return {"begins_at": ends_at - days * DAY_SECONDS, "ends_at": ends_at}


def _files(model: ModelPlan, whole: Document) -> Document:
    table = _FILES.get(model.kind)
    if table is None:
        return {}
    return {"files": {name: f"sha256:{digest(model.name, name, whole.get(part))}" for name, part in table.items()}}


def _importances(model: ModelPlan, plan: VersionPlan, told: Document) -> Document | None:
    weights = told.get("importances")
    if not weights:
        return None
    random = Random(f"{model.name}/{plan.id}/importances")  # noqa: S311 - invented scores
    moved = {name: weight * random.uniform(0.92, 1.08) for name, weight in weights.items()}
    whole = sum(moved.values())
    return {name: round(weight / whole, 4) for name, weight in moved.items()}


def _card(model: ModelPlan, plan: VersionPlan, whole: Document) -> str:
    scores = ", ".join(f"{name} {value:g}" for name, value in (whole.get("metrics") or {}).items())
    caveat = (plan.changed.get("tags") or {}).get("caveat", "None known.")
    return "\n".join(
        (
            f"# {model.name} {plan.id}",
            "",
            plan.says,
            "",
            f"Owner: {model.owner}. Decides: {model.business}.",
            f"Evaluated offline: {scores or 'not stated'}.",
            f"Known limits: {caveat}",
        )
    )
