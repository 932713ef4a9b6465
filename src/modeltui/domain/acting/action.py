"""What an action is before it happens: a plan, or the refusal of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType

from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, SourceName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText

PlanId = NewType("PlanId", SafeText)
"""A random UUID: one plan, executed once or not at all."""
PlanHash = NewType("PlanHash", SafeText)
"""`sha256:` and 64 hexadecimal digits over the canonical form of a plan: what approvals and `--plan-hash` name."""
Weights = tuple[tuple[VersionId, float], ...]
"""Share of live traffic per version, 0 to 1, highest first, then by name; they add up to 1."""


class ActionKind(StrEnum):
    """What is asked for."""

    ABORT = "abort"
    """Stop the rollout; all traffic to stable."""
    ROLLBACK = "rollback"
    """Make another version the only one that serves."""
    PROMOTE = "promote"
    """Make the candidate the stable version."""
    WEIGHTS = "weights"
    """Give stable and candidate other shares."""


class GuardLevel(IntEnum):
    """What stands between a key and a write; higher is heavier."""

    LETTER = 2
    """One letter that differs each time."""
    VERSION = 3
    """The whole plan, and the version to go to typed."""
    IDENTITY = 4
    """`environment/model@version` typed, a reason, every flag acknowledged."""
    SECOND_PERSON = 5
    """As before, and somebody else's approval of this very plan."""


class Guarantee(StrEnum):
    """Who makes sure that nothing moved between our look and our write."""

    NATIVE = "native"
    """The backend compares and swaps."""
    EMULATED = "emulated"
    """We look before and after; somebody who writes in the same moment is noticed, not prevented."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class WritingPromise:
    """What writing through one source can promise; printed on the plan before anything happens."""

    source: SourceName
    backend: SafeText
    """The kind of the source: `mlflow`."""
    guarantee: Guarantee
    says: SafeText
    """The guarantee in one sentence, as it really is, with what it does not cover."""
    splits_traffic: bool
    """Whether it can give two versions a share each."""
    finds_own_writes: bool
    """Whether a write carries our id, so that it can be recognised after a lost answer."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A target as a controller should have it: a state, never a toggle."""

    weights: Weights
    stable: VersionId
    candidate: VersionId | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Step:
    """One write."""

    desired: Desired
    after_seconds: float
    """How long to wait after the step before took effect; 0 for the first."""
    call: SafeText
    """What the backend will be told, in its own words, without secrets."""


class CheckResult(StrEnum):
    """How a check went."""

    PASS = "pass"  # noqa: S105 - a result
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It could not be looked at: never as good as a pass."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at before acting."""

    name: SafeText
    """`exists`, `artifact`, `known-good`, `environment`, `approved`, `schema`, …: stable names, lower case."""
    result: CheckResult
    says: SafeText


@dataclass(frozen=True, slots=True)
class Premise:
    """The world as the plan assumes it. When `what_moved` finds a part of it changed, the plan is void."""

    desired: Desired | Unknown
    """What the controller was told; unknown where no controller and no pointer says it."""
    revision: SafeText | Unknown
    """The controller's token for that state: a witness, not compared, for it may change where nothing else does."""
    stage: SafeText | Unknown
    serving: VersionId | Unknown
    """Which version answered most requests."""
    known_good: VersionId | Unknown
    digest: SafeText | Unknown
    """Artifact digest of the version to go to, as the registry gives it."""
    observed_at: Instant


@dataclass(frozen=True, slots=True)
class JobInFlight:
    """A batch job that runs on while the traffic moves, and on which version."""

    name: SafeText
    version: VersionId
    started_at: Instant
    progress: float | Unknown
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Blast:
    """Who is touched."""

    share: float | Unknown
    """Share of the live requests that will change version, 0 to 1."""
    requests_per_second: float | Unknown
    """On the whole target."""
    segments: tuple[SafeText, ...] = ()
    """Slices that the version to leave harms now."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """By when, counted from the first byte."""

    accepted_seconds: float
    serving_seconds: float
    healthy_seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what will be done: shown, hashed, approved, then executed as it is or not at all."""

    id: PlanId
    kind: ActionKind
    context: SafeText
    target: TargetKey
    made_at: Instant
    expires_at: Instant
    actor: Actor
    writes_through: WritingPromise
    writes_to: SafeText
    """Where every write goes, as the configuration had it: the server or file, and what is moved there; no secrets."""
    leaving: Weights
    """Who gets what before."""
    to: Desired
    """Who gets what after the last step."""
    because: SafeText
    """Why this version: evidence, in one sentence."""
    premise: Premise
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]
    blast: Blast
    jobs: tuple[JobInFlight, ...]
    not_changed: tuple[SafeText, ...]
    """What stays as it is although one might think otherwise: other regions, jobs, the controller's own wish."""
    expected: Expectation
    inverse: Desired | Unknown
    """What would undo it."""
    guard: GuardLevel
    hash: PlanHash
    authors: tuple[SafeText, ...] = ()
    """Who made the version that gets more traffic, by its registry: none of them is the second person."""

    @property
    def version(self) -> VersionId:
        """Return the version that serves when all is done."""
        return self.to.stable

    @property
    def flags(self) -> tuple[Check, ...]:
        """Return what did not pass: each is shown, the heavier guards want each acknowledged."""
        return tuple(check for check in self.checks if check.result is not CheckResult.PASS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected no: nothing was done and nothing will be."""

    reason: SafeText
    """What stands against it."""
    remedy: SafeText
    """What to do instead, or who can."""
    checks: tuple[Check, ...] = ()
    """What was looked at, where it came so far."""


class ReasonCode(StrEnum):
    """Why somebody acts."""

    ERROR = "error"
    LATENCY = "latency"
    DRIFT = "drift"
    SEGMENT = "segment-harm"
    BUSINESS = "business"
    DRILL = "drill"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in the operator's words."""

    code: ReasonCode = ReasonCode.OTHER
    text: SafeText = SafeText("")
    incident: SafeText = SafeText("")
    """The incident's id, where there is one; break-glass needs it."""


NO_REASON = Reason()


@dataclass(frozen=True, slots=True)
class Consent:
    """How the operator passed the guard: what GO carries to the runner and intent writes down."""

    plan_hash: PlanHash
    reason: Reason
    acknowledged: tuple[SafeText, ...] = ()
    """Names of the checks whose flags were acknowledged."""
    guard: GuardLevel = GuardLevel.LETTER
    through: SafeText = SafeText("screen")
    """`screen`, `terminal` or `plan-hash`."""
    break_glass: bool = False
