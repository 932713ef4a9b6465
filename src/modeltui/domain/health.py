"""Is this number all right? Rules, their memory, and the verdict with its evidence; `judgement` applies them.

A rule looks at one value over its rolling window, against an absolute limit or against the baseline of the same
minutes. A violation must last (`for_seconds`), and ends only when the value has stayed well inside the limit
(`clear_fraction`, `keep_firing_seconds`): a Schmitt trigger with hold, as alert rules have them. Time is the time of
the samples, so a frozen backend neither starts nor ends anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import Final, TypeAlias

from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, NoData, SegmentName, Unknown, VersionId
from modeltui.domain.signal import Measurement
from modeltui.domain.text import SafeText


class Level(IntEnum):
    """How bad; the worst of several is their maximum."""

    OK = 0
    NO_LIMIT = 1
    """Measured, and nothing to judge it by: no absolute limit and no baseline."""
    NO_DATA = 2
    STALE = 3
    WARN = 4
    BREACH = 5


class Cause(Enum):
    """Why a verdict is what it is; `present` makes the sentence."""

    WITHIN_LIMITS = "within limits"
    OVER_LIMIT = "over the limit"
    NOT_YET_LONG_ENOUGH = "over the limit, not yet for long enough"
    NOT_YET_CALM = "back inside the limit, not yet for long enough"
    SEGMENT = "a segment is over the limit"
    TOO_FEW_SAMPLES = "too few samples"
    NO_OBSERVATIONS = "no observations"
    NOTHING_TO_COMPARE = "no limit and no baseline"
    TOO_OLD = "too old"
    NOT_SCRAPED = "no longer scraped"


class BaselineKind(StrEnum):
    """What a value is compared with."""

    STABLE = "stable"
    """The stable version, same target, same minutes."""
    LAST_KNOWN_GOOD = "last known good"
    """The last known good version, still serving beside this one, same minutes."""
    EARLIER = "last known good, earlier"
    """The last known good version when it last served: not the same minutes."""
    EXPECTED_SHARE = "expected share"
    """The target's traffic times the share this version should have."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The other side of a comparison."""

    kind: BaselineKind
    version: VersionId
    measurement: Measurement
    segments: tuple[tuple[SegmentName, Measurement], ...] = ()


@dataclass(frozen=True, slots=True)
class Above:
    """Worse when higher than `value`, in the signal's unit."""

    value: float


@dataclass(frozen=True, slots=True)
class Below:
    """Worse when lower than `value`, in the signal's unit."""

    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """Worse when it differs from the baseline by more than a fraction and by more than a margin."""

    fraction: float
    """-0.15 is fifteen per cent down; +1.0 is doubled."""
    margin: float = 0.0
    """At least this far from the baseline too, in the signal's unit: 0.01 % to 0.03 % pages nobody."""


Limit: TypeAlias = Above | Below | Change


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition on one signal."""

    name: SafeText
    limit: Limit
    severity: Level = Level.BREACH
    for_seconds: float = 60.0
    clear_fraction: float = 0.7
    """Calm again when the distance to the reference is below this part of the limit's."""
    keep_firing_seconds: float = 60.0
    min_samples: float = 100.0
    """Observations needed on both sides; fewer is no data, never ok."""
    min_events: float = 0.0
    """For counts: bad events needed on both sides together."""


class Phase(Enum):
    """Where a rule is on one value."""

    CLEAR = "clear"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class Watch:
    """The memory of one rule on one value."""

    phase: Phase = Phase.CLEAR
    since: Instant = Instant(0.0)
    """When the violation began; meaningless while clear."""
    calm_since: Instant | Unknown = UNKNOWN
    seen_at: Instant = Instant(0.0)
    """While pending: when the violation was seen last."""
    was_found: bool = False
    """Whether it was already so when somebody began to look: it began at `since` or earlier."""


CLEAR: Final = Watch()

LONGEST_GAP_SECONDS: Final = 330.0
"""Two looks further apart than this do not prove what was between: a five-minute history step and its delay."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of one signal of one version, and on what evidence."""

    level: Level
    cause: Cause
    value: float | NoData = NO_DATA
    n: float | Unknown = UNKNOWN
    baseline: Baseline | NoData = NO_DATA
    limit: float | NoData = NO_DATA
    """The limit that counts, in the signal's unit."""
    rule: Rule | NoData = NO_DATA
    """The rule behind the level or, when all is well, the nearest to it."""
    since: Instant | Unknown = UNKNOWN
    """When the level began, by the samples' time."""
    before: Level = Level.NO_DATA
    """What it was when it was last judged: a stale breach is not a stale ok, and neither is what never was."""
    segment: SegmentName | NoData = NO_DATA
    """The segment that makes the level, where one does."""
    since_or_earlier: bool = False
    """Whether it was already so when somebody began to look."""
