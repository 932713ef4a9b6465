"""What the platform's rules say to one actor who wants one thing now."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.identity import Assurance
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer of the rules, with the rule that gave it."""

    is_allowed: bool
    says: SafeText
    """The rule that decided; on a no, who may."""
    second_person: bool = False
    """A rule wants somebody else's approval of the plan."""
    frozen: SafeText | Unknown = UNKNOWN
    """The freeze window that is in force here and forbids this kind of action, with its end."""
    break_glass: bool = False
    """Whether freeze and second person may be overruled with an incident's id, loudly."""
    assurance: Assurance = Assurance.NONE
    """How surely the actor must be known."""
