"""A simulated world in a process of its own, for stories that need a live backend."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.terminal import Terminal, terminal_environment

PROGRAM = (sys.executable, "-m", "modeltui")
START_SECONDS = 20.0
"""For a loaded machine: a start takes half a second on an idle one."""


@dataclass(frozen=True)
class RunningWorld:
    """A world that moves."""

    directory: Path
    process: subprocess.Popen[str]
    config: Path
    """The configuration that points at it."""

    def open(self, *options: str, size: tuple[int, int] = (120, 36), env: dict[str, str] | None = None) -> Terminal:
        """Start the screens on it."""
        return Terminal([*PROGRAM, "--config", str(self.config), *options], size=size, env=env)

    def run(self, *arguments: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run a command on it without a terminal."""
        return run_modeltui("--config", str(self.config), *arguments, timeout=timeout)


@contextmanager
def running_world(directory: Path, speed: float = 10.0) -> Iterator[RunningWorld]:
    """Run the world in `directory` until the end of the block."""
    command = [*PROGRAM, "demo", "--headless", "--dir", str(directory), "--speed", str(speed)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=terminal_environment()
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "the world runs" in said, said
        yield RunningWorld(directory, process, directory / "modeltui.yaml")
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


def run_modeltui(
    *arguments: str, timeout: float = 30.0, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=env or terminal_environment(),
        cwd=cwd,
        check=False,
    )


def processes_with(words: Sequence[str]) -> list[int]:
    """Return the processes whose command line holds all these words."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and all(word in line for word in words):
            found.append(int(entry.name))
    return found


def wait_gone(words: Sequence[str], seconds: float) -> float:
    """Wait until no process has these words; return how long that took."""
    started = time.monotonic()
    while processes_with(words):
        assert time.monotonic() - started < seconds, f"still there: {processes_with(words)}"
        time.sleep(0.02)
    return time.monotonic() - started
