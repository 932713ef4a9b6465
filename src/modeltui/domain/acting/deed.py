"""What the rules call an action: its kind, with a rollback to the last known good apart from any other."""

from __future__ import annotations

from enum import StrEnum

from modeltui.domain.acting.action import ActionKind


class Deed(StrEnum):
    """What a rule or a freeze window is about."""

    ABORT = "abort"
    ROLLBACK = "rollback"
    """To the last known good version."""
    OTHER_VERSION = "other-version"
    """A rollback to any other version."""
    PROMOTE = "promote"
    WEIGHTS = "weights"


RESCUES = frozenset({Deed.ABORT, Deed.ROLLBACK})
"""The safe direction: no freeze window holds them up."""
RISKS = frozenset(Deed) - RESCUES


def deed_of(kind: ActionKind, *, is_last_known_good: bool) -> Deed:
    """Return what the rules call an action."""
    if kind is ActionKind.ROLLBACK:
        return Deed.ROLLBACK if is_last_known_good else Deed.OTHER_VERSION
    return Deed(kind.value)
