"""One immutable snapshot of everything that is known: every face draws only this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

from modeltui.domain.claims import Claims
from modeltui.domain.health import Level, Rule, Verdict, Watch
from modeltui.domain.history import ServingSpan
from modeltui.domain.known_good import KnownGood
from modeltui.domain.lineage import Provenance, unreadable
from modeltui.domain.names import (
    NO_DATA,
    UNKNOWN,
    Instant,
    Missing,
    ModelName,
    NoData,
    SegmentName,
    SignalName,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.series import WHOLE, AllSeries
from modeltui.domain.signal import Measurement, Point, Sample
from modeltui.domain.text import SafeText
from modeltui.domain.version import Model, Version

if TYPE_CHECKING:  # loaded by those that read a journal, or compare: a start without is faster
    from modeltui.domain.comparison.difference import CodeLog, CodeSpan
    from modeltui.domain.journal.view import JournalView


VersionKey: TypeAlias = tuple[ModelName, VersionId]


class SourceKind(StrEnum):
    """What a source is asked for."""

    REGISTRY = "registry"
    METRICS = "metrics"
    ROLLOUTS = "rollouts"
    PROVENANCE = "provenance"
    """Tells where versions come from without being a registry: events, manifests, bills of material."""
    CODE = "code"
    """Tells what lies between two commits."""


class SourceCondition(Enum):
    """Whether what a source said last may be acted on."""

    CONNECTING = "connecting"
    """Not answered yet."""
    FRESH = "fresh"
    STALE = "stale"
    """Answered, too long ago."""
    DOWN = "down"
    """The last question failed."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as the last questions found it."""

    name: SourceName
    kind: SourceKind
    backend: SafeText
    """`mlflow`, `prometheus`: what it is."""
    expected_every_seconds: float
    answered_at: Instant | Unknown = UNKNOWN
    """When it last answered, by our clock."""
    newest_at: Instant | Unknown = UNKNOWN
    """When the newest observation in its answers was made; unknown for sources that do not measure."""
    old_after_seconds: float = 60.0
    """Observations older than this are no news: the age at which the first of the signals it measures goes stale."""
    error: SafeText | NoData = NO_DATA
    """Why the last question failed; no data when it did not."""
    remedy: SafeText | NoData = NO_DATA
    again_at: Instant | Unknown = UNKNOWN
    """When it is asked again by itself after a failure; unknown where nobody goes on asking."""
    warnings: tuple[SafeText, ...] = ()
    """The answer came and was not whole, or not sure: partial answers, unknown labels."""

    @property
    def known_at(self) -> Instant | Unknown:
        """Return how old what it says is: a source that answers at once may still tell old news."""
        if isinstance(self.answered_at, Missing) or isinstance(self.newest_at, Missing):
            return self.answered_at
        return min(self.answered_at, self.newest_at)

    def condition(self, now: Instant) -> SourceCondition:
        """Return whether it may be trusted at `now`."""
        if self.error is not NO_DATA:
            return SourceCondition.DOWN
        if not isinstance(self.answered_at, float):
            return SourceCondition.CONNECTING
        late = now - self.answered_at > 3 * self.expected_every_seconds
        # Observations come by scrapes of their own pace: only news that nothing would call fresh is late by itself.
        told_late = isinstance(self.newest_at, float) and now - self.newest_at > self.old_after_seconds
        return SourceCondition.STALE if late or told_late else SourceCondition.FRESH


@dataclass(frozen=True, slots=True)
class SegmentCell:
    """One signal of one version in one segment."""

    name: SegmentName
    measurement: Measurement
    verdict: Verdict
    watches: tuple[Watch, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One signal of one version on one target."""

    sample: Sample
    verdict: Verdict
    watches: tuple[Watch, ...] = ()
    segments: tuple[SegmentCell, ...] = ()

    def worst_segment(self) -> SegmentCell | NoData:
        """Return the segment with the worst verdict, furthest from its limit."""
        judged = [segment for segment in self.segments if segment.verdict.level >= Level.WARN]
        if not judged:
            return NO_DATA
        return max(judged, key=lambda segment: (segment.verdict.level, _excess(segment)))


def _excess(segment: SegmentCell) -> float:
    value, limit = segment.verdict.value, segment.verdict.limit
    if isinstance(value, float) and isinstance(limit, float) and limit:
        return abs(value - limit) / abs(limit)
    return 0.0


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """One version on one target, with its share and its signals."""

    version: VersionId
    role: Role
    desired: float | Unknown
    """Share of live traffic it should have, 0 to 1."""
    observed: float | NoData
    """Share of the requests that the metrics saw it answer, 0 to 1."""
    cells: Mapping[SignalName, Cell] = field(default_factory=dict)
    last_seen_at: Instant = Instant(0.0)

    @property
    def level(self) -> Level:
        """Return the worst verdict that says something; no data when none does."""
        levels = [cell.verdict.level for cell in self.cells.values()]
        judged = [level for level in levels if level is not Level.NO_LIMIT]
        return max(judged, default=Level.NO_DATA)


class ChangeKind(StrEnum):
    """What happened on a target, for markers and the tail of events."""

    SERVING = "serving"
    STABLE = "stable"
    CANDIDATE = "candidate"
    STAGE = "stage"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Change:
    """Something on a target became something else; seen, not necessarily done, at this time."""

    at: Instant
    kind: ChangeKind
    before: SafeText
    after: SafeText


@dataclass(frozen=True, slots=True)
class Target:
    """Everything about one place where a model serves."""

    key: TargetKey
    versions: tuple[ServedVersion, ...] = ()
    """Stable first, then the candidate, then the rest, newest first."""
    rollout: Rollout | Unknown = UNKNOWN
    known_good: KnownGood | Unknown = UNKNOWN
    references: Mapping[VersionId, Mapping[SignalName, Cell]] = field(default_factory=dict)
    """The signals of versions that were the last known good, from when each was last within all its limits."""
    spans: tuple[ServingSpan, ...] = ()
    changes: tuple[Change, ...] = ()
    level: Level = Level.NO_DATA
    last_judged: Level = Level.OK
    """The level before it went stale: a stale breach is still the first to look at."""
    since: Instant | Unknown = UNKNOWN
    """When the level began."""
    expires_at: Instant = Instant(0.0)
    """When the first of its samples grows too old; before it a tick has nothing to do here."""
    rules: Mapping[SignalName, tuple[Rule, ...]] = field(default_factory=dict)
    """The policy's rules for this target, looked up once."""

    def version(self, version: VersionId) -> ServedVersion | NoData:
        """Return one of its versions."""
        return next((served for served in self.versions if served.version == version), NO_DATA)

    @property
    def serving(self) -> VersionId | Unknown:
        """Return the version that answers most requests; where nobody measures, the one that should."""
        observed = [(v.observed, v.role is Role.STABLE, v) for v in self.versions if v.observed is not NO_DATA]
        if observed:
            return max(observed, key=lambda one: one[:2])[2].version
        desired = [(v.desired, v.role is Role.STABLE, v) for v in self.versions if v.desired is not UNKNOWN]
        if desired:
            return max(desired, key=lambda one: one[:2])[2].version
        if isinstance(self.rollout, Rollout) and not isinstance(self.rollout.stable, Missing):
            return self.rollout.stable
        # Nobody counts requests here: a version that alone is measured must be the one.
        measured = [served.version for served in self.versions if served.cells]
        return measured[0] if len(measured) == 1 else UNKNOWN

    @property
    def is_serving_observed(self) -> bool:
        """Tell whether the metrics, and not only an intention, say what serves."""
        return any(served.observed is not NO_DATA for served in self.versions)

    @property
    def candidate(self) -> VersionId | Unknown:
        """Return the version that is being rolled out."""
        return self.rollout.candidate if isinstance(self.rollout, Rollout) else UNKNOWN

    @property
    def stable(self) -> VersionId | Unknown:
        """Return the version that the target trusts; where nobody says, the one that serves."""
        named = self.rollout.stable if isinstance(self.rollout, Rollout) else UNKNOWN
        return self.serving if named is UNKNOWN else named

    @property
    def since_or_earlier(self) -> bool:
        """Tell whether the level was already so when somebody began to look."""
        verdicts = [cell.verdict for version in self.versions for cell in version.cells.values()]
        return any(verdict.since_or_earlier and verdict.since == self.since for verdict in verdicts)

    def worst_version(self) -> ServedVersion | NoData:
        """Return the version with the worst verdict; of equals the candidate."""
        if not self.versions:
            return NO_DATA
        return max(self.versions, key=lambda served: (served.level, served.role is Role.CANDIDATE))


@dataclass(frozen=True, slots=True)
class Context:
    """Where this program looks."""

    name: SafeText
    production: bool = False
    read_only: bool = False
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole snapshot."""

    context: Context
    policy: Policy = DEFAULT_POLICY
    at: Instant = Instant(0.0)
    """Our clock at the last event."""
    sources: Mapping[SourceName, SourceState] = field(default_factory=dict)
    models: Mapping[ModelName, Model] = field(default_factory=dict)
    targets: Mapping[TargetKey, Target] = field(default_factory=dict)
    places: Mapping[ModelName, tuple[TargetKey, ...]] = field(default_factory=dict)
    """The targets of each model, in order: looked up for every row, so kept."""
    series: AllSeries = field(default_factory=dict)
    """Points of the watched targets."""
    watched: frozenset[TargetKey] = frozenset()
    versions: Mapping[ModelName, tuple[Version, ...]] = field(default_factory=dict)
    """Lists of versions that were asked for."""
    provenance: Mapping[VersionKey, Provenance] = field(default_factory=dict)
    """What all sources together say of the versions that were asked for."""
    claims: Mapping[VersionKey, Claims] = field(default_factory=dict)
    """What each of them says."""
    untold: Mapping[VersionKey, Mapping[SourceName, SafeText]] = field(default_factory=dict)
    """Why a source could not say it, when it was asked last."""
    awaited: Mapping[VersionKey, frozenset[SourceName]] = field(default_factory=dict)
    """Sources that were asked and have not answered yet."""
    code_logs: Mapping[CodeSpan, CodeLog] = field(default_factory=dict)
    listings: Mapping[SourceName, frozenset[ModelName]] = field(default_factory=dict)
    """The models that each registry lists."""
    journal: JournalView | NoData = NO_DATA
    """The record of actions, as it was read last; no data where nobody reads one."""
    cached_at: Instant | Unknown = UNKNOWN
    """When this snapshot was saved, while nothing live has replaced it."""

    def worst_first(self) -> list[Target]:
        """Return the targets in the order in which to look at them."""
        return sorted(self.targets.values(), key=_urgency)

    def environments_of(self, model: ModelName) -> Iterator[Target]:
        """Yield the targets of one model, in the order of their environments."""
        yield from (self.targets[key] for key in self.places.get(model, ()))

    def claims_of(self, model: ModelName, version: VersionId) -> Claims:
        """Return what each source says of a version; one that could not say it owes every field. Empty: none asked."""
        reasons = self.untold.get((model, version), {})
        told = self.claims.get((model, version), {})
        return {**told, **{name: unreadable(reason, name) for name, reason in reasons.items() if name not in told}}

    def points(
        self, target: TargetKey, version: VersionId, signal: SignalName, segment: SegmentName = WHOLE
    ) -> tuple[Point, ...]:
        """Return the points of one signal of one version, as a whole or of one segment; none while not looked at."""
        return self.series.get((target, version, signal, segment), ())

    def with_targets(self, updated: Mapping[TargetKey, Target]) -> Fleet:
        """Return the fleet with these targets in place of what it knew of them."""
        targets = {**self.targets, **updated}
        new = [key for key in updated if key not in self.targets]
        if not new:
            return replace(self, targets=targets)
        places = dict(self.places)
        for key in new:
            places[key.model] = tuple(sorted((*places.get(key.model, ()), key)))
        return replace(self, targets=targets, places=places)

    def without_targets(self, gone: frozenset[TargetKey]) -> Fleet:
        """Return the fleet without these targets."""
        targets = {key: target for key, target in self.targets.items() if key not in gone}
        places: dict[ModelName, tuple[TargetKey, ...]] = {}
        for key in sorted(targets):
            places[key.model] = (*places.get(key.model, ()), key)
        return replace(self, targets=targets, places=places)


def _urgency(target: Target) -> tuple[float, float, float, str, str]:
    # A breach that went stale ranks just below a live one: nothing says that it is over.
    rank = float(target.level)
    if target.level is Level.STALE:
        rank = max(rank, target.last_judged - 0.5)
    if target.level is Level.NO_LIMIT:
        rank = 0.5
    model, environment = target.key.model, target.key.environment
    if rank < Level.WARN:
        return -rank, 0.0, 0.0, model, environment
    share = max((v.observed for v in target.versions if isinstance(v.observed, float)), default=0.0)
    since = target.since if isinstance(target.since, float) else 0.0
    return -rank, since, -share, model, environment
