"""What operators share, as text for a store and back: actors, leases, approvals. Reading is strict."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from modeltui.domain.acting.action import ActionKind, PlanHash, PlanId
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.plan_document import canonical_text, plan_document, plan_from_document
from modeltui.domain.errors import ConfigError, JournalUnavailable
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text

_OPTIONAL = ("os_user", "host", "ssh_key", "client")
_KEYS = frozenset({"principal", "assurance", *_OPTIONAL})
LONGEST_SIGNATURE = 16_000
SHORTEST_BEGINNING = 6
"""Fewer digits of a hash name too many plans."""


def actor_text(actor: Actor) -> str:
    """Return an actor as JSON."""
    said = {key: getattr(actor, key) for key in _OPTIONAL}
    known = {key: str(value) for key, value in said.items() if not isinstance(value, Missing)}
    plain = {"principal": str(actor.principal), "assurance": actor.assurance.value, **known}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)


def actor_from_text(text: str) -> Actor:
    """Return the actor that `actor_text` wrote; raises `ValueError` for anything else."""
    plain = json.loads(text)
    if not isinstance(plain, dict) or not {"principal", "assurance"} <= plain.keys() <= _KEYS:
        raise ValueError("it is not an actor")
    if not all(isinstance(value, str) for value in plain.values()):
        raise ValueError("an actor is made of text")
    said: dict[str, SafeText | Unknown] = {key: safe_text(plain[key]) if key in plain else UNKNOWN for key in _OPTIONAL}
    return Actor(safe_text(plain["principal"]), Assurance(plain["assurance"]), **said)


LeaseRow = tuple[str, str, str, str, str, int, float, float, str]
"""Model, environment, holder, plan, kind, fence, taken at, expires at, says."""


def lease_row(lease: Lease) -> LeaseRow:
    """Return a lease as a row of a table."""
    return (
        lease.target.model,
        lease.target.environment,
        actor_text(lease.holder),
        lease.plan_id,
        lease.kind.value,
        lease.fence,
        lease.taken_at,
        lease.expires_at,
        lease.says,
    )


def lease_from_row(row: Any) -> Lease:
    """Return the lease of such a row; raises `ValueError` when it is none."""
    model, environment, holder, plan_id, kind, fence, taken_at, expires_at, says = row
    return Lease(
        TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment))),
        actor_from_text(holder),
        PlanId(safe_text(plan_id)),
        ActionKind(kind),
        int(fence),
        Instant(float(taken_at)),
        Instant(float(expires_at)),
        safe_text(says),
    )


RequestRow = tuple[str, str, str, float, float, str]
"""Hash and id of the plan, its canonical text, asked at, expires at, reason."""


def request_row(request: ApprovalRequest) -> RequestRow:
    """Return a request as a row of a table.

    Raises `JournalUnavailable` for a plan that could not be read again: one such row would hide all others.
    """
    plan = request.plan
    row = plan.hash, plan.id, canonical_text(plan_document(plan)), request.asked_at, request.expires_at, request.reason
    try:
        request_from_row(row)
    except ValueError as error:
        raise JournalUnavailable(f"the plan cannot be put before somebody else: {error}", "Plan again.") from error
    return row


def request_from_row(row: Any) -> ApprovalRequest:
    """Return the request of such a row; raises `ValueError` when its plan is not the one that has this hash.

    Raises `JournalUnavailable` for a plan of an earlier program, which cannot be carried out by this one.
    """
    plan_hash, plan_id, text, asked_at, expires_at, reason = row
    document = json.loads(text)
    if not isinstance(document, dict) or canonical_text(document) != text:
        raise ValueError("the plan is not written as a plan is")
    if "writes_to" not in document:
        says = (
            f"the plan {safe_text(str(plan_hash), 19)} was made by an earlier modeltui: it does not say where it writes"
        )
        raise JournalUnavailable(says, "make it again with this version, and ask for that plan")
    try:
        plan = plan_from_document({**document, "hash": plan_hash})
    except ConfigError as error:
        raise ValueError(error.title) from error
    if plan.id != plan_id:
        raise ValueError("the plan has another id")
    return ApprovalRequest(plan, Instant(float(asked_at)), Instant(float(expires_at)), safe_text(reason, 500))


def requests_from_rows(rows: Iterable[Any]) -> Iterator[ApprovalRequest]:
    """Yield the request of each row, without plans of earlier programs: one of them must not hide all others."""
    for row in rows:
        with suppress(JournalUnavailable):
            yield request_from_row(row)


DecisionRow = tuple[str, str, str, str, float, float, "str | None"]
"""Hash of the plan, who, what, why, at, expires at, signature."""


def decision_row(approval: GivenApproval) -> DecisionRow:
    """Return a decision as a row of a table."""
    signature = None if isinstance(approval.signature, Missing) else str(approval.signature)
    return (
        approval.plan_hash,
        actor_text(approval.by),
        approval.decision.value,
        approval.reason,
        approval.at,
        approval.expires_at,
        signature,
    )


def decision_from_row(row: Any) -> GivenApproval:
    """Return the decision of such a row; raises `ValueError` when it is none."""
    plan_hash, by, decision, reason, at, expires_at, signature = row
    return GivenApproval(
        PlanHash(safe_text(plan_hash)),
        actor_from_text(by),
        Decision(decision),
        safe_text(reason, 500),
        Instant(float(at)),
        Instant(float(expires_at)),
        UNKNOWN if signature is None else _armoured(signature),
    )


def _armoured(signature: str) -> SafeText:
    """Return a signature, which has several lines, and nothing in them that a terminal would obey."""
    if len(signature) > LONGEST_SIGNATURE or not all(line.isprintable() for line in signature.split("\n")):
        raise ValueError("it is not a signature")
    return SafeText(signature)


@dataclass(frozen=True, slots=True)
class PlanName:
    """How somebody names a waiting plan: its id, its hash, or the beginning of its hash."""

    id: str
    hash_beginning: str
    """Empty when too little was said to be one."""

    @property
    def hash_end(self) -> str:
        """Return a text just behind every hash with this beginning."""
        return self.hash_beginning + "g"


def plan_name(text: str) -> PlanName:
    """Return what was meant; `sha256:` may be left out."""
    text = text.strip()
    digits = text.removeprefix("sha256:").lower()
    is_hash = SHORTEST_BEGINNING <= len(digits) <= 64 and set(digits) <= set("0123456789abcdef")
    return PlanName(text, f"sha256:{digits}" if is_hash else "")
