"""versions --timeline and --prunable over a real journal: what was done and seen, and what nobody saw."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tests.cli.folder_world import Here, here

from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import PlanHash, PlanId, Reason, ReasonCode
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import Details, Evidence, serving_details, weights_detail
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, TargetKey, VersionId
from modeltui.domain.text import SafeText

__all__ = ["here"]

PROD = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))
OLD, NEW = VersionId(SafeText("1.0")), VersionId(SafeText("1.1"))
WHY = Reason(ReasonCode.ERROR, SafeText("errors since 02:01"), SafeText("INC-7"))
MINUTE = 60.0


def entry(kind: RecordKind, minutes_ago: float, details: Details, *, is_of_a_plan: bool = True) -> Entry:
    """Return a record of the target, so many minutes ago."""
    at = Instant(time.time() - minutes_ago * MINUTE)
    plan = PlanId(SafeText("plan-1")) if is_of_a_plan else UNKNOWN
    hashed = PlanHash(SafeText("sha256:1")) if is_of_a_plan else UNKNOWN
    reason = WHY if kind is RecordKind.ACTION_INTENT else Reason()
    return Entry(kind, at, Actor(SafeText("alice")), SafeText("here"), PROD, plan, hashed, reason, details)


@pytest.fixture
def rolled_back(tmp_path: Path, here: Here) -> Here:
    """1.0 was seen an hour ago; then an action of alice's brought 1.1 back in its place."""
    here("versions", "fraud")  # writes the configuration
    config = tmp_path / "modeltui.yaml"
    config.write_text(config.read_text() + "    journal: {directory: ./journal}\n", encoding="utf-8")
    journal = open_journal(tmp_path / "journal", SystemClock())
    to, back = weights_detail([(NEW, 1.0)]), weights_detail([(OLD, 1.0)])
    seen = serving_details(((OLD, 1.0),), OLD, UNKNOWN, Evidence.METRICS)
    entries = [
        entry(RecordKind.SERVING_OBSERVED, 60, seen, is_of_a_plan=False),
        entry(RecordKind.ACTION_INTENT, 55, {"kind": "rollback", "from": back, "to": to}),
        entry(RecordKind.ACTION_OUTCOME, 54, {"outcome": "verified", "serving": to}),
    ]

    async def fill() -> None:
        for one in entries:
            await journal.append(one)

    asyncio.run(fill())
    return here


def test_a_rollback_stands_in_the_timeline_with_its_reason(rolled_back: Here) -> None:
    """Who took which version back, why, how it ended, and the record that says so."""
    answer = rolled_back("versions", "fraud", "--timeline", "--json").object
    told = {one["version"]: one["timeline"] for one in answer["versions"]}
    (gone,) = [one for one in told["1.0"] if one["what"] == "rolled back"]
    assert (gone["by"], gone["outcome"]) == ("alice", "verified")
    assert gone["because"] == "error: errors since 02:01 (INC-7)"
    assert len(gone["seq"]) == 2
    assert [one["what"] for one in told["1.1"]].count("brought back") == 1
    served = [one for one in told["1.1"] if one["what"] == "served"]
    assert [(one["evidence"], one["share"]) for one in served] == [("action", 1.0)]
    assert answer["gaps"]


def test_the_timeline_reads_as_a_story(rolled_back: Here) -> None:
    """In plain text: seen in passing, rolled back and why, and what nobody saw at the end."""
    done = rolled_back("versions", "fraud", "--timeline")
    assert done.code == 0
    assert "served 100% on prod until " in done.out
    assert "seen in passing" in done.out
    assert "rolled back on prod by alice, verified: error: errors since 02:01 (INC-7)" in done.out
    assert done.out.index("not known: what served") > done.out.index("rolled back")


def test_since_limits_how_far_back_is_looked(rolled_back: Here) -> None:
    """--since: what is older is not told of serving; a time that is none is a mistake."""
    answer = rolled_back("versions", "fraud", "--timeline", "--since", "10m", "--json").object
    assert not [one for each in answer["versions"] for one in each["timeline"] if one["what"] == "served"]
    assert rolled_back("versions", "fraud", "--since", "yesterdayish").code == 2


def test_what_has_served_is_kept_while_gold_is_not_known(rolled_back: Here) -> None:
    """A version that the journal saw serving may be the third good one: it is kept."""
    answer = rolled_back("versions", "fraud", "--prunable", "--json").object
    first = next(one for one in answer["versions"] if one["version"] == "1.0")
    says = " ".join(reason["says"] for reason in first["retention"]["because"])
    assert "it has served there" in says


def test_a_journal_that_cannot_be_read_ends_with_one(tmp_path: Path, rolled_back: Here) -> None:
    """A broken journal is said, everything else is told, and nothing becomes prunable by it."""
    segments = list((tmp_path / "journal").glob("*.jsonl"))
    assert segments
    for segment in segments:
        segment.unlink()
        segment.mkdir()
    done = rolled_back("versions", "fraud", "--timeline", "--prunable", "--json")
    assert (done.code, "journal" in done.err) == (1, True)
    assert done.object["retention"]["prunable"] == []
    assert {one["version"] for one in done.object["versions"]} == {"1.0", "1.1", "1.2"}
