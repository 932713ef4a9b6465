"""Writes aliases of MLflow, which can neither compare and swap nor remember who wrote.

One write is: look, claim the model by a tag, wait, look again, set the alias (one request), leave our key in a tag,
look at once and after two seconds. A server too slow for all of that in the time that a write gets is refused before
anything is changed; an answer that is there is never lost to tidying up. Nothing is ever deleted: an account that may
set an alias may not be allowed to delete one, and between deleting and setting nothing would serve.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from modeltui.adapters._http import HttpReader, HttpWriter
from modeltui.adapters.mlflow import writing_promise
from modeltui.adapters.mlflow.action_tags import ACTION_TAG, LOCK_TAG, Lock
from modeltui.adapters.mlflow.alias_moves import AliasNames, Move, alias_names, check_desired, moved, moves
from modeltui.adapters.mlflow.api import API, MlflowApi
from modeltui.adapters.mlflow.before_writing import checks_before
from modeltui.adapters.mlflow.claiming import Claim, Claims
from modeltui.adapters.mlflow.model_look import Look, look_in
from modeltui.adapters.mlflow.options import Options, http_settings
from modeltui.adapters.mlflow.settling import settled
from modeltui.adapters.mlflow.write_timing import DEFAULT_TIMING, Timing
from modeltui.domain.acting.action import Check, Plan, WritingPromise
from modeltui.domain.errors import (
    BackendError,
    BackendMalformed,
    BackendRefused,
    BackendUnavailable,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.names import UNKNOWN, Missing, SourceName, TargetKey, Unknown, VersionId
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
__all__ = ["DEFAULT_TIMING", "KIND", "MlflowRolloutWriter", "Options", "Timing", "connect"]


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
        self._claims = Claims(clock, timing)
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
        held = look.lock if look.lock and look.lock.is_held(look.server_now, self._claims.longest_seconds) else None
        return await checks_before(self._api, self._source, plan, held)

    async def apply(self, write: Write) -> Receipt:
        """Set the alias if the aliases are as expected; two requests only when two aliases have to move."""
        target = write.target
        self._sent_at.setdefault(write.key, None)
        names = alias_names(self._policy, target.model, target.environment)
        check_desired(names, target.model, write.desired)
        began = self._clock.boottime()
        look = await self._begun(write, names, began)
        if isinstance(look, Look):
            await self._signed_off(write, names, began)
            return Receipt(look.revision, was_done_before=True)
        try:
            seen = await self._last_look(write, names, look, began)
            needed = moves(names, seen.aliases, write.desired)
            await self._move(write, needed)
        except (BackendRefused, BackendUnavailable, RevisionConflict):
            await self._release(write, names, began)
            raise
        try:
            async with asyncio.timeout(self._left(began)):
                await self._leave_key(write)
                receipt = Receipt(await self._settled(write, names, seen, needed))
        except TimeoutError:
            receipt = Receipt(UNKNOWN)  # accepted, and not seen again: whoever verifies looks again
        except OutcomeUnknown:
            await self._release(write, names, began)
            raise
        await self._release(write, names, began)
        return receipt

    async def _begun(self, write: Write, names: AliasNames, began: float) -> Claim | Look:
        """Return our claim of the target, or the look that shows that all was done before."""
        target, most_seconds = write.target, self._timing.begin_seconds
        try:
            async with asyncio.timeout(most_seconds):
                look = await self._asked(target, names)
                if self._was_done_before(write, names, look):
                    return look
                self._check_unmoved(write, look)
                self._check_free(write, names, look)
                if self._clock.boottime() - began > most_seconds / 2:
                    raise TimeoutError  # a claim would take as long again, and be left behind
                return await self._claims.take(write, look, lambda text: self._tag(target, LOCK_TAG, text))
        except TimeoutError as error:
            raise self._too_slow(target, "to look and to claim", began) from error

    async def _last_look(self, write: Write, names: AliasNames, claim: Claim, began: float) -> Look:
        """Return the look right before the write: the claim is ours, and nothing has moved."""
        target = write.target
        spent_seconds = self._clock.boottime() - began
        pause_seconds = max(self._timing.pause_seconds, 2 * spent_seconds)
        try:
            async with asyncio.timeout(self._timing.before_seconds - spent_seconds):
                believed = await self._claims.believed(claim, pause_seconds, lambda: self._asked(target, names))
        except TimeoutError as error:
            raise self._too_slow(target, "until our claim could be believed", began) from error
        self._check_unmoved(write, believed.look)
        self._check_quick(target, believed.seconds, pause_seconds)
        return believed.look

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
        return is_ours and look.lock is not None and look.lock.is_held(look.server_now, self._claims.longest_seconds)

    # Looking

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
        is_abort = isinstance(write.desired.candidate, Missing) and look.aliases[names.stable] == write.desired.stable
        if not is_abort:
            self._claims.check_free(write, look)

    def _check_quick(self, target: TargetKey, took_seconds: float, pause_seconds: float) -> None:
        if took_seconds > max(pause_seconds, self._timing.quick_seconds):
            raise BackendUnavailable(
                f"the last look at {target} took {took_seconds:.1f} s: it may have moved meanwhile; "
                "nothing was changed",
                "Plan again; the way to the server is slow at the moment.",
            )

    def _too_slow(self, target: TargetKey, what: str, began: float) -> BackendUnavailable:
        took_seconds = self._clock.boottime() - began
        return BackendUnavailable(
            f"{self._source} is too slow to write to {target} safely: it took {took_seconds:.1f} s {what}; "
            "nothing was changed",
            "See why the server is slow; the alias can also be moved by whoever is near it.",
        )

    # Writing

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

    async def _settled(
        self, write: Write, names: AliasNames, before: Look, made: tuple[Move, ...]
    ) -> SafeText | Unknown:
        """Return the revision that the aliases come to rest at; raise `OutcomeUnknown` when it is not ours."""
        aliases = moved(before.aliases, made)
        after = {name: aliases.get(name) for name in names.concerned()}
        target = write.target
        seconds = self._timing.settle_seconds
        return await settled(target, lambda: self._look(target, names), before, after, seconds, self._clock)

    # Tidying up: never at the price of an answer that is known

    def _left(self, began: float) -> float:
        """Return the seconds that are left of the whole."""
        spent_seconds = self._clock.boottime() - began
        return max(self._timing.whole_seconds - spent_seconds, self._timing.tidy_seconds)

    async def _signed_off(self, write: Write, names: AliasNames, began: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._left(began)):
                await self._leave_key(write)
        await self._release(write, names, began)

    async def _leave_key(self, write: Write) -> None:
        # The alias was accepted; without the tag it is found by its value.
        with suppress(BackendError):
            await self._tag(write.target, ACTION_TAG, str(write.key))

    async def _release(self, write: Write, names: AliasNames, began: float) -> None:
        """Give the claim back, unless somebody else has it by now; without success it ends by itself."""
        with suppress(BackendError, TimeoutError):
            async with asyncio.timeout(self._left(began)):
                lock = (await self._look(write.target, names)).lock
                if lock is not None and lock.key == write.key:
                    await self._tag(write.target, LOCK_TAG, Lock(str(write.key), SafeText(""), 0.0).text())

    async def _tag(self, target: TargetKey, key: str, value: str) -> None:
        await self._writer.send("POST", SET_TAG, json={"name": str(target.model), "key": key, "value": value})


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
