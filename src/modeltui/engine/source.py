"""A source as the engine sees it: something to ask, how often, and what to do with the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modeltui.domain.fleet import SourceKind, SourceState
from modeltui.domain.names import SourceName
from modeltui.domain.text import SafeText
from modeltui.ports.metrics import Metrics
from modeltui.ports.registry import Registry
from modeltui.ports.rollout_reader import RolloutReader

if TYPE_CHECKING:  # loaded by their adapters
    from modeltui.ports.code_history import CodeHistory
    from modeltui.ports.provenance import ProvenanceSource

Port: TypeAlias = "Registry | Metrics | RolloutReader | ProvenanceSource | CodeHistory"


@dataclass(frozen=True, slots=True)
class Source:
    """One opened source."""

    name: SourceName
    kind: SourceKind
    backend: SafeText
    port: Port
    every_seconds: float
    deadline_seconds: float = 15.0
    """A question that takes longer is given up: it costs its own cells only."""

    def state(self) -> SourceState:
        """Return how it looks before it was asked."""
        return SourceState(self.name, self.kind, self.backend, self.every_seconds)
