"""What sources tell of the origin of versions becomes part of the fleet; what they still owe is part of it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from modeltui.domain.claims import Claims, is_same_commit, joined, repository_key
from modeltui.domain.event import ProvenanceAsked, ProvenanceRead, ProvenanceUnread
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import CodeRevision, Known
from modeltui.domain.names import UNKNOWN, Missing, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modeltui.domain.comparison.difference import CodeSpan

_T = TypeVar("_T")


def with_provenance(fleet: Fleet, event: ProvenanceAsked | ProvenanceRead | ProvenanceUnread) -> Fleet:
    """Return the fleet that knows the answer, or that it is owed, or why there is none."""
    key = (event.model, event.version)
    match event:
        case ProvenanceAsked(sources=sources):
            return replace(fleet, awaited={**fleet.awaited, key: fleet.awaited.get(key, frozenset()) | set(sources)})
        case ProvenanceRead(source=source, provenance=provenance):
            told = _in_order(fleet, {**fleet.claims.get(key, {}), source: provenance})
            fleet = replace(
                fleet,
                claims={**fleet.claims, key: told},
                provenance={**fleet.provenance, key: joined(told)},
                untold=_without(fleet.untold, key, source),
            )
        case ProvenanceUnread(source=source, reason=reason):
            reasons: Mapping[SourceName, SafeText] = {**fleet.untold.get(key, {}), source: reason}
            fleet = replace(fleet, untold={**fleet.untold, key: reasons})
    left = fleet.awaited.get(key, frozenset()) - {source}
    awaited = {one: owed for one, owed in fleet.awaited.items() if one != key} | ({key: left} if left else {})
    return replace(fleet, awaited=awaited)


def models_with_commit(fleet: Fleet, span: CodeSpan) -> frozenset[ModelName]:
    """Return the models with a version of one of these commits."""
    return frozenset(
        model
        for (model, _), provenance in fleet.provenance.items()
        if isinstance(provenance.code, Known)
        and any(is_same_commit(provenance.code.value.commit, commit) for commit in (span.a, span.b))
    )


def code_span(fleet: Fleet, model: ModelName, a: VersionId, b: VersionId) -> CodeSpan | None:
    """Return the two commits of two versions; None while one is unknown, or they are one, or of two repositories."""
    one, other = _code_of(fleet, model, a), _code_of(fleet, model, b)
    if one is None or other is None or is_same_commit(one.commit, other.commit):
        return None
    named = [code.repository for code in (one, other) if not isinstance(code.repository, Missing)]
    if len({repository_key(address) for address in named}) > 1:
        return None
    from modeltui.domain.comparison.difference import CodeSpan

    return CodeSpan(named[0] if named else UNKNOWN, one.commit, other.commit)


def _code_of(fleet: Fleet, model: ModelName, version: VersionId) -> CodeRevision | None:
    provenance = fleet.provenance.get((model, version))
    code = provenance.code if provenance else None
    return code.value if isinstance(code, Known) else None


def _in_order(fleet: Fleet, claims: Claims) -> Claims:
    """Return claims in the order of the configuration, whoever answered first."""
    order = [name for name in fleet.sources if name in claims]
    return {name: claims[name] for name in (*order, *(name for name in claims if name not in order))}


def _without(
    table: Mapping[VersionKey, Mapping[SourceName, _T]], key: VersionKey, source: SourceName
) -> Mapping[VersionKey, Mapping[SourceName, _T]]:
    if source not in table.get(key, {}):
        return table
    rest = {name: value for name, value in table[key].items() if name != source}
    return {**{one: values for one, values in table.items() if one != key}, **({key: rest} if rest else {})}
