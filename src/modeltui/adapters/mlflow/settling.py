"""Looks after a write of aliases was accepted: at once, and after a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from modeltui.adapters.mlflow.model_look import Look
from modeltui.domain.errors import BackendError, OutcomeUnknown
from modeltui.domain.names import UNKNOWN, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.clock import Clock


async def settled(
    target: TargetKey,
    look: Callable[[], Awaitable[Look]],
    before: Look,
    after: Mapping[str, str | None],
    settle_seconds: float,
    clock: Clock,
) -> SafeText | Unknown:
    """Return the revision once the aliases stay as we have set them; unknown when they cannot be seen.

    Raises `OutcomeUnknown` when they read otherwise. As before is no word yet at the first look: a copy that lags
    shows our write late.
    """
    was = {name: before.aliases.get(name) for name in after}
    revision: SafeText | Unknown = UNKNOWN
    for is_last in (False, True):
        if is_last:
            await clock.sleep(settle_seconds)
        try:
            seen = await look()
        except BackendError:
            revision = UNKNOWN  # accepted, and not seen again: whoever verifies looks again
            continue
        now = {name: seen.aliases.get(name) for name in after}
        if now == after:
            revision = seen.revision
        elif is_last and now == was:
            raise OutcomeUnknown(
                f"our write to {target} was accepted, and it still reads {seen.revision}: it was set back at once, or "
                "what answers here lags behind",
                "Nothing was repeated. Look at its aliases on the server itself, and who else writes them.",
            )
        elif is_last or any(now[name] not in (was[name], after[name]) for name in after):
            raise OutcomeUnknown(
                f"somebody else moved {target} at the same time: it was {before.revision}, "
                f"our write was accepted, and now it is {seen.revision}",
                "Nothing was repeated or undone. Look who else writes, and plan again from what is there now.",
            )
        else:
            revision = UNKNOWN
    return revision
