"""The journal's own disk hangs: nothing else does."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal import journal as module
from modeltui.adapters.journal.segments import Segment, segments_of
from modeltui.ports.journal import Query
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import Unsynced, entry


async def test_readers_of_a_hung_disk_take_no_thread_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen asks the hung journal forty times and gives up: names are still looked up, and later it reads again."""
    one = JsonlJournal(tmp_path, VirtualClock(), files=Unsynced())
    await one.append(entry())
    go_on = threading.Event()
    asked = []

    def hung(directory: Path) -> list[Segment]:
        asked.append(directory)
        assert go_on.wait(20.0)
        return segments_of(directory)

    monkeypatch.setattr(module, "segments_of", hung)
    try:
        for _ in range(40):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await one.read(Query())
        assert len(asked) < 10
        async with asyncio.timeout(2.0):
            assert await asyncio.to_thread(len, "abc") == 3
    finally:
        go_on.set()
    async with asyncio.timeout(5.0):
        assert len(await one.read(Query())) == 2


_PROGRAM = """
import asyncio, sys, threading
from pathlib import Path
from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal.files import Files
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import JournalUnavailable
from modeltui.engine.acting.asking import in_time
from tests.adapters.journal.stage import entry

class Hung(Files):
    def sync(self, descriptor):
        threading.Event().wait()

async def main():
    clock = SystemClock()
    one = JsonlJournal(Path(sys.argv[1]), clock, files=Hung())
    try:
        await in_time(clock, 0.1, one.append(entry()))
    except JournalUnavailable:
        return 4
sys.exit(asyncio.run(main()))
"""


@pytest.mark.broad
async def test_a_program_ends_although_the_disk_never_takes_its_record(tmp_path: Path) -> None:
    """An append hangs in its disk: who was told that nobody knows ends with the code of that."""
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM, str(tmp_path))
    try:
        async with asyncio.timeout(20.0):
            assert await program.wait() == 4
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
