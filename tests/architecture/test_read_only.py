"""A read-only session can write nothing: what could is not in the process, whatever is pressed or typed.

The program under test is the real one; only a recorder is put under it that hears of every module, every socket and
every process before they exist (PEP 578), so that nothing can hide by being gone at the end.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import string
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.terminal import SOURCE, Terminal, terminal_environment
from textual.keys import _character_to_key

from modeltui.cli.app import COMMANDS
from modeltui.testing.faults import FaultServer, SeenRequest, json_reply
from modeltui.tui.actions import ACTIONS
from modeltui.wiring.observing import prepare_demo

# Every command and every action runs in a process of its own.
pytestmark = pytest.mark.broad

FORBIDDEN = (
    "modeltui.runner",
    "modeltui.engine.acting.session",
    "modeltui.engine.acting.executor",
    "modeltui.engine.acting.reconciler",
    "modeltui.wiring.running",
    "modeltui.wiring.reconciling",
    "modeltui.wiring.records",
    "modeltui.wiring.writing",
    "modeltui.adapters.system.runner_process",
)
"""What a read-only process must never load, with all that is below it."""

RECORDER = textwrap.dedent(
    """
    import atexit, json, os, sys
    heard = {"modules": [], "processes": [], "connections": []}
    def hear(event, arguments):
        if event == "import":
            heard["modules"].append(arguments[0])
        elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty", "os.system"):
            heard["processes"].append([event, repr(arguments)])
        elif event in ("socket.connect", "socket.sendto"):
            heard["connections"].append(repr(arguments[1]))
    sys.addaudithook(hear)
    def write():
        heard["loaded"] = sorted(sys.modules)
        with open(os.environ["HEARD"], "w") as file:
            json.dump(heard, file)
    atexit.register(write)
    """
)

SCREENS = RECORDER + "from modeltui.__main__ import main\nmain()\n"
COMMANDS_ONE_BY_ONE = RECORDER + textwrap.dedent(
    """
    from modeltui.cli.app import run
    for arguments in json.loads(sys.argv[1]):
        try:
            run(arguments)
        except SystemExit as end:
            print("exit", json.dumps([arguments, end.code]), flush=True)
    """
)


@dataclass(frozen=True)
class Heard:
    """What the recorder heard."""

    modules: frozenset[str]
    """Every module that was imported, or is loaded at the end."""
    processes: tuple[Any, ...]
    connections: tuple[str, ...]

    def writers(self) -> set[str]:
        """Return the modules that a read-only process must not have."""
        return {
            name
            for name in self.modules
            if name.rpartition(".")[2] in ("rollout_writer", "writing_promise")
            or any(name == forbidden or name.startswith(f"{forbidden}.") for forbidden in FORBIDDEN)
        }


def heard_in(file: Path) -> Heard:
    """Return what a process left behind."""
    heard = json.loads(file.read_text())
    modules = frozenset([*heard["modules"], *heard["loaded"]])
    return Heard(modules, tuple(heard["processes"]), tuple(heard["connections"]))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return the configuration of an embedded world that stands still, with a canary under way."""
    return prepare_demo(tmp_path / "world", 7)


def read_only_by_file(config: Path) -> Path:
    """Return the same world, read-only by its own configuration."""
    text = config.read_text()
    assert "mode: writes-on" in text
    changed = config.with_name("read-only.yaml")
    changed.write_text(text.replace("mode: writes-on", "mode: read-only"))
    changed.chmod(0o600)
    return changed


def state_of(world: Path) -> list[Any]:
    """Return everything in the world that an action changes, and every file beside it."""
    with closing(sqlite3.connect(world / "world.sqlite")) as connection:
        weights = connection.execute("SELECT * FROM weights ORDER BY 1, 2, 3").fetchall()
        targets = connection.execute("SELECT * FROM targets ORDER BY 1, 2").fetchall()
    files = sorted(str(file.relative_to(world)) for file in world.rglob("*") if "world.sqlite-" not in file.name)
    return [weights, targets, files]


def environment(tmp_path: Path) -> dict[str, str]:
    """Return what the program sees: the home of this test, and where the recorder writes."""
    kept = terminal_environment() | {"HEARD": str(tmp_path / "heard.json"), "PYTHONPATH": str(SOURCE)}
    return kept | {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}


_KEYS = {"enter": "\r", "tab": "\t", "escape": "\x1b", "space": " ", "left": "\x1b[D", "right": "\x1b[C"} | {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "shift+tab": "\x1b[Z",
}
_CHARACTERS = {_character_to_key(character): character for character in string.printable}


def typed(key: str) -> str:
    """Return what a terminal sends for a key as the screens name it."""
    if key in _KEYS:
        return _KEYS[key]
    if key.startswith("ctrl+"):
        return chr(ord(key[-1]) & 0x1F)
    return _CHARACTERS[key]


LEAVE = "\x1b"
CANARY = "credit-scorer@prod-hk"
"""A target with a rollout under way: everything could be done to it."""


def go_to_canary(terminal: Terminal) -> None:
    """Move the cursor down, row by row, until it is on the canary."""

    def cursor(rows: list[str]) -> str:
        return next((row[:40] for row in rows if row.lstrip().startswith("▶")), "")

    for _ in range(40):
        before = cursor(terminal.lines())
        if all(part in before for part in CANARY.split("@")):
            return
        terminal.send(_KEYS["down"])
        terminal.wait_until(lambda: cursor(terminal.lines()) != before)  # noqa: B023 - called in this round only
    raise AssertionError(terminal.text())


def leave(terminal: Terminal) -> None:
    """Go back to where one was, out of anything that may have opened."""
    for _ in range(2):
        terminal.send(LEAVE)
        terminal.wait_quiet(0.15)  # an escape is one when nothing follows it


@pytest.mark.terminal
@pytest.mark.parametrize("how", ["keys", "names"])
def test_nothing_that_is_pressed_or_chosen_loads_what_could_write(tmp_path: Path, demo: Path, how: str) -> None:
    """Every action is pressed and typed through, or chosen by name, in a read-only session: nothing there can write."""
    config, options = (demo, ["--read-only"]) if how == "keys" else (read_only_by_file(demo), [])
    before = state_of(demo.parent)
    command = [sys.executable, "-c", SCREENS, "--config", str(config), *options]
    with Terminal(command, size=(120, 36), env=environment(tmp_path)) as terminal:
        terminal.wait_for("READ-ONLY")
        terminal.wait_for(CANARY.partition("@")[0])
        go_to_canary(terminal)
        for action in (action for action in ACTIONS if action.id != "quit"):
            if how == "keys":
                for key in action.keys:
                    terminal.send(typed(key))
                    terminal.send("y4.2.1\rprod-hk/credit-scorer@4.2.1\r")  # as somebody who wants it to happen
                    leave(terminal)
            elif action.words:
                terminal.send(f":{action.words}\r")
                leave(terminal)
        assert any("READ-ONLY" in line for line in terminal.lines())
        terminal.send("q")
        assert terminal.wait_exit() == 0
    heard = heard_in(tmp_path / "heard.json")
    assert heard.writers() == set()
    assert heard.processes == ()
    assert heard.connections == ()
    assert state_of(demo.parent) == before
    assert not (tmp_path / "state" / "modeltui" / "contexts").exists()


NAMED = {
    "plan": [
        ["plan", "rollback", "TARGET"],
        ["plan", "rollback", "TARGET", "--json"],
        ["plan", "abort", "TARGET"],
        ["plan", "promote", "TARGET"],
        ["plan", "weights", "TARGET", "5.0.0=0.5", "4.2.1=0.5"],
    ],
    "rollback": [["rollback", "TARGET", "--reason", "x"], ["rollback", "TARGET", "--plan-hash", "sha256:" + "0" * 64]],
    "abort": [["abort", "TARGET"], ["abort", "TARGET", "--plan-hash", "sha256:" + "0" * 64]],
    "promote": [["promote", "TARGET"]],
    "apply": [["apply", "PLAN"], ["apply", "PLAN", "--plan-hash", "sha256:" + "0" * 64]],
    "approve": [["approve", "sha256:000000"]],
    "deny": [["deny", "sha256:000000", "--reason", "x"]],
    "unlock": [["unlock", "--reason", "x"]],
    "versions": [["versions", "credit-scorer", "--timeline", "--prunable"]],
    "compare": [
        ["compare", "TARGET"],
        ["compare", "credit-scorer", "stable", "candidate", "--env", "prod-hk", "--json"],
    ],
    "lineage": [["lineage", "credit-scorer", "stable", "--env", "prod-hk"]],
    "provenance": [["provenance", "credit-scorer", "stable", "--env", "prod-hk", "--check"]],
    "parity": [["parity", "credit-scorer"]],
    "journal": [["journal", "list"], ["journal", "verify"], ["journal", "as-of", "2026-01-15"]],
    "guard": [["guard", "--once"]],
}
"""How the commands that need arguments are called; those that are not there yet are left out."""
LOOKING = {"demo", "completion", "config", "serve", "drill", "replay", "record", "observe"}
"""They open no context, or another world; to observe is to write down what serves, which a test of its own looks at."""


def calls(target: str, plan: Path) -> list[list[str]]:
    """Return every way to call every command that opens a context."""
    words = {"TARGET": target, "PLAN": str(plan)}
    named = {name: NAMED.get(name, [[name]]) for name in COMMANDS if name not in LOOKING}
    return [[words.get(word, word) for word in call] for of_command in named.values() for call in of_command]


def run_commands(tmp_path: Path, arguments: list[list[str]]) -> list[tuple[list[str], int]]:
    """Run command after command in one process, and return how each ended."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS_ONE_BY_ONE, json.dumps(arguments)],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        timeout=100,
    )
    ends = [json.loads(line[5:]) for line in done.stdout.splitlines() if line.startswith("exit ")]
    assert len(ends) == len(arguments), done.stdout + done.stderr
    return [(call, code) for call, code in ends]


WRITES = {"rollback", "abort", "promote", "apply", "approve", "deny", "unlock"}


@pytest.mark.parametrize("how", ["option", pytest.param("file", marks=pytest.mark.broad)])
def test_no_command_of_a_read_only_session_loads_what_could_write(tmp_path: Path, demo: Path, how: str) -> None:
    """Each acting command is refused with exit code 3, and leaves neither a writer nor a record nor a trace."""
    config = demo if how == "option" else read_only_by_file(demo)
    options = ["--config", str(config), *(["--read-only"] if how == "option" else [])]
    before = state_of(demo.parent)
    ends = run_commands(tmp_path, [[*options, *call] for call in calls(CANARY, tmp_path / "plan")])
    refused = {call[len(options)]: code for call, code in ends if call[len(options)] in WRITES}
    assert set(refused.values()) <= {2, 3}, refused
    heard = heard_in(tmp_path / "heard.json")
    assert heard.writers() == set()
    assert heard.processes == ()
    assert heard.connections == ()
    assert state_of(demo.parent) == before


@pytest.mark.broad
def test_observing_read_only_writes_a_record_and_nothing_else(tmp_path: Path, demo: Path) -> None:
    """Who may only look may still write down what serves: the world stays as it is."""
    before = state_of(demo.parent)
    run_commands(tmp_path, [["--config", str(demo), "--read-only", "observe"]])
    heard = heard_in(tmp_path / "heard.json")
    assert heard.writers() == set()
    assert heard.connections == ()
    assert state_of(demo.parent)[:2] == before[:2]


_QUESTIONS = ("/search", "/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels")
"""What may be asked by POST: the question is too long for an address."""


def is_question(request: SeenRequest) -> bool:
    """Tell whether a request cannot change anything."""
    return request.method in ("GET", "HEAD") or (request.method == "POST" and request.path.endswith(_QUESTIONS))


async def test_a_server_sees_nothing_but_questions(tmp_path: Path) -> None:
    """On MLflow and Prometheus, no command of a read-only session sends anything but GET, HEAD and searches."""
    model = {
        "name": "fraud-detector",
        "aliases": [{"alias": "champion", "version": "10"}, {"alias": "challenger", "version": "11"}],
        "latest_versions": [],
    }
    async with FaultServer() as server:
        server.answer("/api/2.0/mlflow/registered-models/search", json_reply({"registered_models": [model]}))
        server.answer("/api/2.0/mlflow/registered-models/get", json_reply({"registered_model": model}))
        source = {"mlflow": {"kind": "mlflow", "url": server.url}, "metrics": {"kind": "prometheus", "url": server.url}}
        pointers = {
            "champion": {"environment": "prod", "role": "stable"},
            "challenger": {"environment": "prod", "role": "candidate"},
        }
        config = tmp_path / "modeltui.yaml"
        context = {"mode": "read-only", "sources": source, "pointers": pointers}
        config.write_text(json.dumps({"modeltui": 1, "contexts": {"c": context}}))
        config.chmod(0o600)
        arguments = [["--config", str(config), *call] for call in calls("fraud-detector@prod", tmp_path / "plan")]
        await asyncio.to_thread(run_commands, tmp_path, arguments)
        assert server.requests
        assert [f"{one.method} {one.path}" for one in server.requests if not is_question(one)] == []
    heard = heard_in(tmp_path / "heard.json")
    assert heard.writers() == set()
    assert heard.processes == ()


def test_the_recorder_hears_what_would_be_wrong(tmp_path: Path) -> None:
    """A process that did load a writer, start a program and open a connection would be caught."""
    wrong = textwrap.dedent(
        """
        import socket, subprocess, sys, types
        sys.modules["modeltui.engine.acting.executor"] = types.ModuleType("executor")
        try:
            import modeltui.adapters.embedded.rollout_writer
        except ImportError:
            pass
        for name in [name for name in sys.modules if name.endswith(".rollout_writer")]:
            del sys.modules[name]
        subprocess.run([sys.executable, "-c", ""])
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
        """
    )
    subprocess.run([sys.executable, "-c", RECORDER + wrong], env=environment(tmp_path), check=True)
    heard = heard_in(tmp_path / "heard.json")
    assert heard.writers() >= {"modeltui.adapters.embedded.rollout_writer", "modeltui.engine.acting.executor"}
    assert heard.processes[0][0] == "subprocess.Popen"
    assert heard.connections == ("('127.0.0.1', 9)",)
