"""Approvals as teams write them into an object beside a model: only a yes that stands there is one."""

from __future__ import annotations

from typing import Any

import pytest

from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.domain.acting.checks import approved
from modeltui.domain.lineage import Known
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import version_id

V = version_id("1.1")
BY = "ana"


def told(document: dict[str, Any], **own_keys: str) -> tuple[str, str, str]:
    """Return what the guard's check says of an object, and the first decision with who took it."""
    teller = Teller(SourceName(SafeText("folder")), Instant(0.0), "metadata.json")
    found = provenance_from(document, teller, own_keys)
    assert isinstance(found.approvals, Known), found.approvals
    first = found.approvals.value[0]
    return approved(V, found).result.value, first.decision, first.by


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"approvals": [{"by": BY, "state": "rejected"}]}, ("fail", "rejected", BY)),
        ({"approvals": {"by": BY, "approved": False}}, ("fail", "not approved", BY)),
        ({"approvals": {"by": BY, "approved": "no"}}, ("fail", "not approved", BY)),
        ({"approvals": [{"by": BY, "verdict": "denied"}]}, ("fail", "denied", BY)),
        ({"approvals": {"name": BY, "outcome": "declined"}}, ("fail", "declined", BY)),
        ({"approval": "rejected", "approved_by": BY}, ("fail", "rejected", BY)),
        ({"approval": "Rejected: drift in HK"}, ("fail", "Rejected: drift in HK", "nobody named")),
        ({"approval": False}, ("fail", "not approved", "nobody named")),
        ({"approved_by": BY, "approval_status": "revoked"}, ("fail", "revoked", BY)),
        ({"approvals": [{"approved_by": BY, "revoked_at": "2026-01-05"}]}, ("fail", "revoked", BY)),
        ({"approvals": {"by": BY, "status": "approved", "rejected_by": "bob"}}, ("fail", "rejected", BY)),
        ({"approvals": {"by": BY, "status": "approved with a note", "revoked": True}}, ("fail", "revoked", BY)),
        ({"approvals": {"risk": {"decision": "rejected"}, "law": {"by": BY}}}, ("fail", "rejected", "risk")),
        (
            {"approvals": [{"approved_by": BY}], "approval_status": "rejected"},
            ("fail", "rejected", "nobody named"),
        ),
        ({"approval": "approved", "approval_status": "rejected"}, ("fail", "rejected", "nobody named")),
        ({"approvals": {"by": BY, "status": "approved", "verdict": "no"}}, ("fail", "not approved", BY)),
        ({"approved_by": {"name": BY}, "approval_status": "revoked"}, ("fail", "revoked", BY)),
        ({"approvals": [{"approved_by": "pending"}]}, ("warn", "not stated", "pending")),
        ({"approved_by": {"name": "rejected"}}, ("warn", "not stated", "rejected")),
        ({"approved_by": {"risk": {"required": True}}}, ("warn", "not stated", "risk")),
        ({"approved_by": 0}, ("warn", "not stated", "0")),
        ({"approval": "pending"}, ("warn", "pending", "nobody named")),
        ({"approval": "pending approval"}, ("warn", "pending approval", "nobody named")),
        ({"approved_by": "pending"}, ("warn", "pending", "nobody named")),
        ({"approved_by": {"required": True}}, ("warn", "not stated", "nobody named")),
        ({"approvals": {"required": True}}, ("warn", "not stated", "nobody named")),
        ({"approvals": [{"by": BY}]}, ("warn", "not stated", BY)),
        ({"approvals": {"by": BY, "approved": "2026-01-05"}}, ("warn", "not stated", BY)),
        ({"approvals": BY}, ("warn", "not stated", BY)),
        ({"approval": "Denise"}, ("warn", "not stated", "Denise")),
    ],
)
def test_what_is_no_yes_does_not_pass(document: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """A no fails under whatever word it stands, and what is neither yes nor no warns: none of it counts as approved."""
    assert told(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"approved_by": BY}, ("pass", "approved", BY)),
        ({"approved_by": {"name": BY, "date": "2026-01-02"}}, ("pass", "approved", BY)),
        ({"approved_by": [BY, "bob"]}, ("pass", "approved", BY)),
        ({"approvals": [{"approved_by": BY}]}, ("pass", "approved", BY)),
        ({"approvals": [{"by": BY, "decision": "approved", "state": "closed"}]}, ("pass", "approved", BY)),
        ({"approvals": [{"by": BY, "approved": True, "reject_reason": None}]}, ("pass", "approved", BY)),
        ({"approval": "Approved", "approved_by": BY}, ("pass", "Approved", BY)),
        ({"approvals": {"risk": {"decision": "approved"}, "law": {"by": BY}}}, ("pass", "approved", "risk")),
        ({"approval": True}, ("pass", "approved", "nobody named")),
    ],
)
def test_a_yes_that_stands_there_passes(document: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Who is named as having approved it did, and a yes counts under whatever word it stands."""
    assert told(document) == expected


def test_a_key_of_ones_own_implies_no_yes() -> None:
    """A name under a key that the configuration names says who, not what; `approved_by` within an object says both."""
    assert told({"risk": {"signed": BY}}, approvals="risk.signed") == ("warn", "not stated", BY)
    assert told({"risk": {"approved_by": BY}}, approvals="risk.approved_by") == ("pass", "approved", BY)
