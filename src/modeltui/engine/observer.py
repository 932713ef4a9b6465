"""What every face gets: the live fleet, and a way to ask for more of it. It can read and nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from modeltui.domain.event import Event, SourceFailed, Tick, Watched
from modeltui.domain.fleet import Fleet, SourceKind, Target
from modeltui.domain.health import Cause
from modeltui.domain.names import Instant, Missing, ModelName, SourceName, TargetKey, VersionId
from modeltui.engine.origins import read_both, read_origin
from modeltui.engine.poller import Poller, apply_in_parts
from modeltui.engine.questions import ask_history, ask_probe, ask_versions
from modeltui.engine.source import Source
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Probe

HISTORY_SECONDS = 3_600.0
HISTORY_STEP_SECONDS = 30.0
"""120 points: 60 cells of braille, and six requests for everything on screen."""
CHECK_SECONDS = 900.0
"""How far one look at the present reaches back to know how long a violation has lasted."""
MOST_COMPARED_AT_ONCE = 5
"""Targets whose past is asked for after one poll to find the known good version; the rest after the next ones."""
MOST_WATCHED = 60
"""Targets whose points are kept; more than a tall screen shows."""
MOST_WISHES_AT_ONCE = 4
TICK_SECONDS = 1.0
SHORTEST_PAST_PAUSE_SECONDS = 60.0
LONGEST_PAST_PAUSE_SECONDS = 900.0
HISTORY_TARGETS_PER_QUESTION = 20


@dataclass(frozen=True, slots=True)
class _WantHistory:
    targets: frozenset[TargetKey]


@dataclass(frozen=True, slots=True)
class _WantVersions:
    model: ModelName


@dataclass(frozen=True, slots=True)
class _WantProvenance:
    model: ModelName
    version: VersionId


@dataclass(frozen=True, slots=True)
class _WantComparison:
    model: ModelName
    a: VersionId
    b: VersionId
    again: bool


_Wish: TypeAlias = _WantHistory | _WantVersions | _WantProvenance | _WantComparison


class Observer:
    """Polls the sources of one context into one store."""

    def __init__(self, store: Store, sources: tuple[Source, ...], clock: Clock, seed: int = 0) -> None:
        self.store = store
        self.sources = sources
        self.clock = clock
        jitter = random.Random(seed)  # noqa: S311 - it spreads load and decides nothing
        self._pollers = tuple(Poller(source, store, clock, jitter) for source in sources)
        self._wishes: asyncio.Queue[_Wish] = asyncio.Queue()
        self._histories: asyncio.Queue[_WantHistory] = asyncio.Queue()
        self._pending: set[_Wish] = set()
        self._with_history: set[TargetKey] = set()
        self._recent: dict[TargetKey, None] = {}
        self._unread: set[TargetKey] = set()
        """Targets whose past was asked for in vain."""
        self._vain_questions = 0
        self._ask_past_again_at = 0.0
        self._answered_at: dict[SourceName, float] = {}
        self._began_at = clock.boottime()

    @property
    def fleet(self) -> Fleet:
        """Return the newest snapshot."""
        return self.store.fleet

    async def run(self) -> None:
        """Keep the fleet live until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for poller in self._pollers:
                tasks.create_task(poller.run(self._after_poll))
            tasks.create_task(self._tick())
            tasks.create_task(self._serve_histories())
            tasks.create_task(self._serve_wishes())

    async def look_once(self) -> Fleet:
        """Ask every source once, and the past of whatever looks wrong; return what is known then."""
        async with asyncio.TaskGroup() as tasks:
            for poller in self._pollers:
                tasks.create_task(poller.poll_once())
        worst = self.fleet.worst_first()
        uncompared = [target.key for target in worst if _lacks_comparison(target)][:HISTORY_TARGETS_PER_QUESTION]
        if uncompared:
            await self._read_history(uncompared, HISTORY_SECONDS)
        begun = [t.key for t in worst if _began_before(t) and t.key not in uncompared][:HISTORY_TARGETS_PER_QUESTION]
        if begun:
            await self._read_history(begun, CHECK_SECONDS)
        self.store.apply(Tick(self.clock.now()))
        return self.fleet

    def watch(self, targets: Iterable[TargetKey]) -> None:
        """Keep the points of these targets, and fetch their past once."""
        for target in targets:
            self._recent.pop(target, None)
            self._recent[target] = None
        for target in list(self._recent)[:-MOST_WATCHED]:
            del self._recent[target]
            self._with_history.discard(target)
            self._unread.discard(target)
        watched = frozenset(self._recent)
        if watched != self.fleet.watched:
            self.store.apply(Watched(self.clock.now(), watched))
        self._want_past()

    def want_versions(self, model: ModelName) -> None:
        """Read the list of versions of a model; it arrives as an event."""
        self._wish(_WantVersions(model))

    def want_provenance(self, model: ModelName, version: VersionId) -> None:
        """Read where a version comes from; it arrives as an event."""
        self._wish(_WantProvenance(model, version))

    def want_comparison(self, model: ModelName, a: VersionId, b: VersionId, *, again: bool = False) -> None:
        """Read all that two versions can be compared by; each part arrives as an event as soon as it is there.

        `again`: also what was read before; approvals, tags and whether an artifact is there do change.
        """
        self._wish(_WantComparison(model, a, b, again))

    async def read_versions(self, model: ModelName) -> None:
        """Read the list of versions of a model now."""
        await self._serve(_WantVersions(model))

    async def read_provenance(self, model: ModelName, version: VersionId) -> None:
        """Read where a version comes from now."""
        await self._serve(_WantProvenance(model, version))

    async def read_comparison(self, model: ModelName, a: VersionId, b: VersionId, *, again: bool = False) -> None:
        """Read all that two versions can be compared by, now; `again` as `want_comparison` has it."""
        await self._serve(_WantComparison(model, a, b, again))

    def knows_past(self, target: TargetKey) -> bool:
        """Tell whether the past of a target was asked for, and told."""
        return target in self._with_history and target not in self._unread

    async def read_past(self, target: TargetKey) -> None:
        """Read the past of a target now: the present alone tells neither who was good nor for how long it is bad."""
        answered = await self._read_history([target], HISTORY_SECONDS)
        self._with_history.add(target)
        self._heard_of_past(frozenset({target}), answered)

    async def poll_now(self) -> None:
        """Ask every source once, out of turn."""
        async with asyncio.TaskGroup() as tasks:
            for poller in self._pollers:
                tasks.create_task(poller.poll_once())

    async def probe(self) -> list[tuple[Source, Probe | SourceFailed]]:
        """Ask every source what works; in the order of the configuration."""
        async with asyncio.TaskGroup() as tasks:
            asked = [(source, tasks.create_task(ask_probe(source, self.clock))) for source in self.sources]
        return [(source, task.result()) for source, task in asked]

    def _wish(self, wish: _Wish) -> None:
        if wish in self._pending:
            return
        self._pending.add(wish)
        if isinstance(wish, _WantHistory):
            self._histories.put_nowait(wish)
        else:
            self._wishes.put_nowait(wish)

    async def _tick(self) -> None:
        while True:
            self.store.apply(Tick(self.clock.now()))
            await self.clock.sleep(TICK_SECONDS)

    async def _serve_histories(self) -> None:
        """Ask for the past, one question after the other: it is the heaviest."""
        while True:
            await self._serve_and_forget(await self._histories.get())

    async def _serve_wishes(self) -> None:
        """Ask for details; a slow backend holds up a few of them, not all."""
        async with asyncio.TaskGroup() as tasks:
            at_once = asyncio.Semaphore(MOST_WISHES_AT_ONCE)

            async def serve(wish: _Wish) -> None:
                async with at_once:
                    await self._serve_and_forget(wish)

            while True:
                tasks.create_task(serve(await self._wishes.get()))

    async def _serve_and_forget(self, wish: _Wish) -> None:
        await self._serve(wish)
        # Not before: what is being asked already is not asked again.
        self._pending.discard(wish)

    async def _serve(self, wish: _Wish) -> None:
        match wish:
            case _WantHistory(targets=targets):
                self._heard_of_past(targets, await self._read_history(sorted(targets), HISTORY_SECONDS))
            case _WantVersions(model=model):
                await self._apply([await ask_versions(s, self.clock, model) for s in self._registries_of(model)])
            case _WantProvenance(model=model, version=version):
                await read_origin(self.store, self.sources, self.clock, model, version)
            case _WantComparison(model=model, a=a, b=b, again=again):
                await read_both(self.store, self.sources, self.clock, model, a, b, again=again)

    async def _read_history(self, targets: list[TargetKey], seconds: float) -> bool:
        """Return whether every metrics source told the past of these targets, which is applied by then."""
        answered = True
        now = self.clock.now()
        end = Instant(now - now % HISTORY_STEP_SECONDS)
        start = Instant(end - seconds)
        for source in self.sources:
            if source.kind is not SourceKind.METRICS:
                continue
            for first in range(0, len(targets), HISTORY_TARGETS_PER_QUESTION):
                part = targets[first : first + HISTORY_TARGETS_PER_QUESTION]
                events = await ask_history(source, self.clock, part, start, end, HISTORY_STEP_SECONDS)
                await self._apply(events)
                if any(isinstance(event, SourceFailed) for event in events):
                    answered = False
                    break  # the next part would wait as long for nothing
        return answered

    def _heard_of_past(self, targets: frozenset[TargetKey], answered: bool) -> None:
        if answered:
            self._unread -= targets
            self._vain_questions = 0
            return
        # The past is the heaviest question: a backend that cannot bear it is left alone for longer and longer.
        self._unread |= targets & self._with_history
        pause = min(SHORTEST_PAST_PAUSE_SECONDS * 2.0 ** min(self._vain_questions, 10), LONGEST_PAST_PAUSE_SECONDS)
        self._vain_questions += 1
        self._ask_past_again_at = self.clock.boottime() + pause

    async def _apply(self, events: list[Event]) -> None:
        await apply_in_parts(self.store, self.clock, events)

    def _registries_of(self, model: ModelName) -> list[Source]:
        registries = [source for source in self.sources if source.kind is SourceKind.REGISTRY]
        known = self.fleet.models.get(model)
        owner = [source for source in registries if known is not None and source.name == known.source]
        return owner or registries

    async def _after_poll(self, source: Source, answered: bool) -> None:
        """Fetch the past again where a gap was: a laptop slept, a backend was away, also when we started."""
        if source.kind is not SourceKind.METRICS or not answered:
            return
        now = self.clock.boottime()
        before = self._answered_at.get(source.name, self._began_at)
        self._answered_at[source.name] = now
        if now - before > 4 * source.every_seconds + HISTORY_STEP_SECONDS and self._recent:
            self._wish(_WantHistory(frozenset(self._recent)))
        elif self._unread and now >= self._ask_past_again_at:
            self._wish(_WantHistory(frozenset(self._unread)))
        self._want_past()
        self._want_comparisons()

    def _want_past(self) -> None:
        """Ask for the past of what is on screen: once the present is known, for only then is the worst on top."""
        missing = frozenset(self._recent) - self._with_history
        if missing and self._answered_at:
            self._with_history |= missing
            self._wish(_WantHistory(missing))

    def _want_comparisons(self) -> None:
        """Look for the known good version of targets that nobody looks at: they could be bad without a word."""
        missing = [
            key
            for key, target in self.fleet.targets.items()
            if key not in self._with_history and _lacks_comparison(target)
        ][:MOST_COMPARED_AT_ONCE]
        if missing:
            self._with_history.update(missing)
            self._wish(_WantHistory(frozenset(missing)))


def _lacks_comparison(target: Target) -> bool:
    """Tell whether several versions are measured and none is known to be good: only the past tells them apart."""
    return isinstance(target.known_good, Missing) and sum(bool(version.cells) for version in target.versions) > 1


def _began_before(target: Target) -> bool:
    """Tell whether the present alone cannot say how bad it is: a violation without a known beginning."""
    return any(
        cell.verdict.cause is Cause.NOT_YET_LONG_ENOUGH
        or any(segment.verdict.cause is Cause.NOT_YET_LONG_ENOUGH for segment in cell.segments)
        for version in target.versions
        for cell in version.cells.values()
    )
