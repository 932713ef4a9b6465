"""What the policy file may say: who may do what, where, when and with whom. Its reference is made from the docstrings.

The file belongs to whoever runs the platform; the operator need not be able to change it.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from modeltui.config.quantity import Quantity, Spelled, Within
from modeltui.domain.acting.deed import Deed
from modeltui.domain.identity import Assurance

Name: TypeAlias = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
        "a name of letters, digits, '.', '_' and '-', at most 63 of them",
    ),
]
Principal: TypeAlias = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,99}\Z",
        "a person's stable name such as 'alice' or 'alice@example.com'",
    ),
]
Pattern: TypeAlias = Annotated[str, Spelled(r"^\S+\Z", "a shell pattern such as '*@prod-*'", max_length=200)]
Patterns: TypeAlias = Pattern | tuple[Pattern, ...]
Fingerprint: TypeAlias = Annotated[
    str, Spelled(r"^SHA256:[A-Za-z0-9+/]{43}\Z", "a fingerprint as `ssh-keygen -l` prints it: 'SHA256:…'")
]
PublicKey: TypeAlias = Annotated[
    str,
    Spelled(
        r"^[a-z0-9@.-]{6,60} [A-Za-z0-9+/]{40,8000}={0,3}( .*)?\Z",
        "a public key as `ssh-add -L` prints it: 'ssh-ed25519 AAAA…'",
        is_quoted=False,
    ),
]
Weekly: TypeAlias = Annotated[
    str,
    Spelled(
        r"^(daily \d\d:\d\d - \d\d:\d\d|(mon|tue|wed|thu|fri|sat|sun) \d\d:\d\d"
        r" - (mon|tue|wed|thu|fri|sat|sun) \d\d:\d\d)\Z",
        "hours of each week such as 'fri 16:00 - mon 08:00' or 'daily 22:00 - 06:00'",
    ),
]
Once: TypeAlias = Annotated[
    str,
    Spelled(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d - \d{4}-\d\d-\d\d \d\d:\d\d\Z",
        "a stretch such as '2026-12-18 18:00 - 2027-01-04 08:00'",
    ),
]
Patience: TypeAlias = Annotated[float, Quantity.DURATION, Within(ge=60, le=7 * 86_400)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConfig:
    """People who may the same; one way to be named is enough."""

    principals: tuple[Principal, ...] = ()
    """Names: of OS users, and of the owners of keys under `signers`."""
    groups: tuple[Name, ...] = ()
    """Names of `groups`."""
    keys: tuple[Fingerprint, ...] = ()
    """Fingerprints of keys under `signers`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRuleConfig:
    """One sentence: exactly one of `may`, `may_not` and `demand_for`. A denial beats any permission."""

    name: Name
    """What it is called where it decides."""
    may: tuple[Deed, ...] | None = None
    """It allows these: abort, rollback (to the last known good), other-version, promote, weights."""
    may_not: tuple[Deed, ...] | None = None
    """It denies these."""
    demand_for: tuple[Deed, ...] | None = None
    """It allows nothing, and adds its conditions to whatever else allows these."""
    roles: tuple[Name, ...] = ()
    """Whom it is about; without it, everybody."""
    match: Patterns = "*"
    """Shell patterns on `model@environment`; one match is enough."""
    production: bool | None = None
    """Only where people are served from, or only where not; without it, both."""
    assurance: Assurance = Assurance.NONE
    """How surely the actor must be known: none, os-user, or ssh-key by a key under `signers`."""
    second_person: bool = False
    """Whether somebody else must approve the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeConfig:
    """Times in which nothing risky is done. An abort, and the way back to the last known good, are never held up."""

    name: Name
    """What it is called where it holds something up."""
    weekly: tuple[Weekly, ...] = ()
    """Hours of each week, by the clock on the wall: `fri 16:00 - mon 08:00`."""
    once: tuple[Once, ...] = ()
    """Single stretches: `2026-12-18 18:00 - 2027-01-04 08:00`."""
    time_zone: str | None = None
    """In which these are written; without it, that of the file."""
    kinds: tuple[Deed, ...] = (Deed.OTHER_VERSION, Deed.PROMOTE, Deed.WEIGHTS)
    """What it holds up."""
    match: Patterns = "*"
    """Shell patterns on `model@environment`; one match is enough."""
    production: bool | None = None
    """Only where people are served from, or only where not; without it, both."""
    exempt: tuple[Name, ...] = ()
    """Roles that it does not hold up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassConfig:
    """Overruling a freeze or a missing second person, with an incident's id, loudly."""

    kinds: tuple[Deed, ...] = (Deed.ROLLBACK, Deed.OTHER_VERSION)
    """For which deeds; `[]` for never. Promotion is not among them unless it is written here."""
    roles: tuple[Name, ...] = ()
    """Who may; without it, everybody who may the deed itself."""
    review_seconds: Patience = 86_400.0
    """Within this, somebody else looks at each use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsConfig:
    """The second person."""

    roles: tuple[Name, ...] = ()
    """Who may approve; without it, everybody who may the deed itself. Never whoever asked; for a promotion or more
    traffic, never who made the version, by its registry."""
    expire_seconds: Patience = 900.0
    """How long a plan waits, and how long an approval counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFile:
    """The whole file."""

    access: Literal[1]
    """The version of this format."""
    time_zone: str = "UTC"
    """In which freeze windows are written: `Europe/Zurich`."""
    groups: ReadOnly[Name, tuple[Principal, ...]] = field(default_factory=dict)
    """Lists of people, for use in roles."""
    roles: ReadOnly[Name, RoleConfig] = field(default_factory=dict)
    """Who is who."""
    rules: tuple[AccessRuleConfig, ...] | None = None
    """Who may what. Without it: whoever is logged in may act, and in production what is risky needs a second person."""
    freezes: tuple[FreezeConfig, ...] = ()
    """When nothing risky is done."""
    break_glass: BreakGlassConfig = field(default_factory=BreakGlassConfig)
    """What may be overruled, and by whom."""
    approvals: ApprovalsConfig = field(default_factory=ApprovalsConfig)
    """Who is the second person."""
    signers: ReadOnly[Principal, tuple[PublicKey, ...]] = field(default_factory=dict)
    """SSH public keys, and whose they are."""
    allowed_signers: Path | None = None
    """More of them, in a file as `ssh-keygen` reads it, one `PRINCIPAL KEY` a line; beside this file."""
    shared_accounts: tuple[str, ...] = ()
    """OS users behind which several people sit: such a name proves nobody; a key does."""
