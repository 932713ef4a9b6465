"""Who decided what on a version, as teams write it: a yes is read only where one stands.

A version may be served because of what is read here, so whatever is no clear decision is `not stated`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeltui.adapters._documents.values import (
    ADDRESS,
    MOST_ENTRIES,
    NOTHING,
    Metadata,
    field_of,
    moment,
    plain,
    told,
    yes_or_no,
)
from modeltui.domain.lineage import Approval
from modeltui.domain.names import Missing, Unknown
from modeltui.domain.text import SafeText

_NAMES_APPROVERS: Final = frozenset({"approved_by", "approver", "approvers"})
"""Keys that say by themselves what the people they name have decided."""
_DECISION: Final = ("decision", "verdict", "outcome", "result", "approval_status", "status", "state")
_WHEN: Final = ("at", "date", "decided_at", "approved_at")
_AGAINST: Final = ("reject", "denied", "revok", "declin", "withdr", "refus", "veto")
"""How keys begin that say that somebody was against it: `revoked_at`, `rejected_by`."""
_YES_BEGINS: Final = ("approve", "accept", "grant", "passed", "ok", "signed")
_NO_BEGINS: Final = ("rejected", "denied", "revoked", "declined", "withdrawn", "not approved")
_WORDS: Final = frozenset(
    {
        *("approved", "approve", "accepted", "granted", "passed", "ok", "signed off", "yes", "true"),
        *("no", "false", "not approved", "unapproved", "no go", "failed", "expired"),
        *("rejected", "reject", "denied", "revoked", "declined", "withdrawn", "refused", "vetoed"),
        *("pending", "pending approval", "approval pending", "approval required", "in review", "under review"),
        *("requested", "required", "waiting", "open", "draft"),
        *("none", "nobody", "unknown", "n/a", "tbd", "todo"),
    }
)
"""Texts that are a decision, or say that there is none yet; any other text is taken for a name."""
_YES: Final = "approved"
_NO: Final = "not approved"
_NOBODY: Final = "nobody named"
_NOT_STATED: Final = "not stated"


def approvals_under(key: str, value: Any, metadata: Metadata) -> tuple[Approval, ...]:
    """Return who decided what, given under a key as a name, a decision, an object or a list of these.

    `metadata` is the object in which the key stands: it may hold the decision or the name beside it.
    """
    named = key.rpartition(".")[2].lower()
    rows = value if isinstance(value, list) else [value]
    if isinstance(value, Mapping) and value and all(isinstance(inner, Mapping) for inner in value.values()):
        # Under its own heading a name may be that of a rule as well: it implies no yes.
        named, rows = "", [{"by": name, **inner} for name, inner in value.items()]
    status = metadata.get("approval_status")
    if status not in NOTHING and named not in _NAMES_APPROVERS and _is_no(_spelled(status)):
        # A no that stands beside all of them is told even where each of them is a yes.
        rows = [{"decision": status}, *rows]
    return tuple(_approval(named, row, metadata) for row in rows[:MOST_ENTRIES] if row not in NOTHING)


def approved_by(written: str) -> tuple[SafeText, SafeText]:
    """Return who decided what, where only a text stands under `approved_by`: a name is a yes, `pending` is none."""
    return (told(_NOBODY), told(written)) if _is_decision(written) else (told(written, limit=ADDRESS), told(_YES))


def _approval(key: str, row: Any, metadata: Metadata) -> Approval:
    aside = {name: metadata.get(name) for name in ("approved_at", "approval_status", "approved")}
    own = row if isinstance(row, Mapping) else _beside(key, row, metadata)
    facts = {**aside, **own} if own is not row or key in _NAMES_APPROVERS else own
    by = field_of(facts, "by", "approved_by", "approver", "name")
    named = [facts.get(name) for name in _NAMES_APPROVERS]
    named += [facts.get("by"), facts.get("name")] if key in _NAMES_APPROVERS else []
    is_implied = any(map(_is_name, named))
    return Approval(
        by=told(_NOBODY) if isinstance(by, Unknown) else by,
        decision=told(_decision(facts) or (_YES if is_implied else _NOT_STATED)),
        at=moment(next((facts[name] for name in _WHEN if facts.get(name) not in NOTHING), None)),
        comment=field_of(facts, "comment", "reason", "ticket"),
    )


def _beside(key: str, row: Any, metadata: Metadata) -> Metadata:
    """Return a text, or a yes or no, as an object with who decided, or what."""
    if isinstance(row, bool) or _is_decision(row):
        return {"decision": row, "by": None if key in _NAMES_APPROVERS else metadata.get("approved_by")}
    return {"by": row}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not _is_decision(value)


def _is_decision(value: Any) -> bool:
    return _word(value) in _WORDS or _is_no(value)


def _is_no(value: Any) -> bool:
    return _word(value).startswith(_NO_BEGINS)


def _decision(facts: Metadata) -> str:
    """Return what was decided, empty when nothing says it; a yes counts only where nothing beside it is a no."""
    found = [_spelled(facts[name]) for name in _DECISION if facts.get(name) not in NOTHING]
    decided = next((one for one in found if _is_no(one)), found[0] if found else "")
    if decided and not _word(decided).startswith(_YES_BEGINS):
        return decided
    for name, value in facts.items():
        if str(name).lower().startswith(_AGAINST) and value not in NOTHING and yes_or_no(value) is not False:
            return str(name).lower().partition("_")[0]
    approved = facts.get("approved")
    if approved in NOTHING:
        return decided
    # A name or a time under `approved` says no more than that somebody meant something by it.
    flag = yes_or_no(approved)
    return decided or _NOT_STATED if isinstance(flag, Missing) else decided or _YES if flag else _NO


def _spelled(decision: Any) -> str:
    said = yes_or_no(decision)
    return plain(decision) if isinstance(said, Missing) else _YES if said else _NO


def _word(value: Any) -> str:
    return " ".join(plain(value).strip().lower().replace("_", " ").replace("-", " ").split())
