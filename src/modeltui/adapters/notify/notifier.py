"""The notifier: keeps first, delivers by and by; nothing that a sink does reaches whoever acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from modeltui.adapters.notify.outbox import Attempts, Outbox, Waiting, redacted
from modeltui.adapters.notify.sending import Send, asked_pause_seconds, send
from modeltui.adapters.notify.sinks import ResolveSecret, Sink
from modeltui.domain.acting.action import PlanId
from modeltui.domain.errors import BackendError, BackendRefused, ConfigError
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.notifier import Notice, Notifier, Occasion, OutboxState

GIVE_UP_SECONDS: Final = 24 * 3600.0
"""What nobody got within a day is no news."""
_ONE_TRY_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 300.0
_LONGEST_ASKED_PAUSE_SECONDS: Final = 3_600.0
"""A sink may ask for a longer pause (Retry-After), but not for a day's silence."""
_TURN_PAUSE_SECONDS: Final = 0.2
_MOST_REFUSALS: Final = 5
"""A sink that says no so often (a wrong address, a message that it does not like) will not say yes."""


class OutboxNotifier:
    """A `Notifier` over an outbox of files. Several processes may use one directory."""

    def __init__(
        self, outbox: Outbox, sinks: Sequence[Sink], clock: Clock, resolve: ResolveSecret, send_one: Send
    ) -> None:
        self._outbox = outbox
        self._sinks = {sink.name: sink for sink in sinks}
        self._clock = clock
        self._resolve = resolve
        self._send = send_one
        self._told: set[tuple[str, str]] = set()
        """What has arrived although the disk could not keep that: nobody is told twice by one process."""
        self.lost = 0
        """Notices that could not even be kept: a full disk, a directory of somebody else."""

    def tells(self, occasion: Occasion) -> bool:
        """Tell whether any sink wants to know of this."""
        return any(sink.hears(occasion) for sink in self._sinks.values())

    async def put(self, notice: Notice) -> bool:
        """Keep a notice until it is delivered; return whether it is on disk. Raises nothing: a lost one is counted."""
        sinks: dict[str, Attempts] = {
            name: Attempts() for name, sink in self._sinks.items() if sink.hears(notice.occasion)
        }
        if not sinks:
            return False
        try:
            await asyncio.to_thread(self._outbox.put, Waiting(redacted(notice), sinks))
        except OSError:
            self.lost += 1
            return False
        return True

    async def deliver(self, *, deadline_seconds: float) -> int:
        """Try what is due, within the time; return how many are still undelivered."""
        try:
            async with asyncio.timeout(max(0.0, deadline_seconds)):
                await self._deliver_in_turn(self._clock.boottime() + deadline_seconds)
        except (TimeoutError, OSError):
            pass  # what is left says so by being there
        try:
            return len(await asyncio.to_thread(self._outbox.waiting))
        except OSError:
            return 0

    async def state(self) -> OutboxState:
        """Return what waits and what was given up."""
        try:
            return await asyncio.to_thread(self._outbox.state)
        except OSError as error:
            return OutboxState(0, UNKNOWN, 0, (safe_text(f"the outbox cannot be read: {error.strerror}"),))

    async def _deliver_in_turn(self, until: float) -> None:
        while True:
            with self._outbox.turn() as is_ours:
                if is_ours:
                    await asyncio.to_thread(self._outbox.tidy)
                    waiting = await asyncio.to_thread(self._outbox.waiting)
                    await self._drain(waiting, until)
                    return
                if not await asyncio.to_thread(self._outbox.waiting):
                    return
            await self._clock.sleep(_TURN_PAUSE_SECONDS)  # another process delivers; it may die while it does

    async def _drain(self, waiting: list[Waiting], until: float) -> None:
        """Deliver to all sinks at once: a slow one holds up nobody but itself."""
        book = {one.file_name: one for one in waiting}
        lock = asyncio.Lock()

        async def change(file_name: str, changed: Callable[[Waiting], Waiting]) -> None:
            async with lock:
                book[file_name] = changed(book[file_name])
                with suppress(OSError):  # a full disk: the other sinks are told all the same
                    await asyncio.to_thread(self._outbox.save, book[file_name])

        async with asyncio.TaskGroup() as tasks:
            for name in sorted({name for one in waiting for name in one.sinks}):
                mine = [one for one in waiting if name in one.sinks]
                tasks.create_task(self._drain_to(name, mine, change, until))

    async def _drain_to(self, name: str, mine: list[Waiting], change: _Change, until: float) -> None:
        left = [(one, one.sinks[name]) for one in mine]
        while left and self._clock.boottime() < until:
            after: list[tuple[Waiting, Attempts]] = []
            held: set[PlanId | Unknown] = set()
            next_due, has_failed = _NEVER, False
            for one, before in left:
                matter = one.notice.plan_id
                if matter in held:
                    after.append((one, before))
                    continue
                attempts: Attempts | None = before
                if not has_failed and self._is_due(before):
                    attempts = await self._try_once(name, one, before, until)
                    await change(one.file_name, partial(_after, name, attempts))
                    has_failed = attempts is not None and attempts.due_at != _NEVER  # the others would fare no better
                if attempts is not None and attempts.due_at != _NEVER:
                    after.append((one, attempts))
                    next_due = min(next_due, attempts.due_at)
                    # What settles a matter must not overtake what opened it, or it would be open for good.
                    held |= set() if isinstance(matter, Missing) else {matter}
            left = after
            pause = max(next_due - self._clock.now(), _TURN_PAUSE_SECONDS)
            if not left or self._clock.boottime() + pause >= until:
                return
            await self._clock.sleep(pause)

    def _is_due(self, attempts: Attempts) -> bool:
        now = self._clock.now()
        return attempts.due_at <= now or attempts.due_at > now + _FAR_SECONDS

    async def _try_once(self, name: str, one: Waiting, before: Attempts, until: float) -> Attempts | None:
        """Return how one notice stands with one sink after a try, whatever that sink or its address does."""
        told = (one.file_name, name)
        if told in self._told:
            return None
        try:
            attempts = await self._try(name, one.notice, before, until)
        except (ConfigError, ValueError):
            return Attempts(before.tries + 1, self._later(before.tries + 1), safe_text(_UNREADABLE))
        except Exception as error:  # the top of a sink's task: what one sink does ends neither another nor an action
            says = safe_text(f"it cannot be sent: {type(error).__name__}")
            return Attempts(before.tries + 1, self._later(before.tries + 1), says)
        if attempts is None:
            self._told.add(told)
        return attempts

    async def _try(self, name: str, notice: Notice, before: Attempts, until: float) -> Attempts | None:
        """Send one notice to one sink; return `None` when it has it, else how it stands."""
        now = self._clock.now()
        tries = before.tries + 1
        if now - notice.at > GIVE_UP_SECONDS:
            return Attempts(before.tries, _NEVER, safe_text(before.says or "a day has passed"))
        sink = self._sinks.get(SafeText(name))
        if sink is None:
            return Attempts(before.tries, self._later(tries), safe_text("it is not configured any more"))
        try:
            delivery = await asyncio.to_thread(sink.delivery, notice, now, self._resolve)
            left = max(until - self._clock.boottime() - 0.2, 0.1)
            await self._send(delivery, min(_ONE_TRY_SECONDS, left))
        except BackendError as error:
            is_hopeless = isinstance(error, BackendRefused) and tries >= _MOST_REFUSALS
            due_at = _NEVER if is_hopeless else self._later(tries, asked_pause_seconds(error))
            return Attempts(tries, due_at, safe_text(_kind_of(error)))
        return None

    def _later(self, tries: int, asked_seconds: float | Unknown = UNKNOWN) -> Instant:
        pause = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(tries - 1, 20), _LONGEST_PAUSE_SECONDS)
        if not isinstance(asked_seconds, Missing):
            pause = max(pause, min(asked_seconds, _LONGEST_ASKED_PAUSE_SECONDS))
        return Instant(self._clock.now() + pause)


_UNREADABLE: Final = "its address or key cannot be read"
"""And no word of why: the error may hold the address, which may be a secret."""
_NEVER: Final = Instant(float("inf"))
_FAR_SECONDS: Final = 2 * _LONGEST_ASKED_PAUSE_SECONDS
"""No pause is this long: the clock was set back since, and the notice is due."""
_Change = Callable[[str, Callable[[Waiting], Waiting]], Awaitable[None]]


def _after(name: str, attempts: Attempts | None, waiting: Waiting) -> Waiting:
    """Return how a notice stands after a try: delivered, given up, or to be tried again."""
    if attempts is None:
        return waiting.without(name)
    if attempts.due_at == _NEVER:
        return waiting.giving_up(name, replace(attempts, due_at=Instant(0.0)))
    return waiting.after(name, attempts)


def _kind_of(error: BackendError) -> str:
    """Return what kind of failure it was. The words of the error may hold the address, which may be a secret."""
    return {
        "BackendUnavailable": "it cannot be reached",
        "OutcomeUnknown": "it took the notice or not: no answer came",
        "BackendMalformed": "its answer cannot be read",
    }.get(type(error).__name__, "it refused")


@asynccontextmanager
async def open_notifier(
    directory: Path,
    sinks: Sequence[Sink],
    clock: Clock,
    *,
    resolve: ResolveSecret,
    send_one: Send = send,
) -> AsyncIterator[Notifier]:
    """Give a notifier whose outbox is `directory`; nothing is contacted and nothing written before the first `put`.

    `resolve` gives the secret behind a reference, at the moment of delivery only.
    """
    yield OutboxNotifier(Outbox(directory), sinks, clock, resolve, send_one)
