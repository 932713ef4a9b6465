"""Writes the files, through gates: `read`, `apply` (nothing has happened), `answer` (it has, and nobody knows)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modeltui.domain.acting.action import Check, Plan, WritingPromise
from modeltui.domain.errors import BackendRefused, RevisionConflict
from modeltui.domain.names import Missing, SourceName, TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.rollout_writer import Receipt, Trace, Write
from tests.runner.staged.promise import promise
from tests.runner.staged.world import KIND, TARGET, Options, StagedWorld

__all__ = ["KIND", "Options", "connect"]


class StagedWriter:
    """One target's writer."""

    def __init__(self, world: StagedWorld, source: SourceName, made: WritingPromise) -> None:
        self.promise = made
        self._world = world
        self._source = source

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as it is."""
        await self._world.gate("read")
        if target != TARGET:
            raise BackendRefused(f"there is no {target}", "look")
        return self._world.rollout(self._source)

    async def prepare(self, plan: Plan) -> tuple[Check, ...]:
        """Return nothing that stands against it."""
        return ()

    async def apply(self, write: Write) -> Receipt:
        """Write, once per key."""
        self._world.note("sent", write.key)
        await self._world.gate("apply")
        self._break()
        state = self._world.state()
        if write.key in self._world.noted("applied"):
            return Receipt(safe_text(str(state["revision"])), was_done_before=True)
        if write.expected.revision != str(state["revision"]):
            raise RevisionConflict(f"{write.target} moved", "look again")
        candidate = None if isinstance(write.desired.candidate, Missing) else write.desired.candidate
        revision = state["revision"] + 1
        weights, stable = dict(write.desired.weights), write.desired.stable
        changed = {"revision": revision, "weights": weights, "stable": stable, "candidate": candidate}
        self._world.change(write.key, changed)
        await self._world.gate("answer")
        return Receipt(safe_text(str(revision)))

    async def trace(self, write: Write) -> Trace:
        """Return whether the key is there."""
        self._break()
        return Trace.APPLIED if write.key in self._world.noted("applied") else Trace.NOT_APPLIED

    def _break(self) -> None:
        for said in self._world.noted("breaks"):
            raise RuntimeError(f"it broke; {said}")


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings, policy: Policy) -> AsyncIterator[StagedWriter]:
    """Open the files for writing."""
    world = StagedWorld(surroundings.base_directory / options.directory)
    yield StagedWriter(world, surroundings.source, promise(options, surroundings, policy))
