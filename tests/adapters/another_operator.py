"""Another operator, in a process of its own: takes leases, or writes records, and prints what came of it.

Run as `python -m tests.adapters.another_operator WHAT WHERE NAME TIMES`; WHERE is a directory or a PostgreSQL URL.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from modeltui.adapters.postgresql import open_shared
from modeltui.adapters.shared_files import FileLeases
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Environment, ModelName, TargetKey
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.ports.leases import Leases
from modeltui.testing.shared_contract import entry_at


def target(name: str) -> TargetKey:
    """Return a target of this name."""
    return TargetKey(ModelName(SafeText(name)), Environment(SafeText("prod")))


@asynccontextmanager
async def leases_in(where: str) -> AsyncIterator[Leases]:
    """Give the leases in a directory or a database."""
    if where.startswith("postgresql://"):
        async with open_shared(Secret(where), SystemClock()) as shared:
            yield shared.leases
    else:
        yield FileLeases(Path(where), SystemClock())


async def take(where: str, name: str, times: int) -> list[Any]:
    """Return who won each target, and then every time that one target was ours: fence, from, until."""
    me = Actor(SafeText(name), Assurance.OS_USER)
    winners, ours = {}, []
    order = Random(name).sample(range(times), times)
    async with leases_in(where) as leases:
        await leases.held()
        wait_for_others()
        for number in order:
            plan = PlanId(SafeText(f"{name}-{number}"))
            lease = await leases.take(target(f"model-{number}"), me, plan, ActionKind.ROLLBACK, breaks_others=False)
            winners[number] = (str(lease.plan_id), lease.fence)
        for number in range(times // 5):
            plan = PlanId(SafeText(f"{name}-again-{number}"))
            lease = await leases.take(target("contended"), me, plan, ActionKind.ROLLBACK, breaks_others=False)
            if lease.plan_id == plan:
                since = time.monotonic_ns()
                ours.append([lease.fence, since, time.monotonic_ns()])
                await leases.release(lease)
    return [sorted(winners.items()), ours]


async def append(where: str, name: str, times: int) -> list[Any]:
    """Return the place of every record that was written, and how long it took."""
    clock = SystemClock()
    places = []
    async with open_shared(Secret(where), clock) as shared:
        await shared.journal.head()
        wait_for_others()
        for number in range(times):
            began = time.monotonic()
            record = await shared.journal.append(entry_at(clock.now(), number))
            places.append([record.seq, record.hash, time.monotonic() - began])
    return [name, places]


def wait_for_others() -> None:
    """Begin when everybody is ready: the parent says so."""
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    what, where, name, times = sys.argv[1:]
    work = take if what == "take" else append
    print(json.dumps(asyncio.run(work(where, name, int(times)))))
