"""Nobody changes production by accident: random keys, pastes and mouse, on the real program in a real terminal."""

from __future__ import annotations

import json
import os
import random
import re
import select
import sqlite3
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path

import pytest
from tests.emulator import Emulator
from tests.terminal import terminal_environment
from tests.tui.story_world import PROGRAM, RunningWorld, running_world

pytestmark = [pytest.mark.terminal, pytest.mark.broad]

SEQUENCES = int(os.environ.get("MODELTUI_ACCIDENTS", "1000"))
"""As many as a run of all checks has time for; each has another seed; MODELTUI_ACCIDENTS=10000 is the whole."""
PROCESSES = 2
BATCH = 50
"""Sequences in one write: the program answers keys faster than a pseudo-terminal is handed back and forth."""
READ_EVERY = 2
"""In every so many batches a guard is opened, waited for until it is armed, and then stormed."""
SIZES = ((80, 24), (120, 36), (200, 50), (60, 16))

ENOUGH = 4000
"""From so many sequences on each kind of guard has been armed, but for one run in thousands."""

ESC, SYNC = b"\x1b\x1b", b"\x0c"
REPAINTED = b"\x1b[?7l\x1b[?25l\x1b[m"
"""What the program sends for ctrl+l and for nothing else: all keys before it have been dealt with."""
ASKED = re.compile(rb"\x1b\[(\d+);(\d+)H\x1b\[6n")

FOUND = b"1/fraud-detector prod-hk\r"
"""Puts the cursor on the target of the simulated world on which every action is possible."""
SCREENS: dict[str, bytes] = {
    "fleet": b"1",
    "target": b"1\r",
    "chart": b"1\rf",
    "skew": b"16",
    "journal": b"15",
    "record": b"15\r",
    "help": b"1?",
    "sources": b"1s",
    "why": b"1w",
    "compare": b"1d",
    "compare, all of it": b"1da",
    "lineage": b"14",
    "filter": b"1/",
    "palette": b"1:",
    "contexts": b"1c",
    "as of": b"15t",
    "rollback-to": FOUND + b":rollback-to\r",
    "weights": FOUND + b":weights\r",
    "promote": FOUND + b":promote\r",
    "abort": FOUND + b"A",
    "rollback": FOUND + b"R",
}
"""Where a sequence begins, and the keys that lead there."""
SHOWN: dict[str, str] = {
    "fleet": "LIVE",
    "target": "DESIRED",
    "chart": "esc back",
    "skew": "SKEW",
    "journal": "chain",
    "record": "before ",
    "help": "Keys",
    "sources": "metrics",
    "why": "error_rate",
    "compare": " A ",
    "compare, all of it": " A ",
    "lineage": "serves",
    "filter": "enter keep",
    "palette": "what to do, or where to go",
    "contexts": "enter go there",
    "as of": "what served at",
    "rollback-to": "back to which version",
    "weights": "gets the rest",
    "promote": "Promote",
    "abort": "Abort the rollout",
    "rollback": "Roll back",
}
"""What each of them shows: each is looked at in every process before it is stormed."""
KEYS = [bytes([code]) for code in range(0x20, 0x7F) if code not in b"qu"]  # q leaves, u locks: each has its place below
LIKELY = [*b"AR", *b"AR12.301", *b"\r\r \t\x7f", *b"abdhmnpvxz", *b"yYnN/:?5wj"]
"""What a tired hand finds: the keys of the actions, digits of versions, Enter, letters that guards ask for."""
GUARDS = {"abort": b"A", "rollback": b"R", "rollback-to": b":rollback-to\r\r", "promote": b":promote\r"}
"""Each kind of guard, and what opens it."""
SPECIAL = [
    *(b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F", b"\x1b[3~"),
    *(b"\x1bOP", b"\x1b[15~", b"\x1b[Z", b"\r", b"\t", b"\x7f", b"\x01", b"\x05", b"\x0b", b"\x10", b"\x15", b"\x17"),
    *(b"\x1b[1;5A", b"\x1b[1;2B", b"\x1bx", b"\x1b[I", b"\x1b[3;7R", b"\x1b[1;1R"),
]
PROSE = (
    "see rollback doc\n",
    "Roll it back to 2.3.1 NOW please\n\n2.3.1\n",
    "A\nR\n2.3.1\nx\ny\nyes\n",
    "kubectl argo rollouts abort fraud-detector && modeltui rollback fraud-detector@prod-hk --to 2.3.1\n",
    "prod-hk/fraud-detector@2.3.1\nbecause of errors\n",
    "> A: abort? R: rollback?\n> y\n",
    'Traceback (most recent call last):\n  File "x.py", line 1\n\tR A u\x7f\n',
)


@dataclass
class Harness:
    """One program in a pseudo-terminal that only answers what it is asked: cheaper than a terminal that remembers."""

    command: list[str]
    size: tuple[int, int]
    env: dict[str, str]
    answered: int = 0
    starts: int = 0
    _tail: bytes = b""
    _seen: bytes = b""
    _news: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Start the program, and wait until its list is there."""
        self._master, slave = os.openpty()
        width, height = self.size
        ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.process = subprocess.Popen(
            self.command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self.env,
            start_new_session=True,
            preexec_fn=lambda: ioctl(slave, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one system call
        )
        os.close(slave)
        self.starts += 1
        self._seen = self._tail = b""
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()
        assert self._wait(lambda: b"WRITES" in self._seen and b" ON " in self._seen, 60.0), self._seen[-600:]

    def _read_on(self) -> None:
        while True:
            try:
                select.select([self._master], [], [], 1.0)
                data = os.read(self._master, 65536)
            except (OSError, ValueError):
                data = b""
            if not data:
                with self._news:
                    self._news.notify_all()
                return
            window = self._tail + data
            end = 0
            for asked in ASKED.finditer(window):
                end = asked.end()
                self.answered += 1
                self._write(b"\x1b[%s;%sR" % asked.groups())
            if b"\x1b[?2026$p" in data:
                self._write(b"\x1b[?2026;2$y")
            self._tail = window[max(end, len(window) - 40) :]
            with self._news:
                self._seen = (self._seen + data)[-200_000:]
                self._news.notify_all()

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._master, data) :]
        except OSError:
            return  # it has ended: noticed by who waits

    def _wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Return whether something came in time, and before the program ended."""
        deadline = time.monotonic() + seconds
        with self._news:
            while not holds():
                if self.process.poll() is not None:
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._news.wait(min(left, 0.25))
        return True

    def send(self, data: bytes) -> bool:
        """Send keys, then wait until all of them have been dealt with; False when the program ended over them."""
        self._write(data + ESC)
        time.sleep(0.15)  # an escape key by itself is known as one after a tenth of a second
        with self._news:
            self._seen = b""
        self._write(b"\x1b")
        time.sleep(0.15)
        self._write(b"1")
        for _ in range(20):
            self._write(SYNC)  # again, for it is left out of a frame that has to wait
            if self._wait(lambda: REPAINTED in self._seen, 3.0):
                return True
            if self.process.poll() is not None:
                return False
        raise AssertionError(f"the keys were not dealt with within a minute; last sent: {self._seen[-600:]!r}")

    def shows(self, keys: bytes, words: str) -> bool:
        """Tell whether these keys lead to a screen with these words."""
        screen = Emulator(*self.size)
        for _ in range(8):
            self.type(ESC)
            time.sleep(0.3)
            with self._news:
                self._seen = b""
            self.type(SYNC)  # from here on everything is seen: a guard takes this key for itself
            time.sleep(0.3)
            self.type(keys)
            time.sleep(0.7)
            self.type(SYNC)
            time.sleep(0.2)
            screen = Emulator(*self.size)
            with self._news:
                screen.feed(self._seen)
            if any(words in row for row in screen.rows()):
                return True
        raise AssertionError(f"{keys!r} did not lead to {words!r}:\n" + "\n".join(screen.rows()))

    def type(self, data: bytes) -> None:
        """Send keys and wait for nothing."""
        self._write(data)

    def wait_asked(self, before: int) -> bool:
        """Wait until the terminal was asked whether it shows a guard; tell whether it was."""
        deadline = time.monotonic() + 10.0
        with self._news:
            while self.answered == before and time.monotonic() < deadline and self.process.poll() is None:
                self._news.wait(0.1)
        return self.answered > before

    def end(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._master)
        self._reader.join(5)


def random_sequence(chance: random.Random, size: tuple[int, int]) -> bytes:
    """Return three to six events: keys, pastes with and without brackets, mouse."""
    return b"".join(_event(chance, size) for _ in range(chance.randint(3, 6)))


def _event(chance: random.Random, size: tuple[int, int]) -> bytes:
    roll = chance.random()
    if roll < 0.45:
        return bytes([chance.choice(LIKELY)])
    if roll < 0.70:
        return chance.choice(KEYS)
    if roll < 0.82:
        return chance.choice(SPECIAL)
    if roll < 0.88:
        return bytes([chance.choice(LIKELY)]) * chance.randint(3, 12)  # a key held down
    if roll < 0.93:
        x, y, button = chance.randint(1, size[0]), chance.randint(1, size[1]), chance.choice((0, 1, 2, 35, 64, 65))
        return b"\x1b[<%d;%d;%dM\x1b[<%d;%d;%dm" % (button, x, y, button, x, y)
    prose = chance.choice(PROSE).encode()
    if roll < 0.98:
        return b"\x1b[200~" + prose + b"\x1b[201~"
    return prose.replace(b"q", b"k").replace(b"u", b"v")[: chance.randint(4, 40)]


@dataclass
class Evidence:
    """What would have changed, had anything been written."""

    directory: Path

    def revisions(self) -> dict[str, int]:
        """Return the revision of every target of the world."""
        with closing(sqlite3.connect(self.directory / "world.sqlite")) as world:
            rows = world.execute("SELECT model || '@' || environment, revision FROM targets").fetchall()
        return dict(rows)

    def writes(self) -> int:
        """Return how many writes the world remembers."""
        with closing(sqlite3.connect(self.directory / "world.sqlite")) as world:
            try:
                return int(world.execute("SELECT count(*) FROM writes").fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # the table is made by the first writer

    def are_locked(self) -> bool:
        """Tell whether somebody locked the writes last: by accident, and so the rest would prove nothing."""
        switched = [kind for kind in self.kinds() if kind.startswith("writes.")]
        return switched[-1:] == ["writes.locked"]

    def kinds(self) -> list[str]:
        """Return the kind of every record, in order."""
        found = []
        for file in sorted(self.directory.glob("journal/**/*.jsonl")):
            found += re.findall(r'"kind":"([a-z-]+\.[a-z-]+)"', file.read_text())
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    """A world at its own pace: nothing in it is rolled on by itself within these minutes."""
    with running_world(tmp_path_factory.mktemp("world"), speed=1.0) as running:
        yield running


def surroundings(home: Path) -> dict[str, str]:
    """Return an environment of its own."""
    home.mkdir()
    (home / "run").mkdir(mode=0o700)
    named = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "CACHE", "STATE", "DATA")}
    return terminal_environment(HOME=str(home), XDG_RUNTIME_DIR=str(home / "run"), **named)


def storm(world: RunningWorld, home: Path, place: int, count: int, seed: int) -> dict[str, int]:
    """Run `count` sequences through one program after the other; return what was done."""
    chance = random.Random(seed)
    size = SIZES[place % len(SIZES)]
    harness = Harness([*PROGRAM, "--config", str(world.config)], size, surroundings(home))
    evidence = Evidence(world.directory)
    done = {"sequences": 0, "starts": 0, "screens": 0} | {f"armed: {kind}": 0 for kind in GUARDS}
    harness.start()
    harness.type(FOUND)
    for name in sorted(SCREENS, key=lambda name: name == "record"):  # last: by then there is one
        done["screens"] += harness.shows(SCREENS[name], SHOWN[name])
    names = list(SCREENS)
    try:
        batch_number = 0
        while done["sequences"] < count:
            batch_number += 1
            # An escape and the key right behind it come as one: the first 1 is eaten.
            sequences = [
                ESC + b"1" + SCREENS[names[(done["sequences"] + place) % len(names)]] + random_sequence(chance, size)
                for place in range(min(BATCH, count - done["sequences"]))
            ]
            if chance.random() < 0.05:
                sequences.append(ESC + b"1uu" + random_sequence(chance, size))  # locked, and asked why to unlock
            if chance.random() < 0.01:
                sequences.append(b"q")
            alive = harness.send(b"".join(sequences))
            done["sequences"] += sum(not sequence.startswith(b"q") for sequence in sequences)
            if alive and evidence.are_locked():
                alive = harness.send(b"1uaccidents are tried here\r")
            if alive and batch_number % READ_EVERY == 0:
                alive = _storm_armed(harness, chance, size, done)
            if not alive or batch_number % 40 == 0:
                harness.end()
                harness.size = size = SIZES[(place + harness.starts) % len(SIZES)]
                harness.start()
    finally:
        done["starts"] = harness.starts
        harness.end()
    return done


def _storm_armed(harness: Harness, chance: random.Random, size: tuple[int, int], done: dict[str, int]) -> bool:
    """Open a guard, let it be armed, and only then storm it: at once, and with pauses as a person makes them."""
    before = harness.answered
    kind = chance.choice(list(GUARDS))
    harness.type(FOUND + GUARDS[kind])
    if harness.wait_asked(before):
        done[f"armed: {kind}"] += 1
        time.sleep(0.5)  # the dead time
        for _ in range(3):
            harness.type(random_sequence(chance, size).replace(b"q", b""))
            time.sleep(0.12)
    return harness.send(b"")


@pytest.mark.timeout(1800)
def test_accidents_write_nothing(world: RunningWorld, tmp_path: Path, measured: Callable[[str], None]) -> None:
    """Whatever is typed, pasted or clicked without reading, from every screen: nothing is written; on purpose it is."""
    seed = random.SystemRandom().randrange(2**32)
    evidence = Evidence(world.directory)
    before = evidence.revisions()
    started = time.monotonic()
    share = [SEQUENCES // PROCESSES] * PROCESSES
    share[0] += SEQUENCES - sum(share)
    with ThreadPoolExecutor(PROCESSES) as pool:
        runs = [
            pool.submit(storm, world, tmp_path / f"home{place}", place, count, seed + place)
            for place, count in enumerate(share)
        ]
        done = [run.result() for run in runs]
    total = {key: sum(one[key] for one in done) for key in done[0]}
    kinds = evidence.kinds()
    says = f"seed {seed}: {total}, {time.monotonic() - started:.0f} s; records: {_counted(kinds)}"
    measured(says)
    assert "action.intent" not in kinds, says
    assert evidence.writes() == 0, says
    assert evidence.revisions() == before, says
    assert total["sequences"] >= SEQUENCES, says
    assert total["screens"] == len(SCREENS) * PROCESSES, says
    armed = [total[f"armed: {kind}"] for kind in GUARDS]
    assert all(armed) if SEQUENCES >= ENOUGH else any(armed), says
    _write_on_purpose(world, tmp_path / "purpose", evidence, before)


def _counted(kinds: list[str]) -> str:
    return json.dumps({kind: kinds.count(kind) for kind in sorted(set(kinds))})


def _write_on_purpose(world: RunningWorld, home: Path, evidence: Evidence, before: dict[str, int]) -> None:
    """Prove that a write would have been seen: read the guard, and do what it says."""
    with world.open(size=(120, 36), env=surroundings(home)) as terminal:
        terminal.wait_for(lambda rows: "WRITES ON" in rows[0], 30.0)
        terminal.send("/fraud prod-hk\r")
        terminal.wait_for(lambda rows: "fraud-detector" in rows[2] and "A abort" in rows[-1], 20.0)
        terminal.send("A")
        terminal.wait_for(" armed ", 20.0)
        letter = next(found[1] for row in terminal.lines() if (found := re.search(r"Press \[ (\w) \]", row)))
        terminal.send(letter)
        terminal.wait_until(lambda: "action.intent" in evidence.kinds(), 20.0)
        terminal.wait_until(lambda: evidence.writes() == 1, 20.0)
    assert evidence.revisions() != before
