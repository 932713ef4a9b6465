"""The file in which one machine keeps leases and approvals."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.shared_files import FileApprovals, FileLeases, store
from modeltui.domain.acting.action import ActionKind, PlanHash, PlanId
from modeltui.domain.acting.approval import Decision
from modeltui.domain.acting.plan_document import canonical_text, document_hash, plan_document
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.text import SafeText
from modeltui.testing.clock import VirtualClock
from modeltui.testing.shared_contract import ALICE, CHURN, FRAUD, decision_at, plan_at, request_at

PLAN = PlanId(SafeText("00000000-0000-4000-8000-000000000001"))


async def take(directory: Path) -> object:
    """Take a lease in this directory."""
    return await FileLeases(directory, VirtualClock()).take(
        FRAUD, ALICE, PLAN, ActionKind.ROLLBACK, breaks_others=False
    )


async def reason_of(directory: Path) -> str:
    """Return why the file in this directory cannot be used."""
    with pytest.raises(JournalUnavailable) as caught:
        await take(directory)
    assert caught.value.remedy
    return caught.value.title.removeprefix(f"the shared file {directory}/shared.sqlite ")


async def test_nobody_else_can_look_into_it(tmp_path: Path) -> None:
    """The file, and what lies beside it, is made for its owner alone."""
    await take(tmp_path / "j")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "j").iterdir()}
    assert modes == {"shared.sqlite": 0o600, "shared.sqlite-journal": 0o600}
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o700


def _listed(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    """Looking at a directory in which nobody ever acted finds nothing and leaves nothing."""
    clock = VirtualClock()
    for directory in (tmp_path, tmp_path / "not" / "there"):
        assert await FileLeases(directory, clock).held() == ()
        approvals = FileApprovals(directory, clock)
        assert await approvals.pending() == ()
        assert await approvals.request("abcdef") is None
        assert await approvals.decisions(PlanHash(SafeText("sha256:x"))) == ()
    assert _listed(tmp_path) == []


async def test_who_looks_holds_up_nobody(tmp_path: Path) -> None:
    """A question goes on while somebody else is about to write, and finds what was there before."""
    await take(tmp_path)
    with closing(sqlite3.connect(tmp_path / "shared.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        holder.execute("DELETE FROM leases")
        assert len(await FileLeases(tmp_path, VirtualClock()).held()) == 1


async def test_what_others_can_write_is_not_believed(tmp_path: Path) -> None:
    """A file that others could have changed is refused, with what to do."""
    await take(tmp_path)
    (tmp_path / "shared.sqlite").chmod(0o620)
    assert await reason_of(tmp_path) == "can be written by others"


async def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in place of the file leads nowhere, whatever it points at."""
    (tmp_path / "elsewhere").touch(mode=0o600)
    (tmp_path / "shared.sqlite").symlink_to(tmp_path / "elsewhere")
    assert await reason_of(tmp_path) == "is not a regular file"
    assert (tmp_path / "elsewhere").read_bytes() == b""


async def test_what_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    """Another program's database, and one of a version to come, are neither used nor changed."""
    for statement in ("CREATE TABLE theirs (x)", "PRAGMA user_version = 2"):
        file = tmp_path / statement.split()[0] / "shared.sqlite"
        file.parent.mkdir()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(statement)
        file.chmod(0o600)
        before = file.read_bytes()
        assert await reason_of(file.parent) == "is of another program, or of another version of this one"
        assert file.read_bytes() == before


async def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """A file full of something else says so, instead of losing what was in it."""
    (tmp_path / "shared.sqlite").write_bytes(b"not a database" * 1_000)
    (tmp_path / "shared.sqlite").chmod(0o600)
    assert (await reason_of(tmp_path)).startswith("cannot be used: file is not a database")


async def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where no directory can be, the operator hears it before anything is done."""
    (tmp_path / "file").touch()
    assert (await reason_of(tmp_path / "file" / "j")).startswith("cannot be used: Not a directory")


async def test_somebody_who_holds_the_file_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that does not end holds others up for their patience, and then they hear of it."""
    await take(tmp_path)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "shared.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert await reason_of(tmp_path) == "is held by another program"
    assert await take(tmp_path)


async def test_the_screens_go_on_while_the_disk_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk holds up its own question, never the event loop."""
    at_disk, go_on = threading.Event(), threading.Event()

    def slowly(_: object) -> str:
        at_disk.set()
        assert go_on.wait(5.0)
        return "read"

    question = asyncio.ensure_future(store.SharedFile(tmp_path).run(slowly))
    turns = 0
    while not at_disk.is_set() or turns < 10:
        await asyncio.sleep(0.001)
        turns += 1
    assert not question.done()
    go_on.set()
    assert await question == "read"


async def test_a_disk_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory on a dead network mount is told as such, in seconds."""
    monkeypatch.setattr(store, "DEADLINE_SECONDS", 0.05)
    go_on = threading.Event()
    with pytest.raises(JournalUnavailable, match="does not answer"):
        await store.SharedFile(tmp_path).run(lambda _: go_on.wait(5.0))
    go_on.set()


async def test_a_disk_that_never_answers_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty questions about a dead network mount leave one thread behind, and other work has all of its threads."""
    monkeypatch.setattr(store, "DEADLINE_SECONDS", 0.05)
    go_on = threading.Event()
    asked = []

    def hung(*_: object) -> bool:
        asked.append(True)
        return go_on.wait(20.0)

    monkeypatch.setattr(store.SharedFile, "_run", hung)
    try:
        for _ in range(40):
            with pytest.raises(JournalUnavailable, match="does not answer"):
                await store.SharedFile(tmp_path).run(hung)
        assert len(asked) == 1
        async with asyncio.timeout(2.0):
            assert await asyncio.to_thread(len, "abc") == 3
    finally:
        go_on.set()


async def test_a_failed_change_leaves_nothing(tmp_path: Path) -> None:
    """What fails half way is undone whole."""
    leases = FileLeases(tmp_path, VirtualClock())
    file = store.SharedFile(tmp_path)

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO fences VALUES ('m', 'e', 7)")
        raise ValueError("no")

    with pytest.raises(JournalUnavailable, match="holds something that nobody here wrote: no"):
        await file.run(half)
    assert await file.run(lambda connection: connection.execute("SELECT * FROM fences").fetchall()) == []
    assert await leases.held() == ()


def test_a_kill_leaves_the_file_whole(tmp_path: Path) -> None:
    """Whoever is killed in the middle of a change has not made it, and the next one goes on."""
    code = (
        "import asyncio, os, signal, sys\n"
        "from modeltui.adapters.shared_files.store import SharedFile\n"
        "def half(connection):\n"
        "    connection.execute(\"INSERT INTO fences VALUES ('m', 'e', 7)\")\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(SharedFile(sys.argv[1]).run(half))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True)
    assert done.returncode == -9, done.stderr
    rows = asyncio.run(
        store.SharedFile(tmp_path).run(lambda connection: connection.execute("SELECT * FROM fences").fetchall())
    )
    assert rows == []


# Tampering


def changed(directory: Path, statement: str, *values: object) -> None:
    """Change the file by hand."""
    with closing(sqlite3.connect(directory / "shared.sqlite")) as connection:
        assert connection.execute(statement, values).rowcount == 1
        connection.commit()


def _other_version(document: dict[str, object]) -> None:
    document["desired"] = {"weights": {"6.6.6": 1.0}, "stable": "6.6.6"}
    document["to"] = [["6.6.6", 1.0]]
    document["steps"] = [{**document["desired"], "after_seconds": 0.0, "call": "PUT"}]  # type: ignore[dict-item]


def _other_actor(document: dict[str, object]) -> None:
    document["actor"] = {"principal": "mallory", "assurance": "ssh-key"}


def _later(document: dict[str, object]) -> None:
    document["expires_at"] = "2099-01-01T00:00:00.000Z"


def _one_more_key(document: dict[str, object]) -> None:
    document["note"] = "please approve"


@pytest.mark.parametrize("change", [_other_version, _other_actor, _later, _one_more_key])
async def test_a_plan_that_was_changed_is_noticed(tmp_path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """A stored plan that is not the one that was asked about is never shown as if it were."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    request = request_at(clock.now())
    await approvals.ask(request)
    with closing(sqlite3.connect(tmp_path / "shared.sqlite")) as connection:
        document = json.loads(connection.execute("SELECT document FROM requests").fetchone()[0])
    change(document)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    changed(tmp_path, "UPDATE requests SET document = ?", text)
    for question in (approvals.pending(), approvals.request(request.plan.id), approvals.request(request.plan.hash)):
        with pytest.raises(JournalUnavailable, match="holds something that nobody here wrote"):
            await question


async def test_a_plan_under_another_name_is_noticed(tmp_path: Path) -> None:
    """A plan that is stored under another id is not shown as that one."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    await approvals.ask(request_at(clock.now()))
    changed(tmp_path, "UPDATE requests SET plan_id = 'another'")
    with pytest.raises(JournalUnavailable):
        await approvals.request("another")


async def test_spaces_in_a_stored_plan_are_noticed(tmp_path: Path) -> None:
    """A document that says the same in other bytes is not what was written."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    await approvals.ask(request_at(clock.now()))
    changed(tmp_path, "UPDATE requests SET document = document || ' '")
    with pytest.raises(JournalUnavailable):
        await approvals.pending()


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "{}"), ("actor", "[]"), ("decision", "perhaps"), ("signature", "\x1b]52;c;x\x07"), ("actor", "x")],
)
async def test_a_decision_that_nobody_gave_is_noticed(tmp_path: Path, column: str, value: str) -> None:
    """What is no decision any more is told, and not taken for a yes or a no."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    request = request_at(clock.now())
    await approvals.ask(request)
    await approvals.decide(decision_at(clock.now(), request, Decision.GRANT))
    changed(tmp_path, f"UPDATE decisions SET {column} = ?", value)
    with pytest.raises(JournalUnavailable):
        await approvals.decisions(request.plan.hash)


async def test_two_plans_cannot_have_one_id(tmp_path: Path) -> None:
    """Another plan under the id of one that waits is refused, and the first one stays."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    request = request_at(clock.now())
    await approvals.ask(request)
    clock.step_wall_time(5.0)
    with pytest.raises(JournalUnavailable):
        await approvals.ask(request_at(clock.now()))
    assert await approvals.pending() == (request,)


async def test_a_plan_that_is_none_is_not_taken(tmp_path: Path) -> None:
    """A plan whose hash is not its own never gets before a second person, and hides no other plan."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    request = request_at(clock.now())
    await approvals.ask(request)
    other = request_at(clock.now(), 1)
    for wrong in (replace(other.plan, because=SafeText("trust me")), replace(other.plan, hash=request.plan.hash)):
        with pytest.raises(JournalUnavailable, match="cannot be put before somebody else"):
            await approvals.ask(replace(other, plan=wrong))
    assert await approvals.pending() == (request,)


async def test_what_is_on_disk_is_there_after_a_restart(tmp_path: Path) -> None:
    """Leases, questions and answers are read by whoever starts next."""
    clock = VirtualClock()
    request = request_at(clock.now())
    await FileApprovals(tmp_path, clock).ask(request)
    lease = await FileLeases(tmp_path, clock).take(CHURN, ALICE, PLAN, ActionKind.ABORT, breaks_others=True)
    code = (
        "import asyncio, sys\n"
        "from modeltui.adapters.shared_files import FileApprovals, FileLeases\n"
        "from modeltui.testing.clock import VirtualClock\n"
        "async def main():\n"
        "    clock = VirtualClock()\n"
        "    print((await FileApprovals(sys.argv[1], clock).pending())[0].plan.hash)\n"
        "    print((await FileLeases(sys.argv[1], clock).held())[0].fence)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, tmp_path, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert printed.decode().split() == [request.plan.hash, str(lease.fence)]
    assert plan_at(clock.now()).hash == PlanHash(request.plan.hash)


async def test_a_plan_of_an_earlier_program_hides_no_other(tmp_path: Path) -> None:
    """After an update, or beside a colleague with the old version: what it asked for is refused by name, alone."""
    clock = VirtualClock()
    approvals = FileApprovals(tmp_path, clock)
    old, new = request_at(clock.now(), 0), request_at(clock.now(), 1)
    await approvals.ask(old)
    await approvals.ask(new)
    document = {name: value for name, value in plan_document(old.plan).items() if name not in ("writes_to", "hash")}
    named = document_hash(document)
    with closing(sqlite3.connect(tmp_path / "shared.sqlite")) as connection, connection:
        asked = (named, canonical_text(document), old.plan.hash)
        connection.execute("UPDATE requests SET plan_hash = ?, document = ? WHERE plan_hash = ?", asked)
    assert await approvals.pending() == (new,)
    with pytest.raises(JournalUnavailable, match="made by an earlier modeltui: it does not say where") as refused:
        await approvals.request(named)
    assert "make it again" in refused.value.remedy
