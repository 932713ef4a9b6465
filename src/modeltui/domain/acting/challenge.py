"""The guard between a key and a write: what has to be typed, and everything that makes it void.

Values only; `challenging.take` goes from one to the next. There is no clock here: every input carries the boot time
at which it arrived. A key counts only after the terminal has acknowledged that the question is painted, and then
only after a dead time: what was typed before somebody could read it was meant for something else. Habit is met by
asking for something else each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from modeltui.domain.acting.action import GuardLevel, Plan
from modeltui.domain.names import Missing

DEAD_SECONDS: Final = 0.4
"""After the acknowledgement of a paint: nobody reads and decides faster."""
BURST_KEYS: Final = 3
BURST_SECONDS: Final = 0.03
"""More than so many keys in so short a time were pasted, or waited on a slow line: no finger is as fast."""
SETTLE_SECONDS: Final = 0.08
"""A letter counts alone: another key this soon before or after it means that it was one of many."""
REPEAT_SECONDS: Final = 1.0
"""A key held down is silent for less than this before it repeats."""
STEP_SECONDS: Final = 1.0
"""By more than this the wall clock may not move against boot time while something is armed."""
GAP_SECONDS: Final = 5.0
"""Without a tick for so long, the computer slept or the program stood still."""
LIMIT_SECONDS: Final = {
    GuardLevel.LETTER: 30.0,
    GuardLevel.VERSION: 60.0,
    GuardLevel.IDENTITY: 120.0,
    GuardLevel.SECOND_PERSON: 120.0,
}
LEAST_REASON: Final = 10
MOST_FAILURES: Final = 3
_LONGEST_VERSION: Final = 12
_LONGEST_IDENTITY: Final = 60
_SUFFIX: Final = 6
LONGEST_TYPED: Final = 200
LEAST_LETTERS: Final = 4


class Stage(Enum):
    """What is asked for."""

    TEXT = "text"
    REASON = "reason"
    FLAG = "flag"
    APPROVAL = "approval"
    """Nothing of this person: a second one is waited for."""
    LETTER = "letter"
    """Always the last: one letter that nobody could know before."""


class Verdict(Enum):
    """Where the guard stands."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    """Three times wrong."""
    DISARMED = "disarmed"
    """Something happened that it was not meant for; `why` says what."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Somebody left it: nothing happened."""


class Hint(StrEnum):
    """What to tell whoever types."""

    NONE = ""
    TOO_FAST = "too fast to be typed: begin again"
    PASTED = "pasted text does not count: type it"
    WRONG_LETTER = "not that letter: here is a new one"
    NOT_ENTER = "Enter and Space do not complete it"
    SMALL_LETTER = "a small letter is asked for: caps lock?"
    DIFFERS = "not what is asked for: backspace"
    EARLY = "too early, not taken"
    HELD = "not taken: let go for a second, then once"
    SHORT_REASON = "a reason of at least ten characters, in words"


@dataclass(frozen=True, slots=True)
class Painted:
    """The terminal has drawn what is asked for now, and said so."""

    at: float
    prompt: int
    """Which question was painted."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key arrived."""

    at: float
    name: str
    """`a`, `enter`, `escape`, `f5`."""
    character: str = ""
    """What it types; empty when nothing."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """Text arrived as a paste."""

    at: float


@dataclass(frozen=True, slots=True)
class Pointed:
    """The mouse did something."""

    at: float


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""

    at: float
    wall: float


@dataclass(frozen=True, slots=True)
class Upset:
    """Something happened that this guard was not meant for."""

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Approved:
    """A second person has said yes to this very plan."""

    at: float


Input: TypeAlias = Painted | Key | Pasted | Pointed | Ticked | Upset | Approved


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be typed."""

    text: str
    """Empty when only a letter is asked for."""
    what: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """One guard, from its painting to its end; `challenging.take` returns the next one."""

    level: GuardLevel
    expected: Expected
    flags: tuple[str, ...]
    """Names of what did not pass: the heavier guards want each acknowledged."""
    supply: str
    """Letters drawn beforehand by chance; each question takes the next one that is not the key just pressed."""
    deadline: float
    wall_offset: float
    stage: Stage
    letter: str = ""
    drawn: int = 0
    prompt: int = 1
    """Grows with each question: an acknowledgement of an earlier one does not arm this one."""
    painted_at: float | None = None
    typed: str = ""
    reason: str = ""
    acknowledged: int = 0
    failures: int = 0
    held: str = ""
    """A key that may still be held down from before: it does not count until another was seen."""
    held_at: float = 0.0
    arrivals: tuple[float, ...] = ()
    settling_at: float | None = None
    """When the right letter came, until it is clear that it came alone."""
    ticked_at: float | None = None
    verdict: Verdict = Verdict.OPEN
    why: str = ""
    hint: Hint = Hint.NONE

    @property
    def is_open(self) -> bool:
        """Whether it can still be passed."""
        return self.verdict is Verdict.OPEN

    def is_ready(self, at: float) -> bool:
        """Tell whether a key that arrived at `at` counts."""
        return self.is_open and self.painted_at is not None and at >= self.painted_at + DEAD_SECONDS

    def left_seconds(self, at: float) -> float:
        """Return how long it is still armed."""
        return max(self.deadline - at, 0.0)

    @property
    def flag(self) -> str:
        """Return the flag that is asked about."""
        return self.flags[self.acknowledged] if self.stage is Stage.FLAG else ""


def expected_text(plan: Plan) -> Expected:
    """Return what has to be typed for a plan; where the name cannot be typed surely, the end of a digest instead."""
    version = str(plan.version)
    if plan.guard is GuardLevel.LETTER:
        return Expected("", "the letter")
    if plan.guard is GuardLevel.VERSION:
        if _is_typable(version) and len(version) <= _LONGEST_VERSION:
            return Expected(version, "the version")
        digest = plan.premise.digest
        if not isinstance(digest, Missing) and _is_typable(digest[-_SUFFIX:]) and len(digest) >= _SUFFIX:
            return Expected(str(digest[-_SUFFIX:]), f"the last {_SUFFIX} of the artifact's digest")
        return Expected(str(plan.hash[-_SUFFIX:]), f"the last {_SUFFIX} of the plan's hash")
    identity = f"{plan.target.environment}/{plan.target.model}@{version}"
    if _is_typable(identity) and len(identity) <= _LONGEST_IDENTITY:
        return Expected(identity, "environment/model@version")
    return Expected(str(plan.hash[-_SUFFIX:]), f"the last {_SUFFIX} of the plan's hash")


def _is_typable(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
