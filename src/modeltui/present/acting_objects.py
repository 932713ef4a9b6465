"""Outcomes, records and the chain as JSON objects: the shapes that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modeltui.domain.acting.approval import ApprovalRequest, GivenApproval
from modeltui.domain.acting.outcome import Report
from modeltui.domain.acting.plan_document import time_text
from modeltui.domain.journal.record import ChainState, Detail, Record
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.names import Instant, Missing, Unknown

_MOMENTS = ("requested_at", "sent_at", "accepted_at", "serving_at", "healthy_at")


def outcome_object(report: Report) -> dict[str, Any]:
    """Return how an action ended; what is not known is absent."""
    moments = {name: _time(getattr(report, name)) for name in _MOMENTS}
    answer: dict[str, Any] = {
        "schema": "modeltui.outcome/1",
        "plan": report.plan_hash,
        "plan_id": report.plan_id,
        "target": {"model": report.target.model, "environment": report.target.environment},
        "outcome": report.outcome.value,
        **{name: text for name, text in moments.items() if text is not None},
        "serving": [[version, share] for version, share in report.serving],
        "because": report.because,
    }
    if report.remedy:
        answer["remedy"] = report.remedy
    if report.checks:
        answer["checks"] = [
            {"name": check.name, "result": check.result.value, "says": check.says} for check in report.checks
        ]
    if not isinstance(report.seq, Missing):
        answer["journal"] = {"seq": report.seq}
    return answer


def verify_object(chain: ChainState) -> dict[str, Any]:
    """Return what a look at the chain found."""
    answer: dict[str, Any] = {
        "schema": "modeltui.verify/1",
        "records": chain.records,
        "ok": chain.is_whole,
        "first_bad_seq": _or_none(chain.first_bad_seq),
        "anchored_to_seq": _or_none(chain.anchored_to_seq),
        "signed_to_seq": _or_none(chain.signed_to_seq),
        "head": None if isinstance(chain.head, Missing) else f"sha256:{str(chain.head).removeprefix('sha256:')}",
    }
    if chain.says:
        answer["says"] = chain.says
    if chain.silent:
        answer["no_answer_from"] = list(chain.silent)
    return answer


def record_object(record: Record) -> dict[str, Any]:
    """Return one record of the journal; the line on disk has more than this, and is what its hash covers."""
    entry = record.entry
    answer: dict[str, Any] = {
        "seq": record.seq,
        "kind": entry.kind.value,
        "at": time_text(entry.at),
        "actor": str(entry.actor),
        "assurance": entry.actor.assurance.value,
        "context": entry.context,
    }
    if not isinstance(entry.target, Missing):
        answer["target"] = {"model": entry.target.model, "environment": entry.target.environment}
    known = {"plan_id": entry.plan_id, "plan": entry.plan_hash}
    answer |= {name: value for name, value in known.items() if not isinstance(value, Missing)}
    reason = entry.reason
    if reason.text or reason.incident:
        answer["reason"] = {"code": reason.code.value, "text": reason.text, "incident": reason.incident}
    answer["details"] = plain_details(entry.details)
    return answer | {"previous": record.previous, "hash": record.hash}


def plain_details(details: Mapping[str, Detail]) -> dict[str, Any]:
    """Return details as JSON has them."""
    return {name: _plain(value) for name, value in details.items()}


def _plain(value: Detail) -> Any:
    if isinstance(value, Mapping):
        return plain_details(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def _time(at: Instant | Unknown) -> str | None:
    return None if isinstance(at, Missing) else time_text(at)


def _or_none(value: Any) -> Any:
    return None if isinstance(value, Missing) else value


def as_of_object(at: Instant, found: Iterable[Interval]) -> dict[str, Any]:
    """Return what served at a time; where nobody looked there is an entry whose evidence is a gap."""
    return {"schema": "modeltui.as-of/1", "at": time_text(at), "serving": [_interval(one) for one in found]}


def _interval(one: Interval) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "model": one.target.model,
        "environment": one.target.environment,
        "version": _or_none(one.version),
        "share": _or_none(one.share),
        "since": time_text(one.since),
        "until": None if one.until_or_later else time_text(one.until),
        "evidence": one.basis.value,
        "approved_by": list(one.approvals),
        "data": list(one.data),
        "seq": list(one.seqs),
    }
    if one.since_or_earlier:
        answer["since_or_earlier"] = True
    if not isinstance(one.role, Missing):
        answer["role"] = one.role.value
    if not isinstance(one.done_by, Missing):
        answer["done_by"] = one.done_by
    return answer


def waiting_object(waiting: Iterable[ApprovalRequest]) -> dict[str, Any]:
    """Return what waits for a second person."""
    return {"schema": "modeltui.approvals/1", "waiting": [_request(one) for one in waiting]}


def _request(request: ApprovalRequest) -> dict[str, Any]:
    plan = request.plan
    return {
        "plan": plan.hash,
        "plan_id": plan.id,
        "action": plan.kind.value,
        "target": {"model": plan.target.model, "environment": plan.target.environment},
        "version": plan.version,
        "by": str(plan.actor),
        "reason": request.reason,
        "at": time_text(request.asked_at),
        "expires_at": time_text(request.expires_at),
    }


def approval_object(given: GivenApproval) -> dict[str, Any]:
    """Return one decision on one plan."""
    return {
        "schema": "modeltui.approval/1",
        "plan": given.plan_hash,
        "decision": given.decision.value,
        "by": str(given.by),
        "assurance": given.by.assurance.value,
        "reason": given.reason,
        "at": time_text(given.at),
        "expires_at": time_text(given.expires_at),
        "signed": not isinstance(given.signature, Missing),
    }
