"""Outcomes, records and the chain as JSON objects: the shapes that scripts rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeltui.domain.approval import GivenApproval
from modeltui.domain.names import Instant, Missing, Unknown
from modeltui.domain.outcome import Report
from modeltui.domain.plan_document import time_text
from modeltui.domain.record import ChainState, Detail, Record

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
        "head": _or_none(chain.head),
    }
    if chain.says:
        answer["says"] = chain.says
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
