"""The platform's rules of who may do what, as they are now."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.acting.access import AccessPolicy


class Rules(Protocol):
    """Rules that may change while a session is open: what they said once counts for nothing that comes later."""

    @property
    def policy(self) -> AccessPolicy:
        """What they said when they were last read."""
        ...

    async def read_anew(self) -> None:
        """Read them again. Raises nothing: rules that cannot be read any more allow nothing."""
        ...
