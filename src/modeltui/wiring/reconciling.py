"""Puts together what finds out about actions that no outcome was written for; one process at a time does it."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from modeltui import plugins
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import Refusal
from modeltui.domain.names import Missing, SourceName, TargetKey, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.engine.acting.notices import Notices
from modeltui.engine.acting.reconciler import ReadAt, ReadBack, Reconciler
from modeltui.engine.observer import Observer
from modeltui.ports.notifier import Notifier
from modeltui.wiring.observing import open_observer
from modeltui.wiring.processes import is_process_gone
from modeltui.wiring.records import open_records
from modeltui.wiring.running import deadlines_of
from modeltui.wiring.writing import WritableSource, writable_sources


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What finds out, and what tells people elsewhere what was found out or left untold."""

    reconciler: Reconciler
    notices: Notices
    notifier: Notifier


@asynccontextmanager
async def open_reconciling(loaded: Loaded) -> AsyncIterator[Reconciling | None]:
    """Give a reconciler over every source that can be written to; `None` while another process has one.

    Writers are opened for what they read; by its type, the reconciler knows no other half of them.
    """
    clock, secrets = SystemClock(), SecretStore()
    with _only_one(loaded) as is_free:
        if not is_free:
            yield None
            return
        async with AsyncExitStack() as stack:
            records = await open_records(loaded, clock, secrets, stack)
            observer = await stack.enter_async_context(
                open_observer(loaded, clock=clock, secrets=secrets, start_from_cache=False)
            )
            sources = await asyncio.to_thread(lambda: dict(writable_sources(loaded, clock, secrets)))
            readers: dict[SourceName, tuple[WritableSource, ReadBack]] = {}
            for name, source in sources.items():
                if not isinstance(source, Refusal):
                    connect = plugins.connect_writer(source.writing)
                    writer = connect(source.options, source.surroundings, source.policy)
                    readers[name] = source, await stack.enter_async_context(writer)
            await observer.poll_now()
            actor, deadlines = await records.identity.actor(), deadlines_of(loaded)
            notices = Notices(records.notifier, records.journal, actor, clock, deadlines)
            reconciler = Reconciler(
                backend=lambda target, source: _reader_of(target, source, observer, readers),
                journal=records.journal,
                leases=records.leases,
                actor=actor,
                reader=observer,
                clock=clock,
                deadlines=deadlines,
                notices=notices,
                is_gone=is_process_gone,
            )
            yield Reconciling(reconciler, notices, records.notifier)


def _reader_of(
    target: TargetKey,
    source: SourceName | Unknown,
    observer: Observer,
    readers: dict[SourceName, tuple[WritableSource, ReadBack]],
) -> ReadAt | None:
    """Return the source that it was written through, or the target's own where that has another name now."""
    known = observer.fleet.targets.get(target)
    found = None if isinstance(source, Missing) else readers.get(source)
    if found is None and known is not None and isinstance(known.rollout, Rollout):
        found = readers.get(known.rollout.source)
    return None if found is None else ReadAt(found[0].writes_to(target), found[1])


@contextmanager
def _only_one(loaded: Loaded) -> Iterator[bool]:
    """Give whether this process is the only one that looks; the system lets go of the lock with the process."""
    directory = paths.make_private(paths.acting_dir(loaded.file, loaded.context_name))
    descriptor = os.open(f"{directory}/reconciling", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
