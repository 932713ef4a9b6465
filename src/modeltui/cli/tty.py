"""The operator's terminal while a guard stands: keys one by one, nothing echoed, pastes told from typing."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from modeltui.cli.tty_keys import Acknowledged, Arrival, KeyReader

ESC_SECONDS = 0.05
"""An Esc that nothing follows for so long is the key."""
_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_WHERE_IS_THE_CURSOR = b"\x1b[6n"
_INPUT, _OUTPUT, _LOCAL, _SPECIAL = 0, 1, 3, 6


class Tty:
    """`/dev/tty`, ready to be asked on. Use it inside the context of `open_tty`, from one event loop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._keys = KeyReader()
        self._asked: deque[int] = deque()
        self._shown = 0

    @property
    def width(self) -> int:
        """Columns, at least 40."""
        with suppress(OSError):
            return max(os.get_terminal_size(self._descriptor).columns, 40)
        return 80

    def write(self, text: str) -> None:
        """Write to the terminal; a terminal that is gone is no error here."""
        with suppress(OSError):
            data = text.replace("\n", "\r\n").encode("utf-8", "replace")
            while data:
                data = data[os.write(self._descriptor, data) :]

    def ask(self, lines: list[str], prompt: int) -> None:
        """Show a question in place of the one before, and have the terminal say when it is shown."""
        self.show(lines)
        self._asked.append(prompt)
        with suppress(OSError):
            os.write(self._descriptor, _WHERE_IS_THE_CURSOR)

    def show(self, lines: list[str]) -> None:
        """Show lines in place of those that were shown before."""
        up = f"\x1b[{self._shown}A" if self._shown else ""
        self.write(f"{up}\r\x1b[J" + "".join(f"{line}\n" for line in lines))
        self._shown = len(lines)

    def leave_shown(self) -> None:
        """Let what is shown stand; what comes goes below it."""
        self._shown = 0

    @contextmanager
    def listening(self, take: Callable[[Arrival, int], None]) -> Iterator[None]:
        """Give every arrival to `take`, with the prompt that an acknowledgement is for (else 0)."""
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.TimerHandle] = []

        def give(arrivals: list[Arrival]) -> None:
            for arrival in arrivals:
                if isinstance(arrival, Acknowledged):
                    if self._asked:
                        take(arrival, self._asked.popleft())
                else:
                    take(arrival, 0)

        def readable() -> None:
            for timer in waiting:
                timer.cancel()
            waiting.clear()
            try:
                data = os.read(self._descriptor, 4096)
            except OSError:
                data = b""
            if not data:
                loop.remove_reader(self._descriptor)
                return
            give(self._keys.feed(data))
            if self._keys.waits:
                waiting.append(loop.call_later(ESC_SECONDS, lambda: give(self._keys.flush())))

        loop.add_reader(self._descriptor, readable)
        try:
            yield
        finally:
            loop.remove_reader(self._descriptor)
            for timer in waiting:
                timer.cancel()


@contextmanager
def open_tty() -> Iterator[Tty | None]:
    """Give the controlling terminal with keys one by one, and give it back as it was; `None` where there is none."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        os.close(descriptor)
        yield None
        return

    def give_back() -> None:
        with suppress(OSError, termios.error):
            os.write(descriptor, _PASTE_OFF)
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)

    try:
        with _given_back_on_signals(give_back):
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, _one_by_one(before))  # what was typed before is dropped
            os.write(descriptor, _PASTE_ON)
            yield Tty(descriptor)
    finally:
        give_back()
        os.close(descriptor)


@contextmanager
def _given_back_on_signals(give_back: Callable[[], None]) -> Iterator[None]:
    """Let a signal that ends the program end it on a terminal that echoes again."""

    def end(number: int, _frame: object) -> None:
        give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    held = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in held:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, signal.SIG_DFL)


def _one_by_one(before: list[int | list[bytes | int]]) -> list[int | list[bytes | int]]:
    """Return settings without echo and lines. Ctrl+C goes on interrupting; ctrl+Z and ctrl+\\ would leave a guard half
    open, and the shell behind it without echo.
    """
    changed = list(before)
    local, special = before[_LOCAL], before[_SPECIAL]
    if isinstance(local, int) and isinstance(special, list):
        changed[_LOCAL] = local & ~(termios.ECHO | termios.ICANON)
        characters = list(special)
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        characters[termios.VSUSP] = characters[termios.VQUIT] = b"\0"
        changed[_SPECIAL] = characters
    return changed
