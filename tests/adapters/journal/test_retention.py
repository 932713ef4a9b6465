"""What is older than it has to be kept goes in whole months, with a trace, and never by stealth."""

from __future__ import annotations

from pathlib import Path

from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal.segments import HOLD_NAME, TOMBSTONES_NAME, segments_of
from modeltui.domain.acting.action import Refusal
from modeltui.domain.journal.record import RecordKind
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import ALICE, Unsynced, entry

DAY = 86_400.0


async def of_four_months(directory: Path) -> tuple[JsonlJournal, VirtualClock]:
    """Return a journal with three records in each of four months, each with its checkpoint."""
    clock = VirtualClock()
    one = JsonlJournal(directory, clock, files=Unsynced())
    for month in range(4):
        if month:
            clock.step_wall_time(31 * DAY)
        for step in range(3):
            await one.append(entry(RecordKind.ACTION_STEP, at=clock.now(), step=step))
        await one.checkpoint()
    return one, clock


async def test_old_months_go_and_the_chain_goes_on(tmp_path: Path) -> None:
    """After the old months are dropped the rest still proves itself, also against checkpoints of before."""
    one, clock = await of_four_months(tmp_path)
    before = await one.verify()
    dropped = await one.drop_before(clock.now(), ALICE)
    assert isinstance(dropped, tuple)
    assert len(dropped) == 3
    assert [segment.month for segment in segments_of(tmp_path)] == ["2026-04"]
    after = await one.verify()
    assert after.is_whole, after.says
    assert after.records == before.records + 3
    said = await one.read(Query(kinds=frozenset({RecordKind.LOG_CHECKPOINT})))
    assert tuple(record.entry.details["dropped"] for record in said) == dropped
    assert all(record.entry.actor == ALICE for record in said)
    await one.append(entry())
    await one.checkpoint()
    assert (await JsonlJournal(tmp_path, clock).verify()).is_whole
    (tmp_path / "journal-2026-03.9.jsonl").touch()  # which the disk let down before it had a record
    assert (await JsonlJournal(tmp_path, clock).verify()).is_whole


async def test_a_month_that_went_by_itself_is_found(tmp_path: Path) -> None:
    """Old months that somebody removed, without the record of it, make the journal fail its proof."""
    one, clock = await of_four_months(tmp_path)
    for segment in segments_of(tmp_path)[:2]:
        segment.path.unlink()
    assert (await one.verify()).first_bad_seq == 1
    assert (await one.drop_before(clock.now(), ALICE)) is not None


async def test_a_tombstone_alone_proves_nothing(tmp_path: Path) -> None:
    """Somebody who removes months and writes the stone, but no record, is found out."""
    one, clock = await of_four_months(tmp_path / "real")
    await one.drop_before(clock.now(), ALICE)
    forged, _ = await of_four_months(tmp_path / "forged")
    verdict = (await one.verify()).is_whole
    assert verdict
    newest = segments_of(tmp_path / "real")[-1].path
    lines = [line for line in newest.read_bytes().splitlines(keepends=True) if b'"dropped"' not in line]
    newest.write_bytes(b"".join(lines))
    (tmp_path / "real" / "checkpoints.jsonl").unlink()
    state = await one.verify()
    assert state.first_bad_seq == 1
    assert "no record says" in state.says
    assert (await forged.verify()).is_whole


async def test_a_legal_hold_keeps_everything(tmp_path: Path) -> None:
    """While a hold is on the journal nothing of it goes, whatever its age, and who lifts it is said."""
    one, clock = await of_four_months(tmp_path)
    (tmp_path / HOLD_NAME).touch()
    refused = await one.drop_before(clock.now(), ALICE)
    assert isinstance(refused, Refusal)
    assert HOLD_NAME in refused.remedy
    assert len(segments_of(tmp_path)) == 4


async def test_a_damaged_month_is_kept(tmp_path: Path) -> None:
    """What does not fit is evidence: a month that was changed is not dropped."""
    one, clock = await of_four_months(tmp_path)
    path = segments_of(tmp_path)[0].path
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"step":1', b'"step":2'))
    refused = await one.drop_before(clock.now(), ALICE)
    assert isinstance(refused, Refusal)
    assert path.exists()
    assert not (tmp_path / TOMBSTONES_NAME).exists()
