"""Where a version comes from and what came of it, for machines: `modeltui.lineage/1`."""

from __future__ import annotations

from typing import Any

from modeltui.domain.ancestry import Ancestry, Place, Relative
from modeltui.domain.ancestry_marks import Marking
from modeltui.domain.ancestry_origins import Origin
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.names import Missing, TargetKey
from modeltui.present import format as form
from modeltui.present.answer_head import answer_head
from modeltui.present.fact_values import value_object


def lineage_object(fleet: Fleet, ancestry: Ancestry) -> dict[str, Any]:
    """Return all around one version; what nobody read is said to be unread."""
    answer: dict[str, Any] = {
        **answer_head("modeltui.lineage/1", fleet),
        "model": ancestry.model,
        "version": ancestry.version,
        "state": "read" if ancestry.is_read else "unread",
        "marks": _marks(ancestry.marks),
        "origins": [_origin(fleet, origin) for origin in ancestry.origins],
        "parents": [_relative(one) for one in ancestry.parents],
        "children": [_relative(one) for one in ancestry.children],
        "children_sought_in": {"versions_read": ancestry.versions_read, "versions_unread": ancestry.versions_unread},
        "targets": [_place(place) for place in ancestry.places],
    }
    if ancestry.troubles:
        answer["troubles"] = list(ancestry.troubles)
    return answer


def _origin(fleet: Fleet, origin: Origin) -> dict[str, Any]:
    answer: dict[str, Any] = {"kind": origin.kind.value}
    if origin.gap:
        answer |= {"state": "unknown", "because": origin.gap}
        return answer | ({} if origin.applies else {"applies": False}) | {"marks": _marks(origin.marks)}
    answer["name"] = origin.name
    answer["state"] = "contradicted" if origin.is_contradicted else "known"
    answer["value"] = value_object(origin.value)
    if not isinstance(origin.source, Missing):
        answer["source"] = origin.source
    if not isinstance(origin.read_at, Missing) and form.is_moment(origin.read_at):
        answer["age_seconds"] = round(max(fleet.at - origin.read_at, 0.0), 1)
    return answer | {"marks": _marks(origin.marks)}


def _relative(relative: Relative) -> dict[str, Any]:
    answer: dict[str, Any] = {"relation": relative.relation.value, "said": relative.said}
    if isinstance(relative.key, Missing):
        answer["state"] = "unknown"
    else:
        answer |= _key(relative.key)
        answer["state"] = "read" if relative.is_read else "unread"
    if relative.why_unread and not relative.is_read:
        answer["because"] = relative.why_unread
    answer["generation"] = relative.generation
    answer["serves"] = [_target(key) for key in relative.serves]
    return answer | {"marks": _marks(relative.marks)}


def _key(key: VersionKey) -> dict[str, Any]:
    return {"model": key[0], "version": key[1]}


def _target(key: TargetKey) -> dict[str, Any]:
    return {"model": key.model, "environment": key.environment}


def _place(place: Place) -> dict[str, Any]:
    shares = {"desired": place.desired, "observed": place.observed}
    traffic = {name: share for name, share in shares.items() if not isinstance(share, Missing)}
    return {**_target(place.target), "role": place.role.value, "traffic": traffic, "serves": place.is_serving}


def _marks(marks: tuple[Marking, ...]) -> list[dict[str, Any]]:
    return [
        {"mark": one.mark.value, "because": one.says, "versions": [_key(other) for other in one.others]}
        for one in marks
    ]
