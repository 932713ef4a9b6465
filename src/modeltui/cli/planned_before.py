"""A plan that was made before: from its file, or from the journal, where every plan is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modeltui.domain.acting.action import Plan, Refusal
from modeltui.domain.acting.plan_document import plan_from_document
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.errors import ConfigError
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.ports.journal import Query

_MOST_BYTES = 1 << 20
_MOST_LOOKED_AT = 200


def read_plan(file: str) -> Plan:
    """Return the plan in a file; raise `ConfigError` when there is none, or when it was changed since it was made."""
    try:
        with Path(file).open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        says = safe_text(f"{file} cannot be read: {error.strerror}", 300)
        raise ConfigError(str(says), "make it: modeltui plan … --out FILE") from error
    if len(raw) > _MOST_BYTES:
        raise ConfigError(f"{safe_text(file)} is no plan: it is larger than any", "make it: modeltui plan … --out FILE")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{safe_text(file)} is no plan: it is no JSON", "make it: modeltui plan … --out FILE"
        ) from error
    return plan_from_document(document)


async def planned_before(acting: Acting, plan_hash: str, request: ActionRequest) -> Plan | Refusal:
    """Return the plan with this hash from the journal, if it is one for the same wish."""
    kinds = frozenset({RecordKind.PLAN_MADE})
    query = Query(target=request.target, kinds=kinds, newest_first=True, most=_MOST_LOOKED_AT)
    for record in await acting.journal.read(query):
        if record.entry.plan_hash == plan_hash:
            document: Any = json.loads(str(record.entry.details.get("document", "null")))
            if not isinstance(document, dict):
                break
            plan = plan_from_document({**document, "hash": plan_hash})
            if plan.kind is request.kind and (not request.version or plan.version == request.version):
                return plan
            says = safe_text(f"the plan {plan_hash[:19]} is for something else: {plan.kind.value} to {plan.version}")
            return Refusal(says, SafeText("make a plan for what you want, and look at it"))
    return Refusal(
        safe_text(f"the journal has no plan {plan_hash[:19]} for {request.target}", 300),
        SafeText("make one without --plan-hash and look at it; then give its whole hash"),
    )
