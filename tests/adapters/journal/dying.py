"""A program that appends in children which kill themselves at every call, and checks each time what is left.

python -m tests.adapters.journal.dying DIRECTORY      prints how often it died; fails at the first loss
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from modeltui.adapters.journal.files import Files
from modeltui.domain.journal.record import Record
from modeltui.domain.journal.record_line import parse_line
from tests.adapters.journal.stage import Counting, all_lines, filled, looked_at
from tests.adapters.journal.test_crashes import SCENARIOS, Scenario, first_record


class Dying(Counting):
    """A real disk under a process that is killed before, or in the middle of, a call."""

    def __init__(self, call: int, in_the_middle: bool) -> None:
        super().__init__(self._die)
        self._call = call
        self._in_the_middle = in_the_middle

    def _die(self, number: int, name: str) -> None:
        if number == self._call and not (self._in_the_middle and name == "write"):
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, descriptor: int, line: bytes) -> int:
        """Write half of it before dying."""
        if self.calls == self._call:
            os.write(descriptor, line[: len(line) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return Files.write(self, descriptor, line)

    def sync(self, descriptor: int) -> None:
        """Ask the disk."""
        Files.sync(self, descriptor)

    def sync_directory(self, path: Path) -> None:
        """Ask the disk."""
        Files.sync_directory(self, path)


class Telling(list[Record]):
    """Promises that outlive the process that made them."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def append(self, record: Record) -> None:
        """Tell the parent of a promise."""
        os.write(self._descriptor, json.dumps([record.seq, record.hash]).encode() + b"\n")


def die_in_child(directory: Path, scenario: Scenario, files: Files) -> tuple[list[tuple[int, str]], bool]:
    """Return what the child promised, and whether it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            scenario(directory, files, Telling(write))
        except BaseException:
            os._exit(3)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        promised = [(seq, digest) for seq, digest in map(json.loads, told)]
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"{scenario.__name__} failed in the child")
    return promised, os.WIFSIGNALED(status)


def main() -> None:
    """Die everywhere once."""
    top, deaths = Path(sys.argv[1]), 0
    for scenario in SCENARIOS:
        for in_the_middle in (False, True):
            call, killed = 0, True
            while killed:
                call += 1
                directory = top / f"{scenario.__name__}-{call}-{in_the_middle}"
                directory.mkdir()
                before = [] if scenario is first_record else filled(directory, 3)
                promised, killed = die_in_child(directory, scenario, Dying(call, in_the_middle))
                deaths += killed
                where = directory / "new" if scenario is first_record else directory
                after = filled(where, 2)
                state = looked_at(where)
                there = {record.seq: record.hash for record in map(parse_line, all_lines(where))}
                wanted = [*((one.seq, one.hash) for one in (*before, *after)), *promised]
                if not state.is_whole or any(there.get(seq) != digest for seq, digest in wanted):
                    raise SystemExit(f"{directory}: {state}, promised {promised}")
    print(f"died {deaths} times")


if __name__ == "__main__":
    main()
