"""Everything that can change the fleet. Recorded as they come, they replay to the same fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modeltui.domain.lineage import Provenance
from modeltui.domain.names import (
    NO_DATA,
    UNKNOWN,
    Instant,
    ModelName,
    NoData,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.rollout import Rollout
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText
from modeltui.domain.version import Model, Version

if TYPE_CHECKING:  # the values of acting are loaded by those that act, or read the journal
    from modeltui.domain.acting.lease import Lease
    from modeltui.domain.comparison.difference import CodeLog, CodeSpan
    from modeltui.domain.journal.record import ChainState, Record


@dataclass(frozen=True, slots=True)
class RegistryRead:
    """A registry listed its models; what it does not list it no longer has."""

    source: SourceName
    at: Instant
    models: tuple[Model, ...]
    warnings: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutsRead:
    """A controller described its targets, all of them."""

    source: SourceName
    at: Instant
    rollouts: tuple[Rollout, ...]
    warnings: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplesRead:
    """A metrics source answered for some targets; a large answer comes in several parts."""

    source: SourceName
    at: Instant
    samples: tuple[Sample, ...]
    """All samples of a target are in the same part."""
    is_last_part: bool = True
    warnings: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """A metrics source told the past of some targets, oldest first, each step as it was then."""

    source: SourceName
    at: Instant
    targets: tuple[TargetKey, ...]
    steps: tuple[tuple[Instant, tuple[Sample, ...]], ...]


@dataclass(frozen=True, slots=True)
class VersionsRead:
    """A registry listed the versions of one model."""

    source: SourceName
    at: Instant
    model: ModelName
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class ProvenanceRead:
    """A source told where a version comes from."""

    source: SourceName
    at: Instant
    model: ModelName
    version: VersionId
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ProvenanceAsked:
    """These sources were asked where a version comes from: until they answer, what is shown may not be all."""

    at: Instant
    model: ModelName
    version: VersionId
    sources: tuple[SourceName, ...]


@dataclass(frozen=True, slots=True)
class ProvenanceUnread:
    """A source was asked where a version comes from and could not say; of everything else it may speak all the same."""

    source: SourceName
    at: Instant
    model: ModelName
    version: VersionId
    reason: SafeText


@dataclass(frozen=True, slots=True)
class CodeLogRead:
    """The log between two commits was read, or the reason is known why it was not."""

    at: Instant
    span: CodeSpan
    log: CodeLog


@dataclass(frozen=True, slots=True)
class SourceAnswered:
    """A source that tells nothing unasked was asked whether it is there, and is."""

    source: SourceName
    at: Instant
    warnings: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """A question was not answered."""

    source: SourceName
    at: Instant
    title: SafeText
    remedy: SafeText = SafeText("")
    asked_pause_seconds: float = 0.0
    """For how long the source asked to be left alone."""
    again_at: Instant | Unknown = UNKNOWN
    """When it is asked next by itself; unknown where nobody goes on asking."""


@dataclass(frozen=True, slots=True)
class JournalRead:
    """The journal was looked at: what is new in it, and what is open."""

    at: Instant
    records: tuple[Record, ...] = ()
    """Those after the ones that are known."""
    open_intents: tuple[Record, ...] = ()
    leases: tuple[Lease, ...] = ()
    chain: ChainState | Unknown = UNKNOWN
    """Unknown when only the newest records were read."""
    error: SafeText | NoData = NO_DATA


@dataclass(frozen=True, slots=True)
class Watched:
    """These targets are on screen: keep their points."""

    at: Instant
    targets: frozenset[TargetKey]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else happened: what is old becomes stale."""

    at: Instant


Event: TypeAlias = (
    RegistryRead
    | RolloutsRead
    | SamplesRead
    | HistoryRead
    | VersionsRead
    | ProvenanceAsked
    | ProvenanceRead
    | ProvenanceUnread
    | CodeLogRead
    | SourceAnswered
    | SourceFailed
    | JournalRead
    | Watched
    | Tick
)

SamplesByTarget: TypeAlias = Mapping[TargetKey, list[Sample]]
