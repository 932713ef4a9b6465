"""An observer that runs in the background of a test, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modeltui.engine.observer import Observer
from modeltui.testing.clock import VirtualClock


@asynccontextmanager
async def running(observer: Observer, clock: VirtualClock) -> AsyncIterator[None]:
    """Run `observer`; its time passes when the test advances the clock. Its own errors end the test."""
    task = asyncio.ensure_future(observer.run())
    try:
        await clock.settle()
        yield
        assert not task.done() or task.exception() is None
        assert not task.done(), "the observer ended by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
