"""Two versions side by side, fact by fact: the values that the comparison gives and every face draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple, TypeAlias

from modeltui.domain.names import NO_DATA, ModelName, NoData, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText


class Group(StrEnum):
    """Where a fact belongs; in the order of blast radius, which is the order in which groups are shown."""

    ARTIFACT = "artifact"
    """Digest, files, size, architecture, signature: what serves."""
    DATA = "data"
    QUERY = "query"
    """The SQL that extracted the data."""
    FEATURES = "features"
    """Feature pipeline, and which features the model takes."""
    CODE = "code"
    PROMPTS = "prompts"
    SYSTEM = "system"
    """An LLM system's base model, retrieval, guardrails, tools, orchestration."""
    COMPONENTS = "components"
    """Members of an ensemble."""
    AGENT = "agent"
    """Snapshot, memory, tools, and the external effects since."""
    PARAMETERS = "parameters"
    """With seeds."""
    ENVIRONMENT = "environment"
    """Packages, Python, base image, hardware, environment variables."""
    SERVING = "serving"
    """Decision thresholds and serving configuration."""
    METRICS = "metrics"
    SEGMENTS = "segments"
    """Metrics of slices."""
    CASES = "cases"
    """Answers on saved cases."""
    IMPORTANCES = "importances"
    APPROVALS = "approvals"
    CARD = "card"
    RECORD = "record"
    """Who registered it, owner, run, parents, tags, attestations: the registry's own bookkeeping."""


class Nature(Enum):
    """How a fact is compared."""

    TEXT = "text"
    NUMBER = "number"
    DIGEST = "digest"
    """Comparable only when made by the same algorithm."""
    RELEASE = "release"
    """A version of something: up or down, by how much."""
    LINES = "lines"
    """A text of many lines: query, prompt, model card."""
    MOMENT = "moment"
    """An `Instant`."""
    SHAPE = "shape"
    """A model's inputs and outputs: columns added, removed, of another type."""


class State(StrEnum):
    """What comparing one fact found. Four of them are looked at: `changed`, `only-a`, `only-b`, `not-comparable`."""

    EQUAL = "equal"
    """Both sides say it, and the same."""
    CHANGED = "changed"
    ONLY_A = "only-a"
    """A has it, and a source that could tell says that B has not."""
    ONLY_B = "only-b"
    UNKNOWN = "unknown"
    """At least one side could not be asked or could not say: neither equal nor changed."""
    NOT_COMPARABLE = "not-comparable"
    """Both sides say something that cannot be compared: digests of two algorithms, sources that contradict another."""


Value: TypeAlias = SafeText | float | tuple[SafeText, ...]
"""Text, a number (moments too, in seconds since the epoch), or lines."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one or more sources say of one fact of one version."""

    value: Value
    sources: tuple[SourceName, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One fact of one version."""

    claims: tuple[Claim, ...] = ()
    """None: nobody says it. Two or more: the sources contradict each other, and nobody chose."""
    why_none: SafeText = SafeText("")
    """Why nobody says it: `not recorded`, `mlflow: 403 for conda.yaml`, `no source tells this`; empty with a claim."""
    is_awaited: bool = False
    """A source has been asked and has not answered yet."""

    @property
    def value(self) -> Value | NoData:
        """Return the value that all who know it agree on."""
        return self.claims[0].value if len(self.claims) == 1 else NO_DATA

    @property
    def is_contradicted(self) -> bool:
        """Tell whether sources say different things of it."""
        return len(self.claims) > 1


class Effect(StrEnum):
    """Whether a changed number is better: known per metric, never assumed."""

    BETTER = "better"
    WORSE = "worse"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number became another."""

    delta: float
    fraction: float | NoData
    """Relative to A: 0.5 is fifty per cent more; no data where A is 0 or not finite."""
    effect: Effect = Effect.UNKNOWN
    unit: SafeText = SafeText("")
    """`ratio`, `seconds`, `rows`; empty where nobody knows."""


class Bump(StrEnum):
    """How far apart two releases are."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    OTHER = "other"
    """Builds, pre-releases, or spelled otherwise."""


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """A release became another."""

    bump: Bump
    is_upgrade: bool


class LineMark(StrEnum):
    """What happened to a line."""

    SAME = " "
    REMOVED = "-"
    ADDED = "+"
    SKIPPED = "~"
    """So many equal lines are left out; the text is their number."""


@dataclass(frozen=True, slots=True)
class LinesChange:
    """A text became another, line by line, with three equal lines around each change."""

    added: int
    removed: int
    lines: tuple[tuple[LineMark, SafeText], ...]
    is_cut: bool = False
    """There were more changes than anybody reads; `added` and `removed` count all."""


@dataclass(frozen=True, slots=True)
class RankChange:
    """An importance moved in the order of its side, 1 is the most important."""

    rank_a: int | NoData
    rank_b: int | NoData


@dataclass(frozen=True, slots=True)
class ShapeChange:
    """Inputs or outputs differ."""

    added: tuple[SafeText, ...]
    removed: tuple[SafeText, ...]
    retyped: tuple[SafeText, ...]
    """`amount: double -> string`."""
    is_order_only: bool = False


Detail: TypeAlias = NumberChange | ReleaseChange | LinesChange | RankChange | ShapeChange


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of both versions; equal ones too."""

    field: SafeText
    """What it is called on the command line: `data.card_transactions.digest`, `parameters.num_leaves`."""
    group: Group
    nature: Nature
    state: State
    a: Side
    b: Side
    title: SafeText
    """The field without its group, for a row under the group's heading: `card_transactions digest`."""
    detail: Detail | NoData = NO_DATA
    why: SafeText = SafeText("")
    """Why it cannot be compared, or is not known: one sentence; empty otherwise."""

    @property
    def is_different(self) -> bool:
        """Tell whether it belongs to 'only differences'."""
        return self.state is not State.EQUAL


class CodeSpan(NamedTuple):
    """Two commits of one repository, as their versions name them."""

    repository: SafeText | Unknown
    a: SafeText
    b: SafeText


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a log, safe to show."""

    id: SafeText
    at: float
    """Seconds since the epoch."""
    author: SafeText
    subject: SafeText


@dataclass(frozen=True, slots=True)
class CodeLog:
    """What lies between two commits of one repository."""

    repository: SafeText
    only_b: tuple[Commit, ...]
    """In B and not in A, newest first."""
    only_a: tuple[Commit, ...] = ()
    """In A and not in B: B was not built on top of A."""
    files: tuple[SafeText, ...] = ()
    """Paths that differ between the two."""
    is_cut: bool = False
    """There are more commits or files than are listed."""
    trouble: SafeText = SafeText("")
    """Why there is no log; empty when there is one."""


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """A member that both versions have, in two versions of its own."""

    model: ModelName
    a: VersionId
    b: VersionId
    comparison: Comparison | NoData
    """No data while nobody has read both of its versions, or no registry knows the member."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All facts of two versions of one model, in the order of groups, differences of a group first."""

    model: ModelName
    a: VersionId
    b: VersionId
    facts: tuple[Difference, ...]
    components: tuple[ComponentChange, ...] = ()
    code_log: CodeLog | NoData = NO_DATA
    awaited: tuple[SourceName, ...] = ()
    """Sources that were asked and have not answered yet: what they would say is missing here."""
    troubles: tuple[SafeText, ...] = field(default=())
    """Why parts are missing, one sentence each: `mlflow could not be asked about 3: …`."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Return the facts that are not equal."""
        return tuple(fact for fact in self.facts if fact.is_different)

    def of(self, group: Group) -> tuple[Difference, ...]:
        """Return the facts of one group."""
        return tuple(fact for fact in self.facts if fact.group is group)
