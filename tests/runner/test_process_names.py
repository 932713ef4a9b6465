"""Whether an actor process still lives, told by its name: gone only where the system says so."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import ALICE
from modeltui.wiring import processes
from modeltui.wiring.processes import is_process_gone, process_name

WAITS = (sys.executable, "-c", "import sys; sys.stdin.read()")


@pytest.fixture(name="living")
def _living() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(WAITS, stdin=subprocess.PIPE)
    yield process
    if process.stdin is not None:
        process.stdin.close()
    process.wait(20)


def name_of(process: subprocess.Popen[bytes]) -> str:
    """Return what a process would call itself."""
    return processes._name_of(process.pid)  # what it writes into its intent


def raising(code: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one file be unreadable."""
    read: Callable[[str], str] = processes._text

    def text(asked: str) -> str:
        if asked == path:
            raise OSError(code, os.strerror(code), path)
        return read(asked)

    monkeypatch.setattr(processes, "_text", text)


def test_a_process_that_lives_is_not_gone(living: subprocess.Popen[bytes]) -> None:
    """An actor at work is left alone by whoever starts next."""
    assert is_process_gone(name_of(living)) is False
    assert is_process_gone(process_name()) is False


def test_a_process_that_ended_is_gone(living: subprocess.Popen[bytes]) -> None:
    """An actor that was killed is gone at once, also while nobody has asked for its exit code."""
    name = name_of(living)
    living.kill()
    os.waitid(os.P_PID, living.pid, os.WEXITED | os.WNOWAIT)
    assert is_process_gone(name) is True
    living.wait(20)
    assert is_process_gone(name) is True


def test_another_process_with_its_id_does_not_stand_for_it(living: subprocess.Popen[bytes]) -> None:
    """The id was given to somebody else since: the actor is gone."""
    name, _, started_at = name_of(living).rpartition("/")
    assert started_at
    assert is_process_gone(f"{name}/{started_at}0") is True


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EMFILE])
def test_a_process_that_cannot_be_looked_at_may_live(
    living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """No file can be opened any more, or the system hides who else works here: nobody knows, and nobody says gone."""
    name = name_of(living)
    raising(code, f"/proc/{living.pid}/stat", monkeypatch)
    assert is_process_gone(name) is None


def test_a_process_of_somebody_else_that_is_hidden_may_live(
    living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jump host shows each operator only their own processes: a colleague's actor is not taken for gone."""
    name = name_of(living)
    raising(errno.ENOENT, f"/proc/{living.pid}/stat", monkeypatch)

    def kill(_pid: int, _signal: int) -> None:
        raise PermissionError(errno.EPERM, "it is another's")

    monkeypatch.setattr(os, "kill", kill)
    assert is_process_gone(name) is None


@pytest.mark.parametrize("what", ["/proc/sys/kernel/random/boot_id", "/etc/machine-id"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EMFILE])
def test_whoever_does_not_know_where_it_is_does_not_know(
    living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, what: str, code: int
) -> None:
    """The machine's own id cannot be read just now: nothing is said of any process."""
    name = name_of(living)
    raising(code, what, monkeypatch)
    assert is_process_gone(name) is None


def test_the_same_id_in_another_container_says_nothing(
    living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that carries its host's name counts its processes by itself: those of the host are not seen there."""
    name = name_of(living)
    living.kill()
    living.wait(20)
    monkeypatch.setattr(processes, "_space", lambda: "pid:[4026539999]")
    assert is_process_gone(name) is None


def test_two_machines_with_one_name_are_two(living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines write into one journal under one name: neither speaks of the other's processes."""
    name = name_of(living)
    living.kill()
    living.wait(20)
    monkeypatch.setattr(processes, "_machine", lambda: "another")
    assert is_process_gone(name) is None


@pytest.mark.parametrize("name", ["", "host", "host/1", "host/1/1", "/1/x", "host/?/1/x", "a/b/one/x", "a/b/1/"])
def test_a_name_that_is_not_ours_says_nothing(name: str) -> None:
    """What another version of this program wrote, or nobody, is not guessed at."""
    assert is_process_gone(name) is None


def test_where_nothing_can_be_read_no_name_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without these files gives its actors a name, and nobody concludes anything from it."""

    def space() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(processes, "_space", space)
    assert process_name()
    assert is_process_gone(process_name()) is None


def test_a_record_keeps_the_name_whole() -> None:
    """What stands in the journal is the name itself, and nothing in it is taken for a secret."""
    intent = Entry(RecordKind.ACTION_INTENT, Instant(0.0), ALICE, SafeText(""), details={"process": process_name()})
    _, line = record_line(intent, 1, GENESIS)
    assert parse_line(line).entry.details["process"] == process_name()
