"""The past of named targets: aligned range queries, cut so that no server refuses them for their size."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Final

from modeltui.adapters.prometheus.api import Api
from modeltui.adapters.prometheus.failures import naming, to_raise
from modeltui.adapters.prometheus.flavours import FLAVOURS
from modeltui.adapters.prometheus.folding import Cells, Folder
from modeltui.adapters.prometheus.groups import Groups
from modeltui.adapters.prometheus.options import Options, Setup
from modeltui.adapters.prometheus.plan import SignalPlan
from modeltui.adapters.prometheus.promql import PART, Question, matchers_for, question
from modeltui.adapters.prometheus.wire import Table
from modeltui.domain.errors import BackendError
from modeltui.domain.names import Instant, SignalName, TargetKey
from modeltui.domain.signal import Sample, Signal
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.metrics import HistoryAnswer

_MOST_POINTS: Final = 10_000
"""Of one series in one answer; the servers refuse more than 11,000."""
_MOST_NAME_CHARACTERS: Final = 8_000
"""Of the names in one question: longer patterns cost the server more than a second question."""
_TOLERANCE: Final = 0.1
"""Part of a step by which a start may lie behind its grid point: clocks are never measured twice alike."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The moments that are asked for, by the server's clock: multiples of the step, as caches want them."""

    first: float
    count: int
    step_seconds: float

    def at(self, index: int) -> float:
        """Return one moment."""
        return self.first + index * self.step_seconds

    def index(self, at: float) -> int:
        """Return which moment a point belongs to."""
        return round((at - self.first) / self.step_seconds)

    def pieces(self) -> Iterator[tuple[float, float]]:
        """Yield spans that hold few enough points, both ends included."""
        for begin in range(0, self.count, _MOST_POINTS):
            yield self.at(begin), self.at(min(begin + _MOST_POINTS, self.count) - 1)


def make_grid(start: float, end: float, step_seconds: float) -> Grid:
    """Return the multiples of the step from `start` to `end`."""
    first = ceil(start / step_seconds - _TOLERANCE)
    last = floor(end / step_seconds)
    return Grid(first * step_seconds, max(0, last - first + 1), step_seconds)


class HistoryReader:
    """Reads the past once."""

    def __init__(self, api: Api, options: Options, setup: Setup, groups: Groups, offset_seconds: float) -> None:
        self._api = api
        self._setup = setup
        self._known = groups
        self._offset = offset_seconds
        lag = options.visibility_lag_seconds
        self._lag = FLAVOURS[options.flavour].visibility_lag_seconds if lag is None else lag

    async def read(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return the samples of `targets`; the newest moments that the server cannot see yet are left out."""
        grid = make_grid(start + self._offset, end + self._offset - self._lag, step_seconds)
        steps: list[list[Sample]] = [[] for _ in range(grid.count)]
        if not targets or not grid.count:
            return HistoryAnswer(tuple((self._ours(grid, i), ()) for i in range(grid.count)))
        warnings: dict[SafeText, None] = {}
        errors: list[BackendError] = []
        answered = 0

        async def ask(plan: SignalPlan, chunk: Sequence[TargetKey]) -> None:
            nonlocal answered
            try:
                await self._one(plan, chunk, grid, steps, warnings)
                answered += 1
            except BackendError as error:
                errors.append(error)
                warnings[naming(plan.signal, error)] = None

        async with asyncio.TaskGroup() as tasks:
            for chunk in _chunks(targets):
                for plan in self._setup.plans:
                    tasks.create_task(ask(plan, chunk))
        if errors and not answered:
            raise to_raise(errors)
        return HistoryAnswer(
            tuple((self._ours(grid, i), tuple(samples)) for i, samples in enumerate(steps)), tuple(warnings)
        )

    async def _one(
        self,
        plan: SignalPlan,
        chunk: Sequence[TargetKey],
        grid: Grid,
        steps: list[list[Sample]],
        warnings: dict[SafeText, None],
    ) -> None:
        asked = self._question(plan, chunk)
        groups = Groups(self._setup.grouping.identity)
        folder = Folder(asked, groups, self._setup.grouping.segments)
        wanted = frozenset(chunk)
        found: dict[int, Cells] = {}
        for begin, end in grid.pieces():
            answer = await self._api.over_time(asked.text, begin, end, grid.step_seconds)
            table = Table(answer, (*asked.row_labels, PART))
            by_time = await asyncio.to_thread(folder.fold_steps, table, lambda group: group.target in wanted)
            for at, cells in by_time.items():
                found[grid.index(at)] = cells
            warnings.update(dict.fromkeys(safe_text(f"{plan.signal}: {line}", 340) for line in table.warnings))
        self._spread(plan.signal, folder, found, grid, steps)
        warnings.update(dict.fromkeys(safe_text(f"{plan.signal}: {line}", 340) for line in folder.notes()))

    def _spread(
        self, signal: SignalName, folder: Folder, found: dict[int, Cells], grid: Grid, steps: list[list[Sample]]
    ) -> None:
        rate = self._rate_from(signal)
        for index in range(grid.count):
            cells = found.get(index, {})
            steps[index].extend(folder.samples(cells, grid.at(index), self._offset))
            if rate is not None:
                steps[index].extend(folder.rates(cells, rate, self._offset))

    def _rate_from(self, signal: SignalName) -> Signal | None:
        """Return the signal that is derived from this one, if any: from one only, so that no moment has it twice."""
        return self._setup.derived_rate if signal in self._setup.derive_from[:1] else None

    def _question(self, plan: SignalPlan, chunk: Iterable[TargetKey]) -> Question:
        pairs = [pair for target in chunk for pair in self._known.raw_names(target)]
        names = {"model": {model for model, _ in pairs}, "environment": {environment for _, environment in pairs}}
        grouping = self._setup.grouping
        return question(plan, replace(grouping, matchers=matchers_for(grouping.identity, names)))

    def _ours(self, grid: Grid, index: int) -> Instant:
        return Instant(grid.at(index) - self._offset)


def _chunks(targets: Iterable[TargetKey]) -> Iterator[list[TargetKey]]:
    chunk: list[TargetKey] = []
    length = 0
    for target in sorted(set(targets)):
        if chunk and length + len(target.model) > _MOST_NAME_CHARACTERS:
            yield chunk
            chunk, length = [], 0
        chunk.append(target)
        length += len(target.model) + 1
    if chunk:
        yield chunk
