"""Claims a model by a tag, so that operators of this program do not write to it at the same time.

After setting the tag everybody waits longer than the look before it took, so that of two who saw the model free only
the later one finds its own claim (Fischer's mutual exclusion). A claim that is seen late tells that answers come from
a copy that lags: it is waited for as long again, for another's would be seen as late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modeltui.adapters.mlflow.action_tags import Lock
from modeltui.adapters.mlflow.model_look import Look
from modeltui.adapters.mlflow.write_timing import Timing
from modeltui.domain.errors import BackendUnavailable, OutcomeUnknown, RevisionConflict
from modeltui.domain.names import TargetKey
from modeltui.domain.text import safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import Write


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of ours that was sent."""

    target: TargetKey
    lock: Lock
    before: Lock | None
    """What stood there before."""
    sent_at: float
    """When its answer was there, on the boot clock."""

    def is_in(self, look: Look) -> bool:
        """Tell whether this very claim is seen, and not an earlier one for the same write."""
        lock = look.lock
        return lock is not None and (lock.key, lock.until) == (self.lock.key, self.lock.until)

    def is_taken_over(self, look: Look, longest_seconds: float) -> bool:
        """Tell whether somebody else's claim is seen that was not there before."""
        lock = look.lock
        if lock is None or lock == self.before or lock.key == self.lock.key:
            return False
        return lock.is_held(look.server_now, longest_seconds)


@dataclass(frozen=True, slots=True)
class Believed:
    """The look that shows a claim to be ours."""

    look: Look
    seconds: float
    """How long it took."""


SetTag = Callable[[str], Awaitable[None]]
"""Sets the tag of the claim to a text."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims models on one server."""

    clock: Clock
    timing: Timing

    @property
    def longest_seconds(self) -> float:
        """Return how far ahead a claim of ours can end at most."""
        return 4 * self.timing.lock_seconds

    def check_free(self, write: Write, look: Look) -> None:
        """Raise `RevisionConflict` when somebody else is busy there."""
        lock = look.lock
        if lock is not None and lock.key != write.key and lock.is_held(look.server_now, self.longest_seconds):
            raise _busy(write.target, look)

    async def take(self, write: Write, look: Look, set_tag: SetTag) -> Claim:
        """Claim the target; raise `BackendUnavailable` when nobody knows whether that arrived."""
        until = round(look.server_now + self.timing.lock_seconds, 3)
        lock = Lock(write.key, safe_text(write.says, 120), until)
        try:
            await set_tag(lock.text())
        except OutcomeUnknown as error:
            # Whether the tag is there matters to nobody: it ends by itself, and the alias was not touched.
            raise BackendUnavailable(f"{error.title}; the alias was not touched", "Plan again.") from error
        return Claim(write.target, lock, look.lock, self.clock.boottime())

    async def believed(self, claim: Claim, pause_seconds: float, look: Callable[[], Awaitable[Look]]) -> Believed:
        """Return the look that shows the claim to be ours, after the pause.

        Raises `RevisionConflict` when another's is seen, `BackendUnavailable` when ours is not seen in time.
        """
        wait_seconds, is_enough = pause_seconds, True
        while True:
            await self.clock.sleep(wait_seconds)
            looked_at = self.clock.boottime()
            found = await look()
            now = self.clock.boottime()
            since_seconds = now - claim.sent_at
            if claim.is_in(found):
                if is_enough:
                    return Believed(found, now - looked_at)
                wait_seconds, is_enough = since_seconds + pause_seconds, True
                continue
            if claim.is_taken_over(found, self.longest_seconds):
                raise _busy(claim.target, found)
            if since_seconds >= pause_seconds + self.timing.seen_seconds:
                raise self._unseen(claim, found, since_seconds)
            wait_seconds, is_enough = self.timing.look_again_seconds, False

    def _unseen(self, claim: Claim, found: Look, since_seconds: float) -> BackendUnavailable:
        others = "" if found.lock == claim.before else "another claim has come and gone, or "
        return BackendUnavailable(
            f"our claim of {claim.target} is not seen after {since_seconds:.1f} s: {others}what answers here lags "
            "behind; nothing was changed",
            f"Let url name the server itself, not a copy; the claim ends after {self.timing.lock_seconds:g} s.",
        )


def _busy(target: TargetKey, look: Look) -> RevisionConflict:
    return RevisionConflict(f"{target} is being changed by {look.holder}", "Look again when that is done.")
