"""What a comparison on the screen is of, and what came of it: computed anew when what it is made of changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modeltui.domain.comparison.comparing import compare
from modeltui.domain.comparison.difference import Comparison
from modeltui.domain.fleet import Fleet
from modeltui.domain.lineage import FIELDS, Known
from modeltui.domain.names import Missing, ModelName, TargetKey, VersionId
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.suspects.suspecting import suspects
from modeltui.domain.suspects.symptoms import doubts, symptom_of, usual_pair
from modeltui.domain.version import version_order
from modeltui.present.compare_text import asides
from modeltui.present.span import Span

MOST_AT_ONCE: Final = 800
"""Entries of both sides that are compared within one frame (20 ms); more are compared beside it."""
MOST_VERSIONS: Final = 5
"""Side by side: five columns of thirty cells are what 200 hold."""


@dataclass(slots=True)
class Subject:
    """Which versions are compared, and for which target."""

    model: ModelName
    target: TargetKey | None
    a: VersionId | None = None
    b: VersionId | None = None
    more: tuple[VersionId, ...] = ()
    """Further versions, each against A."""

    @property
    def others(self) -> tuple[VersionId, ...]:
        """Return the versions that are compared with A."""
        return () if self.b is None else (self.b, *self.more)

    def settle(self, fleet: Fleet) -> None:
        """Choose what is not chosen: the usual pair of the target, else the two newest versions."""
        if self.a is not None and self.b is not None:
            return
        target = fleet.targets.get(self.target) if self.target else None
        pair = usual_pair(fleet, target) if target else None
        if pair is not None and not isinstance(pair, Missing) and self.b is None:
            self.a, self.b = pair
            return
        if self.b is None and target is not None and not isinstance(target.serving, Missing):
            self.b = target.serving
        known = self.known_versions(fleet)
        if self.b is None and known:
            self.b = known[-1]
        if self.b is not None and self.a is None:
            older = [version for version in known if version_order(version) < version_order(self.b)]
            newer = [version for version in known if version != self.b]
            self.a = older[-1] if older else newer[0] if newer else None

    def known_versions(self, fleet: Fleet) -> list[VersionId]:
        """Return every version that anybody names, oldest first."""
        named = {version.id for version in fleet.versions.get(self.model, ())}
        for target in fleet.environments_of(self.model):
            named |= {served.version for served in target.versions}
        named |= {version for model, version in fleet.provenance if model == self.model}
        named |= {version for version in (self.a, *self.others) if version is not None}
        return sorted(named, key=version_order)

    def stepped(self, fleet: Fleet, side: str, by: int) -> VersionId | None:
        """Return the version before or after one side, leaving out those that are shown; None at the end."""
        here = self.a if side == "a" else self.b
        shown = {self.a, *self.others} - {here}
        known = [version for version in self.known_versions(fleet) if version not in shown]
        if here not in known:
            return None
        place = known.index(here) + by
        return known[place] if 0 <= place < len(known) else None


NO_SYMPTOM: Final = Symptom()


@dataclass(frozen=True, slots=True)
class Result:
    """What was computed, from what."""

    made_of: tuple[Any, ...]
    comparisons: tuple[Comparison, ...] = ()
    """One for each version that is compared with A."""
    symptom: Symptom = NO_SYMPTOM
    suspects: tuple[Suspect, ...] = ()
    asides: tuple[Span, ...] = ()
    """What to hold beside the suspects."""


NOTHING_YET: Final = Result(())


def ingredients(fleet: Fleet, subject: Subject) -> tuple[Any, ...]:
    """Return what a comparison is made of; two that are equal by identity make the same comparison."""
    versions = [version for version in (subject.a, *subject.others) if version is not None]
    parts: list[Any] = [subject.model, *versions]
    keys = [(subject.model, version) for version in versions]
    keys += [key for key in fleet.provenance if key[0] in _members(fleet, subject.model, versions)]
    for key in keys:
        parts += [fleet.claims.get(key), fleet.untold.get(key), fleet.awaited.get(key)]
    return (*parts, fleet.code_logs)


def is_same(made_of: Sequence[Any], now: Sequence[Any]) -> bool:
    """Tell whether nothing changed, without comparing what may be large."""
    return len(made_of) == len(now) and all(
        one is other or _is_equal_name(one, other) for one, other in zip(made_of, now, strict=True)
    )


def entries(fleet: Fleet, subject: Subject) -> int:
    """Return about how many things there are to compare, without looking at any of them."""
    count = 0
    for version in (subject.a, *subject.others):
        for provenance in fleet.claims.get((subject.model, version), {}).values() if version else ():
            for name in FIELDS:
                fact = getattr(provenance, name)
                if isinstance(fact, Known) and isinstance(fact.value, Mapping | tuple):
                    count += len(fact.value)
    return count


def computed(fleet: Fleet, subject: Subject, made_of: tuple[Any, ...]) -> Result:
    """Return the comparison of what is known now."""
    if subject.a is None:
        return Result(made_of)
    found = tuple(compare(fleet, subject.model, subject.a, other) for other in subject.others)
    symptom = symptom_for(fleet, subject)
    target = fleet.targets.get(subject.target) if subject.target else None
    against = doubts(fleet, target, *_pair(subject)) if target and symptom.version in subject.others else ()
    if not found:
        return Result(made_of, found, symptom)
    return Result(made_of, found, symptom, suspects(found[0], symptom), asides(found[0], against))


def symptom_for(fleet: Fleet, subject: Subject) -> Symptom:
    """Return what is wrong with one of the two versions on the target that is looked at; nothing where none is."""
    target = fleet.targets.get(subject.target) if subject.target else None
    pair = _pair(subject)
    return symptom_of(target, *pair) if target and pair else NO_SYMPTOM


def _pair(subject: Subject) -> tuple[VersionId, ...]:
    """Return the versions whose differences are ranked: A and the one beside it."""
    return tuple(version for version in (subject.a, subject.b) if version is not None)


def _members(fleet: Fleet, model: ModelName, versions: Sequence[VersionId]) -> frozenset[ModelName]:
    members: set[ModelName] = set()
    for version in versions:
        provenance = fleet.provenance.get((model, version))
        if provenance is not None and isinstance(provenance.components, Known):
            members |= provenance.components.value.keys()
    return frozenset(members)


def _is_equal_name(one: Any, other: Any) -> bool:
    return isinstance(one, str) and one == other
