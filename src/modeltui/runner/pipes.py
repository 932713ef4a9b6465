"""The two pipes of the actor process: orders come in, phases go out, and neither may ever hold up an action."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from contextlib import suppress
from typing import Final

from modeltui.domain.acting.action import Consent
from modeltui.domain.acting.outcome import Phase, Progress
from modeltui.domain.acting.runner_lines import MOST_BYTES, Order, progress_line, read_order
from modeltui.domain.errors import ConfigError

MOST_WAITING_LINES: Final = 200
"""A reader that is this far behind hears no more of what is waited for; every other phase is kept for it."""
FAREWELL_SECONDS: Final = 1.0
"""How long a slow reader may take for the last lines."""
_END_OF_INPUT: Final = b""


class Orders:
    """What comes in: the plan, then orders."""

    def __init__(self) -> None:
        self._reader = asyncio.StreamReader(limit=MOST_BYTES)
        self._transport: asyncio.ReadTransport | None = None
        self.has_go = False
        """Somebody said GO."""

    async def open(self) -> None:
        """Begin to listen; raise `ConfigError` when nobody speaks through a pipe."""
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._reader)
        try:
            self._transport, _ = await loop.connect_read_pipe(lambda: protocol, sys.stdin)
        except (ValueError, OSError) as error:
            raise ConfigError("the actor process takes its plan through a pipe", "use `modeltui apply`") from error

    async def line(self) -> str | None:
        """Return the next whole line; `None` when whoever spoke is gone. Raises `ValueError` for what is no line."""
        try:
            raw = await self._reader.readline()
        except (ConnectionError, OSError):
            return None
        # Half a line is what a speaker that died leaves behind: it is not what it was going to say.
        return raw.decode() if raw.endswith(b"\n") else None

    async def order(self) -> Order | None:
        """Return the next order; `None` when whoever spoke is gone. Raises `ValueError` for what is none."""
        line = await self.line()
        order = None if line is None else read_order(line)
        self.has_go = self.has_go or isinstance(order, Consent)
        return order

    def close(self) -> None:
        """Listen no more."""
        if self._transport is not None:
            self._transport.close()


class Teller:
    """What goes out: never waits for a reader, never fails without one."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._rest = _END_OF_INPUT
        self._is_waiting = False
        self._is_gone = False
        self._drained = asyncio.Event()
        os.set_blocking(descriptor, False)

    def tell(self, progress: Progress) -> None:
        """Say a phase as soon as the pipe takes it."""
        if self._is_gone or (progress.phase is Phase.WAITING and len(self._lines) >= MOST_WAITING_LINES):
            return
        self._lines.append(progress_line(progress).encode())
        self._flush()

    async def drain(self) -> None:
        """Return when everything was said, or the reader has had its time."""
        self._flush()
        if not self._is_waiting:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._drained.wait()

    def _flush(self) -> None:
        try:
            while self._rest or self._lines:
                self._rest = self._rest or self._lines.popleft()
                self._rest = self._rest[os.write(self._descriptor, self._rest) :]
        except BlockingIOError:
            self._wait(True)
            return
        except OSError:  # nobody reads any more
            self._is_gone = True
            self._lines.clear()
            self._rest = _END_OF_INPUT
        self._wait(False)

    def _wait(self, is_full: bool) -> None:
        if is_full == self._is_waiting:
            return
        self._is_waiting = is_full
        loop = asyncio.get_running_loop()
        if is_full:
            self._drained.clear()
            loop.add_writer(self._descriptor, self._flush)
        else:
            loop.remove_writer(self._descriptor)
            self._drained.set()
