"""The actor process, as the faces know it: started with a plan, told GO or not, listened to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from modeltui.domain.acting.action import Consent, Plan, Reason
from modeltui.domain.acting.outcome import Progress


class RunningAction(Protocol):
    """One started runner with one plan."""

    def progress(self) -> AsyncIterator[Progress]:
        """Yield what the runner says, until it has no more to say; one reader at a time.

        A runner that ends after GO without a report ends the iteration without DONE: its outcome is then in the
        journal, or is found out at the next start. DONE always has a report.
        """
        ...

    async def go(self, consent: Consent) -> None:
        """Tell it to act. From here on nothing that happens to this process stops it."""
        ...

    async def add_reason(self, reason: Reason) -> None:
        """Have a reason written down after GO."""
        ...


class ActionRunner(Protocol):
    """Starts runners."""

    def start(self, plan: Plan) -> AbstractAsyncContextManager[RunningAction]:
        """Start a runner that reads the world, answers PREPARED or MOVED, and waits for GO.

        Leaving the context before GO ends it with nothing sent; leaving it after GO leaves it running.
        """
        ...
