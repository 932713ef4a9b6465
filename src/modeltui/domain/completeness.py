"""How much of what made a version is known: a score that counts no guess, and the list of what is missing.

The rule. A field counts when it applies to the kind of model and a source that was asked has a place for it. It is
known when the sources that tell it agree on a value that is not empty. What they contradict each other on, what
nobody could read and what nobody recorded counts and is not known. What no source has a place for does not count,
for nobody could record it; it is listed all the same, and whoever needs it asks for it by name.

- Prompts and system belong to LLM systems and agents; members to ensembles; state and effects to agents.
- Queries, feature pipelines and importances are not asked of LLM systems and agents, nor pipelines and importances
  of models that look at images, sounds or texts.
- Of parents, tags, environment variables, attestations and external effects 'none' is a whole answer: they count
  when somebody knows them, contradicts them or could not read them.
- Whatever is known counts, for any kind: it applies, evidently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from modeltui.domain.claims import algorithm
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    UNSUPPORTED,
    Artifact,
    CodeRevision,
    Contradicted,
    Fact,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, NoData, SourceName, Unknown
from modeltui.domain.text import SafeText, safe_text

_MOST_LEFT_OUT: Final = 3
"""Rows that are named, of those that could not be understood."""


class Standing(StrEnum):
    """What is known of one field."""

    KNOWN = "known"
    CONTRADICTED = "contradicted"
    UNREADABLE = "unreadable"
    ABSENT = "absent"
    UNSUPPORTED = "unsupported"


class ModelKind(StrEnum):
    """What kind of model a version is of, as far as that decides what can be known of it."""

    TABULAR = "tabular"
    """Also whatever is of no other kind."""
    UNSTRUCTURED = "unstructured"
    """Images, sounds, texts."""
    SYSTEM = "llm-system"
    ENSEMBLE = "ensemble"
    AGENT = "agent"


_WORDS: Final = {
    ModelKind.SYSTEM: ("llm", "rag", "chat", "prompt", "generative"),
    ModelKind.ENSEMBLE: ("ensemble",),
    ModelKind.AGENT: ("agent",),
    ModelKind.UNSTRUCTURED: ("vision", "image", "video", "audio", "speech", "nlp", "text", "embedding"),
}
"""How words begin by which registries name the kind."""
_ONLY_OF: Final = {
    "prompts": {ModelKind.SYSTEM, ModelKind.AGENT},
    "llm_system": {ModelKind.SYSTEM, ModelKind.AGENT},
    "components": {ModelKind.ENSEMBLE},
    "agent": {ModelKind.AGENT},
    "external_effects": {ModelKind.AGENT},
    "extraction_query": {ModelKind.TABULAR, ModelKind.UNSTRUCTURED, ModelKind.ENSEMBLE},
    "feature_pipeline": {ModelKind.TABULAR, ModelKind.ENSEMBLE},
    "importances": {ModelKind.TABULAR, ModelKind.ENSEMBLE},
}
"""The kinds that a field applies to; any other field applies to all."""
_NONE_IS_AN_ANSWER: Final = frozenset({"parents", "tags", "environment_variables", "attestations", "external_effects"})


@dataclass(frozen=True, slots=True)
class FieldStanding:
    """One field."""

    name: str
    standing: Standing
    applies: bool
    """To models of this kind."""
    counts: bool
    """It is one of those that the score is made of."""
    sources: tuple[SourceName, ...] = ()
    """Who says it; of a field that is unreadable, who could not."""
    read_at: Instant | NoData = NO_DATA
    """When the oldest part of it was read."""
    why: SafeText = SafeText("")
    """Why it is not known; empty when it is."""
    note: SafeText = SafeText("")
    """What is known is weak: `2 of 3 data sets have no digest`; it counts all the same."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much is known."""

    kind: ModelKind
    fields: tuple[FieldStanding, ...]
    """All of a provenance, in its order."""

    @property
    def known(self) -> int:
        """Return how many of the fields that count are known."""
        return sum(field.counts and field.standing is Standing.KNOWN for field in self.fields)

    @property
    def counted(self) -> int:
        """Return how many fields count."""
        return sum(field.counts for field in self.fields)

    @property
    def score(self) -> float | NoData:
        """Return the known part of what counts, 0 to 1; no data when nothing counts: nobody could say anything."""
        return self.known / self.counted if self.counted else NO_DATA

    @property
    def missing(self) -> tuple[FieldStanding, ...]:
        """Return the fields that count and are not known."""
        return tuple(field for field in self.fields if field.counts and field.standing is not Standing.KNOWN)

    @property
    def untold(self) -> tuple[FieldStanding, ...]:
        """Return the fields that apply, and that no source has a place for."""
        return tuple(field for field in self.fields if field.applies and field.standing is Standing.UNSUPPORTED)

    def of(self, name: str) -> FieldStanding:
        """Return one field."""
        return next(field for field in self.fields if field.name == name)


def completeness(provenance: Provenance, kind: SafeText | Unknown = UNKNOWN) -> Completeness:
    """Return how much of a version is known; `kind` is the registry's word, or what is known tells it."""
    found = model_kind(provenance, kind)
    return Completeness(found, tuple(_standing(name, getattr(provenance, name), found) for name in FIELDS))


def model_kind(provenance: Provenance, kind: SafeText | Unknown = UNKNOWN) -> ModelKind:
    """Return the kind of a model: as its registry says, else by what only one kind has."""
    if not isinstance(kind, Missing):
        parts = kind.lower().replace("_", "-").replace(" ", "-").split("-")
        for one, words in _WORDS.items():
            if any(part.startswith(words) for part in parts):
                return one
        return ModelKind.TABULAR
    if _says_something(provenance.agent):
        return ModelKind.AGENT
    if _says_something(provenance.prompts) or _says_something(provenance.llm_system):
        return ModelKind.SYSTEM
    return ModelKind.ENSEMBLE if _says_something(provenance.components) else ModelKind.TABULAR


def _says_something(fact: Fact[Any]) -> bool:
    return isinstance(fact, Contradicted) or (isinstance(fact, Known) and not _is_empty(fact.value))


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or (hasattr(value, "__len__") and not value)


def _standing(name: str, fact: Fact[Any], kind: ModelKind) -> FieldStanding:
    applies = kind in _ONLY_OF.get(name, set(ModelKind)) or _says_something(fact)
    match fact:
        case Known(value=value, source=source, observed_at=at) if not _is_empty(value):
            notes = (_missing_part(fact), _weakness(value))
            note = safe_text("; ".join(part for part in notes if part), 400)
            return FieldStanding(name, Standing.KNOWN, applies, True, (source,), at, note=note)
        case Contradicted(claims=claims):
            sources = tuple(dict.fromkeys(claim.source for claim in claims))
            oldest = min(claim.observed_at for claim in claims)
            why = safe_text(f"{' and '.join(sources)} contradict each other", 400)
            return FieldStanding(name, Standing.CONTRADICTED, applies, True, sources, oldest, why)
        case Unreadable(reason=reason, source=source):
            why = safe_text(f"{source} could not say: {reason}", 400)
            return FieldStanding(name, Standing.UNREADABLE, applies, applies, (source,), why=why)
        case _ if fact is UNSUPPORTED:
            return FieldStanding(name, Standing.UNSUPPORTED, applies, False, why=WHY[UNSUPPORTED])
    counts = applies and name not in _NONE_IS_AN_ANSWER
    sources = (fact.source,) if isinstance(fact, Known) else ()
    return FieldStanding(name, Standing.ABSENT, applies, counts, sources, why=WHY[ABSENT])


def _missing_part(fact: Known[Any]) -> str:
    """Return what of a value could not be read; empty when it is whole."""
    odd = [f"{name}: {why}" for name, why in fact.left_out[:_MOST_LEFT_OUT]]
    more = len(fact.left_out) - len(odd)
    missing = [text for text in (fact.lacks, *odd, f"{more} more" if more else "") if text]
    return f"not whole: {'; '.join(missing)}" if missing else ""


WHY: Final = {ABSENT: SafeText("not recorded"), UNSUPPORTED: SafeText("no source has a place for it")}
"""Why a field has no value, in words."""


def _weakness(value: Any) -> SafeText:
    """Return what is weak about a value that is known: it names a thing and does not pin it."""
    match value:
        case Artifact(digest=digest, is_reachable=reachable):
            weak = ["no digest"] if isinstance(digest, Missing) else []
            return safe_text(", ".join([*weak, *(["it cannot be reached"] if reachable is False else [])]))
        case CodeRevision(has_uncommitted_changes=True):
            return safe_text("with changes that were never committed")
        case tuple() if value and not isinstance(value[0], str) and hasattr(value[0], "digest"):
            without = sum(isinstance(one.digest, Missing) for one in value)
            short = sum(not isinstance(one.digest, Missing) and not algorithm(one.digest) for one in value)
            return safe_text("; ".join(_counted(without, value, "no digest") + _counted(short, value, "a bare digest")))
    return SafeText("")


def _counted(some: int, of: tuple[Any, ...], what: str) -> list[str]:
    return [f"{some} of {len(of)} with {what}"] if some else []
