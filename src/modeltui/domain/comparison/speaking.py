"""What several sources say of one fact of one version: what agrees is one claim."""

from __future__ import annotations

from collections.abc import Sequence

from modeltui.domain.claims import algorithm
from modeltui.domain.comparison.difference import Claim
from modeltui.domain.comparison.facts import Kind, Told
from modeltui.domain.comparison.relations import Relation, relation
from modeltui.domain.comparison.sides import Said
from modeltui.domain.names import SourceName
from modeltui.domain.text import SafeText


def held(one: Said, other: Said) -> Relation:
    """Return how two values relate, when it counts who says them.

    Identifiers and digests that do not say how they were made are different only where one source tells both.
    """
    found = relation(one.told, other.told)
    if found is Relation.DIFFERENT and one.source != other.source and _is_own(one.told) and _is_own(other.told):
        return Relation.NO_MEASURE
    return found


def _is_own(told: Told) -> bool:
    return told.kind is Kind.NAME or (told.kind is Kind.DIGEST and not algorithm(SafeText(str(told.value))))


def groups_of(said: Sequence[Said]) -> list[tuple[Said, list[SourceName]]]:
    """Return each different value, as the first source spells it, with all sources that say it."""
    groups: list[tuple[Said, list[SourceName]]] = []
    for one in said:
        for first, sources in groups:
            if first.told.value == one.told.value or held(first, one) is Relation.SAME:
                if one.source not in sources:
                    sources.append(one.source)
                break
        else:
            groups.append((one, [one.source]))
    return groups


def claims_of(said: Sequence[Said], other_side: Sequence[Said]) -> tuple[Claim, ...]:
    """Return the claims of one side; several only when they contradict each other.

    Digests of two algorithms do not, nor do two sources' own names of one thing: that is shown by which the two sides
    can be compared.
    """
    if len(said) == 1:
        return (Claim(said[0].told.value, (said[0].source,)),)
    groups = groups_of(said)
    if len(groups) > 1:
        measured = [group for group in groups if _is_measured(group[0], other_side)] or groups
        groups = []
        for group in measured:
            if all(held(group[0], kept[0]) is Relation.DIFFERENT for kept in groups):
                groups.append(group)
    return tuple(Claim(first.told.value, tuple(sources)) for first, sources in groups)


def _is_measured(one: Said, others: Sequence[Said]) -> bool:
    return any(held(one, other) is not Relation.NO_MEASURE for other in others)
