"""What a controller was told to do with the traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.ports.probe import Probe


@dataclass(frozen=True, slots=True)
class RolloutsAnswer:
    """All targets of a controller."""

    rollouts: tuple[Rollout, ...]
    warnings: tuple[SafeText, ...] = ()


class RolloutReader(Protocol):
    """Reads only. Every method raises `BackendError` when the controller lets us down."""

    async def read_rollouts(self) -> RolloutsAnswer:
        """Return every target that the controller knows."""
        ...

    async def probe(self) -> Probe:
        """Return what a person needs to know when it does not work."""
        ...
