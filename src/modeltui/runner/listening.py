"""Waits for GO; the end of the pipe and SIGTERM mean no, until GO was read, and nothing after it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from modeltui.domain.acting.action import Consent, Reason
from modeltui.runner.log import Log
from modeltui.runner.pipes import Orders

ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)
_MOST_WRONG_LINES: Final = 100


class Listener:
    """The one reader of the orders."""

    def __init__(self, orders: Orders, log: Log, write_down: Callable[[Reason], Awaitable[None]]) -> None:
        self._orders = orders
        self._log = log
        self._write_down = write_down
        self._consent: asyncio.Future[Consent | None] = asyncio.get_running_loop().create_future()
        self._stop: Callable[[], object] | None = None

    async def consent(self) -> Consent | None:
        """Return the consent that came with GO; `None` when nobody will say it any more."""
        return await asyncio.shield(self._consent)

    async def listen(self) -> None:
        """Take orders until the pipe ends."""
        wrong = 0
        while wrong < _MOST_WRONG_LINES:
            try:
                order = await self._orders.order()
            except ValueError as error:
                wrong += 1
                self._log.write(f"not an order: {error}")
                continue
            if order is None:
                break
            if isinstance(order, Consent):
                self._decide(order)
            elif self._has_go():
                await self._write_down(order)
        self._decide(None)

    def may_be_stopped(self, stop: Callable[[], object]) -> None:
        """From now on SIGTERM calls `stop`: the outcome is written, and what follows may be left to others."""
        self._stop = stop

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for no before GO, for nothing until the outcome, and for the end after it."""
        loop = asyncio.get_running_loop()
        for number in ENDINGS:
            loop.add_signal_handler(number, self._end, number)
        try:
            yield
        finally:
            for number in ENDINGS:
                loop.remove_signal_handler(number)

    def _end(self, number: signal.Signals) -> None:
        if self._stop is not None:
            self._log.write(f"{number.name}: the outcome is written; leaving")
            self._stop()
        elif self._has_go():
            self._log.write(f"{number.name} after GO: seeing it through first")
        else:
            self._decide(None)

    def _has_go(self) -> bool:
        return self._consent.done() and self._consent.result() is not None

    def _decide(self, consent: Consent | None) -> None:
        if not self._consent.done():
            self._consent.set_result(consent)
