"""The metrics port on Prometheus: one request per signal for the whole fleet, whatever its size."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from modeltui.adapters.prometheus import history
from modeltui.adapters.prometheus.api import Api
from modeltui.adapters.prometheus.failures import naming, to_raise
from modeltui.adapters.prometheus.folding import Cells, Folder
from modeltui.adapters.prometheus.groups import Groups
from modeltui.adapters.prometheus.options import Options, Setup, check_options
from modeltui.adapters.prometheus.probe import probe_server
from modeltui.adapters.prometheus.promql import PART, Question, question
from modeltui.adapters.prometheus.server_clock import ServerClock
from modeltui.adapters.prometheus.wire import Table
from modeltui.domain.errors import BackendError
from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Instant, SignalName, TargetKey
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.metrics import HistoryAnswer, Metrics, SamplesAnswer
from modeltui.ports.probe import Probe

__all__ = ["KIND", "PORT", "Options", "PrometheusMetrics", "connect"]

KIND: Final = "prometheus"
PORT: Final = SourceKind.METRICS

_BIG_ANSWER_BYTES: Final = 256 * 1024
"""Above this an answer is read in a thread: the screen must not wait for it."""
_MOST_WARNINGS: Final = 12


@dataclass(frozen=True, slots=True)
class _Answered:
    """One signal's answer, read."""

    folder: Folder
    cells: Cells
    samples: list[Sample]
    warnings: tuple[SafeText, ...]


class PrometheusMetrics:
    """Reads signals from a server that speaks the Prometheus query API."""

    def __init__(self, options: Options, surroundings: Surroundings) -> None:
        """Check the options; nothing is contacted. Raises `ConfigError`."""
        self._source = surroundings.source
        self._options = options
        self._setup: Final[Setup] = check_options(surroundings.source, options, surroundings.signals)
        self._clock = surroundings.clock
        self.api: Final = Api(surroundings.source, options)
        self._server_clock = ServerClock(self.api, surroundings.clock)
        self._questions = tuple(question(plan, self._setup.grouping) for plan in self._setup.plans)
        self._groups = Groups(self._setup.grouping.identity)
        self._one_at_a_time = asyncio.Lock()
        self._reading = threading.Lock()
        """A thread goes on when the reading that started it is called off: the next one must not meet it."""

    async def read(self) -> SamplesAnswer:
        """Return the newest samples of all targets; see `Metrics.read`."""
        await self._server_clock.settle()
        lag = self._options.visibility_lag_seconds or 0.0
        # All signals of one poll are asked at one moment, else they could contradict each other.
        at = self._clock.now() + self._server_clock.offset_seconds - lag
        answered: dict[SignalName, _Answered] = {}
        failed: dict[SignalName, BackendError] = {}

        async def ask(asked: Question) -> None:
            try:
                answered[asked.plan.signal] = await self._answer(asked, at)
            except BackendError as error:
                failed[asked.plan.signal] = error

        async with asyncio.TaskGroup() as tasks:
            for asked in self._questions:
                tasks.create_task(ask(asked))
        if failed and not answered:
            raise to_raise(list(failed.values()))
        samples = [sample for signal in answered.values() for sample in signal.samples]
        samples.extend(self._throughput(answered))
        warnings = [*self._setup.warnings, *(naming(signal, error) for signal, error in failed.items())]
        warnings.extend(
            safe_text(f"{name}: {warning}", 340) for name, signal in answered.items() for warning in signal.warnings
        )
        if not self._questions:
            warnings.append(safe_text(f"nothing is asked for: profile {self._options.profile} has no such signals"))
        return SamplesAnswer(tuple(samples), tuple(dict.fromkeys(warnings))[:_MOST_WARNINGS])

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return the samples of these targets in equal steps; see `Metrics.read_history`."""
        await self._server_clock.settle()
        reader = history.HistoryReader(
            self.api, self._options, self._setup, self._groups, self._server_clock.offset_seconds
        )
        return await reader.read(targets, start, end, step_seconds)

    async def probe(self) -> Probe:
        """Return the server's version, its clock, and per signal which series and labels were found."""
        await self._server_clock.settle()
        return await probe_server(self.api, self._options, self._setup, self._server_clock, self._clock)

    async def _answer(self, asked: Question, at: float) -> _Answered:
        answer = await self.api.instant(asked.text, at)
        self._server_clock.note(answer)
        table = Table(answer, (*asked.row_labels, PART))
        del answer
        async with self._one_at_a_time:
            if table.size_bytes > _BIG_ANSWER_BYTES:
                return await asyncio.to_thread(self._read_table, asked, table, at)
            return self._read_table(asked, table, at)

    def _read_table(self, asked: Question, table: Table, at: float) -> _Answered:
        folder = Folder(asked, self._groups, self._setup.grouping.segments)
        with self._reading:
            cells = folder.fold_now(table)
            samples = folder.samples(cells, at, self._server_clock.offset_seconds)
        kept = cells if asked.plan.signal in self._setup.derive_from else {}
        return _Answered(folder, kept, samples, (*table.warnings, *folder.notes()))

    def _throughput(self, answered: dict[SignalName, _Answered]) -> list[Sample]:
        rate = self._setup.derived_rate
        source = next((answered[name] for name in self._setup.derive_from if name in answered), None)
        if rate is None or source is None:
            return []
        return source.folder.rates(source.cells, rate, self._server_clock.offset_seconds)


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Metrics]:
    """Open the source; nothing is contacted before the first question."""
    metrics = PrometheusMetrics(options, surroundings)
    async with metrics.api.http:
        yield metrics
