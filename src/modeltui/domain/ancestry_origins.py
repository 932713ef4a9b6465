"""What went into a version, one thing at a time, and why what is not known is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from modeltui.domain.ancestry_marks import Marking, Peers, marks_of
from modeltui.domain.comparison.flattening import text_lines
from modeltui.domain.completeness import completeness
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import NO_DATA, Instant, NoData, SourceName
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.text import SafeText, safe_text

OriginValue: TypeAlias = SafeText | DataSnapshot | CodeRevision | Artifact | tuple[SafeText, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing that went into a version, or the reason why nobody knows it."""

    kind: OriginKind
    name: SafeText
    """A data set, a commit, an image, a run, a part of the system; empty when it is not known."""
    value: OriginValue | NoData = NO_DATA
    source: SourceName | NoData = NO_DATA
    read_at: Instant | NoData = NO_DATA
    gap: SafeText = SafeText("")
    """Why it is not known: `not recorded`, `no source tells this`, `mlflow: 403`; empty when it is."""
    is_contradicted: bool = False
    """Another source says something else; that is an origin of its own, beside this one."""

    @property
    def is_missing(self) -> bool:
        """Tell whether nobody recorded it, or no source has a place for it; not that it could not be read."""
        return self.gap in GAPS.values()

    marks: tuple[Marking, ...] = ()
    applies: bool = True
    """It is asked of models of this kind; a prompt of a tabular model is not."""


def origins(fleet: Fleet, key: VersionKey, provenance: Provenance, peers: Peers) -> Iterator[Origin]:
    """Yield what went into a version, in the order of `OriginKind`; what is not known with the reason."""
    known = completeness(provenance)
    for kind in OriginKind:
        fact: Fact[Any] = getattr(provenance, kind.field)
        applies = known.of(kind.field).applies
        for origin in _of_table(kind, fact) if kind.is_table else _of_fact(kind, fact):
            found = marks_of(fleet, key, provenance, kind, origin.name, origin.value, peers)
            yield replace(origin, marks=found, applies=applies)


def _of_table(kind: OriginKind, fact: Fact[Any]) -> Iterator[Origin]:
    """Yield a part each; what sources agree on once, what they contradict each other on as each of them says it."""
    claims = (fact,) if isinstance(fact, Known) else fact.claims if isinstance(fact, Contradicted) else ()
    if not claims:
        yield from _of_fact(kind, fact)
    for name in dict.fromkeys(name for claim in claims for name in claim.value):
        told = [claim for claim in claims if name in claim.value]
        values = {claim.value[name] for claim in told}
        for claim in told if len(values) > 1 else told[:1]:
            value = claim.value[name]
            whole = text_lines(value) if kind is OriginKind.PROMPT else value
            yield Origin(kind, safe_text(name), whole, claim.source, claim.observed_at, is_contradicted=len(values) > 1)


def _of_fact(kind: OriginKind, fact: Fact[Any]) -> Iterator[Origin]:
    match fact:
        case Known():
            yield from _of_claim(kind, fact, is_contradicted=False)
        case Contradicted(claims=claims):
            for claim in claims:
                yield from _of_claim(kind, claim, is_contradicted=True)
        case Unreadable(reason=reason, source=source):
            yield Origin(kind, SafeText(""), source=source, gap=safe_text(f"{source}: {reason}", 400))
        case _:
            yield Origin(kind, SafeText(""), gap=GAPS[fact])


GAPS: Final = {ABSENT: SafeText("not recorded"), UNSUPPORTED: SafeText("no source tells this")}
"""Why a field has no value, in words."""


def _of_claim(kind: OriginKind, claim: Known[Any], *, is_contradicted: bool) -> Iterator[Origin]:
    values: Iterable[OriginValue] = (claim.value,)
    if kind is OriginKind.DATA:
        values = claim.value
    elif kind is OriginKind.ENVIRONMENT:
        values = [tuple(safe_text(f"{name} {value}") for name, value in claim.value.items())]
    for value in values:
        yield Origin(kind, _name(value), value, claim.source, claim.observed_at, is_contradicted=is_contradicted)


def _name(value: OriginValue) -> SafeText:
    match value:
        case DataSnapshot(name=name):
            return name
        case CodeRevision(commit=commit):
            return commit
        case Artifact(uri=uri):
            return uri
        case tuple():
            return value[0] if value else SafeText("")
    return value
