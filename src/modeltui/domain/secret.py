"""A value that must never be seen: it does not print, format, compare, pickle or encode."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Self

MASK = "•••"


class Secret:
    """A token or password; only `reveal` gives it away, and only adapters call that, at the last moment."""

    __slots__ = ("_fetch", "_value", "reference")

    def __init__(self, value: str, reference: str = "", fetch: Callable[[], str] | None = None) -> None:
        self._value = value
        self._fetch = fetch
        self.reference = reference
        """Where it came from (`env:NAME`, `file:PATH`), which may be shown."""

    def reveal(self) -> str:
        """Return the value itself: pass it on, never keep it in anything that may be printed."""
        return self._value

    def reread(self) -> None:
        """Fetch the value again from where it is kept, after it was refused: tokens rotate.

        May block for seconds. Raises `ConfigError` when it is gone; the old value then stays.
        """
        if self._fetch is not None:
            self._value = self._fetch()

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret has no state to show")
