"""The staged controller, for reading."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import SourceName
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Probe
from modeltui.ports.rollout_reader import RolloutsAnswer
from tests.runner.staged.world import KIND, Options, StagedWorld

__all__ = ["KIND", "PORT", "Options", "connect"]
PORT = SourceKind.ROLLOUTS
POLL_SECONDS = 1.0


class StagedRollouts:
    """Reads the files."""

    def __init__(self, world: StagedWorld, source: SourceName) -> None:
        self._world = world
        self._source = source

    async def read_rollouts(self) -> RolloutsAnswer:
        """Return the one target."""
        return RolloutsAnswer((self._world.rollout(self._source),))

    async def probe(self) -> Probe:
        """Return nothing worth knowing."""
        return Probe(SafeText("staged"))


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[StagedRollouts]:
    """Open the files."""
    yield StagedRollouts(StagedWorld(surroundings.base_directory / options.directory), surroundings.source)
