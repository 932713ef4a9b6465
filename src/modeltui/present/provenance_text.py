"""All that is known of what made one version: every field, who says it, how old that is, and how complete it all is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modeltui.domain.claims import Claims
from modeltui.domain.completeness import Completeness, FieldStanding, Standing
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import Contradicted, Known, Provenance
from modeltui.domain.names import Instant, Missing, SourceName
from modeltui.present import format as form
from modeltui.present.answer_head import answer_head
from modeltui.present.fact_values import value_lines, value_object

_MOST_LINES = 3
"""Of one field, while it is folded."""
_LONGEST = 100


def provenance_rows(
    fleet: Fleet, key: VersionKey, told: Provenance, found: Completeness, *, folded: bool = True
) -> list[list[str]]:
    """Return heading and rows: field, what is known of it, value, sources and age; long values in further rows."""
    rows = [["FIELD", "STATE", "SOURCE", "AGE", "VALUE"]]
    for field in found.fields:
        rows += _field_rows(fleet, key, told, field, folded=folded)
    return rows


def _field_rows(
    fleet: Fleet, key: VersionKey, told: Provenance, field: FieldStanding, *, folded: bool
) -> list[list[str]]:
    fact = getattr(told, field.name)
    if isinstance(fact, Contradicted):
        rows = []
        for claim in fact.claims:
            head = [field.name, field.standing.value, claim.source, form.age(claim.observed_at, fleet.at)]
            rows += _with_lines(head, value_lines(claim.value), folded=folded)
        return rows
    state = field.standing.value
    if not isinstance(fact, Known) or field.standing is not Standing.KNOWN:
        why = str(field.why) if field.applies else f"not asked of a model of this kind; {field.why}"
        return [[field.name, state, ",".join(field.sources) or "-", "-", why]]
    sources = ",".join(sources_of(fleet.claims.get(key, {}), field.name)) or str(fact.source)
    head = [field.name, state, sources, form.age(fact.observed_at, fleet.at)]
    return _with_lines(head, [*value_lines(fact.value), *([f"! {field.note}"] if field.note else [])], folded=folded)


def _with_lines(head: list[str], lines: list[str], *, folded: bool) -> list[list[str]]:
    if folded:
        more = len(lines) - _MOST_LINES
        lines = [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…" for line in lines[:_MOST_LINES]]
        if more > 0:
            lines.append(f"+{more} more")
    first, *rest = lines or [""]
    return [[*head, first], *(["", "", "", "", line] for line in rest)]


def score_words(found: Completeness) -> str:
    """Return how complete it is, in one sentence."""
    untold = len(found.untold)
    more = f"; {untold} more no source has a place for" if untold else ""
    if isinstance(found.score, Missing):
        return f"nothing can be scored: no source that was asked has a place for any field{more}"
    share = int(found.score * 100)
    return f"{found.known} of {found.counted} fields are known ({share}%), for a model of kind {found.kind.value}{more}"


def missing_words(fields: Iterable[FieldStanding]) -> list[str]:
    """Return what is missing and why, a line each."""
    return [f"{field.name}: {field.standing.value}, {field.why}" for field in fields]


def sources_of(claims: Claims, name: str) -> tuple[SourceName, ...]:
    """Return the sources that say something of a field."""
    return tuple(source for source, one in claims.items() if isinstance(getattr(one, name), Known | Contradicted))


def provenance_object(fleet: Fleet, key: VersionKey, told: Provenance, found: Completeness) -> dict[str, Any]:
    """Return `modeltui.provenance/1`."""
    answer: dict[str, Any] = {
        **answer_head("modeltui.provenance/1", fleet),
        "model": key[0],
        "version": key[1],
        "completeness": completeness_object(found),
        "fields": {field.name: _field_object(fleet, key, told, field) for field in found.fields},
    }
    reasons = fleet.untold.get(key, {})
    answer["sources"] = [
        *({"name": source, "state": "told"} for source in fleet.claims.get(key, {})),
        *({"name": source, "state": "unreadable", "because": reason} for source, reason in reasons.items()),
    ]
    return answer


def completeness_object(found: Completeness) -> dict[str, Any]:
    """Return the score and what is missing."""
    answer: dict[str, Any] = {"kind": found.kind.value, "known": found.known, "counted": found.counted}
    if not isinstance(found.score, Missing):
        answer["score"] = round(found.score, 4)
    answer["missing"] = [
        {"field": field.name, "state": field.standing.value, "because": field.why} for field in found.missing
    ]
    answer["untold"] = [field.name for field in found.untold]
    return answer


def _field_object(fleet: Fleet, key: VersionKey, told: Provenance, field: FieldStanding) -> dict[str, Any]:
    fact = getattr(told, field.name)
    answer: dict[str, Any] = {"state": field.standing.value, "applies": field.applies, "counts": field.counts}
    if isinstance(fact, Contradicted):
        answer["claims"] = [
            {"value": value_object(claim.value), "source": claim.source, **_read(claim.observed_at, fleet.at)}
            for claim in fact.claims
        ]
    elif isinstance(fact, Known) and field.standing is Standing.KNOWN:
        sources = sources_of(fleet.claims.get(key, {}), field.name) or (fact.source,)
        answer |= {"value": value_object(fact.value), "sources": list(sources), **_read(fact.observed_at, fleet.at)}
    elif field.sources:
        answer["sources"] = list(field.sources)
    if field.why:
        answer["because"] = field.why
    return answer | ({"note": field.note} if field.note else {})


def _read(at: Instant, now: Instant) -> dict[str, Any]:
    if not form.is_moment(at):
        return {}
    return {"read_at": form.rfc3339(at), "age_seconds": round(max(now - at, 0.0), 1)}
