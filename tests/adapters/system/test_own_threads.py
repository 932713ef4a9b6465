"""A place that never answers costs one thread, and neither other work nor the end of a program."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count

import pytest

from modeltui.adapters.system.own_threads import answered

NAME = "modeltui-own"
_numbers = count()


class Share:
    """A disk that hangs until it is told to go on."""

    def __init__(self) -> None:
        self.place = f"share {next(_numbers)}"
        self.go_on = threading.Event()
        self.asked = 0

    def look(self) -> str:
        """Return something, some time."""
        self.asked += 1
        assert self.go_on.wait(20.0)
        return "there"

    @staticmethod
    def waiting() -> int:
        """Return how many threads hang in it."""
        return sum(thread.name == NAME for thread in threading.enumerate())

    async def left_by(self, one: asyncio.Future[str]) -> None:
        """Have somebody leave who has asked."""
        for _ in range(2_000):
            if self.asked:
                break
            await asyncio.sleep(0.001)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one

    async def is_free(self) -> bool:
        """Return whether all have come back, waiting for them a little."""
        self.go_on.set()
        for _ in range(2_000):
            if not self.waiting():
                return True
            await asyncio.sleep(0.001)
        return False


@pytest.fixture
def share() -> Iterator[Share]:
    """One that goes on when the test is over."""
    one = Share()
    yield one
    one.go_on.set()


async def test_what_is_found_and_what_fails_comes_back() -> None:
    """A place that answers is not noticed: its answer arrives, and so does its refusal."""
    assert await answered("here", 5.0, "a".join, ["b", "c"]) == "bac"
    with pytest.raises(FileNotFoundError):
        await answered("here", 5.0, open, "/nowhere/at/all")


async def test_a_refusal_that_is_itself_about_time_is_no_silence() -> None:
    """A lock that others keep is an answer: the place is asked again the next time."""

    def busy() -> None:
        raise TimeoutError("others keep it")

    for _ in range(2):
        with pytest.raises(TimeoutError, match="others keep it"):
            await answered("busy", 5.0, busy)


async def test_a_place_that_hangs_costs_one_thread(share: Share) -> None:
    """Forty questions about a share that is gone: the first waits its time, the others are told at once."""
    with pytest.raises(TimeoutError, match="within"):
        await answered(share.place, 0.05, share.look)
    for _ in range(40):
        with pytest.raises(TimeoutError, match="earlier question"):
            await answered(share.place, 60.0, share.look)
    assert share.asked == share.waiting() == 1
    assert await answered("another", 5.0, len, "abc") == 3


async def test_a_place_that_comes_back_is_asked_again(share: Share) -> None:
    """The share is mounted again: what waited there comes back, and the next question gets its answer."""
    with pytest.raises(TimeoutError):
        await answered(share.place, 0.05, share.look)
    assert await share.is_free()
    assert await answered(share.place, 5.0, share.look) == "there"


async def test_who_leaves_early_makes_nobody_else_wait(share: Share) -> None:
    """Somebody turns to another page while a question is under way in good time: the next question is asked as ever."""
    one = asyncio.ensure_future(answered(share.place, 60.0, share.look))
    await share.left_by(one)
    assert await answered(share.place, 60.0, len, "abc") == 3


async def test_who_left_early_hides_no_place_that_hangs(share: Share) -> None:
    """What somebody did not wait for counts as silent when its own time is over."""
    one = asyncio.ensure_future(answered(share.place, 0.05, share.look))
    await share.left_by(one)
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.1)
    with pytest.raises(TimeoutError, match="earlier question"):
        await answered(share.place, 60.0, share.look)


@pytest.mark.broad
def test_a_program_ends_although_a_place_hangs() -> None:
    """Something hangs for good: the program says what it knows and ends with its code."""
    program = (
        "import asyncio, sys, threading\n"
        "from modeltui.adapters.system.own_threads import answered\n"
        "async def main():\n"
        "    try:\n"
        "        await answered('gone', 0.1, threading.Event().wait)\n"
        "    except TimeoutError:\n"
        "        return 3\n"
        "sys.exit(asyncio.run(main()))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=30).returncode == 3
