"""Screen 5: who did what, when, why; what is open comes first."""

from __future__ import annotations

import pytest
from tests.present import plans
from tests.tui.fake_acting import FakeActing, HandClock
from tests.tui.screen_stage import StagedWorld, incident, shown

from modeltui.domain.acting.approval import ApprovalRequest
from modeltui.domain.event import JournalRead
from modeltui.domain.journal.record import ChainState, Record
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import SafeText

WHOLE = ChainState(6, SafeText("ab" * 32), anchored_to_seq=5)


def with_journal(
    *records: Record, open_intents: tuple[Record, ...] = (), chain: ChainState = WHOLE, error: str = ""
) -> StagedWorld:
    """Return a world whose journal has these records."""
    world = incident()
    event = JournalRead(world.now, records or plans.NIGHT, open_intents, chain=chain)
    if error:
        event = JournalRead(world.now, error=SafeText(error))
    world.apply(event)
    return world


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (60, 16)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_record_is_read_newest_first(size: tuple[int, int], ascii_only: bool) -> None:
    """5 shows what was asked and done, newest first, with the state of the chain above it and the keys below."""
    async with shown(with_journal(), size, ascii_only=ascii_only) as stage:
        await stage.press("5")
        rows = stage.rows
        assert "chain whole, 6 records, anchored to #5" in rows[1]
        lines = [row for row in rows if "Z " in row and "fraud" in row]
        assert "seen serving" in lines[0]
        assert "VERIFIED" in lines[1]
        assert "esc back" in rows[-1]
        if ascii_only:
            assert all(ord(character) < 128 for row in rows for character in row)


async def test_a_filter_keeps_what_matches_and_esc_shows_all() -> None:
    """/ filters by every word; esc shows everything again."""
    async with shown(with_journal(), (100, 30)) as stage:
        await stage.press("5", "/", *"verified", "enter")
        assert "GO: rollback" not in stage.text
        assert "1 of 6" in stage.rows[-1]
        await stage.press("escape")
        assert "GO: rollback" in stage.text


async def test_enter_shows_all_that_a_record_holds() -> None:
    """Everything in the record is there to read: who, how surely, why, the plan, the hashes."""
    async with shown(with_journal(), (100, 30)) as stage:
        await stage.press("5", "down", "enter")
        for text in ("bob@ops1, known by os-user", "errors in hk", "action.outcome", "2.3.1 answers all requests"):
            assert text in stage.text
        assert str(plans.NIGHT[4].hash) in stage.text


async def test_a_broken_chain_is_said_loudly() -> None:
    """A record that does not fit is named, and so is what is wrong."""
    broken = ChainState(6, UNKNOWN, first_bad_seq=3, says=SafeText("its hash is another one"))
    async with shown(with_journal(chain=broken), (80, 24)) as stage:
        await stage.press("5")
        assert "CHAIN BROKEN at #3: its hash is another one" in stage.text


async def test_a_journal_that_cannot_be_read_says_so() -> None:
    """No record is no answer: the reason stands there."""
    async with shown(with_journal(error="permission denied"), (80, 24)) as stage:
        await stage.press("5")
        assert "JOURNAL CANNOT BE READ: permission denied" in stage.text


async def test_an_action_without_an_outcome_comes_before_anything_else() -> None:
    """From the first screen on: row 1 and a line above the keys name it, and 5 shows it first."""
    async with shown(with_journal(open_intents=(plans.NIGHT[2],)), (80, 24)) as stage:
        assert "1 OUTCOME UNKNOWN" in stage.rows[0]
        assert "1 action with unknown outcome" in stage.rows[-2]
        await stage.press("5")
        assert "UNKNOWN OUTCOME" in stage.rows[2]
        assert "rollback to 2.3.1" in stage.rows[2]


async def test_what_waits_for_a_second_person_shows_the_command() -> None:
    """A plan that waits for approval is listed with what to run."""
    acting = FakeActing()
    plan = plans.promotion()
    acting.waiting = (ApprovalRequest(plan, plans.NOW, Instant(plans.NOW + 900), SafeText("gates passed")),)
    async with shown(with_journal(), (120, 36), acting=acting, clock=HandClock()) as stage:
        await stage.press("5")
        for _ in range(3):
            await stage.pilot.pause(0.01)
            await stage.settle()
        assert "WAITS FOR APPROVAL" in stage.text
        assert "approve 9f130e83c3aa" in stage.text


async def test_the_tail_under_the_fleet_tells_what_was_done() -> None:
    """What was done stands among what was seen to change, newest first."""
    async with shown(with_journal(), (120, 36)) as stage:
        assert "VERIFIED" in stage.text
        assert "seen serving" not in stage.text


async def test_without_a_journal_the_screen_says_so() -> None:
    """Where nobody keeps a journal, 5 says that and nothing else."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("5")
        assert "nobody keeps or reads a journal in this context" in stage.text


async def test_a_time_that_is_none_is_not_guessed() -> None:
    """t asks for a time; what is no time is told so, and nothing is shown for it."""
    async with shown(with_journal(), (100, 30), acting=FakeActing(), clock=HandClock()) as stage:
        await stage.press("5", "t", *"yesterday", "enter")
        assert "a time is written as 2026-01-15 02:07" in stage.rows[-1]
        assert stage.screen == "JournalScreen"
