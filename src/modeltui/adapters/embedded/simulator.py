"""Keeps a world moving: a tick every two seconds, as long as it is let.

    python -m modeltui.adapters.embedded.simulator WORLD [--seed N] [--speed X]

runs apart from everything that looks at the world, and makes the world first where there is none.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from modeltui.adapters.embedded.world import TICK_SECONDS, World, create_world, open_world
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import ModeltuiError
from modeltui.ports.clock import Clock

DEFAULT_SEED = 7


async def run(world: World, clock: Clock, *, speed: float = 1.0, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Append a tick every `TICK_SECONDS`, until cancelled or until `goes_on` says no.

    `speed` tells the story faster: faults come and grow earlier; requests per second stay as they are, so that every
    reader's clock and window still fit. One tick costs some milliseconds on the loop. Ticks missed while the machine
    slept are not made up for.
    """
    due = clock.boottime()
    while goes_on():
        world.append(clock.now(), speed=speed)
        due = max(due + TICK_SECONDS, clock.boottime())
        await clock.sleep(due - clock.boottime())


def main(arguments: list[str] | None = None) -> int:
    """Run a simulator until it is told to end, or its parent has gone; return the exit code."""
    parser = argparse.ArgumentParser(prog="modeltui-world", description="Keep a simulated world moving.")
    parser.add_argument("world", type=Path, help="the world file; made when there is none")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same world")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the story is told")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent process does")
    options = parser.parse_args(arguments)
    clock = SystemClock()
    try:
        if not options.world.exists():
            create_world(options.world, options.seed, clock.now())
        with open_world(options.world) as world:
            asyncio.run(_until_told(world, clock, options.speed, with_parent=options.with_parent))
    except ModeltuiError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


async def _until_told(world: World, clock: Clock, speed: float, *, with_parent: bool) -> None:
    parent = os.getppid()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)

    async def running() -> None:
        await run(world, clock, speed=speed, goes_on=lambda: not with_parent or os.getppid() == parent)
        ended.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(running())
        await ended.wait()
        task.cancel()


if __name__ == "__main__":
    sys.exit(main())
