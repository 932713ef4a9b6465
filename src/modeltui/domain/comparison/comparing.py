"""Two versions of a model held against each other: by what their sources say, or by what a fleet knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from modeltui.domain.claims import Claims
from modeltui.domain.comparison import tables
from modeltui.domain.comparison.details import Senses
from modeltui.domain.comparison.difference import (
    CodeLog,
    CodeSpan,
    Comparison,
    ComponentChange,
    Group,
    State,
)
from modeltui.domain.comparison.diffing import Differ
from modeltui.domain.comparison.flattening import ambiguous_names
from modeltui.domain.comparison.sense import Sense, shared_sense
from modeltui.domain.comparison.sides import Version, is_unread
from modeltui.domain.fleet import Fleet
from modeltui.domain.lineage import Unreadable
from modeltui.domain.names import NO_DATA, ModelName, NoData, SourceName, VersionId
from modeltui.domain.origins import code_span
from modeltui.domain.text import SafeText

_NO_SENSES: Final[Mapping[SafeText, Sense]] = {}
_NOBODY: Final[frozenset[SourceName]] = frozenset()
_DEEPEST: Final = 3
"""Ensembles of ensembles of ensembles; a member that contains itself ends here too."""


def compare_claims(
    model: ModelName,
    a: VersionId,
    b: VersionId,
    claims_a: Claims,
    claims_b: Claims,
    *,
    senses: Mapping[SafeText, Sense] = _NO_SENSES,
    awaited_a: frozenset[SourceName] = _NOBODY,
    awaited_b: frozenset[SourceName] = _NOBODY,
) -> Comparison:
    """Return all facts of two versions, by what each source says of them.

    `awaited_a`, `awaited_b`: sources that were asked and have not answered; what only they could say is unknown.
    """
    ambiguous = ambiguous_names((*claims_a.values(), *claims_b.values()))
    one, other = Version(a, claims_a, awaited_a, ambiguous), Version(b, claims_b, awaited_b, ambiguous)
    metrics = {
        SafeText(said[0].told.title)
        for side in (one, other)
        for said in side.said.values()
        if said[0].told.table is tables.METRICS
    }
    reading = Senses(senses, shared_sense(metrics, senses))
    is_same = a == b and dict(claims_a) == dict(claims_b)
    facts = Differ(one, other, reading, is_same=is_same).facts()
    components = tuple(
        ComponentChange(ModelName(fact.title), VersionId(fact.a.value), VersionId(fact.b.value), NO_DATA)
        for fact in facts
        if fact.group is Group.COMPONENTS
        and fact.state is State.CHANGED
        and isinstance(fact.a.value, str)
        and isinstance(fact.b.value, str)
    )
    awaited = tuple(sorted({*one.awaited, *other.awaited}))
    troubles = tuple(dict.fromkeys((*_troubles(a, claims_a), *_troubles(b, claims_b))))
    return Comparison(model, a, b, facts, components, awaited=awaited, troubles=troubles)


def compare(
    fleet: Fleet,
    model: ModelName,
    a: VersionId,
    b: VersionId,
    *,
    senses: Mapping[SafeText, Sense] = _NO_SENSES,
) -> Comparison:
    """Return all that a fleet knows of the difference of two versions, now: with what is still awaited named.

    Metrics are read as the fleet's policy says; `senses` wins over it.
    """
    return _compare(fleet, model, a, b, {**fleet.policy.senses, **senses}, _DEEPEST)


def _compare(
    fleet: Fleet, model: ModelName, a: VersionId, b: VersionId, senses: Mapping[SafeText, Sense], depth: int
) -> Comparison:
    found = compare_claims(
        model,
        a,
        b,
        fleet.claims_of(model, a),
        fleet.claims_of(model, b),
        senses=senses,
        awaited_a=fleet.awaited.get((model, a), _NOBODY),
        awaited_b=fleet.awaited.get((model, b), _NOBODY),
    )
    awaited = sorted({*found.awaited, *(name for one in (a, b) for name in fleet.awaited.get((model, one), _NOBODY))})
    old = (trouble for version in dict.fromkeys((a, b)) for trouble in _old_answers(fleet, model, version))
    return replace(
        found,
        components=tuple(_with_comparison(fleet, change, senses, depth - 1) for change in found.components),
        code_log=_code_log(fleet, model, a, b),
        awaited=tuple(awaited),
        troubles=tuple(dict.fromkeys((*found.troubles, *old))),
    )


def _with_comparison(
    fleet: Fleet, change: ComponentChange, senses: Mapping[SafeText, Sense], depth: int
) -> ComponentChange:
    """Return a member's change with its own comparison, when somebody has read both of its versions."""
    are_read = all((change.model, version) in fleet.claims for version in (change.a, change.b))
    if depth <= 0 or not are_read:
        return change
    return replace(change, comparison=_compare(fleet, change.model, change.a, change.b, senses, depth))


def _code_log(fleet: Fleet, model: ModelName, a: VersionId, b: VersionId) -> CodeLog | NoData:
    span = code_span(fleet, model, a, b)
    if span is None:
        return NO_DATA
    if (log := fleet.code_logs.get(span)) is not None:
        return log
    # What was read for B against A says the same the other way round.
    log = fleet.code_logs.get(CodeSpan(span.repository, span.b, span.a))
    return NO_DATA if log is None else replace(log, only_a=log.only_b, only_b=log.only_a)


def _troubles(version: VersionId, claims: Claims) -> tuple[SafeText, ...]:
    """Return which sources could not be asked about a version at all, and why."""
    return tuple(
        SafeText(f"{source} could not be asked about {version}: {provenance.run.reason}")
        for source, provenance in claims.items()
        if is_unread(provenance) and isinstance(provenance.run, Unreadable)
    )


def _old_answers(fleet: Fleet, model: ModelName, version: VersionId) -> tuple[SafeText, ...]:
    """Return which sources could not be asked again about a version: what they say is what they said before."""
    told = fleet.claims.get((model, version), {})
    reasons = fleet.untold.get((model, version), {})
    return tuple(
        SafeText(f"{source} could not be asked again about {version}, this is its last answer: {reason}")
        for source, reason in reasons.items()
        if source in told
    )
