"""A plan as one JSON object, and back: what is hashed, approved, kept in the journal and handed to the actor process.

The canonical text is UTF-8 JSON with sorted keys, no spaces and no hash in it; the hash is taken over that text, so it
covers everything but itself. A missing value is absent. Reading is strict: an object with a key too many, a key too
few, a wrong type or another hash is no plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from modeltui.domain.acting.action import (
    Check,
    Desired,
    Plan,
    PlanHash,
    Premise,
    Refusal,
    Step,
    Weights,
    WritingPromise,
)
from modeltui.domain.acting.plan_reading import InvalidPlan, read_plan, wrong
from modeltui.domain.identity import Actor
from modeltui.domain.names import Instant, Missing
from modeltui.domain.text import SafeText

__all__ = [
    "InvalidPlan",
    "canonical_text",
    "document_hash",
    "plan_document",
    "plan_from_document",
    "plan_from_text",
    "plan_hash",
    "refusal_document",
    "sealed",
    "time_text",
]

SCHEMA = "modeltui.plan/1"
REFUSAL_SCHEMA = "modeltui.refusal/1"

LONGEST_DOCUMENT = 1_000_000

Document: TypeAlias = dict[str, Any]


def plan_document(plan: Plan) -> Document:
    """Return a plan as an object for JSON, with its hash."""
    return {**_body(plan), "hash": plan.hash}


def canonical_text(document: Mapping[str, Any]) -> str:
    """Return the text that is hashed: the document without its hash; raise `ValueError` for a number that is none."""
    body = {key: value for key, value in document.items() if key != "hash"}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plan_hash(plan: Plan) -> PlanHash:
    """Return the hash that a plan has, whatever it says of itself."""
    return document_hash(_body(plan))


def document_hash(document: Mapping[str, Any]) -> PlanHash:
    """Return the hash of a document's canonical text."""
    return PlanHash(SafeText(f"sha256:{hashlib.sha256(canonical_text(document).encode()).hexdigest()}"))


def sealed(plan: Plan) -> Plan:
    """Return the plan with its hash."""
    return replace(plan, hash=plan_hash(plan))


def plan_from_document(document: object) -> Plan:
    """Return the plan that a document holds; raise `InvalidPlan`, a `ConfigError`, with where it is wrong.

    The hash is taken over what was understood, so a document that a tool has rewritten (`1` for `1.0`, other order) is
    still the same plan, and one that says anything else is not.
    """
    plan = read_plan(document, SCHEMA)
    if plan.hash != plan_hash(plan):
        raise wrong("hash", "is that of another plan: something in here was changed")
    return plan


def plan_from_text(text: str) -> Plan:
    """Return the plan in a JSON text; raise `InvalidPlan` for anything that is no plan."""
    if len(text) > LONGEST_DOCUMENT:
        raise wrong("", f"is longer than {LONGEST_DOCUMENT} characters")
    try:
        document = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise wrong("", f"is no JSON object: {error}") from error
    return plan_from_document(document)


def refusal_document(refusal: Refusal) -> Document:
    """Return a refusal as an object for JSON."""
    document: Document = {"schema": REFUSAL_SCHEMA, "reason": refusal.reason, "remedy": refusal.remedy}
    if refusal.checks:
        document["checks"] = [_check(check) for check in refusal.checks]
    return document


def time_text(at: Instant) -> str:
    """Return a moment as RFC 3339 in UTC with milliseconds."""
    return (
        datetime.fromtimestamp(round(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _each_once(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _body(plan: Plan) -> Document:
    return {
        "schema": SCHEMA,
        "id": plan.id,
        "action": plan.kind.value,
        "context": plan.context,
        "target": {"model": plan.target.model, "environment": plan.target.environment},
        "made_at": time_text(plan.made_at),
        "expires_at": time_text(plan.expires_at),
        "actor": _actor(plan.actor),
        "writes_through": _promise(plan.writes_through),
        "writes_to": plan.writes_to,
        "guarantee": plan.writes_through.guarantee.value,
        "from": _pairs(plan.leaving),
        "to": _pairs(plan.to.weights),
        "desired": _desired(plan.to),
        "because": plan.because,
        "premise": _premise(plan.premise),
        "checks": [_check(check) for check in plan.checks],
        "steps": [_step(step) for step in plan.steps],
        "blast": _present(
            share=plan.blast.share,
            requests_per_second=plan.blast.requests_per_second,
            segments=list(plan.blast.segments),
        ),
        "jobs": [
            _present(name=job.name, version=job.version, started_at=time_text(job.started_at), progress=job.progress)
            for job in plan.jobs
        ],
        "not_changed": list(plan.not_changed),
        "expected": {
            "accepted_seconds": plan.expected.accepted_seconds,
            "serving_seconds": plan.expected.serving_seconds,
            "healthy_seconds": plan.expected.healthy_seconds,
        },
        **({} if isinstance(plan.inverse, Missing) else {"inverse": _desired(plan.inverse)}),
        "guard": int(plan.guard),
        **({"authors": list(plan.authors)} if plan.authors else {}),
    }


def _present(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if not isinstance(value, Missing)}


def _pairs(weights: Weights) -> list[list[Any]]:
    return [[version, share] for version, share in weights]


def _desired(desired: Desired) -> Document:
    return _present(weights=dict(desired.weights), stable=desired.stable, candidate=desired.candidate)


def _step(step: Step) -> Document:
    return {**_desired(step.desired), "after_seconds": step.after_seconds, "call": step.call}


def _check(check: Check) -> Document:
    return {"name": check.name, "result": check.result.value, "says": check.says}


def _actor(actor: Actor) -> Document:
    return _present(
        principal=actor.principal,
        assurance=actor.assurance.value,
        os_user=actor.os_user,
        host=actor.host,
        ssh_key=actor.ssh_key,
        client=actor.client,
    )


def _promise(promise: WritingPromise) -> Document:
    return {
        "source": promise.source,
        "backend": promise.backend,
        "guarantee": promise.guarantee.value,
        "says": promise.says,
        "splits_traffic": promise.splits_traffic,
        "finds_own_writes": promise.finds_own_writes,
    }


def _premise(premise: Premise) -> Document:
    return _present(
        desired=premise.desired if isinstance(premise.desired, Missing) else _desired(premise.desired),
        revision=premise.revision,
        stage=premise.stage,
        serving=premise.serving,
        known_good=premise.known_good,
        digest=premise.digest,
        observed_at=time_text(premise.observed_at),
    )
