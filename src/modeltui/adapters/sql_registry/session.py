"""How both databases are asked: one consistent state of the tables, and nothing that could change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from modeltui.domain.text import SafeText

T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]

GIVEN: Final = "\0"
"""Stands for a parameter in a statement: no name of a table or column can hold it."""
MOST_CHARACTERS: Final = 5 << 20
"""Of one value; a longer one is cut in the database, before it travels."""
MOST_LISTED_CHARACTERS: Final = 16_000
"""Of one value in a list of models or versions."""
MOST_NAME_CHARACTERS: Final = 900
"""Of a version in a list: what `safe_text` looks at, and one more, so that what is shown of it is the same."""
SEPARATOR: Final = "\x1f"
"""Between versions that the database puts together: a control character that names do not have."""


class TableTrouble(Exception):  # noqa: N818 - it says what happened
    """One table could not be read; the others can. The message says why, for an operator."""


class Present(NamedTuple):
    """A table or view that exists."""

    real: str
    """As it stands in a statement."""
    columns: tuple[str, ...]
    """As they are spelled there; none when it cannot even say that (a view over a table that was dropped)."""


class Session(Protocol):
    """One look at the database, in its thread."""

    def present(self, tables: Sequence[str]) -> Mapping[str, Present]:
        """Return which of these exist."""
        ...

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a `SELECT`, at most one more than the source may have; raises `TableTrouble`."""
        ...

    def value(self, column: str, most_characters: int) -> str:
        """Return the expression for a value of at most so many characters."""
        ...

    def together(self, column: str) -> str:
        """Return the expression for all values of a group, between `SEPARATOR`s."""
        ...

    def server(self) -> tuple[SafeText, float | None]:
        """Return what database it is, and its clock in seconds since the epoch where it has one of its own."""
        ...


class Store(Protocol):
    """A database that can be asked. Raises `BackendError` when it cannot be."""

    async def read(self, question: Callable[[Session], T]) -> T:
        """Return the answer of `question`, which sees one consistent state."""
        ...

    async def close(self) -> None:
        """End, without waiting for what hangs."""
        ...


def quoted(name: str) -> str:
    """Return a name as it stands in a statement, whatever it is made of."""
    return '"' + name.replace(GIVEN, "").replace('"', '""') + '"'


def quoted_path(name: str) -> str:
    """Return the name of a table, which may be preceded by that of its schema."""
    return ".".join(quoted(part) for part in name.split("."))
