"""What was promised is there, whatever happened to the disk, the process or the file."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal, open_journal
from modeltui.adapters.journal.segments import RESERVE_NAME, segments_of
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.journal.record_line import GENESIS, MOST_BYTES, parse_line
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import FULL, Failing, Unsynced, all_lines, appender, entry, filled, looked_at

MONTH = 31 * 86_400.0


def journal(directory: Path, clock: VirtualClock | None = None) -> JsonlJournal:
    """Return a journal as the program opens it."""
    return JsonlJournal(directory, clock or VirtualClock(), files=Unsynced())


async def test_what_was_appended_is_read_back_as_it_was_returned(tmp_path: Path) -> None:
    """What the journal says it wrote down is what everybody reads in it afterwards."""
    async with journal(tmp_path / "journal") as one:
        written = [await one.append(entry(RecordKind.ACTION_STEP, step=number)) for number in range(3)]
        assert await one.read(Query(kinds=frozenset({RecordKind.ACTION_STEP}))) == tuple(written)
        assert await one.head() == (4, written[-1].hash)
        first = (await one.read(Query(most=1)))[0]
    assert (first.entry.kind, first.seq, first.previous) == (RecordKind.LOG_OPENED, 1, GENESIS)


async def test_a_journal_that_is_not_there_is_empty_and_stays_away(tmp_path: Path) -> None:
    """Looking at a journal that nobody has written to makes no file and finds nothing wrong."""
    async with open_journal(tmp_path / "journal", VirtualClock()) as one:
        assert (await one.head())[0] == 0
        assert await one.read(Query()) == await one.open_intents() == ()
        assert (await one.verify()).is_whole
    assert not (tmp_path / "journal").exists()


async def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Nobody else on the machine can read or change the record."""
    directory = tmp_path / "journal"
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    async with journal(directory) as one:
        await one.append(entry())
        await one.read(Query())
        await one.checkpoint()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.iterdir())}
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes
    assert segments_of(directory)[0].name in modes


def test_a_new_month_begins_a_new_file_and_closes_the_old_one(tmp_path: Path) -> None:
    """Each month has its file; the first record of a new one names the end of the one before."""
    clock = VirtualClock()
    one = appender(tmp_path, clock=clock)
    last, began = one.append(entry())
    assert began
    clock.step_wall_time(MONTH)
    record, began = one.append(entry())
    assert began
    old, new = segments_of(tmp_path)
    assert stat.S_IMODE(old.path.stat().st_mode) == 0o400
    assert (old.month, new.month) == ("2026-01", "2026-02")
    rotated = parse_line(all_lines(tmp_path)[2])
    assert rotated.entry.kind is RecordKind.LOG_ROTATED
    assert rotated.entry.details["head"] == last.hash
    assert rotated.entry.details["records"] == last.seq
    assert record.previous == rotated.hash
    assert looked_at(tmp_path).records == 4


def test_a_clock_that_is_set_back_opens_no_old_month(tmp_path: Path) -> None:
    """Records stay in the order in which they were written, whatever the machine's clock does."""
    clock = VirtualClock()
    one = appender(tmp_path, clock=clock)
    clock.step_wall_time(MONTH)
    one.append(entry())
    clock.step_wall_time(-MONTH)
    one.append(entry(at=clock.now()))
    assert [segment.month for segment in segments_of(tmp_path)] == ["2026-02"]
    assert looked_at(tmp_path).is_whole


def test_a_full_disk_gives_its_reserve_for_the_last_records(tmp_path: Path) -> None:
    """When the disk is full the records of an action that is under way still find room."""
    filled(tmp_path)
    assert (tmp_path / RESERVE_NAME).stat().st_size > 1_000_000
    one = appender(tmp_path, Failing(FULL, on="write", times=1))
    one.append(entry(RecordKind.ACTION_OUTCOME))
    assert not (tmp_path / RESERVE_NAME).exists()
    assert "full" in one.trouble
    assert looked_at(tmp_path).records == 7
    one.append(entry())
    assert (tmp_path / RESERVE_NAME).stat().st_size > 1_000_000
    assert one.trouble == "", "there is room again"


def test_a_disk_that_is_still_full_is_asked_for_its_reserve_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reserve is there again as soon as there is room, and until then it is said that it is not."""
    filled(tmp_path)
    files = Failing(FULL, on="write", times=1)
    one = appender(tmp_path, files)
    one.append(entry())
    with monkeypatch.context() as full:
        full.setattr(files, "reserve", lambda path: None)
        one.append(entry())
        one.append(entry())
        assert "full" in one.trouble
    one.append(entry())
    assert (tmp_path / RESERVE_NAME).exists()
    assert one.trouble == ""


@pytest.mark.parametrize("bytes_taken", [0, 1, 100])
def test_a_disk_that_stays_full_promises_nothing(tmp_path: Path, bytes_taken: int) -> None:
    """A record that does not fit is not there afterwards, not even a part of it, and the operator is told."""
    filled(tmp_path)
    before = all_lines(tmp_path)
    with pytest.raises(JournalUnavailable) as error:
        appender(tmp_path, Failing(FULL, on="write", after_bytes=bytes_taken)).append(entry())
    assert "space" in error.value.remedy
    assert all_lines(tmp_path) == before


@pytest.mark.parametrize(
    ("code", "on", "remedy"),
    [
        (errno.EIO, "write", "disk"),
        (errno.EROFS, "open", "read-only"),
        (errno.EACCES, "directory", "right to read and write"),
        (errno.EDQUOT, "write", "quota"),
        (errno.EMFILE, "open", "Look"),
    ],
)
def test_whatever_the_system_refuses_is_told_with_a_remedy(tmp_path: Path, code: int, on: str, remedy: str) -> None:
    """Each way in which the disk says no is told in a line, with what to do, and changes nothing."""
    filled(tmp_path)
    before = all_lines(tmp_path)
    with pytest.raises(JournalUnavailable) as error:
        appender(tmp_path, Failing(code, on=on)).append(entry())
    assert remedy in error.value.remedy
    assert str(tmp_path) in error.value.title
    assert all_lines(tmp_path) == before


def test_a_disk_that_fails_to_sync_is_left_for_a_new_file(tmp_path: Path) -> None:
    """After the disk has said once that it lost something, nothing more is written to that file."""
    records = filled(tmp_path)
    one = appender(tmp_path, Failing(errno.EIO, on="sync", times=1))
    record, began = one.append(entry(RecordKind.ACTION_INTENT))
    assert began
    assert one.trouble
    old, new = segments_of(tmp_path)
    assert new.name == "journal-2026-01.2.jsonl"
    assert parse_line(all_lines(tmp_path)[-2]).previous == records[-1].hash
    assert looked_at(tmp_path).records == record.seq == len(records) + 3
    assert stat.S_IMODE(old.path.stat().st_mode) == 0o400
    filled(tmp_path, 2)
    assert looked_at(tmp_path).is_whole


def test_a_disk_that_never_syncs_promises_nothing(tmp_path: Path) -> None:
    """A record of which the disk does not say that it is safe is taken for not written."""
    filled(tmp_path)
    with pytest.raises(JournalUnavailable):
        appender(tmp_path, Failing(errno.EIO, on="sync")).append(entry(RecordKind.ACTION_INTENT))
    filled(tmp_path, 1)
    kinds = [parse_line(line).entry.kind for line in all_lines(tmp_path)]
    assert RecordKind.ACTION_INTENT not in kinds
    assert looked_at(tmp_path).is_whole


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    """Without the right to write the record nothing may be done, and the operator is told how to change that."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalUnavailable) as error:
            appender(tmp_path / "journal").append(entry())
        assert "right to read and write" in error.value.remedy
    finally:
        tmp_path.chmod(0o700)


def test_somebody_elses_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A file that is no journal is not written to and not repaired, whatever its name."""
    for number, content in enumerate((b"hello\nworld\nagain\n", b"{}\n[]\n" * 3, b'{"v":2}\n{"v":2}\n')):
        directory = tmp_path / str(number)
        directory.mkdir()
        path = directory / "journal-2026-01.jsonl"
        path.write_bytes(content)
        with pytest.raises(JournalUnavailable) as error:
            appender(directory).append(entry())
        assert "verify" in error.value.remedy
        assert path.read_bytes() == content
        assert looked_at(directory).first_bad_seq == 1


def test_a_link_or_a_pipe_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of a segment leads nowhere, and a pipe makes nobody wait."""
    for kind in ("link", "pipe"):
        directory = tmp_path / kind
        directory.mkdir()
        path = directory / "journal-2026-01.jsonl"
        if kind == "link":
            path.symlink_to(tmp_path / "elsewhere")
        else:
            os.mkfifo(path)
        with pytest.raises(JournalUnavailable):
            appender(directory).append(entry())
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_that_another_process_keeps_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hangs with the journal in its hands does not hang everybody else."""
    filled(tmp_path)
    monkeypatch.setattr("modeltui.adapters.journal.files.LOCK_SECONDS", 0.05)
    with appender(tmp_path).held(), pytest.raises(JournalUnavailable) as error:
        appender(tmp_path).append(entry())
    assert "Another process" in error.value.remedy


def test_the_largest_record_fits(tmp_path: Path) -> None:
    """However much a plan or an answer says, its record is a line of sixteen thousand bytes at most, and is written."""
    huge = tuple({"name": "x" * 400, "says": "界" * 400} for _ in range(200))
    record, _ = appender(tmp_path).append(entry(RecordKind.PLAN_MADE, document="d" * 40_000, checks=huge))
    assert max(map(len, all_lines(tmp_path))) <= MOST_BYTES
    assert str(record.entry.details["document"]).startswith("left out: ")
    small, _ = appender(tmp_path).append(entry(RecordKind.PLAN_MADE, document="d" * 12_000))
    assert small.entry.details["document"] == "d" * 12_000


async def test_who_is_cancelled_while_writing_waits_for_the_disk(tmp_path: Path) -> None:
    """A record is never half waited for: when the caller goes on, it is there or it is not, and not still coming."""
    one = journal(tmp_path)
    await one.append(entry())
    task = asyncio.get_running_loop().create_task(one.append(entry(RecordKind.ACTION_INTENT)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    before = all_lines(tmp_path)
    await asyncio.to_thread(lambda: None)
    assert all_lines(tmp_path) == before


@pytest.mark.parametrize("kilobytes", [1, 16, 47, 49, 60, 100])
@pytest.mark.parametrize("filling", [b"\0", b"x" * 99 + b"\n"], ids=["zeros", "lines"])
async def test_however_long_the_damage_at_its_end_no_whole_record_is_cut_off(
    tmp_path: Path, kilobytes: int, filling: bytes
) -> None:
    """What a crash leaves is cut off and the numbers go on; of longer damage the journal stops and leaves the file."""
    records = filled(tmp_path)
    path = segments_of(tmp_path)[0].path
    whole = path.read_bytes()
    damaged = whole + (filling * (kilobytes * 1_000))[: kilobytes * 1_000]
    path.write_bytes(damaged)
    journal = JsonlJournal(tmp_path, VirtualClock(), files=Unsynced())
    try:
        written = await journal.append(entry(RecordKind.ACTION_INTENT, plan="after"))
    except JournalUnavailable:
        assert path.read_bytes() == damaged
        assert not looked_at(tmp_path).is_whole
        with pytest.raises(JournalUnavailable, match="damaged"):
            await journal.head()
        return
    assert path.read_bytes().startswith(whole)
    assert written.seq == records[-1].seq + 2, "what was cut off is a record too"
    assert await journal.open_intents() == (written,)
    assert looked_at(tmp_path).is_whole
