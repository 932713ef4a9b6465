"""A witness that is dead, spoilt or somebody else's costs neither the journal nor the other witnesses anything."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal, witnessing
from modeltui.adapters.journal.anchors import FileAnchor, GitAnchor, WebhookAnchor, file, git
from modeltui.adapters.journal.checkpoints import KeptCheckpoints, checkpoints_in, checkpoints_path
from modeltui.adapters.journal.files import Files, add_line
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import checkpoint_from_text
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import SignedCheckpoint
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import ALICE, Unsynced, entry


class Dead:
    """A witness that never answers."""

    name = SafeText("the dead one")

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Wait for ever."""
        self.is_asked.set()
        await asyncio.get_running_loop().create_future()

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Say so."""
        raise BackendUnavailable("no answer")


class Safe:
    """A witness that takes what it is given once it is open, and notes when it is given two things at a time."""

    name = SafeText("the safe")

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.is_asked = asyncio.Event()
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.has_been_pressed = False
        self._is_busy = False

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Take it."""
        self.is_asked.set()
        self.has_been_pressed |= self._is_busy
        self._is_busy = True
        await self.is_open.wait()
        self._is_busy = False
        self.sizes.append(checkpoint_from_text(checkpoint.text).size)

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Return nothing."""
        return ()


async def test_a_dead_witness_keeps_the_last_outcome_from_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One witness is dead when the program ends: the other sees the last outcome, the journal names the dead."""
    monkeypatch.setattr(witnessing, "LAST_CHECKPOINT_SECONDS", 0.3)
    dead, safe = Dead(), Safe()
    one = JsonlJournal(tmp_path, VirtualClock(), None, [dead, safe], files=Unsynced())
    async with one:
        await one.append(entry(RecordKind.ACTION_INTENT, plan="a"))
        await dead.is_asked.wait()
        outcome = await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    assert safe.sizes[-1] >= outcome.seq
    assert "the dead one" in one.trouble
    (failed,) = await one.read(Query(kinds=frozenset({RecordKind.LOG_ANCHOR_FAILED})))
    assert failed.entry.details["anchor"] == "the dead one"


async def test_what_is_due_when_the_program_ends_is_witnessed_once(tmp_path: Path) -> None:
    """A command that ends right after its action makes one checkpoint of it, not one more of having made it."""
    safe = Safe()
    async with JsonlJournal(tmp_path, VirtualClock(), None, [safe], files=Unsynced()) as one:
        for _ in range(3):
            await asyncio.sleep(0)
        outcome = await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    assert safe.sizes == [outcome.seq]
    assert len(checkpoints_in(checkpoints_path(tmp_path)).checkpoints) == 1


async def test_a_slow_witness_is_given_one_checkpoint_after_the_other(tmp_path: Path) -> None:
    """The program ends while a witness takes an earlier checkpoint, as a repository: the last one waits its turn."""
    safe = Safe()
    safe.is_open.clear()
    one = JsonlJournal(tmp_path, VirtualClock(), None, [safe], files=Unsynced())
    await one.__aenter__()
    await one.append(entry(RecordKind.ACTION_INTENT, plan="a"))
    await safe.is_asked.wait()
    outcome = await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    leaving = asyncio.create_task(one.__aexit__(None, None, None))
    await asyncio.wait({leaving}, timeout=0.1)  # two would meet within that time
    safe.is_open.set()
    await leaving
    assert safe.sizes == [2, outcome.seq]
    assert not safe.has_been_pressed


class HungShare:
    """A disk elsewhere that hangs until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked = 0

    def look(self, *_: object) -> KeptCheckpoints:
        """Return that there is nothing, some time."""
        self.asked += 1
        assert self.go_on.wait(20.0)
        return KeptCheckpoints()


async def test_a_hung_share_costs_one_thread_and_the_journal_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share of a witness hangs: forty checkpoints later records are still written, and one thread waits there."""
    share = HungShare()
    monkeypatch.setattr(file, "add_checkpoint", share.look)
    monkeypatch.setattr(file, "SECONDS", 0.05)
    one = JsonlJournal(tmp_path, VirtualClock(), None, [FileAnchor(tmp_path / "share")], files=Unsynced())
    try:
        async with asyncio.timeout(30.0):
            for number in range(40):
                await one.append(entry(note=str(number)))
                await one.checkpoint()
            assert (await one.verify()).is_whole
        assert share.asked == 1
    finally:
        share.go_on.set()


_COMMAND = """
import sys, threading
from modeltui.adapters.journal.anchors import file
file.SECONDS = 0.2
file.checkpoints_in = lambda path: threading.Event().wait()
from modeltui.cli.app import run
run(["--config", sys.argv[1], "journal", "verify"])
"""


@pytest.mark.broad
async def test_a_command_ends_with_its_code_although_a_share_hangs(tmp_path: Path) -> None:
    """`journal verify` while the share of a witness hangs: it says who did not answer, and ends."""
    await JsonlJournal(tmp_path / "journal", VirtualClock(), None, [], files=Unsynced()).append(entry())
    config = tmp_path / "modeltui.yaml"
    config.write_text(
        "modeltui: 1\ncontexts:\n  one:\n    sources: {world: {kind: embedded, path: world.sqlite}}\n    journal:\n"
        f"      directory: {tmp_path / 'journal'}\n      anchors: [{{kind: file, path: {tmp_path / 'share'}}}]\n"
    )
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", _COMMAND, str(config), stdout=subprocess.PIPE)
    async with asyncio.timeout(30.0):
        said, _ = await program.communicate()
    assert program.returncode == 0
    assert b"NO ANSWER from file " in said


@pytest.mark.parametrize("method", ["put", "kept"])
async def test_a_hung_work_tree_costs_one_thread(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the audit's repository hangs: whoever wants to write or read it hears that, and the loop goes on."""
    share = HungShare()
    monkeypatch.setattr(git, "add_checkpoint", share.look)
    monkeypatch.setattr(GitAnchor, "_environment", share.look)
    monkeypatch.setattr(git, "SECONDS", 0.05)
    given = SignedCheckpoint(f"modeltui/a\n1\n{'A' * 43}=\nhead {'0' * 64}\nts 2026-01-01T00:00:00.000Z\n")
    try:
        async with asyncio.timeout(10.0):
            for _ in range(10):
                anchor = GitAnchor(tmp_path)
                with pytest.raises(BackendUnavailable, match="cannot be"):
                    await (anchor.put(given) if method == "put" else anchor.kept())
        assert share.asked == 1
    finally:
        share.go_on.set()


async def test_a_git_that_cannot_be_killed_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git hangs in the disk of its repository, where no signal reaches it: whoever asked is told all the same."""
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\nsleep 0.7\ntouch {tmp_path}/ended\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "killpg", lambda *_: None)
    monkeypatch.setattr(git, "SECONDS", 0.1)
    monkeypatch.setattr(git, "_END_SECONDS", 0.05)
    with pytest.raises(BackendUnavailable, match="longer than"):
        await GitAnchor(tmp_path).kept()
    assert not (tmp_path / "ended").exists()
    for _ in range(500):
        if (tmp_path / "ended").exists():
            break
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.01)
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.05)  # its end is heard


class SlowToSign:
    """Somebody whose first signature takes until another one is wanted."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.may_sign = asyncio.Event()

    async def actor(self) -> Actor:
        """Return who it is."""
        return ALICE

    async def sign(self, message: bytes, namespace: str) -> Unknown:
        """Return no signature, in the end."""
        if not self.is_asked.is_set():
            self.is_asked.set()
            await self.may_sign.wait()
        return UNKNOWN

    async def signer(self, message: bytes, namespace: str, signature: str) -> Unknown:
        """Return nobody."""
        return UNKNOWN


async def test_checkpoints_are_kept_in_their_order_however_slow_one_is_signed(tmp_path: Path) -> None:
    """The program ends while a checkpoint is being signed: the last one comes after it, and the newest is last."""
    slow = SlowToSign()
    one = JsonlJournal(tmp_path, VirtualClock(), slow, [], files=Unsynced())
    await one.__aenter__()
    await one.append(entry(RecordKind.ACTION_INTENT, plan="a"))
    await slow.is_asked.wait()
    outcome = await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
    leaving = asyncio.create_task(one.__aexit__(None, None, None))
    await asyncio.wait({leaving}, timeout=0.1)  # what would overtake has its time to
    slow.may_sign.set()
    await leaving
    kept = [checkpoint_from_text(each.text).size for each in checkpoints_in(checkpoints_path(tmp_path)).checkpoints]
    assert kept == [2, outcome.seq]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_the_file_of_the_audit_stays_as_the_audit_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An anchor's file that others own and read takes a checkpoint, and who may read it does not change."""
    path = tmp_path / "audit"
    path.touch()
    path.chmod(0o640)
    one = JsonlJournal(tmp_path / "journal", VirtualClock(), None, [FileAnchor(path)], files=Unsynced())
    await one.append(entry())

    def refused(descriptor: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, "it belongs to somebody else")

    monkeypatch.setattr(os, "fchmod", refused)
    await one.checkpoint()
    assert len(checkpoints_in(path).checkpoints) == 1
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_of_ours_that_cannot_be_made_private_is_not_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal's own file is open to others and is not ours to close to them: refused each time, and none leaks."""
    path = tmp_path / "checkpoints"
    path.touch()
    path.chmod(0o644)

    def refused(descriptor: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, "it belongs to somebody else")

    monkeypatch.setattr(os, "fchmod", refused)
    before = _descriptors()
    for _ in range(5):
        with pytest.raises(PermissionError):
            add_line(Files(), path, b"{}\n")
    assert _descriptors() == before


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
