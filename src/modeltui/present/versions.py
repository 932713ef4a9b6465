"""The versions of one model in words and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, ModelName, VersionId
from modeltui.present import format as form
from modeltui.present.answer_head import answer_head


def serving_places(fleet: Fleet, model: ModelName, version: VersionId) -> list[tuple[str, float | Missing]]:
    """Return the environments where a version answers requests, with its share."""
    places: list[tuple[str, float | Missing]] = []
    for target in fleet.environments_of(model):
        served = target.version(version)
        if isinstance(served, Missing):
            continue
        if isinstance(served.observed, Missing):
            if not isinstance(served.desired, Missing) and served.desired > 0:
                places.append((f"{target.key.environment} (desired, not observed)", served.desired))
        elif served.observed > 0:
            places.append((target.key.environment, served.observed))
    return places


def version_rows(fleet: Fleet, model: ModelName) -> list[list[str]]:
    """Return heading and rows as text."""
    rows = [["VERSION", "REGISTERED", "BY", "STATE", "POINTERS", "SERVES", "DESCRIPTION"]]
    for version in fleet.versions.get(model, ()):
        places = [f"{place} {form.percent(share)}" for place, share in serving_places(fleet, model, version.id)]
        rows.append(
            [
                version.id,
                form.date_time(version.created_at),
                _word(version.created_by),
                _word(version.state),
                ",".join(version.pointers) or "-",
                ", ".join(places) or "-",
                "-" if isinstance(version.description, Missing) else version.description,
            ]
        )
    return rows


def versions_object(
    fleet: Fleet,
    model: ModelName,
    *,
    more: Mapping[VersionId, Mapping[str, Any]] | None = None,
    of_all: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return `modeltui.versions/1`; `more` is added to the versions, `of_all` to the whole."""
    told = more or {}
    listed = fleet.versions.get(model, ())
    unlisted = [version for version in told if version not in {one.id for one in listed}]
    return {
        **answer_head("modeltui.versions/1", fleet),
        "model": model,
        "versions": [
            *({**_version_object(fleet, model, index), **told.get(one.id, {})} for index, one in enumerate(listed)),
            *({"version": version, "listed": False, **told[version]} for version in unlisted),
        ],
        **(of_all or {}),
    }


def _version_object(fleet: Fleet, model: ModelName, index: int) -> dict[str, Any]:
    version = fleet.versions[model][index]
    result: dict[str, Any] = {"version": version.id, "pointers": list(version.pointers)}
    if not isinstance(version.created_at, Missing) and form.is_moment(version.created_at):
        result["registered_at"] = form.rfc3339(version.created_at)
    words = {"registered_by": version.created_by, "state": version.state, "description": version.description}
    result |= {key: word for key, word in words.items() if not isinstance(word, Missing)}
    result["tags"] = dict(version.tags)
    result["serving"] = [
        {"environment": place} if isinstance(share, Missing) else {"environment": place, "share": share}
        for place, share in serving_places(fleet, model, version.id)
    ]
    return result


def _word(value: str | Missing) -> str:
    return "?" if isinstance(value, Missing) else value
