"""What the staged versions do: requests by share, few errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Instant, SignalName, TargetKey, VersionId
from modeltui.domain.signal import Counts, Estimate, Sample
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.metrics import HistoryAnswer, SamplesAnswer
from modeltui.ports.probe import Probe
from tests.runner.staged.world import KIND, TARGET, Options, StagedWorld, now

__all__ = ["KIND", "PORT", "Options", "connect"]
PORT = SourceKind.METRICS
POLL_SECONDS = 1.0


class StagedMetrics:
    """Counts what the files say."""

    def __init__(self, world: StagedWorld) -> None:
        self._world = world

    async def read(self) -> SamplesAnswer:
        """Return requests and errors of every version that answers."""
        at = now()
        samples = []
        for name, share in self._world.serving().items():
            version = VersionId(safe_text(name))
            rate, errors = SignalName(SafeText("throughput")), SignalName(SafeText("error_rate"))
            samples.append(Sample(TARGET, version, rate, Estimate(100 * share, 500 * share), at, 5.0))
            samples.append(Sample(TARGET, version, errors, Counts(1.0, 1000.0), at, 5.0))
        return SamplesAnswer(tuple(samples))

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return nothing: nobody kept it."""
        return HistoryAnswer(())

    async def probe(self) -> Probe:
        """Return nothing worth knowing."""
        return Probe(SafeText("staged"))


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[StagedMetrics]:
    """Open the files."""
    yield StagedMetrics(StagedWorld(surroundings.base_directory / options.directory))
