"""Writes to the rollouts of a world file: compare and change in one transaction."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Final, TypeVar

from modeltui.adapters.embedded import wire, writing_promise
from modeltui.adapters.embedded.control import Change, change_target, target_state
from modeltui.adapters.embedded.file import Options, WorldFile, opened
from modeltui.adapters.embedded.rollout_reader import EmbeddedRolloutReader
from modeltui.adapters.embedded.writing import connected_as_it_is, upgrade
from modeltui.domain.acting.action import Check, CheckResult, Desired, Plan, WritingPromise
from modeltui.domain.errors import (
    BackendError,
    BackendMalformed,
    BackendRefused,
    BackendUnavailable,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.lineage import Known
from modeltui.domain.names import UNKNOWN, Missing, SourceName, TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import ConnectWriter, Receipt, RolloutWriter, Trace, Write

KIND: Final = "embedded"
DEADLINE_SECONDS: Final = 10.0
"""Twice what SQLite waits for another writer; a disk that hangs longer leaves the outcome unknown."""
STILL_SECONDS: Final = 30.0
"""A world whose newest tick is older than this has no simulator: weights change and traffic does not follow."""
_SAME: Final = 1e-6
__all__ = ["KIND", "EmbeddedRolloutWriter", "Options", "connect"]

T = TypeVar("T")


class EmbeddedRolloutWriter:
    """Writes weights, roles and serving records of one target at a time; one thread, so that writes never overtake."""

    def __init__(self, path: Path, file: WorldFile, promise: WritingPromise, source: SourceName, clock: Clock) -> None:
        self.promise = promise
        self._path = path
        self._file = file
        self._reader = EmbeddedRolloutReader(file, source, clock)
        self._clock = clock
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="world-writer")

    def close(self) -> None:
        """Let the thread go; a transaction under way ends by itself."""
        self._worker.shutdown(wait=False)

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as the file has it now."""
        answer = await self._reader.read_rollouts()
        for rollout in answer.rollouts:
            if rollout.target == target:
                return rollout
        raise BackendRefused(f"the world has no target {target}", "Look at `modeltui status`.")

    async def prepare(self, plan: Plan) -> tuple[Check, ...]:
        """Return whether the file can be written, the version's artifact is there, and somebody moves the world."""
        now = self._clock.now()

        def look(connection: sqlite3.Connection) -> tuple[Check, ...]:
            return (*_about_version(connection, plan), _about_simulator(connection, now))

        return (await self._about_file(), *await self._file.ask(look))

    async def apply(self, write: Write) -> Receipt:
        """Change the target in one transaction if its revision is still the expected one."""
        at = self._clock.now()
        return await self._on_thread(lambda: _applied(self._path, write, at), write)

    async def trace(self, write: Write) -> Trace:
        """Return whether the write is in the file's own list of writes: always known, once the file can be read."""
        # Behind whatever this process has still under way: nothing that was asked before can come after the answer.
        await asyncio.get_running_loop().run_in_executor(self._worker, _nothing)
        return await self._file.ask(lambda connection: _found(connection, write))

    async def _on_thread(self, work: Callable[[], T], write: Write) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await loop.run_in_executor(self._worker, work)
        except TimeoutError as error:
            raise OutcomeUnknown(
                f"the world did not answer within {DEADLINE_SECONDS:g} s whether {write.target} was changed",
                "Look whether its disk is reachable, then look at the target.",
            ) from error

    async def _about_file(self) -> Check:
        name = SafeText("may-write")
        places = (self._path, self._path.parent)
        may = await asyncio.to_thread(lambda: all(os.access(place, os.W_OK) for place in places))
        if may:
            return Check(name, CheckResult.PASS, SafeText("the file and its directory can be written"))
        return Check(name, CheckResult.FAIL, safe_text(f"{self._path} or its directory cannot be written"))


def _nothing() -> None:
    """Take a turn on the thread."""


def _about_version(connection: sqlite3.Connection, plan: Plan) -> tuple[Check, ...]:
    row = connection.execute(
        "SELECT provenance FROM versions WHERE model = ? AND id = ?", [plan.target.model, plan.version]
    ).fetchone()
    exists = SafeText("exists")
    if row is None:
        return (Check(exists, CheckResult.FAIL, safe_text(f"there is no version {plan.version}")),)
    provenance = wire.provenance(row[0], plan.writes_through.source, plan.made_at)
    artifact, name = provenance.artifact, SafeText("artifact")
    reachable = artifact.value.is_reachable if isinstance(artifact, Known) else UNKNOWN
    if isinstance(reachable, Missing):
        told = Check(name, CheckResult.UNKNOWN, SafeText("the world does not say whether the artifact can be reached"))
    elif reachable:
        told = Check(name, CheckResult.PASS, SafeText("the artifact can be reached"))
    else:
        told = Check(name, CheckResult.FAIL, SafeText("the artifact is gone"))
    return (Check(exists, CheckResult.PASS, safe_text(f"{plan.version} is registered")), told)


def _about_simulator(connection: sqlite3.Connection, now: float) -> Check:
    name = SafeText("controller")
    (newest,) = connection.execute("SELECT MAX(at) FROM counters").fetchone()
    if newest is not None and now - newest <= STILL_SECONDS:
        return Check(name, CheckResult.PASS, SafeText("the world is moving: traffic will follow"))
    return Check(name, CheckResult.WARN, SafeText("nobody moves the world: traffic will not follow"))


def _found(connection: sqlite3.Connection, write: Write) -> Trace:
    has_table = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'writes'").fetchone()
    if not has_table:
        return Trace.NOT_APPLIED
    row = connection.execute("SELECT 1 FROM writes WHERE key = ?", [write.key]).fetchone()
    return Trace.APPLIED if row else Trace.NOT_APPLIED


def _applied(path: Path, write: Write, at: float) -> Receipt:
    """Write, or raise: in a thread, for a disk may take its time."""
    try:
        connection = connected_as_it_is(path)
    except BackendMalformed as error:
        raise BackendRefused(error.title, error.remedy) from error
    with closing(connection):
        try:
            connection.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut
            connection.execute("BEGIN IMMEDIATE")
            upgrade(connection)  # in here: what is refused leaves the file as it was
            receipt = _changed(connection, write, at)
        except BackendError:
            _roll_back(connection)
            raise
        except sqlite3.Error as error:
            _roll_back(connection)
            raise _not_written(path, error) from error
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:  # readers kept it from being written: it is still ours to take back
                _roll_back(connection)
                raise _not_written(path, error) from error
            raise OutcomeUnknown(
                f"the world {safe_text(str(path))} failed while {write.target} was changed: {safe_text(str(error))}",
                "Look at the target before doing anything again.",
            ) from error
        return receipt


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _not_written(path: Path, error: sqlite3.Error) -> BackendUnavailable:
    return BackendUnavailable(
        f"the world {safe_text(str(path))} cannot be written now: {safe_text(str(error))}; nothing was changed",
        "Look who holds it, and whether its disk is full or read-only.",
    )


def _changed(connection: sqlite3.Connection, write: Write, at: float) -> Receipt:
    """Change the target inside the transaction that is under way."""
    asked_for = _text_of(write)
    row = connection.execute("SELECT desired, revision FROM writes WHERE key = ?", [write.key]).fetchone()
    if row is not None:
        if row[0] != asked_for:
            raise BackendRefused(
                f"the key {write.key} was used for another write", "Make a new plan: a key stands for one write."
            )
        return Receipt(safe_text(str(row[1])), was_done_before=True)
    model, environment = write.target.model, write.target.environment
    before = target_state(connection, model, environment)
    if safe_text(str(before.revision)) != write.expected.revision:
        raise RevisionConflict(
            f"{write.target} has moved: its revision is {before.revision}, not {write.expected.revision}",
            "Look again, and plan again.",
        )
    _check_bounds(connection, write.target, write.desired)
    candidate = None if isinstance(write.desired.candidate, Missing) else str(write.desired.candidate)
    change = Change(
        model, environment, dict(write.desired.weights), write.desired.stable, candidate, at, safe_text(write.says, 160)
    )
    revision = change_target(connection, before, change)
    connection.execute(
        "INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?)",
        [write.key, model, environment, asked_for, revision, at, change.says],
    )
    return Receipt(safe_text(str(revision)))


def _check_bounds(connection: sqlite3.Connection, target: TargetKey, desired: Desired) -> None:
    """Raise `BackendRefused` for what no target can be."""
    named = {desired.stable} if isinstance(desired.candidate, Missing) else {desired.stable, desired.candidate}
    shares = dict(desired.weights)
    if desired.candidate == desired.stable:
        raise BackendRefused(f"{target}: stable and candidate are both {desired.stable}", "Plan again.")
    if len(shares) != len(desired.weights) or not shares.keys() <= named:
        raise BackendRefused(f"{target}: only stable and candidate can have a share, each one", "Plan again.")
    is_share = all(math.isfinite(share) and 0.0 <= share <= 1.0 for share in shares.values())
    if not is_share or abs(math.fsum(shares.values()) - 1.0) > _SAME:
        raise BackendRefused(f"{target}: the shares do not add up to 1", "Plan again.")
    for version in sorted(named):
        known = connection.execute(
            "SELECT 1 FROM versions WHERE model = ? AND id = ?", [target.model, version]
        ).fetchone()
        if known is None:
            raise BackendRefused(f"{target.model} has no version {version}", "Look at `modeltui versions`.")


def _text_of(write: Write) -> str:
    desired = write.desired
    candidate = None if isinstance(desired.candidate, Missing) else desired.candidate
    whole = [write.target.model, write.target.environment, desired.stable, candidate, sorted(desired.weights)]
    return json.dumps(whole, ensure_ascii=False)


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings, policy: Policy) -> AsyncIterator[RolloutWriter]:
    """Open the world file that the options name, for writing; it is not touched before the first question."""
    promise = writing_promise.promise(options, surroundings, policy)
    path = surroundings.base_directory / options.path
    async with opened(options, surroundings.base_directory) as file:
        writer = EmbeddedRolloutWriter(path, file, promise, surroundings.source, surroundings.clock)
        try:
            yield writer
        finally:
            writer.close()


_: ConnectWriter = connect
