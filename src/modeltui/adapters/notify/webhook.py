"""A notice as a CloudEvent (1.0, structured JSON)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from modeltui.adapters.notify.moments import rfc3339
from modeltui.domain.names import UNKNOWN
from modeltui.ports.notifier import Notice

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"


def cloud_event(notice: Notice) -> dict[str, Any]:
    """Return the event; its `id` is the notice's, so that a second delivery is known as one."""
    data: dict[str, Any] = {
        "occasion": notice.occasion.value,
        "context": notice.context,
        "model": notice.target.model,
        "environment": notice.target.environment,
        "headline": notice.headline,
        "facts": [{"name": name, "value": value} for name, value in notice.facts.items()],
    }
    known = {"plan_id": notice.plan_id, "plan": notice.plan_hash, "journal_head": notice.journal_head}
    data |= {name: value for name, value in known.items() if value is not UNKNOWN}
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/modeltui/{quote(notice.context, safe='')}",
        "type": f"dev.modeltui.notice.{notice.occasion.value}.v1",
        "subject": f"{notice.target.environment}/{notice.target.model}",
        "time": rfc3339(notice.at),
        "datacontenttype": "application/json",
        "data": data,
    }
