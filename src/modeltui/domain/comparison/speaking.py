"""What several sources say of one fact of one version: what agrees is one claim."""

from __future__ import annotations

from collections.abc import Sequence

from modeltui.domain.comparison.difference import Claim
from modeltui.domain.comparison.facts import Told
from modeltui.domain.comparison.relations import Relation, relation
from modeltui.domain.comparison.sides import Said
from modeltui.domain.names import SourceName


def groups_of(said: Sequence[Said]) -> list[tuple[Told, list[SourceName]]]:
    """Return each different value, as the first source spells it, with all sources that say it."""
    groups: list[tuple[Told, list[SourceName]]] = []
    for source, told in said:
        for first, sources in groups:
            if first.value == told.value or relation(first, told) is Relation.SAME:
                if source not in sources:
                    sources.append(source)
                break
        else:
            groups.append((told, [source]))
    return groups


def claims_of(said: Sequence[Said], other_side: Sequence[Said]) -> tuple[Claim, ...]:
    """Return the claims of one side; several only when they contradict each other.

    Digests of two algorithms do not: the one is shown by which the two sides can be compared.
    """
    if len(said) == 1:
        return (Claim(said[0].told.value, (said[0].source,)),)
    groups = groups_of(said)
    if len(groups) > 1:
        measured = [group for group in groups if _is_measured(group[0], other_side)] or groups
        groups = []
        for group in measured:
            if all(relation(group[0], kept[0]) is Relation.DIFFERENT for kept in groups):
                groups.append(group)
    return tuple(Claim(told.value, tuple(sources)) for told, sources in groups)


def _is_measured(told: Told, others: Sequence[Said]) -> bool:
    return any(relation(told, other) is not Relation.NO_MEASURE for _, other in others)
