"""How each version behaves now, and how it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modeltui.domain.names import Instant, TargetKey
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText
from modeltui.ports.probe import Probe


@dataclass(frozen=True, slots=True)
class SamplesAnswer:
    """Every signal of every version that was seen; what failed alone is named in `warnings`."""

    samples: tuple[Sample, ...]
    warnings: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """The past in equal steps, oldest first; each step holds the samples of its own window."""

    steps: tuple[tuple[Instant, tuple[Sample, ...]], ...]
    warnings: tuple[SafeText, ...] = ()


class Metrics(Protocol):
    """Reads only. Every method raises `BackendError` when nothing could be read at all."""

    async def read(self) -> SamplesAnswer:
        """Return the newest samples of all targets, over each signal's own rolling window.

        The number of requests must not grow with the number of targets. A sample's `at` is by our clock: the
        adapter takes the backend's clock offset out.
        """
        ...

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return the samples of these targets at `start`, `start + step`, … up to `end`.

        A source that keeps no history answers without steps and says so in a warning.
        """
        ...

    async def probe(self) -> Probe:
        """Return what a person needs to know when it does not work: labels found and missing, most of all."""
        ...
