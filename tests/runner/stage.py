"""The stage of the actor process: a staged world, its configuration, a face, and a look at what was written down."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.ports.journal import Query
from tests.runner.staged.world import StagedWorld
from tests.terminal import SOURCE, terminal_environment

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = {
    "rollouts": "tests.runner.staged.rollouts",
    "metrics": "tests.runner.staged.metrics",
    "writing": "tests.runner.staged.promise",
}


@dataclass(frozen=True)
class Stage:
    """Everything in one directory."""

    directory: Path
    world: StagedWorld
    config: Path
    environment: Mapping[str, str]

    @property
    def say_go(self) -> Path:
        """The file that makes a face say GO."""
        return self.directory / "say-go"

    def face(self) -> list[str]:
        """Return the command of a face."""
        return [sys.executable, "-m", "tests.runner.staged.face", str(self.config), str(self.say_go)]

    def runner(self, *more: str) -> list[str]:
        """Return the command of the actor process."""
        return [sys.executable, "-P", "-m", "modeltui.runner", "--config", str(self.config), "--context", "c", *more]

    def records(self, *kinds: RecordKind) -> tuple[Record, ...]:
        """Return what is in the journal."""
        journal = open_journal(self.directory / "journal", SystemClock())
        return asyncio.run(journal.read(Query(kinds=frozenset(kinds))))

    def kinds(self) -> list[str]:
        """Return the kinds of what is in the journal about plans and actions, in order."""
        wanted = ("plan.", "action.")
        return [record.entry.kind.value for record in self.records() if record.entry.kind.value.startswith(wanted)]

    def outcomes(self) -> list[Outcome]:
        """Return every outcome that was written down, found out later or not."""
        ends = self.records(RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED)
        return [Outcome(str(record.entry.details["outcome"])) for record in ends]

    def open_intents(self) -> int:
        """Return how many actions have no outcome."""
        return len(asyncio.run(open_journal(self.directory / "journal", SystemClock()).open_intents()))

    def reconcile(self) -> None:
        """Do what a start does about open actions, and wait for it."""
        done = subprocess.run(self.runner("--reconcile"), env=self.environment, capture_output=True, timeout=90)
        assert done.returncode == 0, done.stderr.decode() + self.log()

    def log(self) -> str:
        """Return what the actor processes logged."""
        file = self.directory / "state" / "modeltui" / "modeltui.log"
        return file.read_text() if file.exists() else ""

    def runners(self) -> list[int]:
        """Return the actor processes of this stage that live."""
        return [pid for pid in processes() if is_runner(pid, str(self.config))]

    def end(self) -> None:
        """End what this stage has left running."""
        for pid in self.runners():
            os.kill(pid, signal.SIGKILL)


def make_stage(directory: Path, *, notify: Sequence[Mapping[str, object]] = (), **acting: object) -> Stage:
    """Return a stage with a canary under way; `acting` changes the deadlines, `notify` says who is told."""
    directory.mkdir(parents=True, exist_ok=True)
    world = StagedWorld(directory / "world")
    world.make()
    information = directory / "plugin" / "staged-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: staged\nVersion: 1.0\n")
    lines = [f"[modeltui.{group}]\nstaged = {module}\n" for group, module in ENTRY_POINTS.items()]
    (information / "entry_points.txt").write_text("\n".join(lines))
    deadlines = {"accepted_seconds": 5, "serving_seconds": 20, "healthy_seconds": 20, "snap_back_checks": []}
    context = {
        "mode": "writes-on",
        "sources": {"staged": {"kind": "staged", "directory": "world"}},
        "journal": {"directory": "journal", "sign": "never"},
        "acting": deadlines | acting,
        "signals": {"throughput": {"window_seconds": 5}},
        "notify": list(notify),
    }
    config = directory / "modeltui.yaml"
    config.write_text(json.dumps({"modeltui": 1, "contexts": {"c": context}}))
    config.chmod(0o600)
    path = os.pathsep.join([str(directory / "plugin"), str(ROOT), str(SOURCE)])
    environment = terminal_environment(PYTHONPATH=path, XDG_STATE_HOME=str(directory / "state"), HOME=str(directory))
    return Stage(directory, world, config, environment)


def wait_for(condition: Callable[[], bool], what: Callable[[], str] = str, seconds: float = 20.0) -> None:
    """Return once something holds; fail with `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.01)


def processes() -> list[int]:
    """Return every process id."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def is_runner(pid: int, config: str) -> bool:
    """Tell whether a process is an actor process of this configuration, and lives."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return b"modeltui.runner" in words and config.encode() in words and state != "Z"
