"""Where a version comes from and what came of it: origins, parents, children, and the targets that serve it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modeltui.domain.ancestry_marks import Marking, deleted_version, peers_of
from modeltui.domain.ancestry_origins import Origin, origins
from modeltui.domain.fleet import Fleet, ServedVersion, VersionKey
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import NO_DATA, Missing, ModelName, NoData, SourceName, TargetKey, VersionId
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.references import References, rows, said
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.told import told_of
from modeltui.domain.traffic import counts_for_target

MOST_GENERATIONS: Final = 8
"""Parents of parents that are followed, as far as somebody has read them."""


class Relation(StrEnum):
    """How two versions belong together."""

    PARENT = "parent"
    """One was derived from the other."""
    COMPONENT = "component"
    """One is a member of the other."""
    USES = "uses"
    """One names the other in its system: base model, guardrail, tool."""


@dataclass(frozen=True, slots=True)
class Relative:
    """Another version: one that this one comes from, or one that comes from this one."""

    relation: Relation
    said: SafeText
    """As the record names it."""
    key: VersionKey | NoData = NO_DATA
    """Which version it is; no data when no known version has that name."""
    generation: int = 1
    """1 is a parent or a child, 2 a grandparent."""
    is_read: bool = False
    """Somebody has read where it comes from itself."""
    why_unread: SafeText = SafeText("")
    """Why whoever was asked could not say it; empty while nobody was asked."""
    serves: tuple[TargetKey, ...] = ()
    marks: tuple[Marking, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A target that has the version."""

    target: TargetKey
    role: Role
    desired: float | NoData
    observed: float | NoData
    """Share of the requests, 0 to 1; no data where nobody measures it."""
    is_serving: bool
    """It answers requests, or should, as far as anybody can say."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """All that is known around one version."""

    model: ModelName
    version: VersionId
    is_read: bool
    """Somebody was asked where it comes from, and said something."""
    origins: tuple[Origin, ...] = ()
    """In the order of `OriginKind`."""
    parents: tuple[Relative, ...] = ()
    """Nearest first: its members and systems, and its parents up to the first."""
    children: tuple[Relative, ...] = ()
    """Only among versions that somebody has read."""
    places: tuple[Place, ...] = ()
    marks: tuple[Marking, ...] = ()
    """Of the version itself."""
    versions_read: int = 0
    """Other versions in which children were looked for."""
    versions_unread: int = 0
    """Other versions that are known by name, and may be children: nobody has looked."""
    awaited: tuple[SourceName, ...] = ()
    """Sources that were asked and have not answered yet."""
    troubles: tuple[SafeText, ...] = ()
    """Why a source could not say it, one sentence each."""

    def of(self, kind: OriginKind) -> tuple[Origin, ...]:
        """Return the origins of one kind."""
        return tuple(origin for origin in self.origins if origin.kind is kind)


def ancestry(fleet: Fleet, model: ModelName, version: VersionId) -> Ancestry:
    """Return what the fleet knows around one version; what nobody has read is said to be unread, and not absent."""
    key = (model, version)
    provenance = told_of(fleet, key)
    references = References(fleet)
    read = fleet.provenance.keys() - {key}
    named = {(one, name) for one in {*fleet.models, *fleet.places} for name in references.versions_of(one)}
    return Ancestry(
        model,
        version,
        key in fleet.provenance,
        origins=() if isinstance(provenance, Missing) else tuple(origins(fleet, key, provenance, peers_of(fleet, key))),
        parents=tuple(_parents(fleet, key, references)),
        children=tuple(_children(fleet, key, references)),
        places=tuple(_places(fleet, key)),
        marks=deleted_version(fleet, key),
        versions_read=len(read),
        versions_unread=len(named - read - {key}),
        awaited=tuple(sorted(fleet.awaited.get(key, ()))),
        troubles=tuple(
            safe_text(f"{source} could not say where {version} comes from: {reason}", 400)
            for source, reason in fleet.untold.get(key, {}).items()
        ),
    )


def serving_places(fleet: Fleet, key: VersionKey) -> tuple[TargetKey, ...]:
    """Return the targets on which a version answers requests, or should."""
    return tuple(place.target for place in _places(fleet, key) if place.is_serving)


def _places(fleet: Fleet, key: VersionKey) -> Iterator[Place]:
    for target in fleet.environments_of(key[0]):
        served = target.version(key[1])
        if isinstance(served, ServedVersion):
            yield Place(target.key, served.role, served.desired, served.observed, counts_for_target(served))


def _parents(fleet: Fleet, key: VersionKey, references: References) -> Iterator[Relative]:
    """Yield what a version comes from, each version once: its members and systems, and its parents up to the first."""
    seen = {key}
    generation = [key]
    for depth in range(1, MOST_GENERATIONS + 1):
        found = []
        for one in generation:
            provenance = fleet.provenance.get(one)
            for relation, text, named in named_by(provenance, one[0], references) if provenance else ():
                # The members of a parent went into the parent.
                if named in seen or (depth > 1 and relation is not Relation.PARENT):
                    continue
                if relation is Relation.USES and _is_own_state(one, named, references):
                    continue
                yield _relative(fleet, relation, text, named, depth)
                if named is not None:
                    seen.add(named)
                    found += [named] if relation is Relation.PARENT else []
        generation = found


def _is_own_state(key: VersionKey, named: VersionKey | None, references: References) -> bool:
    """Tell whether a version names its own model, and no version of it: `kyc-agent@2026-10-03` is a snapshot."""
    return named is not None and named[0] == key[0] and named[1] not in references.versions_of(named[0])


def _children(fleet: Fleet, key: VersionKey, references: References) -> Iterator[Relative]:
    for other, provenance in fleet.provenance.items():
        relations = [relation for relation, _, named in named_by(provenance, other[0], references) if named == key]
        if relations and other != key:
            yield _relative(fleet, relations[0], safe_text(f"{other[0]} {other[1]}"), other, 1)


def named_by(
    provenance: Provenance, model: ModelName, references: References
) -> Iterator[tuple[Relation, SafeText, VersionKey | None]]:
    """Yield the versions that one version names as what it comes from, by all its sources."""
    for parents in said(provenance.parents):
        for text in parents:
            yield Relation.PARENT, text, references.parent(text, model)
    for member, version in rows(provenance.components):
        yield Relation.COMPONENT, safe_text(f"{member} {version}"), (member, version)
    for table in (provenance.llm_system, provenance.agent):
        for part, text in rows(table):
            named = references.named(text)
            if named is not None:
                yield Relation.USES, safe_text(f"{part}: {text}"), named


def _relative(fleet: Fleet, relation: Relation, text: SafeText, key: VersionKey | None, generation: int) -> Relative:
    if key is None:
        return Relative(relation, text, generation=generation)
    return Relative(
        relation,
        text,
        key,
        generation,
        key in fleet.provenance,
        next(iter(fleet.untold.get(key, {}).values()), SafeText("")),
        serving_places(fleet, key),
        deleted_version(fleet, key),
    )
