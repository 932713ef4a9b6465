"""What the configuration may say about acting: the record, who is told, and by when an action has to show.

Who may do what is not said here: that stands in the policy file, which the operator need not own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

from modeltui.config.quantity import Quantity, Spelled, Within
from modeltui.ports.notifier import Occasion

Reference: TypeAlias = Annotated[
    str,
    Spelled(
        r"^(env|file|command|keyring):\S.*\Z",
        "a reference such as 'env:NAME': it is a secret and must not be written here",
        is_quoted=False,
    ),
]
"""Where a secret is. It stays a reference until the moment of its use: a look at the fleet fetches none of these."""
WebAddress: TypeAlias = Annotated[
    str,
    Spelled(
        r"^https?://[^\s/@]+(/[^\s@]*)?\Z|^(env|file|command|keyring):\S.*\Z",
        "an http or https URL without user name, or a reference to one such as 'env:NAME'",
        is_quoted=False,
    ),
]
Deadline: TypeAlias = Annotated[float, Quantity.DURATION, Within(gt=0, le=86_400)]

RETENTION_DAYS = 2_555
"""Seven years: longer than the five to six that bank and securities rules ask for."""


class Signing(StrEnum):
    """Whether checkpoints of the journal are signed."""

    AUTO = "auto"
    """By the operator's ssh agent, where there is one."""
    NEVER = "never"


class AnchorKind(StrEnum):
    """Where a checkpoint is laid down outside the journal."""

    FILE = "file"
    SYSLOG = "syslog"
    GIT = "git"
    WEBHOOK = "webhook"


class SinkKind(StrEnum):
    """Whom notices are for."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorConfig:
    """A witness: nothing before the checkpoint that it has seen can be changed unnoticed."""

    kind: AnchorKind
    """What kind of place."""
    path: Path | None = None
    """For `file`: the file that checkpoints are added to; for `git`: a work tree in which they are committed."""
    url: WebAddress | None = None
    """For `webhook`: where checkpoints are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalConfig:
    """The record of everything that is asked, refused, done and seen here."""

    directory: Path | None = None
    """Where it lies; without it, in a private directory of this context below the state directory."""
    shared: Reference | None = None
    """A PostgreSQL URL, by reference: then several operators share journal, approvals and leases through it."""
    sign: Signing = Signing.AUTO
    """Whether checkpoints are signed by the operator's ssh agent."""
    anchors: tuple[AnchorConfig, ...] = ()
    """Witnesses elsewhere; two are better than one."""
    retention_days: Annotated[int, Within(ge=1, le=36_500)] = RETENTION_DAYS
    """How long records are kept; whole closed months are dropped, never single records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyConfig:
    """Somebody who is told what happened; a dead one never delays an action."""

    kind: SinkKind
    """In which format."""
    url: WebAddress | None = None
    """Where notices are sent; for `slack` by reference only, because whoever knows it may post there."""
    key: Reference | None = None
    """For `pagerduty`: the routing key."""
    secret: Reference | None = None
    """For `webhook`: the key with which each notice is signed (HMAC), so that its receiver can trust it."""
    on: tuple[Occasion, ...] = tuple(Occasion)
    """On which occasions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingConfig:
    """How long an action may take to show."""

    accepted_seconds: Deadline = 10.0
    """By then the controller must read back as planned."""
    serving_seconds: Deadline = 60.0
    """By then, and the window of the metrics, the planned versions must answer."""
    healthy_seconds: Deadline = 300.0
    """By then the signals must be within their limits."""
    snap_back_checks: tuple[Deadline, ...] = (300.0, 1_800.0)
    """How long after the outcome somebody looks whether it was undone; `[]` for never."""
