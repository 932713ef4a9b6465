"""A power cut or a killed process loses nothing that was promised, and nothing false is believed afterwards."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modeltui.adapters.journal.files import Files
from modeltui.adapters.journal.segments import LOCK_NAME, RESERVE_NAME, segments_of
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.journal.record_line import parse_line
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import Counting, Killed, all_lines, appender, entry, filled, looked_at

# Every system call is a power cut.
pytestmark = pytest.mark.broad

MONTH = 31 * 86_400.0
Scenario = Callable[[Path, Files, list[Record]], None]


def first_record(directory: Path, files: Files, promised: list[Record]) -> None:
    """Append to a journal that is not there yet."""
    promised.append(appender(directory / "new", files).append(entry(step=1))[0])


def next_record(directory: Path, files: Files, promised: list[Record]) -> None:
    """Append two records to a journal."""
    one = appender(directory, files)
    promised.append(one.append(entry(step=1))[0])
    promised.append(one.append(entry(step=2))[0])


def new_month(directory: Path, files: Files, promised: list[Record]) -> None:
    """Append a record in the month after."""
    clock = VirtualClock()
    clock.step_wall_time(MONTH)
    promised.append(appender(directory, files, clock).append(entry(step=1))[0])


def after_torn_tail(directory: Path, files: Files, promised: list[Record]) -> None:
    """Append after a crash has left half a record."""
    with segments_of(directory)[-1].path.open("ab") as segment:
        segment.write(b'{"v":1,"seq":7,"prev":"')
    promised.append(appender(directory, files).append(entry(step=1))[0])


def failed_sync(directory: Path, files: Files, promised: list[Record]) -> None:
    """Append while the disk fails under the file once."""
    sync = files.sync

    def fail(descriptor: int) -> None:
        files.sync = sync  # type: ignore[method-assign]  # only once
        raise OSError(errno.EIO, "it failed")

    files.sync = fail  # type: ignore[method-assign]  # the next time
    promised.append(appender(directory, files).append(entry(step=1))[0])


SCENARIOS = [first_record, next_record, new_month, after_torn_tail, failed_sync]


class Volatile(Counting):
    """A disk that forgets, when the power is cut, what it was not told to keep."""

    def __init__(self, at_each: Callable[[int, str], None]) -> None:
        super().__init__(at_each)
        self._open: dict[int, Path] = {}
        self._durable: dict[Path, bytes] = {}
        self._named: set[Path] = set()
        self._locks: list[int] = []

    def know(self, directory: Path) -> None:
        """Take what is there now for safe."""
        for path in directory.rglob("*"):
            if path.is_file():
                self._durable[path] = path.read_bytes()
                self._named.add(path)

    def lock(self, path: Path) -> int:
        """Remember the lock: it goes with the process."""
        self._locks.append(super().lock(path))
        return self._locks[-1]

    def open_to_append(self, path: Path, *, create: bool = False) -> int:
        """Remember which file it is."""
        descriptor = super().open_to_append(path, create=create)
        self._open[descriptor] = path
        return descriptor

    def close(self, descriptor: int) -> None:
        """Forget that it was open."""
        super().close(descriptor)
        self._open.pop(descriptor, None)
        if descriptor in self._locks:
            self._locks.remove(descriptor)

    def sync(self, descriptor: int) -> None:
        """Keep its content."""
        path = self._open[descriptor]
        self._durable[path] = path.read_bytes()

    def keep(self, path: Path, content: bytes) -> None:
        """Keep its content."""
        super().keep(path, content)
        self._durable[path] = content

    def sync_directory(self, path: Path) -> None:
        """Keep the names."""
        self._named |= {one for one in path.iterdir() if one.is_file()}

    def cut_power(self, directory: Path, kept: float) -> None:
        """Forget what is not safe but for a share of what was being added."""
        for descriptor in (*self._locks, *self._open):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for path in directory.rglob("*"):
            if not path.is_file() or path.name in {LOCK_NAME, RESERVE_NAME}:
                continue
            content, safe = path.read_bytes(), self._durable.get(path, b"")
            if path not in self._named and kept < 0.5:
                path.chmod(0o600)
                path.unlink()
            elif content != safe and kept < 1.0:
                added = content[len(safe) :] if content.startswith(safe) else b""
                path.chmod(0o600)
                path.write_bytes(safe + added[: int(len(added) * kept)])


def crashed(directory: Path, scenario: Scenario, call: int, kept: float) -> tuple[list[Record], bool]:
    """Run until the call of that number, cut the power, and return what was promised and whether it came so far."""

    def die(number: int, name: str) -> None:
        if number == call or (number > call and name != "close"):
            raise Killed

    files = Volatile(die)
    files.know(directory)
    promised: list[Record] = []
    try:
        scenario(directory, files, promised)
    except Killed:
        files.cut_power(directory, kept)
        return promised, True
    return promised, False


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 1.0])
def test_a_power_cut_before_any_call_loses_no_promise(tmp_path: Path, scenario: Scenario, kept: float) -> None:
    """Whatever the disk had of it, the next append finds every promised record and a whole chain."""
    call, went_on = 0, True
    while went_on:
        call += 1
        directory = tmp_path / str(call)
        directory.mkdir()
        before = filled(directory, 3) if scenario is not first_record else []
        promised, went_on = crashed(directory, scenario, call, kept)
        where = directory / "new" if scenario is first_record else directory
        after = filled(where, 2)
        assert_whole(where, [*before, *promised, *after], most_extra=4)
    assert call > 8


def assert_whole(directory: Path, promised: list[Record], most_extra: int) -> None:
    """Check that every promised record is there as it was promised, and little else."""
    state = looked_at(directory)
    assert state.is_whole, state.says
    there = {record.seq: record for record in map(parse_line, all_lines(directory))}
    for record in promised:
        assert there[record.seq] == record
    assert len(there) <= len(promised) + 1 + most_extra


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.broad)])
def test_a_tail_cut_at_any_byte_is_recovered(tmp_path: Path, step: int) -> None:
    """However much of the last three records the disk lost, the ones before are there and the journal goes on."""
    source = tmp_path / "source"
    records = filled(source, 6)
    content = segments_of(source)[0].path.read_bytes()
    ends = [0]
    for line in content.splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    directory = tmp_path / "cut"
    directory.mkdir()
    path = directory / segments_of(source)[0].name
    for cut in sorted({*range(ends[-4], len(content), step), *ends[-4:-1]}):
        for left in directory.glob("journal-*"):
            left.unlink()
        path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert looked_at(directory).records == whole
        assert looked_at(directory).is_whole
        new, _ = appender(directory).append(entry(RecordKind.ACTION_INTENT))
        kinds = [parse_line(line).entry.kind for line in all_lines(directory)]
        is_torn = cut not in ends
        assert kinds[-1] is RecordKind.ACTION_INTENT
        assert (kinds[-2] is RecordKind.LOG_RECOVERED) is is_torn
        assert new.seq == whole + 1 + is_torn
        assert looked_at(directory).is_whole
        assert parse_line(all_lines(directory)[whole - 1]) == (records[whole - 2])
        torn = [one for one in directory.iterdir() if ".torn-" in one.name]
        assert [one.read_bytes() for one in torn] == ([content[ends[whole] : cut]] if is_torn else [])


@pytest.mark.parametrize("hole", [(0, 40), (60, 200), (-30, -1)])
def test_a_last_record_with_a_hole_is_kept_aside(tmp_path: Path, hole: tuple[int, int]) -> None:
    """A disk that lost a page in the middle of the last record leaves zeros there: that record was never promised."""
    filled(tmp_path)
    path = segments_of(tmp_path)[0].path
    *before, last = path.read_bytes().splitlines(keepends=True)
    damaged = bytearray(last)
    damaged[slice(*hole)] = bytes(len(damaged[slice(*hole)]))
    path.write_bytes(b"".join(before) + bytes(damaged))
    appender(tmp_path).append(entry())
    state = looked_at(tmp_path)
    assert state.is_whole
    assert state.records == len(before) + 2


def test_a_last_record_that_was_changed_is_not_kept_aside(tmp_path: Path) -> None:
    """Who edits the last record does not get it removed as what a crash left: the journal stops and says so."""
    filled(tmp_path)
    path = segments_of(tmp_path)[0].path
    content = path.read_bytes()
    changed = content.replace(b'"step":4', b'"step":5')
    assert changed != content
    path.write_bytes(changed)
    with pytest.raises(Exception, match="record 6 was changed"):
        appender(tmp_path).append(entry())
    assert path.read_bytes() == changed


@pytest.mark.broad
def test_a_process_killed_between_any_two_calls_loses_no_promise(tmp_path: Path) -> None:
    """kill -9 between any two calls to the system, or in the middle of a write, leaves a journal that goes on."""
    command = [sys.executable, "-m", "tests.adapters.journal.dying", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-2]) > 60
