"""The policy file over the life of a process: what it says now, and nothing when it cannot be read any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from modeltui.config.access import load_access
from modeltui.domain.acting.access import AccessPolicy, nobody
from modeltui.domain.errors import ConfigError

T = TypeVar("T")

READ_SECONDS: Final = 2.0
"""A file that takes longer lies where nobody answers: it cannot be read then."""


class InTime(Protocol):
    """Runs something that may hang; raises `TimeoutError` for what hangs, and then for each further question at once.

    Given are a place, its seconds, and what is to be run, with its arguments.
    """

    def __call__(self, place: str, seconds: float, work: Callable[..., T], /, *given: object) -> Awaitable[T]:
        """Return what `work` returns."""
        ...


class AccessInForce:
    """Implements `ports.rules.Rules`; raises `ConfigError` for a file that cannot be trusted from the beginning."""

    def __init__(self, file: Path | str | None, in_time: InTime) -> None:
        self._file = file
        self._in_time = in_time
        self._policy = load_access(file).policy

    @property
    def policy(self) -> AccessPolicy:
        """Return what the file said when it was last read."""
        return self._policy

    async def read_anew(self) -> None:
        """Read the file again, whole and with its checks: a permission that was taken away must not live on."""
        if self._file is None:
            return
        try:
            self._policy = (await self._in_time(f"policy {self._file}", READ_SECONDS, load_access, self._file)).policy
        except ConfigError as error:
            self._policy = nobody(error.title)
        except TimeoutError:
            self._policy = nobody("the policy cannot be read: no answer in time")
