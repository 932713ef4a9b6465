"""A notice for PagerDuty (Events API v2): a change where all is known, an alert where somebody has to look.

An alert is resolved by the same key once the matter is settled. Whoever is told of a resolved alert that never was one
forgets it, so it may be sent twice.
"""

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
    Occasion.FOUND_OUT: "error",
    Occasion.BREAK_GLASS: "warning",
}
"""Severity by occasion; what is neither here nor settled is a change, which wakes nobody."""


def event(notice: Notice, routing_key: str) -> tuple[str, dict[str, Any]]:
    """Return the path and the body; alerts of one plan carry its id as key, so that they are one incident.

    Break-glass has a key of its own: that an action came out well does not settle that a rule was overruled.
    """
    payload: dict[str, Any] = {
        "summary": f"{notice.target}: {notice.headline}"[:_MOST_SUMMARY],
        "timestamp": rfc3339(notice.at),
        "source": f"modeltui/{notice.context}"[:_MOST_KEY],
        "custom_details": _details(notice),
    }
    severity = _ALERTS.get(notice.occasion)
    if severity is None and notice.occasion is not Occasion.SETTLED:
        return "/v2/change/enqueue", {"routing_key": routing_key, "payload": payload}
    alert = payload | {
        "severity": severity or "info",
        "component": str(notice.target.model),
        "group": str(notice.target.environment),
        "class": notice.occasion.value,
    }
    body = {
        "routing_key": routing_key,
        "event_action": "trigger" if severity else "resolve",
        "dedup_key": _dedup_key(notice),
        "client": "modeltui",
        "payload": alert,
    }
    return "/v2/enqueue", body


def _dedup_key(notice: Notice) -> str:
    if notice.plan_id is UNKNOWN:
        return str(notice.id)[:_MOST_KEY]
    apart = "/break-glass" if notice.occasion is Occasion.BREAK_GLASS else ""
    return f"{str(notice.plan_id)[: _MOST_KEY - len(apart)]}{apart}"


def _details(notice: Notice) -> dict[str, str]:
    known = {"notice": notice.id, "plan": notice.plan_hash, "journal head": notice.journal_head}
    facts = {str(name): str(value) for name, value in notice.facts.items()}
    return facts | {name: str(value) for name, value in known.items() if value is not UNKNOWN}
