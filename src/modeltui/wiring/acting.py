"""Puts together a session's way to act; where it may only look, says why, and loads nothing that could write.

No writer is opened here: plans go to the actor process, which `wiring/running.py` puts together.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from modeltui.config.load import Loaded
from modeltui.config.schema import Mode
from modeltui.domain.acting.action import Refusal
from modeltui.domain.errors import ConfigError
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.observer import Observer
from modeltui.wiring.observing import open_observer

if TYPE_CHECKING:  # a session that may only look loads none of this
    from modeltui.adapters.system.runner_process import RunnerProcesses
    from modeltui.domain.acting.situation import Timings
    from modeltui.ports.acting import Acting
    from modeltui.ports.clock import Clock
    from modeltui.ports.journal import JournalReader
    from modeltui.wiring.records import Records

_MOST_ENDS = 200
"""So many outcomes are looked through for one that nobody knows."""


@asynccontextmanager
async def open_acting(loaded: Loaded, observer: Observer | None = None) -> AsyncIterator[Acting | Refusal]:
    """Give a way to act in a context, over the live observer of a session or one of its own; or why there is none.

    What earlier actors left open is looked after: a process is started that finds out what became of it.
    """
    refusal = read_only_refusal(loaded)
    if refusal is not None:
        yield refusal
        return
    async with AsyncExitStack() as stack:
        if observer is None:
            observer = await stack.enter_async_context(open_observer(loaded))
        try:
            acting = await _open(loaded, observer, stack)
        except ConfigError as error:
            # A policy that cannot be trusted, a store that cannot be named: looking goes on.
            yield Refusal(safe_text(error.title, 400), safe_text(error.remedy, 400))
            return
        yield acting


def read_only_refusal(loaded: Loaded) -> Refusal | None:
    """Return why nothing can be done in a session that may only look; `None` where it may do more."""
    if loaded.context.mode is not Mode.READ_ONLY:
        return None
    if loaded.origins.get("mode") == "--read-only":
        return Refusal(
            SafeText("--read-only: nothing in this process can write"),
            SafeText("start again without --read-only, if you may"),
        )
    return Refusal(
        safe_text(f"context {loaded.context_name} is read-only: nothing in this process can write"),
        SafeText("act from a context that is not, if you may"),
    )


async def _open(loaded: Loaded, observer: Observer, stack: AsyncExitStack) -> Acting:
    from modeltui.config.secrets import SecretStore
    from modeltui.engine.acting.session import LiveActing
    from modeltui.wiring.records import open_records
    from modeltui.wiring.writing import writings

    secrets = SecretStore()
    records = await open_records(loaded, observer.clock, secrets, stack)
    promises = await asyncio.to_thread(writings, loaded, observer.clock, secrets)
    runner = _runner(loaded, observer)
    await _look_after_what_was_left(records, runner, observer.clock)
    acting = LiveActing(
        observer=observer,
        journal=records.primary,
        approvals=records.approvals,
        leases=records.leases,
        identity=records.identity,
        rules=records.rules,
        program=program(loaded),
        promises=promises,
        runner=runner,
        clock=observer.clock,
        writes_on=loaded.context.mode is Mode.WRITES_ON,
        timings=_timings(loaded),
        notifier=records.notifier,
    )
    await acting.actor()  # keys are listed with what the rules say to whoever sits here
    return acting


def program(loaded: Loaded) -> str:
    """Return how a shell calls this program for the same file and context: commands that are told can be copied."""
    words = ["modeltui"]
    if loaded.origins.get("file") == "--config":
        words += ["--config", loaded.file]
    if len(loaded.config.contexts) > 1:
        words += ["--context", loaded.context_name]
    return shlex.join(words)


def _runner(loaded: Loaded, observer: Observer) -> RunnerProcesses:
    from modeltui.adapters.system.runner_process import RunnerProcesses

    return RunnerProcesses(["--config", loaded.file, "--context", loaded.context_name], observer.clock)


async def _look_after_what_was_left(records: Records, runner: RunnerProcesses, clock: Clock) -> None:
    """Have a process of its own find out what became of actions whose outcome nobody wrote down, or nobody knew.

    It also tells what nobody was told of, and sends what earlier ones could not.
    """
    from modeltui.domain.errors import JournalUnavailable, ModeltuiError
    from modeltui.engine.acting.asking import in_time
    from modeltui.engine.acting.deadlines import DEADLINES
    from modeltui.engine.acting.notices import untold

    journal = records.journal

    async def is_left() -> bool:
        return bool(
            await journal.open_intents()
            or await _has_unknown(journal)
            or (await records.notifier.state()).waiting
            or await untold(records.notifier, journal, clock, DEADLINES)
        )

    try:
        if await in_time(clock, DEADLINES.read_seconds, is_left()):
            await runner.reconcile()
    except (JournalUnavailable, ModeltuiError):
        return  # the journal's own state says so on every screen; acting decides by itself what may go on without


async def _has_unknown(journal: JournalReader) -> bool:
    from modeltui.domain.acting.outcome import Outcome
    from modeltui.domain.journal.record import RecordKind
    from modeltui.ports.journal import Query

    ends = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})
    newest: dict[object, object] = {}
    for record in await journal.read(Query(kinds=ends, most=_MOST_ENDS, newest_first=True)):
        newest.setdefault(record.entry.plan_id, record.entry.details.get("outcome"))
    return Outcome.UNKNOWN.value in newest.values()


def _timings(loaded: Loaded) -> Timings:
    from modeltui.domain.acting.situation import Timings

    acting = loaded.context.acting
    return Timings(
        accepted_seconds=acting.accepted_seconds,
        serving_seconds=acting.serving_seconds,
        healthy_seconds=acting.healthy_seconds,
    )
