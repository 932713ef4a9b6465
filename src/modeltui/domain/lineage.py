"""Where a version comes from: every field known, absent, unsupported or unreadable, four different things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A value, who said it and when it was read."""

    value: T
    source: SourceName
    observed_at: Instant


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The backend has it and could not give it now."""

    reason: SafeText
    source: SourceName


class Gap(Enum):
    """Why a field has no value although it was asked for."""

    ABSENT = "absent"
    UNSUPPORTED = "unsupported"


ABSENT: Final = Gap.ABSENT
"""The backend has a place for it and the place is empty."""
UNSUPPORTED: Final = Gap.UNSUPPORTED
"""The backend has no place for it."""

Fact: TypeAlias = Known[T] | Unreadable | Literal[Gap.ABSENT, Gap.UNSUPPORTED]
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
    artifact: Fact[Artifact] = UNSUPPORTED
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
    base_image: Fact[SafeText] = UNSUPPORTED
    parents: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    prompts: Fact[Table] = UNSUPPORTED
    llm_system: Fact[Table] = UNSUPPORTED
    """Base model pin, retrieval, guardrails, tools, orchestration."""
    components: Fact[Mapping[ModelName, VersionId]] = UNSUPPORTED
    """Members of an ensemble."""
    importances: Fact[Scores] = UNSUPPORTED
    approvals: Fact[tuple[Approval, ...]] = UNSUPPORTED
    model_card: Fact[tuple[SafeText, ...]] = UNSUPPORTED
    serving_config: Fact[Table] = UNSUPPORTED
    """Replicas, limits, decision thresholds."""
    tags: Fact[Table] = UNSUPPORTED
    attestations: Fact[tuple[SafeText, ...]] = UNSUPPORTED

    def known_fields(self) -> tuple[str, ...]:
        """Return the names of the fields that have a value."""
        return tuple(f.name for f in fields(self) if isinstance(getattr(self, f.name), Known))
