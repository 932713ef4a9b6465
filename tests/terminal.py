"""A terminal for tests and benchmarks: runs a program in a real pseudo-terminal and remembers what it did to it.

The screen is fed lazily: the reading thread only stamps chunks and answers queries, so that what
is measured is the program and not the emulator.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.emulator import Cell, Emulator
from tests.sequences import foreign_sequences

__all__ = ["Cell", "Chunk", "Terminal", "Timeout", "foreign_sequences", "terminal_environment"]

SOURCE = Path(__file__).resolve().parent.parent / "src"

_SYNCHRONISED = 2026
"""The private mode in which a frame is drawn."""

_QUERY = re.compile(rb"\x1b\[(?:\?(\d+)\$p|(6n)|(5n)|(c|0c)|(>c|>0c))")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one read brought."""

    at: float
    """Monotonic seconds."""
    data: bytes


class Timeout(AssertionError):  # noqa: N818 - it says what happened
    """What was waited for did not come; says what the screen showed instead."""


class Terminal:
    """A program in a pseudo-terminal of its own session, and the terminal's memory of it.

    `ignore_hangup` starts it deaf to SIGHUP, as under `nohup` or `sudo`. `stdin` and `stderr` replace the
    terminal on that descriptor. `answers` is whether queries are answered at all.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        answers: bool = True,
        ignore_hangup: bool = False,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> None:
        self.size = size
        self.answers = answers
        """Whether queries are answered, as modern terminals do."""
        self._history: list[Chunk] = []
        self._fed = 0
        self.emulator = Emulator(*size)
        self._news = threading.Condition()
        self._closed = False
        self._tail = b""
        self._bytes_per_second: float | None = None
        self._reading = threading.Event()
        self._reading.set()
        self._master, slave = os.openpty()
        self._set_size(size)

        def take_terminal() -> None:
            if ignore_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            list(command),
            stdin=slave if stdin is None else stdin,
            stdout=slave if stdout is None else stdout,
            stderr=slave if stderr is None else stderr,
            env=terminal_environment() if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 - two system calls, no lock taken
        )
        self.started_at = time.monotonic()
        """When the program was executed."""
        os.close(slave)
        self._wake_read, self._wake_write = os.pipe()
        self._reader = threading.Thread(target=self._read_on, name="terminal", daemon=True)
        self._reader.start()

    # Reading

    def _read_on(self) -> None:
        grain_seconds = 0.02
        while not self._closed:
            if not self._reading.wait(0.05):
                continue
            most = 65536
            rate = self._bytes_per_second
            if rate:
                time.sleep(grain_seconds)
                most = max(1, int(rate * grain_seconds))
            try:
                ready, _, _ = select.select([self._master, self._wake_read], [], [], 0.25)
                if self._master not in ready or not self._reading.is_set():
                    continue
                data = os.read(self._master, most)
            except (OSError, ValueError):
                data = b""
            with self._news:
                if not data:
                    self._closed = True
                else:
                    self._history.append(Chunk(time.monotonic(), data))
                self._news.notify_all()
            if data and self.answers:
                self._answer(data)

    def _answer(self, data: bytes) -> None:
        """Answer queries as a modern terminal does."""
        window = self._tail + data
        end = 0
        for query in _QUERY.finditer(window):
            end = query.end()
            mode, position, status, primary, secondary = query.groups()
            if mode:
                self._reply(f"\x1b[?{mode.decode()};{2 if mode == b'2026' else 0}$y")
            elif position:
                with self._news:
                    self._feed_all()
                    row, column = self.emulator.cursor
                    self._reply(f"\x1b[{row};{column}R")
            elif status:
                self._reply("\x1b[0n")
            elif primary:
                self._reply("\x1b[?62;22c")
            elif secondary:
                self._reply("\x1b[>1;4000;0c")
        self._tail = window[max(end, len(window) - 12) :]

    def _reply(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, text.encode())

    def throttle(self, bytes_per_second: float | None) -> None:
        """Read no faster than a link of this speed would (None: as fast as possible)."""
        self._bytes_per_second = bytes_per_second

    def pause(self) -> None:
        """Stop reading: a stalled terminal."""
        self._reading.clear()

    def resume(self) -> None:
        """Read on."""
        self._reading.set()

    # What the program sent

    @property
    def chunks(self) -> list[Chunk]:
        """Everything read so far, in order."""
        with self._news:
            return list(self._history)

    @property
    def sent(self) -> bytes:
        """All bytes the program sent so far."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def bytes_sent(self) -> int:
        """How many bytes the program sent so far."""
        return sum(len(chunk.data) for chunk in self.chunks)

    # The screen

    def _feed_all(self) -> None:
        while self._fed < len(self._history):
            self.emulator.feed(self._history[self._fed].data)
            self._fed += 1

    def lines(self) -> list[str]:
        """Return the rows of the screen as text."""
        with self._news:
            self._feed_all()
            return self.emulator.rows()

    def text(self) -> str:
        """Return the screen as one text, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.lines())

    def cells(self) -> list[list[Cell]]:
        """Return every cell with its looks, row by row."""
        with self._news:
            self._feed_all()
            return self.emulator.cells()

    def cell(self, x: int, y: int) -> Cell:
        """Return one cell with its looks."""
        return self.cells()[y][x]

    @property
    def in_alternate_screen(self) -> bool:
        """Whether the program has the screen to itself."""
        with self._news:
            self._feed_all()
            return self.emulator.in_alternate_screen

    def has_mode(self, private_mode: int) -> bool:
        """Tell whether a private mode (25: cursor shown) is set."""
        with self._news:
            self._feed_all()
            return self.emulator.has_mode(private_mode)

    # Waiting

    def wait_for(self, wanted: str | Callable[[list[str]], bool], timeout: float = 10.0) -> float:
        """Return when a row shows a text, or a predicate of all rows holds: the moment at which the chunk came."""
        deadline = time.monotonic() + timeout
        with self._news:
            came_before = len(self._history)
            while True:
                if self._holds(wanted):
                    # Whoever answers the program's questions feeds the emulator, too: ask afresh what came last.
                    return self._history[self._fed - 1].at if self._fed else self.started_at
                if self._fed < len(self._history):
                    chunk = self._history[self._fed]
                    self._fed += 1
                    self.emulator.feed(chunk.data)
                    continue
                left = deadline - time.monotonic()
                if left <= 0 or (self._closed and self._fed == len(self._history)):
                    shown = "\n".join(line.rstrip() for line in self.emulator.rows())
                    state = f"; program: {self.process.poll()}; meanwhile came {self._told(came_before)}"
                    raise Timeout(f"waited {timeout} s for {wanted!r}{state}; the screen shows:\n{shown}")
                self._news.wait(min(left, 0.05))

    def _told(self, since: int) -> str:
        now = time.monotonic()
        chunks = self._history[since:]
        latest = ", ".join(f"{len(chunk.data)} {now - chunk.at:.1f} s ago" for chunk in chunks[:12])
        start = b"".join(chunk.data for chunk in chunks)[:400]
        return f"{sum(len(chunk.data) for chunk in chunks)} bytes ({latest}), beginning with {start!r}"

    def _holds(self, wanted: str | Callable[[list[str]], bool]) -> bool:
        if self.emulator.has_mode(_SYNCHRONISED) and not self._closed:
            return (
                False  # half a frame, such as a last row that is half the old one: terminals show it when it is whole
            )
        if isinstance(wanted, str):
            return any(wanted in line for line in self.emulator.rows())
        return wanted(self.emulator.rows())

    def wait_sent(self, wanted: bytes, timeout: float = 10.0, since: int = 0) -> float:
        """Return when the bytes were sent, counting from byte `since`: the moment at which they came."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                if wanted in b"".join(chunk.data for chunk in self._history)[since:]:
                    return self._history[-1].at
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Timeout(f"waited {timeout} s for {wanted!r}")
                self._news.wait(min(left, 0.05))

    def wait_quiet(self, seconds: float = 0.15, timeout: float = 10.0) -> float:
        """Return when nothing was sent for `seconds` from now on: the moment of the last chunk."""
        called_at = time.monotonic()
        deadline = called_at + timeout
        while True:
            with self._news:
                last = self._history[-1].at if self._history else self.started_at
            now = time.monotonic()
            if now - max(last, called_at) >= seconds or self._closed:
                return last
            if now >= deadline:
                raise Timeout(f"the program did not fall silent in {timeout} s")
            time.sleep(min(seconds, 0.02))

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> float:
        """Return when something outside the screen holds: the moment it was seen."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= deadline:
                raise Timeout(f"waited {timeout} s for {condition!r}")
            time.sleep(0.005)
        return time.monotonic()

    # Acting

    def send(self, keys: str | bytes) -> float:
        """Type `keys`; return when."""
        at = time.monotonic()
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)
        return at

    def _set_size(self, size: tuple[int, int]) -> None:
        width, height = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def resize(self, width: int, height: int, *, garble: bool = False) -> None:
        """Give the window another size; `garble` fills it with junk, as terminals that reflow may do."""
        with self._news:
            self._feed_all()
            self.size = (width, height)
            self.emulator.resize(width, height)
            if garble:
                self.emulator.garble()
        self._set_size((width, height))

    def garble(self) -> None:
        """Fill the screen with junk, as another program's output would."""
        with self._news:
            self._feed_all()
            self.emulator.garble()

    def attributes(self) -> list[object]:
        """Return the line settings (echo, canonical …) of the terminal."""
        return list(termios.tcgetattr(self._master))

    @property
    def echoes(self) -> bool:
        """Whether typed keys are echoed by the line discipline: off while a full-screen program runs."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def hang_up(self) -> None:
        """Close the terminal, as when the connection drops."""
        self._closed = True
        os.write(self._wake_write, b"x")
        self._reader.join(2)
        os.close(self._master)
        self._master = -1

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self.process.pid, number)

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Return the exit code of the program once it has ended (negative: the signal that killed it)."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"the program still ran after {timeout} s; the screen shows:\n{self.text()}") from None
        with self._news:  # what it wrote last is still to be read
            self._news.wait_for(lambda: self._closed or not self._reading.is_set(), 1.0)
        return code

    def close(self) -> None:
        """End the program and the terminal, whatever their state."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(5)
        self._reading.set()
        if self._master >= 0:
            self.hang_up()
        for descriptor in (self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Costs

    def cpu_seconds(self) -> float:
        """Return the processor time that the program has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        """Return the resident memory of the program in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def catches(self, number: int) -> bool:
        """Tell whether the program has a handler of its own for a signal."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        return bool(caught >> (number - 1) & 1) and b"python" in Path(f"/proc/{self.process.pid}/cmdline").read_bytes()

    def state(self) -> str:
        """Return the state of the process: R running, S sleeping, T stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def terminal_environment(**changes: str | None) -> dict[str, str]:
    """Return the environment of an ordinary modern terminal; None removes a variable."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key in {"PATH", "HOME", "TMPDIR"} or key.startswith("COVERAGE")
    }
    environment |= {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SOURCE),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    for key, value in changes.items():
        if value is None:
            environment.pop(key, None)
        else:
            environment[key] = value
    return environment
