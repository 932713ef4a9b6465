"""Where a version comes from: each field known, contradicted, absent, unsupported or unreadable: five things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText

T = TypeVar("T")

LeftOut: TypeAlias = tuple[tuple[SafeText, SafeText], ...]
"""Names of rows, and why each has no value: `("auc", "metadata.json: 91 % is no number")`."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A value, who said it and when it was read."""

    value: T
    source: SourceName
    observed_at: Instant
    lacks: SafeText = SafeText("")
    """Why a part of it could not be read: what it does not say may be there all the same; empty when it is whole."""
    left_out: LeftOut = ()
    """Rows that are there and could not be understood; of any other row it says whether it is there."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The backend has it and could not give it now."""

    reason: SafeText
    source: SourceName


@dataclass(frozen=True, slots=True)
class Contradicted(Generic[T]):
    """Several sources say it, and not the same: all that they say, none of it chosen."""

    claims: tuple[Known[T], ...]
    """At least two, in the order of the sources."""


class Gap(Enum):
    """Why a field has no value although it was asked for."""

    ABSENT = "absent"
    UNSUPPORTED = "unsupported"


ABSENT: Final = Gap.ABSENT
"""The backend has a place for it and the place is empty."""
UNSUPPORTED: Final = Gap.UNSUPPORTED
"""The backend has no place for it."""

Fact: TypeAlias = Known[T] | Contradicted[T] | Unreadable | Literal[Gap.ABSENT, Gap.UNSUPPORTED]
Table: TypeAlias = Mapping[SafeText, SafeText]
Scores: TypeAlias = Mapping[SafeText, float]


@dataclass(frozen=True, slots=True)
class DataSnapshot:
    """One data set that went into a version."""

    name: SafeText
    digest: SafeText | Unknown = UNKNOWN
    uri: SafeText | Unknown = UNKNOWN
    rows: int | Unknown = UNKNOWN
    used_for: SafeText | Unknown = UNKNOWN
    """training, validation, test."""
    origin: SafeText | Unknown = UNKNOWN
    """The table, topic or system that it was taken from, without the snapshot."""
    begins_at: Instant | Unknown = UNKNOWN
    """Of the time span that its rows cover."""
    ends_at: Instant | Unknown = UNKNOWN
    taken_at: Instant | Unknown = UNKNOWN
    """When it was taken: how fresh it is."""


@dataclass(frozen=True, slots=True)
class CodeRevision:
    """The commit that trained it."""

    commit: SafeText
    repository: SafeText | Unknown = UNKNOWN
    branch: SafeText | Unknown = UNKNOWN
    has_uncommitted_changes: bool | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Artifact:
    """The bytes that serve."""

    uri: SafeText
    digest: SafeText | Unknown = UNKNOWN
    size_bytes: int | Unknown = UNKNOWN
    is_reachable: bool | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes or no."""

    by: SafeText
    decision: SafeText
    at: Instant | Unknown = UNKNOWN
    comment: SafeText | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """All that made one version. A field that no source was asked for is unsupported."""

    run: Fact[SafeText] = UNSUPPORTED
    """The registry's id of the training run."""
    registered: Fact[SafeText] = UNSUPPORTED
    """Who registered it."""
    owner: Fact[SafeText] = UNSUPPORTED
    """The team or person who answers for it."""
    artifact: Fact[Artifact] = UNSUPPORTED
    files: Fact[Table] = UNSUPPORTED
    """The digest of each file of the artifact, by its path: `sha256:…`."""
    architecture: Fact[SafeText] = UNSUPPORTED
    """What kind of model it is: `GradientBoostingClassifier`, `convnext-s`."""
    signature: Fact[SafeText] = UNSUPPORTED
    """Input and output schema, as the model declares it."""
    data_snapshots: Fact[tuple[DataSnapshot, ...]] = UNSUPPORTED
    extraction_query: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    feature_pipeline: Fact[SafeText] = UNSUPPORTED
    code: Fact[CodeRevision] = UNSUPPORTED
    parameters: Fact[Table] = UNSUPPORTED
    metrics: Fact[Scores] = UNSUPPORTED
    segment_metrics: Fact[Scores] = UNSUPPORTED
    requirements: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    runtime: Fact[Table] = UNSUPPORTED
    """Python, library versions, hardware, seeds."""
    environment_variables: Fact[Table] = UNSUPPORTED
    """Secrets masked."""
    base_image: Fact[SafeText] = UNSUPPORTED
    parents: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    prompts: Fact[Table] = UNSUPPORTED
    llm_system: Fact[Table] = UNSUPPORTED
    """Base model pin, retrieval, guardrails, tools, orchestration."""
    components: Fact[Mapping[ModelName, VersionId]] = UNSUPPORTED
    """Members of an ensemble."""
    agent: Fact[Table] = UNSUPPORTED
    """An agent's state: snapshot, memory, tools with their versions, permissions."""
    external_effects: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    """What an agent has done to other systems since its snapshot, oldest first: going back does not undo it."""
    importances: Fact[Scores] = UNSUPPORTED
    cases: Fact[Table] = UNSUPPORTED
    """Answers on saved cases ('golden' inputs), by the name of the case."""
    approvals: Fact[tuple[Approval, ...]] = UNSUPPORTED
    model_card: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    serving_config: Fact[Table] = UNSUPPORTED
    """Replicas, limits, decision thresholds."""
    tags: Fact[Table] = UNSUPPORTED
    attestations: Fact[tuple[SafeText, ...]] = UNSUPPORTED

    def known_fields(self) -> tuple[str, ...]:
        """Return the names of the fields that have a value."""
        return tuple(name for name in FIELDS if isinstance(getattr(self, name), Known))


FIELDS: Final = tuple(field.name for field in fields(Provenance))
"""Every field of a provenance, in order."""


def unreadable(reason: SafeText, source: SourceName) -> Provenance:
    """Return the provenance that a source owes: it knows something of every field perhaps, and could not say."""
    return Provenance(**dict.fromkeys(FIELDS, Unreadable(reason, source)))
