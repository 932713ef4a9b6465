"""What the journal looked like is laid down elsewhere, in the background, and compared when somebody looks."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal, witnessing
from modeltui.adapters.journal.anchors import FileAnchor, GitAnchor, SyslogAnchor, WebhookAnchor
from modeltui.adapters.journal.checkpoints import NAMESPACE, add_checkpoint, checkpoints_in, checkpoints_path
from modeltui.adapters.journal.segments import segments_of
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.identity import Actor, SignedBy
from modeltui.domain.journal.chain import Checkpoint, checkpoint_from_text
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import Anchor, SignedCheckpoint
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Query
from modeltui.testing.clock import NOON, VirtualClock
from tests.adapters.journal.stage import ALICE, Unsynced, all_lines, entry


class Agent:
    """Somebody with a key; it signs by hashing, which is enough to tell one text from another."""

    async def actor(self) -> Actor:
        """Return who it is."""
        return ALICE

    async def sign(self, message: bytes, namespace: str) -> SafeText | Unknown:
        """Return a signature."""
        return SafeText(hashlib.sha256(namespace.encode() + message).hexdigest())

    async def signer(self, message: bytes, namespace: str, signature: str) -> SignedBy | Unknown:
        """Return whose it is."""
        alice = SignedBy(SafeText("alice"), SafeText("SHA256:alice"))
        return alice if signature == await self.sign(message, namespace) else UNKNOWN


class Place:
    """An anchor that keeps what it gets, or fails, or never answers."""

    def __init__(self) -> None:
        self.name = SafeText("the safe")
        self.content: list[SignedCheckpoint] = []
        self.fails = False
        self.hangs = False
        self.is_slow = False
        self.is_asked = asyncio.Event()

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Keep it."""
        self.is_asked.set()
        if self.is_slow:
            await asyncio.sleep(0.05)
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.fails:
            raise BackendUnavailable("the safe is locked")
        self.content.append(checkpoint)

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Return all of it."""
        if self.fails:
            raise BackendUnavailable("the safe is locked")
        return tuple(self.content)


def journal(
    directory: Path, anchors: Sequence[Anchor] = (), identity: Identity | None = None, clock: VirtualClock | None = None
) -> JsonlJournal:
    """Return a journal as the program opens it."""
    return JsonlJournal(directory, clock or VirtualClock(), identity, anchors, files=Unsynced())


def git(*arguments: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def content_of(directory: Path) -> bytes:
    """Return all that the journal has written."""
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.name != "reserve")


async def settled(one: JsonlJournal, safe: Place, size: int) -> None:
    """Wait until the safe has seen so many records."""
    for _ in range(2_000):
        if any(checkpoint_from_text(kept.text).size >= size for kept in safe.content):
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"never anchored to {size}: {one.trouble}")


async def test_every_outcome_is_witnessed_at_once(tmp_path: Path) -> None:
    """When an action ends, what was written down of it is signed and laid down elsewhere without anybody asking."""
    safe = Place()
    async with journal(tmp_path, [safe], Agent()) as one:
        await one.append(entry(RecordKind.ACTION_INTENT, plan="a"))
        outcome = await one.append(entry(RecordKind.ACTION_OUTCOME, plan="a"))
        await settled(one, safe, outcome.seq)
        state = await one.verify()
    assert state.is_whole
    assert isinstance(state.signed_to_seq, int)
    assert state.anchored_to_seq == state.signed_to_seq
    assert state.signed_to_seq >= outcome.seq
    assert f"tamper-evident up to record {state.anchored_to_seq} (anchored)" in state.says


async def test_a_witness_is_called_every_hundred_records_and_every_hour(tmp_path: Path) -> None:
    """Also where nothing but looks is written down, nobody waits longer than a hundred records or an hour."""
    safe, clock = Place(), VirtualClock()
    async with journal(tmp_path, [safe], clock=clock) as one:
        await one.append(entry())
        await settled(one, safe, 1)
        for _ in range(98):
            await one.append(entry())
        await settled(one, safe, 100)
        before = len(safe.content)
        await one.append(entry())
        await clock.advance(3_601)
        await settled(one, safe, 101)
        assert len(safe.content) == before + 1


async def test_who_only_reads_makes_no_checkpoint(tmp_path: Path) -> None:
    """A session that looks on for hours leaves nothing behind but the index."""
    await journal(tmp_path).append(entry())
    before = content_of(tmp_path)
    safe, clock = Place(), VirtualClock()
    async with journal(tmp_path, [safe], clock=clock) as one:
        await one.head()
        await one.verify()
        await clock.advance(10_000)
    assert not safe.content
    assert content_of(tmp_path) == before


async def test_the_last_outcome_is_witnessed_before_the_program_ends(tmp_path: Path) -> None:
    """A command that ends right after its action leaves no outcome without a checkpoint."""
    async with journal(tmp_path, [], Agent()) as one:
        outcome = await one.append(entry(RecordKind.ACTION_OUTCOME))
    kept = checkpoints_in(checkpoints_path(tmp_path)).checkpoints
    assert checkpoint_from_text(kept[-1].text).head == outcome.hash
    assert (await journal(tmp_path, [], Agent()).verify()).signed_to_seq == outcome.seq


async def test_a_checkpoint_that_is_under_way_is_finished_before_the_program_ends(tmp_path: Path) -> None:
    """A command that ends while the outcome is being laid down elsewhere waits until it is there."""
    safe = Place()
    safe.is_slow = True
    async with journal(tmp_path, [safe]) as one:
        outcome = await one.append(entry(RecordKind.ACTION_OUTCOME))
        await safe.is_asked.wait()
    assert [checkpoint_from_text(kept.text).size for kept in safe.content] == [outcome.seq]


async def test_two_first_checkpoints_at_one_moment_are_both_kept(tmp_path: Path) -> None:
    """Whoever finds that somebody else has just made the file writes into that one."""

    class Overtaken(Unsynced):
        def open_to_append(self, path: Path, *, create: bool = False) -> int:
            if create:
                add_checkpoint(path, earlier, Unsynced())
            return super().open_to_append(path, create=create)

    path = tmp_path / "both"
    log = SafeText("6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    first = Checkpoint(log, 1, bytes(32), SafeText("0" * 64), Instant(NOON))
    earlier, later = (SignedCheckpoint(one.text()) for one in (first, replace(first, size=2)))
    add_checkpoint(path, later, Overtaken())
    assert checkpoints_in(path).checkpoints == (earlier, later)


async def test_a_dead_anchor_delays_nothing_and_is_written_down_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An anchor that hangs or fails costs an action nothing; that it failed, and that it is back, is written down."""
    hanging, failing = Place(), Place()
    hanging.hangs, failing.fails = True, True
    async with journal(tmp_path, [failing]) as one:
        for _ in range(3):
            await one.append(entry(RecordKind.ACTION_OUTCOME))
            await one.checkpoint()
        said = await one.read(Query(kinds=frozenset({RecordKind.LOG_ANCHOR_FAILED})))
        assert [record.entry.details["anchor"] for record in said] == ["the safe"]
        assert "no answer from the safe" in (await one.verify()).says
        failing.fails = False
        await one.checkpoint()
        assert len(await one.read(Query(kinds=frozenset({RecordKind.LOG_ANCHORED})))) == 1
        assert (await one.verify()).is_whole
    other = journal(tmp_path / "other", [hanging])
    await other.__aenter__()
    try:
        async with asyncio.timeout(5):
            for _ in range(3):
                await other.append(entry(RecordKind.ACTION_OUTCOME))
    finally:
        other._witnessing.forget()
        monkeypatch.setattr(witnessing, "LAST_CHECKPOINT_SECONDS", 0.05)
        await other.__aexit__(None, None, None)


async def test_a_cut_or_rewritten_journal_is_found_by_the_file_elsewhere(tmp_path: Path) -> None:
    """Who cuts the end off, with all checkpoints beside it, is found by the file on another disk."""
    anchor = FileAnchor(tmp_path / "worm" / "checkpoints")
    (tmp_path / "worm").mkdir()
    directory = tmp_path / "journal"
    one = journal(directory, [anchor])
    for number in range(5):
        await one.append(entry(RecordKind.ACTION_STEP, step=number))
    await one.checkpoint()
    assert (await one.verify()).anchored_to_seq == 6
    path = segments_of(directory)[0].path
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(content[:5]))
    assert "the last 1 are gone" in (await one.verify()).says
    checkpoints_path(directory).unlink()
    state = await journal(directory, [anchor]).verify()
    assert (state.is_whole, state.first_bad_seq) == (False, 6)
    await journal(directory, [anchor]).append(entry(RecordKind.ACTION_STEP, step=99))
    assert not (await journal(directory, [anchor]).verify()).is_whole


async def test_a_checkpoint_signed_for_something_else_proves_nothing(tmp_path: Path) -> None:
    """A signature that does not fit, or that was made for another purpose, is nobody's."""
    one = journal(tmp_path, [], Agent())
    await one.append(entry())
    await one.checkpoint()
    path = checkpoints_path(tmp_path)
    kept = json.loads(path.read_text())
    good = kept["signature"]
    assert good == await Agent().sign(kept["text"].encode(), NAMESPACE)
    for signature in (await Agent().sign(kept["text"].encode(), "git"), "nonsense", None):
        path.write_text(json.dumps({**kept, "signature": signature}) + "\n")
        assert (await one.verify()).signed_to_seq is UNKNOWN


async def test_commits_keep_what_the_work_tree_no_longer_has(tmp_path: Path) -> None:
    """A checkpoint is a commit in the audit's repository; what is changed in the work tree later does not count."""
    tree = tmp_path / "audit"
    git("init", "-q", str(tree))
    anchor = GitAnchor(tree)
    assert await anchor.kept() == ()
    one = journal(tmp_path / "journal", [anchor])
    for _ in range(2):
        await one.append(entry())
        await one.checkpoint()
    assert git("-C", str(tree), "log", "--format=%s").splitlines() == [
        "Checkpoint of 4 records",
        "Checkpoint of 2 records",
    ]
    (tree / "modeltui-checkpoints.jsonl").write_text("nothing\n")
    assert [checkpoint_from_text(kept.text).size for kept in await anchor.kept()] == [2, 4]
    with pytest.raises(BackendError) as error:
        await GitAnchor(tmp_path / "journal").put((await anchor.kept())[0])
    assert "git" in error.value.remedy


async def test_a_log_gets_one_line_that_holds_everything(tmp_path: Path) -> None:
    """The machine's log, or one across the network, gets a line in its own format with the whole checkpoint."""
    path = tmp_path / "log"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
    ):
        local.bind(str(path))
        far.bind(("127.0.0.1", 0))
        one = journal(tmp_path / "journal", [SyslogAnchor(path), SyslogAnchor(("127.0.0.1", far.getsockname()[1]))])
        await one.append(entry())
        made = await one.checkpoint()
        assert isinstance(made, Checkpoint)
        for receiver in (local, far):
            receiver.settimeout(2)
            line = receiver.recv(4_096).decode()
            assert line.startswith("<133>1 2026-01-01T12:00:00.000Z ")
            assert "\n" not in line
            assert all(part in line for part in made.text().split("\n")[:3])
    with pytest.raises(BackendError):
        await SyslogAnchor(tmp_path / "nobody").put(SignedCheckpoint(made.text()))


async def test_a_webhook_gets_the_checkpoint_and_never_names_its_secret(tmp_path: Path) -> None:
    """Somebody else's server is sent the checkpoint; the address, which may hold a secret, is not written down."""
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\r\n\r\n"))
        heard.extend(await reader.read(200))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        one = journal(tmp_path, [WebhookAnchor(f"http://127.0.0.1:{port}/hook/s3cr3t?x=1")])
        await one.append(entry())
        await one.checkpoint()
    assert heard.startswith(b"POST /hook/s3cr3t?x=1 ")
    assert b'"schema":"modeltui.checkpoint/1"' in heard
    assert b"s3cr3t" not in content_of(tmp_path)
    with pytest.raises(BackendError, match="unencrypted"):
        await WebhookAnchor("http://example.com/hook").put(checkpoints_in(checkpoints_path(tmp_path)).checkpoints[0])


async def test_an_unwritten_record_of_another_is_never_in_a_checkpoint(tmp_path: Path) -> None:
    """A checkpoint holds whole records only: what is half there when it is made is not promised to anybody."""
    one = journal(tmp_path)
    await one.append(entry())
    with segments_of(tmp_path)[0].path.open("ab") as segment:
        segment.write(b'{"v":1,"seq":3')
    made = await one.checkpoint()
    assert isinstance(made, Checkpoint)
    assert made.size == 2
    await one.append(entry())
    assert (await one.verify()).is_whole
    assert len(all_lines(tmp_path)) == 4
