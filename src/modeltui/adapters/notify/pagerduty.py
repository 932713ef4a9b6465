"""A notice for PagerDuty (Events API v2): a change where all is known, an alert where somebody has to look."""

from __future__ import annotations

from typing import Any, Final

from modeltui.adapters.notify.moments import rfc3339
from modeltui.domain.names import UNKNOWN
from modeltui.ports.notifier import Notice, Occasion

URL: Final = "https://events.pagerduty.com"
_MOST_SUMMARY: Final = 1_024
_MOST_KEY: Final = 255
_ALERTS: Final = {
    Occasion.UNKNOWN_OUTCOME: "critical",
    Occasion.SNAPPED_BACK: "critical",
    Occasion.BREAK_GLASS: "warning",
}
"""Severity by occasion; the others are changes, which wake nobody."""


def event(notice: Notice, routing_key: str) -> tuple[str, dict[str, Any]]:
    """Return the path and the body; alerts of one plan carry its id as key, so that they are one incident."""
    payload: dict[str, Any] = {
        "summary": f"{notice.target}: {notice.headline}"[:_MOST_SUMMARY],
        "timestamp": rfc3339(notice.at),
        "source": f"modeltui/{notice.context}"[:_MOST_KEY],
        "custom_details": _details(notice),
    }
    severity = _ALERTS.get(notice.occasion)
    if severity is None:
        return "/v2/change/enqueue", {"routing_key": routing_key, "payload": payload}
    alert = payload | {
        "severity": severity,
        "component": str(notice.target.model),
        "group": str(notice.target.environment),
        "class": notice.occasion.value,
    }
    key = notice.id if notice.plan_id is UNKNOWN else str(notice.plan_id)
    body = {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": key[:_MOST_KEY],
        "client": "modeltui",
        "payload": alert,
    }
    return "/v2/enqueue", body


def _details(notice: Notice) -> dict[str, str]:
    known = {"notice": notice.id, "plan": notice.plan_hash, "journal head": notice.journal_head}
    facts = {str(name): str(value) for name, value in notice.facts.items()}
    return facts | {name: str(value) for name, value in known.items() if value is not UNKNOWN}
