"""The metrics port on bare `/metrics` pages: no Prometheus, no memory but our own.

What a Prometheus would do is done here: scraping, keeping, and the arithmetic of counters. Nothing is known from
before the start; `window_seconds` of each sample says how far its window has filled up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from modeltui.adapters.scrape.catalogue import MOST_SERIES, Meaning, Pool
from modeltui.adapters.scrape.endpoint import Books, Endpoint, words
from modeltui.adapters.scrape.folding import Folder, pick
from modeltui.adapters.scrape.options import Options, Setup, check_options
from modeltui.adapters.scrape.probe import probe_pages
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Instant, TargetKey
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Connect, Surroundings
from modeltui.ports.metrics import HistoryAnswer, Metrics, SamplesAnswer
from modeltui.ports.probe import Probe

KIND: Final = "scrape"
PORT: Final = SourceKind.METRICS
POLL_SECONDS: Final = 10.0
__all__ = ["KIND", "POLL_SECONDS", "PORT", "Options", "ScrapeMetrics", "connect"]

_READ_SECONDS: Final = 13.0
"""Longest first look, both scrapes: whoever asks gives up after 15 s."""
_HISTORY_LINGERS_SECONDS: Final = 60.0
"""How long a step of history shows what was scraped before it: after that it is a gap."""
_MOST_STEPS: Final = 1_500
"""Of one history: more than any chart has columns."""
_STEPS_PER_TURN: Final = 10
_MOST_PAST_NUMBERS: Final = 3_000_000
"""Added up for one history: some four seconds."""
_MOST_WARNINGS: Final = 12
_MOST_DEAD_NAMED: Final = 5
_CHANGES_IN_TURN: Final = 3


class ScrapeMetrics:
    """Reads signals from pages of metrics."""

    def __init__(self, options: Options, surroundings: Surroundings, stack: AsyncExitStack) -> None:
        """Check the options; nothing is contacted. Raises `ConfigError`."""
        self._source = surroundings.source
        self._options = options
        self._clock = surroundings.clock
        self._stack = stack
        self.setup: Final[Setup] = check_options(surroundings.source, options, surroundings.signals)
        self._meaning = Meaning.of(self.setup.plans, self.setup.segments)
        self._pool = Pool(len(self.setup.places))
        self.endpoints: Final = tuple(
            Endpoint(surroundings.source, place, options, self.setup, self._meaning, self._pool)
            for place in self.setup.places
        )
        self._at_once = asyncio.Semaphore(options.most_concurrent_requests)
        self._books = Books()
        self._folder = Folder(self._meaning)

    async def read(self) -> SamplesAnswer:
        """Return the newest samples of all targets; see `Metrics.read`.

        The first look, and one after a long pause, scrapes twice: one scrape of a counter says nothing.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._scrape(self.endpoints, min(self._options.timeout_seconds + 1.0, _READ_SECONDS))
        alive = [endpoint for endpoint in self.endpoints if endpoint.error is None]
        if not alive:
            raise self._all_dead()
        took = loop.time() - began
        left = _READ_SECONDS - took - self._options.first_gap_seconds
        if left > took and not any(self._has_two(endpoint) for endpoint in alive):
            await self._clock.sleep(self._options.first_gap_seconds)
            await self._scrape(alive, left)
        async with self._books.turns:
            samples = await asyncio.to_thread(self._newest)
        return SamplesAnswer(tuple(samples), tuple(dict.fromkeys(self._warnings()))[:_MOST_WARNINGS])

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return the samples of these targets in equal steps, as far as they were scraped; see `Metrics`."""
        wanted = frozenset(targets)
        behind = self._clock.now() - self._clock.boottime()
        oldest = [moment for one in self.endpoints if (moment := one.ledger.ring.oldest) is not None]
        since = Instant(min(oldest, default=self._clock.boottime()) + behind)
        warnings: list[SafeText] = []
        if start < since:
            minutes = (self._clock.now() - since) / 60
            warnings.append(safe_text(f"{self._source} keeps what it scraped itself: the last {minutes:.0f} min"))
        moments = [at for at in _moments(start, end, step_seconds) if at >= since] if oldest and wanted else []
        steps: list[tuple[Instant, tuple[Sample, ...]]] = []
        numbers = 0
        # The newest first, and a turn for the polls in between: many versions at once take seconds.
        while moments and numbers < _MOST_PAST_NUMBERS:
            some = moments[-_STEPS_PER_TURN:]
            del moments[-_STEPS_PER_TURN:]
            async with self._books.turns:
                some_steps, some_numbers = await asyncio.to_thread(self._past, wanted, some, behind)
            steps[:0] = some_steps
            numbers += some_numbers
        if moments:
            minutes = len(steps) * step_seconds / 60
            warnings.append(safe_text(f"{len(wanted)} targets at once: only the last {minutes:.0f} min were looked up"))
        return HistoryAnswer(tuple(steps), tuple(warnings))

    async def probe(self) -> Probe:
        """Return, page by page, whether it can be reached, and which series and labels were found on it."""
        return await probe_pages(self.endpoints, self.setup, self._stack, self._clock, self._at_once)

    async def _scrape(self, endpoints: Iterable[Endpoint], seconds: float) -> None:
        """Scrape pages, those that failed last come last; what has not answered in time has failed."""
        deadline = asyncio.get_running_loop().time() + seconds

        async def one(endpoint: Endpoint) -> None:
            try:
                async with asyncio.timeout_at(deadline), self._at_once:
                    await endpoint.scrape(self._stack, self._clock, self._books)
            except TimeoutError:
                endpoint.failed(
                    BackendUnavailable(
                        f"{self._source} ({endpoint.place.name}) had no turn within {seconds:g} s",
                        "Other pages answer too slowly: see modeltui doctor.",
                    )
                )

        async with asyncio.TaskGroup() as tasks:
            for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.failures):
                tasks.create_task(one(endpoint))

    def _has_two(self, endpoint: Endpoint) -> bool:
        newest = endpoint.ledger.ring.newest
        shortest = min((plan.window_seconds for plan in self.setup.plans), default=0.0)
        return newest is not None and endpoint.ledger.ring.span(newest, shortest) is not None

    def _newest(self) -> list[Sample]:
        moment = self._clock.boottime()
        behind = self._clock.now() - moment
        with self._books.lock:
            picked = pick(endpoint.ledger for endpoint in self.endpoints)
            return self._folder.samples(picked, moment, lambda at: Instant(at + behind))

    def _past(
        self, wanted: frozenset[TargetKey], moments: Sequence[Instant], behind: float
    ) -> tuple[list[tuple[Instant, tuple[Sample, ...]]], int]:
        """Return the samples of some moments, and how many numbers were added up for them."""
        folder = Folder(self._meaning)
        steps = []
        with self._books.lock:
            picked = pick((one.ledger for one in self.endpoints), lambda group: group.target in wanted)
            for at in moments:
                samples = folder.samples(
                    picked, at - behind, lambda moment: Instant(moment + behind), _HISTORY_LINGERS_SECONDS
                )
                steps.append((at, tuple(samples)))
        tracks = [track for _, tracks in picked for track in tracks]
        numbers = sum(len(parts) for track in tracks for parts in track.parts.values())
        return steps, numbers * len(moments)

    def _all_dead(self) -> BackendError:
        errors = [endpoint.error for endpoint in self.endpoints if endpoint.error is not None]
        if len(errors) == 1 or all(type(error) is type(errors[0]) for error in errors):
            kind: type[BackendError] = type(errors[0])
        else:
            kind = BackendUnavailable
        more = f" (and {len(errors) - 1} more pages)" if len(errors) > 1 else ""
        return kind(f"{errors[0].title}{more}", errors[0].remedy)

    def _warnings(self) -> Iterator[SafeText]:
        if not self.setup.plans:
            yield safe_text(f"nothing is looked for: profile {self._options.profile} has no such signals")
        dead = [endpoint for endpoint in self.endpoints if endpoint.error is not None]
        for endpoint in dead[:_MOST_DEAD_NAMED]:
            yield safe_text(f"not scraped: {words(endpoint)}", 300)
        if len(dead) > _MOST_DEAD_NAMED:
            yield safe_text(f"not scraped: {len(dead) - _MOST_DEAD_NAMED} more of {len(self.endpoints)} pages")
        refused = sum(endpoint.ledger.catalogue.refused for endpoint in self.endpoints)
        if refused:
            lacking = len({group for one in self.endpoints for group, _ in one.ledger.catalogue.incomplete})
            yield safe_text(
                f"{refused:,} series left out, more than {MOST_SERIES:,} in all or labels too long:"
                f" {lacking:,} versions lack signals; spread the pages over several sources"
            )
        unlabelled: Counter[tuple[str, ...]] = Counter()
        for endpoint in self.endpoints:
            unlabelled.update(endpoint.ledger.catalogue.unlabelled)
        for dimensions, count in unlabelled.most_common(3):
            yield safe_text(
                f"{count} series without {' and '.join(dimensions)} left out;"
                f" set labels.{dimensions[0]}, or labels of the target: {{{dimensions[0]}: …}}"
            )
        for endpoint in self.endpoints:
            if endpoint.error is None:
                yield from self._notes(endpoint)
        if self._folder.clamped:
            yield safe_text(
                f"{self._folder.clamped} values lie above the highest bucket; its bound is shown in their place"
            )

    def _notes(self, endpoint: Endpoint) -> Iterator[SafeText]:
        if endpoint.unreadable_lines:
            yield safe_text(f"{endpoint.place.name}: {endpoint.unreadable_lines} lines could not be read")
        since = self._clock.boottime() - self.setup.longest_window_seconds
        changes = endpoint.ledger.processes.changes_since(since)
        if changes >= _CHANGES_IN_TURN:
            yield safe_text(
                f"{endpoint.place.name}: another process answered {changes} times in"
                f" {self.setup.longest_window_seconds / 60:.0f} min: it restarts again and again, or several share"
                " the address; then scrape each by itself"
            )


def _moments(start: Instant, end: Instant, step_seconds: float) -> list[Instant]:
    """Return the steps, the newest of them when there are too many."""
    count = max(int((end - start) / step_seconds + 1e-9) + 1, 0) if step_seconds > 0 else 0
    return [Instant(start + step * step_seconds) for step in range(max(count - _MOST_STEPS, 0), count)]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Metrics]:
    """Open the source; nothing is contacted before the first question."""
    async with AsyncExitStack() as stack:
        yield ScrapeMetrics(options, surroundings, stack)


_: Connect = connect
