"""A witness that is dead, spoilt or somebody else's costs neither the journal nor the other witnesses anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal.anchors import WebhookAnchor
from modeltui.domain.journal.record import RecordKind
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import Unsynced, entry


@pytest.mark.parametrize(
    "address",
    ["https://[hooks.example.com/S3CRET", "https://xn--a.example.com/S3CRET", "https://hooks.example.com:seven/S3CRET"],
    ids=["bracket", "punycode", "port"],
)
async def test_a_malformed_address_of_a_witness_stops_no_journal(address: str, tmp_path: Path) -> None:
    """The address of a webhook is spoilt: the journal opens, the witness counts as failed, and no secret is named."""
    one = JsonlJournal(tmp_path, VirtualClock(), None, [WebhookAnchor(address)], files=Unsynced())
    await one.append(entry())
    await one.checkpoint()
    (failed,) = await one.read(Query(kinds=frozenset({RecordKind.LOG_ANCHOR_FAILED})))
    assert str(failed.entry.details["anchor"]).startswith("webhook ")
    assert "S3CRET" not in str(failed)
