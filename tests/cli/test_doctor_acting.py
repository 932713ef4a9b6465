"""`modeltui doctor` on what acting stands on: a real journal, a real outbox, real references."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.terminal import terminal_environment
from tests.tui.story_world import run_modeltui

from modeltui.adapters.journal import open_journal
from modeltui.adapters.journal.anchors import FileAnchor
from modeltui.adapters.notify import Sink, open_notifier
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.domain.acting.action import PlanId
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.names import Environment, ModelName, TargetKey
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.ports.notifier import Notice, Occasion
from modeltui.testing.acting_fakes import ALICE

# Each is a process of its own.
pytestmark = pytest.mark.broad

SECRET = "R0UTINGKEY0123456789012345678901"
TARGET = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))


def place(directory: Path, **context: object) -> Path:
    """Return the configuration of one model folder."""
    version = directory / "models" / "fraud" / "v1"
    version.mkdir(parents=True)
    (version / "model.bin").write_bytes(b"model")
    (version / "metadata.json").write_text("{}", encoding="utf-8")
    sources = {"registry": {"kind": "model-folder", "path": str(directory / "models")}}
    journal = {"directory": str(directory / "journal"), "sign": "never", **context.pop("journal", {})}  # type: ignore[dict-item]
    config = {"modeltui": 1, "contexts": {"here": {"sources": sources, "journal": journal, **context}}}
    file = directory / "modeltui.yaml"
    file.write_text(json.dumps(config), encoding="utf-8")
    file.chmod(0o600)
    return file


def doctor(config: Path, **environment: str) -> tuple[int, dict[str, dict[str, str]], str]:
    """Return the exit code, each finding about acting by its name, and everything that was printed."""
    state = {"XDG_STATE_HOME": str(config.parent / "state"), **environment}
    done = run_modeltui("--config", str(config), "doctor", "--json", env=terminal_environment(**state))
    answer: dict[str, Any] = json.loads(done.stdout)
    text = run_modeltui("--config", str(config), "doctor", env=terminal_environment(**state))
    assert answer["ok"] is (done.returncode == 0)
    found = {finding["name"]: finding for finding in answer["acting"]}
    return done.returncode, found, done.stdout + done.stderr + text.stdout + text.stderr


async def write(directory: Path, count: int) -> None:
    """Write records into a journal."""
    journal = open_journal(directory, SystemClock())
    for _ in range(count):
        entry = Entry(RecordKind.WRITES_UNLOCKED, SystemClock().now(), ALICE, SafeText("here"))
        await journal.append(entry)


def test_doctor_says_who_may_what_and_whether_the_record_holds(tmp_path: Path) -> None:
    """doctor on a journal of a few records: who I am, the rules, the record verified, and no witness of it."""
    asyncio.run(write(tmp_path / "journal", 5))
    code, found, printed = doctor(place(tmp_path))
    assert code == 0
    assert found["identity"]["result"] == "ok"
    assert "known by the OS user" in found["identity"]["says"]
    assert found["policy"]["says"].startswith("no file is named")
    assert "may do everything" in found["rules"]["says"]
    assert str(tmp_path / "journal") in found["journal"]["says"]
    assert "#6" in found["journal"]["says"], "the opening of the journal is a record too"
    assert "verified whole" in found["journal"]["says"]
    assert found["anchors"]["result"] == "?"
    assert found["outbox"]["says"] == "tells nobody; nothing waits"
    assert "\nacting\n" in printed


def test_a_journal_that_was_edited_is_a_failure(tmp_path: Path) -> None:
    """Somebody changed a record: doctor ends with 1 and says which."""
    asyncio.run(write(tmp_path / "journal", 5))
    (segment,) = (tmp_path / "journal").glob("journal-*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"alice", b"mallo")
    segment.write_bytes(b"".join(lines))
    code, found, _ = doctor(place(tmp_path))
    assert code == 1
    assert found["journal"]["result"] == "fail"
    assert "NOT WHOLE from #3" in found["journal"]["says"]


def test_an_anchor_that_saw_more_than_there_is_is_a_failure(tmp_path: Path) -> None:
    """The newest records were cut off: the journal itself is whole, and its witness knows better."""

    async def witnessed() -> None:
        from modeltui.adapters.journal.anchors import FileAnchor

        anchor = FileAnchor(tmp_path / "anchor")
        async with open_journal(tmp_path / "journal", SystemClock(), None, [anchor]) as journal:
            for _ in range(5):
                await journal.append(Entry(RecordKind.WRITES_UNLOCKED, SystemClock().now(), ALICE, SafeText("here")))
            await journal.checkpoint()

    asyncio.run(witnessed())
    config = place(tmp_path, journal={"anchors": [{"kind": "file", "path": str(tmp_path / "anchor")}]})
    name = f"anchor file {tmp_path / 'anchor'}"
    code, found, _ = doctor(config)
    assert (code, found[name]["result"]) == (0, "ok")
    (segment,) = (tmp_path / "journal").glob("journal-*.jsonl")
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:3]))
    code, found, _ = doctor(config)
    assert (code, found[name]["result"]) == (1, "fail")
    assert "the journal ends at #3" in found[name]["says"]


def forged(path: Path) -> None:
    """Change one record of a journal, and compute every hash after it anew."""
    (segment,) = path.glob("journal-*.jsonl")
    records = [parse_line(line) for line in segment.read_bytes().splitlines()]
    previous, lines = str(GENESIS), []
    for record in records:
        mallory = replace(record.entry, actor=replace(ALICE, principal=SafeText("mallory")))
        one, line = record_line(mallory if record.seq == 3 else record.entry, record.seq, previous)
        previous = one.hash
        lines.append(line)
    segment.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("another journal", "NOT WHOLE from #1: {anchor} saw 6 records at "),
        ("one record", "NOT WHOLE from #1: {anchor} saw 6 records at "),
        ("nothing left", "all 6 are gone"),
    ],
)
def test_a_journal_that_is_not_what_its_anchor_saw_is_a_failure(tmp_path: Path, change: str, says: str) -> None:
    """Rewritten, or changed with every hash after it: the chain itself fits, and its witness shows it."""
    directory, anchor = tmp_path / "journal", FileAnchor(tmp_path / "anchor")

    async def witnessed() -> None:
        await write(directory, 5)
        await open_journal(directory, SystemClock(), None, [anchor]).checkpoint()

    asyncio.run(witnessed())
    config = place(tmp_path, journal={"anchors": [{"kind": "file", "path": str(tmp_path / "anchor")}]})
    if change == "one record":
        forged(directory)
    else:
        shutil.rmtree(directory)
    if change == "another journal":
        asyncio.run(write(directory, 9))
    else:
        (directory / "checkpoints.jsonl").unlink(missing_ok=True)
    code, found, _ = doctor(config)
    assert (code, found["journal"]["result"]) == (1, "fail")
    assert says.format(anchor=anchor.name) in found["journal"]["says"]
    assert found[f"anchor {anchor.name}"]["result"] != "ok"


def test_an_anchor_that_is_not_mounted_is_no_new_one(tmp_path: Path) -> None:
    """The share with the witness is gone: a failure once a record says that it took something, a question before."""
    directory, anchor = tmp_path / "journal", FileAnchor(tmp_path / "share" / "anchor")
    config = place(tmp_path, journal={"anchors": [{"kind": "file", "path": str(tmp_path / "share" / "anchor")}]})
    asyncio.run(write(directory, 5))
    code, found, _ = doctor(config)
    assert (code, found[f"anchor {anchor.name}"]["result"]) == (0, "?")

    async def witnessed() -> None:
        await open_journal(directory, SystemClock(), None, [anchor]).checkpoint()

    (tmp_path / "share").mkdir()
    asyncio.run(witnessed())
    assert doctor(config)[1][f"anchor {anchor.name}"]["result"] == "ok"
    (tmp_path / "share").rename(tmp_path / "away")
    code, found, _ = doctor(config)
    assert (code, found[f"anchor {anchor.name}"]["result"]) == (1, "fail")
    assert "is not there" in found[f"anchor {anchor.name}"]["says"]


def test_notices_that_wait_and_keys_that_are_not_there_are_named_and_nothing_secret_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead sink and a missing key: how many wait and why, and the reference, never what it holds."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    notify = [{"kind": "pagerduty", "key": "env:PAGERDUTY_KEY"}, {"kind": "webhook", "url": "env:HOOK"}]
    config = place(tmp_path, notify=notify)
    address = f"http://127.0.0.1:9/{SECRET}"

    async def wait() -> None:
        outbox = Path(paths.outbox_dir(str(config), "here"))
        sink = Sink("webhook", url="env:HOOK")
        resolve = {"env:HOOK": Secret(address)}.__getitem__
        async with open_notifier(outbox, [sink], SystemClock(), resolve=resolve) as notifier:
            at, plan = SystemClock().now(), PlanId(SafeText("p"))
            text = SafeText("outcome")
            assert await notifier.put(Notice(text, Occasion.OUTCOME, at, SafeText("here"), TARGET, text, {}, plan))
            await notifier.deliver(deadline_seconds=0.5)

    asyncio.run(wait())
    code, found, printed = doctor(config, HOOK=address)
    assert (code, found["outbox"]["result"]) == (1, "fail")
    assert "not readable: env:PAGERDUTY_KEY" in found["outbox"]["says"]
    assert "1 notices wait" in found["outbox"]["says"]
    assert SECRET not in printed
    code, found, printed = doctor(config, HOOK=address, PAGERDUTY_KEY=SECRET)
    assert (code, found["outbox"]["result"]) == (0, "?")
    assert "it cannot be reached" in found["outbox"]["says"]
    assert SECRET not in printed
    assert list(Path(paths.outbox_dir(str(config), "here")).glob("*.json")), "looking has sent or moved it"


_WHILE_IT_HANGS = """
import sys, threading
from modeltui.wiring import record_seen
record_seen.VERIFY_SECONDS = 0.3
hangs = lambda *_: threading.Event().wait()
if sys.argv[2] == "directory":
    record_seen.segments_of = hangs
else:
    from modeltui.adapters.journal import journal
    journal.segments_of = hangs
from modeltui.cli.app import run
run(["--config", sys.argv[1], "doctor"])
"""


@pytest.mark.parametrize("where", ["directory", "records"])
def test_a_journal_whose_disk_hangs_is_a_failure_and_not_a_silence(where: str, tmp_path: Path) -> None:
    """The disk of the journal never answers: doctor says so, says everything else, and ends with 1."""
    asyncio.run(write(tmp_path / "journal", 2))
    environment = terminal_environment(XDG_STATE_HOME=str(tmp_path / "state"))
    command = [sys.executable, "-c", _WHILE_IT_HANGS, str(place(tmp_path)), where]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "it does not answer within 0.3 s" in done.stdout
    assert "outbox" in done.stdout
