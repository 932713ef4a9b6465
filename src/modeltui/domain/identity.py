"""Who asks for something, and how surely that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText


class Assurance(StrEnum):
    """What a name stands on; a later one is stronger."""

    NONE = "none"
    """Said, not shown: a shared account."""
    OS_USER = "os-user"
    """The operating system's user."""
    SSH_KEY = "ssh-key"
    """A signature by a key that the policy knows; the key never leaves its agent."""

    def is_at_least(self, other: Assurance) -> bool:
        """Tell whether this is as sure as `other`."""
        order = list(Assurance)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Whose key made a signature, and which one: a person may have several, and roles are given to keys too."""

    principal: SafeText
    ssh_key: SafeText
    """Its fingerprint."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person, or one rule that acts for people."""

    principal: SafeText
    """A stable name: what policies and approvals compare."""
    assurance: Assurance = Assurance.NONE
    os_user: SafeText | Unknown = UNKNOWN
    host: SafeText | Unknown = UNKNOWN
    ssh_key: SafeText | Unknown = UNKNOWN
    """Fingerprint of the key that proved it."""
    client: SafeText | Unknown = UNKNOWN
    """Where the session comes from: the address in SSH_CONNECTION."""

    def __str__(self) -> str:
        return str(self.principal) if not self.host else f"{self.principal}@{self.host}"
