"""How heavy a guard a plan gets, and which failed checks leave no plan at all.

The ladder, lightest first: an abort is one letter; a rollback to the last known good version is that version typed;
less traffic for the candidate likewise; any other version, and more traffic for the candidate, is the whole identity
with a reason and each flag acknowledged; a promotion, or anything with a hard flag, needs a second person.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from modeltui.domain.acting.action import Check, CheckResult, GuardLevel
from modeltui.domain.acting.permission import Permission

PLAN_SECONDS = {
    GuardLevel.LETTER: 300.0,
    GuardLevel.VERSION: 300.0,
    GuardLevel.IDENTITY: 600.0,
    GuardLevel.SECOND_PERSON: 1_800.0,
}
"""How long a plan may be executed: long enough to read it twice, and for two people to find each other. Whether the
world is still so is asked again all the same."""
ARMING_SECONDS = {
    GuardLevel.LETTER: 30.0,
    GuardLevel.VERSION: 60.0,
    GuardLevel.IDENTITY: 120.0,
    GuardLevel.SECOND_PERSON: 900.0,
}
"""How long a guard that was opened stays open, by boot time; of the last, how long an approval may take."""


class Course(Enum):
    """The kinds of action, as far as the guard tells them apart."""

    ABORT = "abort"
    KNOWN_GOOD = "rollback to the last known good version"
    OTHER_VERSION = "rollback to another version"
    PROMOTE = "promotion"
    LESS = "less traffic for the candidate"
    MORE = "more traffic for the candidate"
    MOST = "most of the traffic for the candidate"


_BASE = {
    Course.ABORT: GuardLevel.LETTER,
    Course.KNOWN_GOOD: GuardLevel.VERSION,
    Course.OTHER_VERSION: GuardLevel.IDENTITY,
    Course.PROMOTE: GuardLevel.SECOND_PERSON,
    Course.LESS: GuardLevel.VERSION,
    Course.MORE: GuardLevel.IDENTITY,
    Course.MOST: GuardLevel.SECOND_PERSON,
}

_REFUSING: dict[Course, frozenset[str]] = {
    Course.ABORT: frozenset(),
    Course.KNOWN_GOOD: frozenset({"exists", "artifact", "blocked", "known-good", "one-stable", "retention"}),
    Course.OTHER_VERSION: frozenset({"exists", "artifact", "blocked", "retention"}),
    Course.PROMOTE: frozenset(
        {"exists", "artifact", "blocked", "retention", "approved", "candidate", "busy", "one-stable"}
    ),
    Course.LESS: frozenset(),
    Course.MORE: frozenset({"exists", "artifact", "blocked", "candidate", "busy"}),
    Course.MOST: frozenset({"exists", "artifact", "blocked", "candidate", "busy"}),
}
"""Checks that leave no plan when they fail. An abort is never refused for what a check finds: stable serves already."""

_HARD = frozenset({"known-good", "environment", "schema", "approved", "retention", "busy", "one-stable"})
"""Flags that want a second person where any version may be gone to: warned of or failed, but not unknown, for a
registry that keeps no such facts would otherwise never let anybody act alone."""

_RESCUES = frozenset({Course.ABORT, Course.KNOWN_GOOD, Course.LESS})


def refusing(course: Course, checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the failed checks that leave no plan."""
    against = [check for check in checks if check.result is CheckResult.FAIL and check.name in _REFUSING[course]]
    if course in (Course.PROMOTE, Course.MORE, Course.MOST):
        # Figures that are too old cannot speak for more traffic.
        against += [check for check in checks if check.name == "fresh" and check.result is CheckResult.WARN]
    return tuple(against)


def guard_for(course: Course, checks: Iterable[Check], permission: Permission) -> GuardLevel:
    """Return what stands between the key and the write."""
    if course is Course.ABORT:
        return GuardLevel.LETTER
    level = _BASE[course]
    failed = [check for check in checks if check.result is CheckResult.FAIL]
    if failed:
        level = max(level, GuardLevel.IDENTITY)
    if course not in _RESCUES and any(_is_hard(check) for check in checks):
        level = GuardLevel.SECOND_PERSON
    return GuardLevel.SECOND_PERSON if permission.second_person else level


def _is_hard(check: Check) -> bool:
    return check.name in _HARD and check.result in (CheckResult.WARN, CheckResult.FAIL)
