"""The programs that are measured: ours and the references, each in a pseudo-terminal of 120×40, and what they cost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.fleet import ROOT, Fleet
from tests.terminal import Terminal, terminal_environment

PROGRAM = Path(sys.executable).parent / "modeltui"
PYTHON = sys.executable
REFERENCES = ROOT / "tests" / "bench" / "references"
PRINT = (PYTHON, "-c", "print('ready')")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program did to its terminal and its machine over some seconds."""

    seconds: float
    bytes_sent: float
    cpu_seconds: float

    @property
    def bytes_per_second(self) -> float:
        """Return what a link must carry."""
        return self.bytes_sent / self.seconds

    @property
    def cpu_percent(self) -> float:
        """Return the share of one core."""
        return 100.0 * self.cpu_seconds / self.seconds


def open_ours(fleet: Fleet, *arguments: str, ignore_hangup: bool = False) -> Terminal:
    """Start our screens on a fleet."""
    command = [str(PROGRAM), "--config", str(fleet.config), *arguments]
    return Terminal(command, env=environment(fleet.home), ignore_hangup=ignore_hangup)


@contextmanager
def live_ours(fleet: Fleet, *arguments: str, timeout: float = 60.0) -> Iterator[Terminal]:
    """Give our screens once they show the model that fails, and the past of what is on screen was read."""
    with open_ours(fleet, *arguments) as terminal:
        terminal.wait_for(fleet.bad_model, timeout)
        _settle(terminal, 1.5)
        yield terminal


def environment(home: Path, **changes: str | None) -> dict[str, str]:
    """Return the environment of a terminal whose user has nothing cached but in `home`."""
    return terminal_environment(HOME=str(home), **changes)


def reference_app(name: str, *arguments: str, home: Path, ignore_hangup: bool = False) -> Terminal:
    """Start one of the Textual programs in `references`."""
    command = [PYTHON, str(REFERENCES / f"{name}.py"), *arguments]
    return Terminal(command, env=environment(home), ignore_hangup=ignore_hangup)


@contextmanager
def live_reference(name: str, *arguments: str, home: Path, timeout: float = 60.0) -> Iterator[Terminal]:
    """Give a Textual program once its first frame is on the screen."""
    with reference_app(name, *arguments, home=home) as terminal:
        terminal.wait_for("ready", timeout)
        _settle(terminal, 1.0)
        yield terminal


def missing(tool: str) -> str:
    """Return why a tool of the system cannot be a reference; empty when it can."""
    return "" if shutil.which(tool) else "not installed"


@contextmanager
def live_tool(command: Sequence[str], home: Path) -> Iterator[Terminal]:
    """Give a tool of the system once it has drawn."""
    with Terminal(command, env=environment(home)) as terminal:
        terminal.wait_for(is_full, 10)
        _settle(terminal, 1.0)
        yield terminal


def is_full(rows: list[str]) -> bool:
    """Tell whether half of the rows have something on them: a whole frame, however empty the machine."""
    return sum(1 for row in rows if row.strip()) >= len(rows) // 2


def _settle(terminal: Terminal, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
        terminal.lines()  # the emulator works ahead, not while something is measured


def costs_over(terminals: Mapping[str, Terminal], seconds: float) -> dict[str, Cost]:
    """Return what each of several programs costs from now on."""
    before = {name: _so_far(terminal) for name, terminal in terminals.items()}
    time.sleep(seconds)
    return {
        name: Cost(*(then - now for then, now in zip(_so_far(terminal), before[name], strict=True)))
        for name, terminal in terminals.items()
    }


def _so_far(terminal: Terminal) -> tuple[float, int, float]:
    return time.monotonic(), terminal.bytes_sent, cpu_seconds(terminal.process.pid)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far, in nanosecond steps: the usual counters have 10 ms."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory(pid: int | str) -> tuple[float, float]:
    """Return resident and private memory of a process (`self`: of this one) in MB."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:] if ":" in line
    )
    kilobytes = {name: int(value.split()[0]) for name, value in fields.items()}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return kilobytes["Rss"] / 1e3, private / 1e3


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    wall_ms: float
    cpu_ms: float
    output: str


def run_command(command: Sequence[str], env: Mapping[str, str], timeout: float = 60.0) -> Ran:
    """Run a command without a terminal; return what it cost and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(
        command, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, cwd=ROOT
    )
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"[-2000:])
    return Ran(wall * 1e3, cpu * 1e3, done.stdout)


def load_average() -> str:
    """Return how busy the machine is."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
