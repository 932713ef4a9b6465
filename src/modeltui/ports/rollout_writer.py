"""The only way to change who gets which version. Held by `engine/acting/executor.py` in the actor process alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, NewType, Protocol

from modeltui.domain.acting.action import Check, Desired, Plan, WritingPromise
from modeltui.domain.names import TargetKey, Unknown
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings

WriteKey = NewType("WriteKey", SafeText)
"""`PLAN_ID/STEP`, steps from 0: the same write sent twice carries the same key."""


@dataclass(frozen=True, slots=True)
class Write:
    """One step of one plan, as it is sent."""

    key: WriteKey
    target: TargetKey
    desired: Desired
    expected: Rollout
    """The target as `read` returned it just now: it must still be so, by its revision where the backend has one."""
    says: SafeText
    """Who and why, for backends that keep such words; short."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A write that the backend accepted."""

    revision: SafeText | Unknown
    """The token of the new state."""
    was_done_before: bool = False
    """The backend recognised the key: this very write had happened already."""


class Trace(Enum):
    """Whether a write with a lost answer happened."""

    APPLIED = "applied"
    """Our key was found, or the target is as we wanted it and was not before."""
    NOT_APPLIED = "not applied"
    """The backend could not hide it, and it is not there."""
    AS_BEFORE = "as before"
    """It reads as before, and nothing is on its way any more: it never arrived, or somebody has set it back since."""
    CANNOT_TELL = "cannot tell"


class RolloutWriter(Protocol):
    """Writes to one source. Every method raises `BackendError`; `apply` says by the kind of error what happened."""

    promise: WritingPromise

    async def read(self, target: TargetKey) -> Rollout:
        """Return the target as the backend has it now: one fresh look, never a cache. Idempotent.

        `revision` changes whenever anything that `Desired` names changes. Raises `BackendRefused` when there is no
        such target.
        """
        ...

    async def prepare(self, plan: Plan) -> tuple[Check, ...]:
        """Return what can be checked only from here: the artifact loads, the credentials may write. Writes nothing."""
        ...

    async def apply(self, write: Write) -> Receipt:
        """Make the target as desired if it still is as expected. One request; never repeated in here.

        Success proves that the backend accepted it, not that anything serves. Errors: `RevisionConflict` it moved,
        nothing was written; `BackendRefused` the backend said no, nothing was written; `BackendUnavailable` it could
        not be reached, nothing was sent; `OutcomeUnknown` it was sent and the answer is lost.
        """
        ...

    async def trace(self, write: Write) -> Trace:
        """Return whether `write`, sent before, happened. Reads only. May be asked again and again."""
        ...


class ConnectWriter(Protocol):
    """Opens a writer. Does no I/O before the first question."""

    def __call__(
        self, options: Any, surroundings: Surroundings, policy: Policy
    ) -> AbstractAsyncContextManager[RolloutWriter]:
        """Return a context manager with the writer inside; `policy.pointers` says which alias means which role."""
        ...


Promise = Callable[[Any, Surroundings, Policy], WritingPromise]
"""What writing through a source with these options promises; the module that has it imports no writer."""
WritesTo = Callable[[TargetKey, Any, Surroundings, Policy], SafeText]
"""Where the writes to a target go with these options; equal texts mean the same place, and hold no secret. No I/O."""
