"""No server of a test outlives it, and an environment is made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.servers import venvs
from tests.servers.process import ServerProcess, ServerStartError, free_port, start_server, wait_until

# Real processes that refuse to end.
pytestmark = pytest.mark.broad

_FAMILY = """
import os, signal, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True)
print("ready", os.getpid(), flush=True)
time.sleep(300)
"""
"""A server with a child in its group and one that left the group and ignores SIGTERM."""


def _family(directory: Path, grace_seconds: float = 0.5) -> ServerProcess:
    command = [sys.executable, "-c", _FAMILY]
    server = ServerProcess("family", command, directory=directory, port=0, grace_seconds=grace_seconds)
    return server.wait_ready(lambda: "ready" in server.log, deadline_seconds=10.0)


def _members(server: ServerProcess) -> list[int]:
    """The server and its children, by /proc."""
    pid = server.server_pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *map(int, children.split())]


def _alive(pids: list[int]) -> list[int]:
    def lives(pid: int) -> bool:
        try:
            return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False

    return [pid for pid in pids if lives(pid)]


def test_stopping_leaves_no_child(tmp_path: Path) -> None:
    """After a stop nothing of the server runs, not even a child that made its own session and ignores TERM."""
    server = _family(tmp_path)
    members = _members(server)
    assert len(members) == 3
    server.stop()
    assert _alive(members) == []
    server.stop()


def test_killed_test_process_leaves_no_child(tmp_path: Path) -> None:
    """A test process that is killed outright takes its servers with it."""
    script = (
        "import sys; from pathlib import Path; from tests.servers.test_process import _family, _members\n"
        "print(*_members(_family(Path(sys.argv[1]))), flush=True); import time; time.sleep(60)"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as test_process:
        assert test_process.stdout is not None
        members = [int(word) for word in test_process.stdout.readline().split()]
        assert len(members) == 3
        os.kill(test_process.pid, signal.SIGKILL)
    assert wait_until(lambda: not _alive(members), deadline_seconds=10.0)


def test_server_that_dies_at_start_is_told_with_its_log(tmp_path: Path) -> None:
    """A server that ends while starting is an error that quotes what the server said."""

    def command(_port: int) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('no such table: champions')"]

    with pytest.raises(ServerStartError, match="no such table: champions"):
        start_server("broken", command, directory=tmp_path, ready_path="/", deadline_seconds=10.0)


def test_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """A server that does not answer within its deadline is stopped, and the error says so."""
    server = ServerProcess(
        "mute", [sys.executable, "-c", "import time; time.sleep(300)"], directory=tmp_path, port=free_port()
    )
    with pytest.raises(ServerStartError, match="not ready"):
        server.wait_ready(lambda: False, deadline_seconds=0.3)
    assert not server.is_running


@pytest.fixture
def counted_builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Builds that take a moment and install nothing, by the folder they made."""
    built: list[Path] = []

    def run(command: list[str], _environment: venvs.Environment) -> None:
        if "venv" in command:
            path = Path(command[-1])
            assert not path.exists(), "a half-made environment was not thrown away"
            (path / "bin").mkdir(parents=True)
            (path / "bin" / "python").touch()
            built.append(path)

    monkeypatch.setattr(venvs, "_run", run)
    return built


def test_environment_is_made_once(tmp_path: Path, counted_builds: list[Path]) -> None:
    """Many that ask for the same environment at once get one build; a later one finds it made."""
    environment = venvs.Environment("one", ("nothing==1",))
    askers = [threading.Thread(target=venvs.ensure, args=(environment, tmp_path)) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert counted_builds == [venvs.ensure(environment, tmp_path)]


def test_half_made_environment_is_made_again(tmp_path: Path, counted_builds: list[Path]) -> None:
    """A build that was cut short is thrown away and done again; so is one whose interpreter went away."""
    environment = venvs.Environment("half", ("nothing==1",))
    path = environment.path(tmp_path)
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").touch()
    venvs.ensure(environment, tmp_path)
    assert counted_builds == [path]
    (path / "bin" / "python").unlink()
    venvs.ensure(environment, tmp_path)
    assert counted_builds == [path, path]


def test_other_pins_are_another_environment(tmp_path: Path) -> None:
    """A changed requirement does not reuse the folder of the former one."""
    old, new = venvs.Environment("same", ("nothing==1",)), venvs.Environment("same", ("nothing==2",))
    assert old.path(tmp_path) != new.path(tmp_path)
