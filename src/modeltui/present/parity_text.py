"""Whether the environments of a model are the same, in words and for machines."""

from __future__ import annotations

from typing import Any

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing
from modeltui.domain.same_everywhere import BuiltFor, SameEverywhere
from modeltui.domain.skew import Sameness
from modeltui.present import format as form
from modeltui.present.answer_head import answer_head
from modeltui.present.compare_values import short_digest
from modeltui.present.skew import environments_in_order


def parity_table(fleet: Fleet, found: SameEverywhere, *, everything: bool) -> list[list[str]]:
    """Return heading and rows: a fact, the verdict, and its value in each environment; equal ones only on demand."""
    here = {environment for row in found.facts for environment, _ in row.values}
    environments = [environment for environment in environments_in_order(fleet) if environment in here]
    rows = [["FACT", "VERDICT", *environments]]
    for row in found.facts:
        if everything or row.sameness is not Sameness.SAME:
            values = dict(row.values)
            rows.append([row.name, row.sameness.value, *(short_digest(values.get(one) or "?") for one in environments)])
    return rows


def built_for_rows(found: SameEverywhere) -> list[list[str]]:
    """Return heading and rows: a target, what serves there, and whether it was built for the place."""
    rows = [["ENV", "SERVES", "BUILT FOR IT", "BECAUSE"]]
    for one in found.built_for:
        version = form.MISSING if isinstance(one.version, Missing) else str(one.version)
        verdict = {Sameness.SAME: "yes", Sameness.DIFFERENT: "no", Sameness.UNKNOWN: "not known"}[one.sameness]
        rows.append([one.target.environment, version, verdict, _because(one)])
    return rows


def _because(one: BuiltFor) -> str:
    if one.why:
        return str(one.why)
    return "; ".join(one.differences) or f"{one.compared} facts are as it was built for"


def verdict_words(found: SameEverywhere) -> str:
    """Return the verdict in one sentence."""
    places = len(found.built_for)
    differing = sum(row.sameness is Sameness.DIFFERENT for row in found.facts)
    misfits = sum(one.sameness is Sameness.DIFFERENT for one in found.built_for)
    untold = sum(row.sameness is Sameness.UNKNOWN for row in found.facts)
    unknown = sum(one.sameness is Sameness.UNKNOWN for one in found.built_for)
    parts = [
        f"{differing} facts differ between environments" if differing else "",
        f"{misfits} of {places} environments are not what their version was built for" if misfits else "",
        f"{untold} facts are not told everywhere" if untold else "",
        f"nobody knows whether {unknown} of {places} environments fit what serves there" if unknown else "",
        str(found.why),
    ]
    said = "; ".join(part for part in parts if part)
    match found.sameness:
        case Sameness.SAME:
            alone = "the only environment fits" if places == 1 else f"all {places} environments are the same and fit"
            return f"the same: {alone} what serves there"
        case Sameness.DIFFERENT:
            return f"different: {said}"
        case Sameness.UNKNOWN:
            return f"not known: {said}"


def parity_object(fleet: Fleet, found: SameEverywhere) -> dict[str, Any]:
    """Return `modeltui.parity/1`."""
    return {
        **answer_head("modeltui.parity/1", fleet),
        "model": found.model,
        "state": found.sameness.value,
        "because": verdict_words(found),
        "facts": [
            {
                "fact": row.name,
                "state": row.sameness.value,
                "values": {place: value for place, value in row.values if value is not None},
                "untold": [place for place, value in row.values if value is None],
            }
            for row in found.facts
        ],
        "environments": [_built_for(one) for one in found.built_for],
    }


def _built_for(one: BuiltFor) -> dict[str, Any]:
    answer: dict[str, Any] = {"environment": one.target.environment}
    if not isinstance(one.version, Missing):
        answer["serving"] = one.version
    built = {"state": one.sameness.value, "compared": one.compared, "differences": list(one.differences)}
    return answer | {"built_for": built | ({"because": one.why} if one.why else {})}
