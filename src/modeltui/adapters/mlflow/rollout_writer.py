"""Writes aliases of MLflow, which can neither compare and swap nor remember who wrote.

One write is: look, claim the model by a tag, wait, look again, set the alias (one request), leave our key in a tag,
look at once and after two seconds. The claim follows Fischer's mutual exclusion: after setting the tag everybody
waits longer than the look before it took, so that of two who saw it free only the later one finds its own name.
Nothing is ever deleted: an account that may set an alias may not be allowed to delete one, and between deleting and
setting nothing would serve.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from modeltui.adapters._http import HttpReader, HttpWriter
from modeltui.adapters.mlflow import writing_promise
from modeltui.adapters.mlflow.action_tags import ACTION_TAG, LOCK_TAG, Lock
from modeltui.adapters.mlflow.alias_moves import AliasNames, Move, alias_names, check_desired, moved, moves
from modeltui.adapters.mlflow.api import API, MlflowApi
from modeltui.adapters.mlflow.before_writing import checks_before
from modeltui.adapters.mlflow.model_look import Look, look_in
from modeltui.adapters.mlflow.options import Options, http_settings
from modeltui.domain.acting.action import Check, Plan, WritingPromise
from modeltui.domain.errors import (
    BackendError,
    BackendMalformed,
    BackendRefused,
    BackendUnavailable,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.names import UNKNOWN, Missing, SourceName, TargetKey, VersionId
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Role, Rollout, rollout_from_pointers
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import ConnectWriter, Receipt, RolloutWriter, Trace, Write, WriteKey

KIND: Final = "mlflow"
SET_ALIAS: Final = f"{API}registered-models/alias"
SET_TAG: Final = f"{API}registered-models/set-tag"
WRITES: Final = (("POST", SET_ALIAS), ("POST", SET_TAG))
"""All that is ever sent besides questions."""
_LOOK_LATER: Final = "Look again when that is done."
__all__ = ["DEFAULT_TIMING", "KIND", "MlflowRolloutWriter", "Options", "Timing", "connect"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what."""

    pause_seconds: float = writing_promise.PAUSE_SECONDS
    """Between claiming a model and believing it, at least; twice as long as our own look took, if that is more."""
    quick_seconds: float = writing_promise.PAUSE_SECONDS
    """For the last look before a write, at most, or as long as was paused: else it may have moved meanwhile."""
    settle_seconds: float = writing_promise.NOTICED_SECONDS
    """After a write, until the last look at it."""
    lock_seconds: float = 20.0
    """A claim ends by itself after this: it outlasts the longest write."""
    late_seconds: float = 20.0
    """A write whose answer is lost may still arrive for this long."""


DEFAULT_TIMING: Final = Timing()


class MlflowRolloutWriter:
    """Moves the aliases that mean the stable version and the candidate of a target."""

    def __init__(
        self,
        reader: HttpReader,
        writer: HttpWriter,
        promise: WritingPromise,
        policy: Policy,
        clock: Clock,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self.promise = promise
        self._api = MlflowApi(reader)
        self._writer = writer
        self._source: SourceName = promise.source
        self._policy = policy
        self._clock = clock
        self._timing = timing
        self._sent_at: dict[WriteKey, float | None] = {}
        """When the alias request of each write began, on the boot clock; None when it was never sent from here."""

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as its aliases say now: one request."""
        names = alias_names(self._policy, target.model, target.environment)
        look = await self._asked(target, names)
        roles = {Role.STABLE: names.stable, Role.CANDIDATE: names.candidate, Role.SHADOW: names.shadow}
        pointed = {
            role: VersionId(safe_text(look.aliases[alias]))
            for role, alias in roles.items()
            if alias is not None and alias in look.aliases
        }
        return replace(rollout_from_pointers(target, self._source, pointed), revision=look.revision)

    async def prepare(self, plan: Plan) -> tuple[Check, ...]:
        """Return whether the version's files are there, the account may write, and nobody else is busy."""
        names = alias_names(self._policy, plan.target.model, plan.target.environment)
        look = await self._look(plan.target, names)
        held = look.lock if look.lock and look.lock.is_held(look.server_now, self._longest_lock) else None
        return await checks_before(self._api, self._source, plan, held)

    async def apply(self, write: Write) -> Receipt:
        """Set the alias if the aliases are as expected; two requests only when two aliases have to move."""
        target = write.target
        names = alias_names(self._policy, target.model, target.environment)
        check_desired(names, target.model, write.desired)
        self._sent_at.setdefault(write.key, None)
        began = self._clock.boottime()
        look = await self._asked(target, names)
        if self._was_done_before(write, names, look):
            await self._leave_key(write)
            await self._release(write, names)
            return Receipt(look.revision, was_done_before=True)
        self._check_unmoved(write, look)
        self._check_free(write, names, look)
        await self._claim(write, look)
        pause_seconds = max(self._timing.pause_seconds, 2 * (self._clock.boottime() - began))
        await self._clock.sleep(pause_seconds)
        looked_at = self._clock.boottime()
        look = await self._asked(target, names)
        if look.lock is None or look.lock.key != write.key:
            raise RevisionConflict(f"{target} is being changed by {look.holder}", _LOOK_LATER)
        try:
            self._check_unmoved(write, look)
            self._check_quick(target, looked_at, pause_seconds)
            needed = moves(names, look.aliases, write.desired)
            await self._move(write, needed)
        except (BackendRefused, BackendUnavailable, RevisionConflict):
            await self._release(write, names)
            raise
        after = moved(look.aliases, needed)
        await self._leave_key(write)
        try:
            receipt = await self._settled(write, names, look, after)
        except OutcomeUnknown:
            await self._release(write, names)
            raise
        await self._release(write, names)
        return receipt

    async def trace(self, write: Write) -> Trace:
        """Return whether a write happened: our key tells it, else the aliases; time tells only that none will come."""
        names = alias_names(self._policy, write.target.model, write.target.environment)
        look = await self._look(write.target, names)
        is_as_before = look.revision == write.expected.revision
        is_as_desired = not moves(names, look.aliases, write.desired)
        if look.last_key == write.key or (is_as_desired and not is_as_before):
            return Trace.APPLIED
        was_never_sent = write.key in self._sent_at and self._sent_at[write.key] is None
        if was_never_sent:
            return Trace.NOT_APPLIED
        # The alias carries no key, and ours is left only once the answer is there: who sets it back hides the write.
        return Trace.AS_BEFORE if is_as_before and not self._may_arrive(write, look) else Trace.CANNOT_TELL

    def _may_arrive(self, write: Write, look: Look) -> bool:
        """Tell whether a request with a lost answer may still be on its way."""
        sent_at = self._sent_at.get(write.key)
        if sent_at is not None:
            return self._clock.boottime() - sent_at < self._timing.late_seconds
        is_ours = look.lock is not None and look.lock.key == write.key
        return is_ours and look.lock is not None and look.lock.is_held(look.server_now, self._longest_lock)

    # Looking

    @property
    def _longest_lock(self) -> float:
        return 4 * self._timing.lock_seconds

    async def _look(self, target: TargetKey, names: AliasNames) -> Look:
        answer = await self._api.get(f"{API}registered-models/get", {"name": str(target.model)})
        return look_in(answer, target, names, self._clock.now())

    async def _asked(self, target: TargetKey, names: AliasNames) -> Look:
        """Look, on the way to a write: whatever fails here, nothing was written."""
        try:
            look = await self._look(target, names)
        except BackendMalformed as error:
            raise BackendUnavailable(error.title, error.remedy) from error
        if names.stable not in look.aliases:
            raise BackendRefused(
                f"{target.model} has no alias {names.stable}",
                "Set it once where versions are released. A stage of that name is none: stages are not written.",
            )
        return look

    # Saying no before anything is sent

    def _was_done_before(self, write: Write, names: AliasNames, look: Look) -> bool:
        is_ours = write.key in (look.last_key, look.lock.key if look.lock else "")
        if is_ours and not moves(names, look.aliases, write.desired):
            return True
        if look.last_key == write.key:
            raise RevisionConflict(
                f"{write.target} was changed as planned, and has moved since: {look.revision}", "Look again."
            )
        return False

    def _check_unmoved(self, write: Write, look: Look) -> None:
        if look.revision != write.expected.revision:
            raise RevisionConflict(
                f"{write.target} has moved: {look.revision}, not {write.expected.revision}",
                "Look again, and plan again.",
            )

    def _check_free(self, write: Write, names: AliasNames, look: Look) -> None:
        """Raise when somebody else is busy here; an abort waits for nobody."""
        lock = look.lock
        if lock is None or lock.key == write.key or not lock.is_held(look.server_now, self._longest_lock):
            return
        is_abort = isinstance(write.desired.candidate, Missing) and look.aliases[names.stable] == write.desired.stable
        if not is_abort:
            raise RevisionConflict(f"{write.target} is being changed by {look.holder}", "Look again when that is done.")

    def _check_quick(self, target: TargetKey, looked_at: float, pause_seconds: float) -> None:
        took = self._clock.boottime() - looked_at
        if took > max(pause_seconds, self._timing.quick_seconds):
            raise BackendUnavailable(
                f"the last look at {target} took {took:.1f} s: it may have moved meanwhile; nothing was changed",
                "Plan again; the way to the server is slow at the moment.",
            )

    # Writing

    async def _claim(self, write: Write, look: Look) -> None:
        lock = Lock(write.key, safe_text(write.says, 120), look.server_now + self._timing.lock_seconds)
        try:
            await self._tag(write.target, LOCK_TAG, lock.text())
        except OutcomeUnknown as error:
            # Whether the tag is there matters to nobody: it ends by itself, and the alias was not touched.
            raise BackendUnavailable(f"{error.title}; the alias was not touched", "Plan again.") from error

    async def _move(self, write: Write, needed: tuple[Move, ...]) -> None:
        for number, move in enumerate(needed):
            if number == 0:
                self._sent_at[write.key] = self._clock.boottime()
            body = {"name": str(write.target.model), "alias": move.alias, "version": move.version}
            try:
                answer = await self._writer.send("POST", SET_ALIAS, json=body)
            except BackendError as error:
                if number > 0 and not isinstance(error, OutcomeUnknown):
                    raise _half_done(write.target, needed[:number], error) from error
                if not isinstance(error, OutcomeUnknown):
                    self._sent_at[write.key] = None
                raise
            if answer.is_html:
                raise OutcomeUnknown(
                    f"{self._source} answered the write of {move.alias} with a web page",
                    "A proxy or login page may stand between. Look at the alias before doing anything again.",
                )

    async def _leave_key(self, write: Write) -> None:
        # The alias was accepted; without the tag it is found by its value.
        with suppress(BackendError):
            await self._tag(write.target, ACTION_TAG, str(write.key))

    async def _release(self, write: Write, names: AliasNames) -> None:
        """Give the claim back, unless somebody else has it by now; without success it ends by itself."""
        with suppress(BackendError):
            lock = (await self._look(write.target, names)).lock
            if lock is not None and lock.key == write.key:
                await self._tag(write.target, LOCK_TAG, Lock(str(write.key), SafeText(""), 0.0).text())

    async def _tag(self, target: TargetKey, key: str, value: str) -> None:
        await self._writer.send("POST", SET_TAG, json={"name": str(target.model), "key": key, "value": value})

    async def _settled(self, write: Write, names: AliasNames, before: Look, after: Mapping[str, str]) -> Receipt:
        """Look at once and after a while; raise `OutcomeUnknown` when somebody else wrote at the same time."""
        revision: SafeText | Missing = UNKNOWN
        for wait_seconds in (0.0, self._timing.settle_seconds):
            if wait_seconds:
                await self._clock.sleep(wait_seconds)
            try:
                look = await self._look(write.target, names)
            except BackendError:
                revision = UNKNOWN  # accepted, and not seen again: whoever verifies looks again
                continue
            if any(look.aliases.get(name) != after.get(name) for name in names.concerned()):
                raise OutcomeUnknown(
                    f"somebody else moved {write.target} at the same time: it was {before.revision}, "
                    f"our write was accepted, and now it is {look.revision}",
                    "Nothing was repeated or undone. Look who else writes, and plan again from what is there now.",
                )
            revision = look.revision
        return Receipt(revision)


def _half_done(target: TargetKey, made: tuple[Move, ...], error: BackendError) -> OutcomeUnknown:
    done = ", ".join(f"{move.alias}={move.version}" for move in made)
    return OutcomeUnknown(
        f"{target} is half changed: {done} was accepted, then: {error.title}",
        "Look at its aliases, and plan again from what is there now.",
    )


@asynccontextmanager
async def connect(
    options: Options, surroundings: Surroundings, policy: Policy, *, timing: Timing = DEFAULT_TIMING
) -> AsyncIterator[RolloutWriter]:
    """Open an MLflow for writing; nothing is asked before the first question."""
    settings = http_settings(options, surroundings.secret, surroundings.base_directory)
    promise = writing_promise.promise(options, surroundings, policy)
    async with (
        HttpReader(surroundings.source, settings, keep_alive=not options.connection_close) as reader,
        HttpWriter(surroundings.source, settings, writes=WRITES) as writer,
    ):
        yield MlflowRolloutWriter(reader, writer, promise, policy, surroundings.clock, timing)


_: ConnectWriter = connect
