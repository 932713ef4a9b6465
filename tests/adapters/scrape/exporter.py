"""A model server's page of metrics whose counters a test moves by hand, and the adapter that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modeltui.adapters.scrape import metrics
from modeltui.adapters.scrape.metrics import Options, ScrapeMetrics
from modeltui.config.secrets import Secret
from modeltui.domain.names import SourceName
from modeltui.domain.signal import STANDARD_SIGNALS, Measurement, Sample, Signal
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import SamplesAnswer
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import FaultServer, Reply

TEXT = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.1, 0.5, 1.0)


@dataclass
class Exporter:
    """One process of the generic profile."""

    model: str = "fraud"
    environment: str = "prod"
    started_at: float | None = None
    series: dict[str, float] = field(default_factory=dict)
    extra: str = ""

    def count(
        self, version: str, good: float = 0, bad: float = 0, seconds: float = 0.3, region: str = "hk", by: str = ""
    ) -> None:
        """Answer requests of a version, each in so many seconds, with a confidence of 0.9 and an approval."""
        labels = f'model="{self.model}",version="{version}",env="{self.environment}",region="{region}"{by}'
        self.add(f'model_requests_total{{{labels},code="200"}}', good)
        if bad:
            self.add(f'model_requests_total{{{labels},code="500"}}', bad)
        for bound in BOUNDS:
            inside = good + bad if seconds <= bound else 0
            self.add(f'model_request_duration_seconds_bucket{{{labels},le="{bound}"}}', inside)
        self.add(f'model_request_duration_seconds_bucket{{{labels},le="+Inf"}}', good + bad)
        self.add(f"model_request_duration_seconds_count{{{labels}}}", good + bad)
        self.add(f"model_prediction_confidence_sum{{{labels}}}", 0.9 * good)
        self.add(f"model_prediction_confidence_count{{{labels}}}", good)
        self.add(f'model_decisions_total{{{labels},outcome="approve"}}', good)

    def add(self, line: str, amount: float) -> None:
        """Add to one series, which appears when it is not there."""
        self.series[line] = self.series.get(line, 0.0) + amount

    def drift(self, version: str, feature: str, psi: float) -> None:
        """Set a gauge."""
        labels = f'model="{self.model}",version="{version}",env="{self.environment}",feature="{feature}"'
        self.series[f"feature_drift_psi{{{labels}}}"] = psi

    def restart(self) -> None:
        """Forget everything, as a new process does."""
        self.series.clear()

    def text(self) -> str:
        """Return the page."""
        lines = ["# HELP model_requests_total Requests.", "# TYPE model_requests_total counter"]
        if self.started_at is not None:
            lines.append(f"process_start_time_seconds {self.started_at}")
        lines += [f"{line} {value}" for line, value in self.series.items()]
        return "\n".join(lines) + "\n" + self.extra

    def reply(self, request: object = None) -> Reply:
        """Return the page as the server answers it."""
        return Reply(self.text().encode(), content_type=TEXT)


@asynccontextmanager
async def opened(
    clock: Clock, options: Options, signals: Sequence[Signal] = STANDARD_SIGNALS
) -> AsyncIterator[ScrapeMetrics]:
    """Open the adapter."""
    surroundings = Surroundings(
        SourceName(SafeText("metrics")), clock, tuple(signals), lambda reference: Secret("x" * 20, reference), Path("/")
    )
    async with metrics.connect(options, surroundings) as port:
        assert isinstance(port, ScrapeMetrics)
        yield port


@asynccontextmanager
async def watching(
    *exporters: Exporter, clock: VirtualClock | None = None, **options: Any
) -> AsyncIterator[tuple[ScrapeMetrics, VirtualClock, FaultServer]]:
    """Serve exporters at /0, /1, … of one server and open the adapter on all of them."""
    clock = clock or VirtualClock(autojump=True)
    async with FaultServer() as server:
        for number, exporter in enumerate(exporters):
            server.answer(f"/{number}", exporter.reply)
        targets = tuple(f"{server.url}/{number}" for number in range(len(exporters)))
        settings: dict[str, Any] = {"targets": targets, **options}
        async with opened(clock, Options(**settings)) as port:
            yield port, clock, server


def find(answer: SamplesAnswer | Sequence[Sample], signal: str, version: str = "1") -> Sample:
    """Return the sample of one signal of a version; fail when there is none."""
    samples = answer.samples if isinstance(answer, SamplesAnswer) else answer
    found = [sample for sample in samples if sample.signal == signal and sample.version == version]
    assert len(found) == 1, f"{len(found)} samples of {signal} of {version}"
    return found[0]


def has(answer: SamplesAnswer | Sequence[Sample], signal: str, version: str = "1") -> bool:
    """Tell whether there is a sample of a signal of a version."""
    samples = answer.samples if isinstance(answer, SamplesAnswer) else answer
    return any(sample.signal == signal and sample.version == version for sample in samples)


def segments(sample: Sample) -> dict[str, Measurement]:
    """Return the segments of a sample by name."""
    return dict(sample.segments)
