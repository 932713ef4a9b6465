"""One version as all its sources tell it: who says what, who could say it, and who could not be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from modeltui.domain.claims import Claims, is_of
from modeltui.domain.comparison.facts import Table, Told
from modeltui.domain.comparison.flattening import flatten
from modeltui.domain.lineage import ABSENT, FIELDS, Contradicted, Known, Provenance, Unreadable
from modeltui.domain.names import SourceName, VersionId
from modeltui.domain.text import SafeText


class Said(NamedTuple):
    """One fact of one version as one source says it."""

    source: SourceName
    told: Told


class Silence(NamedTuple):
    """Why nobody says a fact of a version."""

    why: SafeText
    is_awaited: bool = False


NOBODY = Silence(SafeText("no source tells this"))
NOT_RECORDED = Silence(SafeText("not recorded"))


class Version:
    """What all sources say of one version, by the name of the fact."""

    def __init__(
        self, name: VersionId, claims: Claims, awaited: frozenset[SourceName], ambiguous: frozenset[SafeText]
    ) -> None:
        self.id = name
        self.claims = claims
        self.awaited = tuple(sorted(awaited - claims.keys()))
        self.said: dict[str, list[Said]] = {}
        self.silent: dict[str, list[Said]] = {}
        self.tables: set[Table] = set()
        self._blocks: dict[tuple[Table, frozenset[SourceName]], Silence | None] = {}
        for source, provenance in claims.items():
            for who, told in flatten(source, provenance, ambiguous):
                if told.is_silent:
                    self.silent.setdefault(told.field, []).append(Said(who, told))
                else:
                    self.said.setdefault(told.field, []).append(Said(who, told))
                    self.tables.add(told.table)

    def denying(self, field: str, others: Sequence[Said]) -> frozenset[SourceName]:
        """Return the sources that say a fact of the other version and, asked for the same, say that this has none."""
        here = self.said.get(field, ())
        silent = self.silent.get(field, ())
        asked = ((self._asked(speaker), told) for speaker, told in others)
        return frozenset(
            source
            for source, told in asked
            if told.table.tells_absence
            and self._could_tell(source, told.table.field)
            and not any(is_of(who, source) and mine.table.field == told.table.field for who, mine in here)
            and not any(is_of(who, source) for who, _ in silent)
        )

    def _asked(self, speaker: SourceName) -> SourceName:
        """Return the source that speaks, of which a place may have spoken for the other version."""
        return next((source for source in self.claims if is_of(speaker, source)), speaker)

    def _could_tell(self, source: SourceName, field: str) -> bool:
        provenance = self.claims.get(source)
        fact = getattr(provenance, field) if provenance is not None else None
        return fact is ABSENT or (isinstance(fact, Known | Contradicted) and not _lacks(fact))

    def silence(self, table: Table, asked: frozenset[SourceName] = frozenset()) -> Silence | None:
        """Return why a source other than `asked` could not say facts of a table; None when all could."""
        key = (table, asked)
        if key not in self._blocks:
            self._blocks[key] = self._find_silence(table, asked)
        return self._blocks[key]

    def _find_silence(self, table: Table, asked: frozenset[SourceName]) -> Silence | None:
        for source, provenance in self.claims.items():
            if source in asked:
                continue
            for field in (table.field, *table.also):
                fact = getattr(provenance, field)
                if isinstance(fact, Unreadable):
                    return Silence(SafeText(f"{fact.source}: {fact.reason}"))
                if isinstance(fact, Known | Contradicted) and (missing := _lacks(fact)):
                    return Silence(SafeText(f"{source}: {missing}"))
        if self.awaited:
            return Silence(SafeText(f"{', '.join(self.awaited)}: not answered yet"), is_awaited=True)
        return None

    def why_none(self, field: str, table: Table) -> Silence:
        """Return why nobody says a fact, where nobody says either that there is none."""
        if (silence := self.silence(table)) is not None:
            return silence
        silent = self.silent.get(field)
        return Silence(SafeText(f"{silent[0].source}: {silent[0].told.value}")) if silent else NOBODY

    def why_untold(self, table: Table) -> Silence:
        """Return why nobody says anything of a whole table."""
        has_place = any(self._could_tell(source, table.field) for source in self.claims)
        return self.silence(table) or (NOT_RECORDED if has_place else NOBODY)

    def untold(self, field: str) -> bool:
        """Tell whether a source had a field of the provenance and could not give it, though it gave others."""
        return any(
            isinstance(getattr(provenance, field), Unreadable) and not is_unread(provenance)
            for provenance in self.claims.values()
        )


def _lacks(fact: Known[Any] | Contradicted[Any]) -> SafeText:
    """Return why a part of what is known could not be read; empty when it is whole."""
    claims = (fact,) if isinstance(fact, Known) else fact.claims
    return next((claim.lacks for claim in claims if claim.lacks), SafeText(""))


def is_unread(provenance: Provenance) -> bool:
    """Tell whether a source could not be asked at all: it owes every field."""
    return all(isinstance(getattr(provenance, field), Unreadable) for field in FIELDS)
