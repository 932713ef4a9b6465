"""Which of the documented tables are really there, and under which names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modeltui.adapters.sql_registry.options import Options, TableOptions
from modeltui.adapters.sql_registry.schema import TABLES
from modeltui.adapters.sql_registry.session import GIVEN, MOST_LISTED_CHARACTERS, Row, Session, quoted


@dataclass(frozen=True, slots=True)
class Table:
    """One table that is there."""

    name: str
    """As it is documented."""
    real: str
    """As it stands in a statement."""
    columns: Mapping[str, str]
    """By documented column, those that are there, as they stand in a statement."""

    def has(self, *columns: str) -> bool:
        """Tell whether it has one of these."""
        return any(column in self.columns for column in columns)

    def select(
        self, session: Session, wanted: Sequence[str], where: str = "", most_characters: int = MOST_LISTED_CHARACTERS
    ) -> str:
        """Return a statement for these documented columns; NULL stands for one that is not there."""
        columns = (self.columns.get(name) for name in wanted)
        expressions = [session.value(column, most_characters) if column else "NULL" for column in columns]
        return f"SELECT {', '.join(expressions)} FROM {self.real}{where}"  # noqa: S608 - all names are quoted

    def where(self, *columns: str) -> str:
        """Return the condition that these columns equal the parameters."""
        return " WHERE " + " AND ".join(f"{self.columns[name]} = {GIVEN}" for name in columns)


@dataclass(frozen=True, slots=True)
class Found:
    """What a database has of the schema."""

    tables: Mapping[str, Table]
    odd: tuple[str, ...]
    """Tables that are there without what they must have, in words; not yet safe to show."""
    missing: tuple[str, ...]

    def __getitem__(self, name: str) -> Table | None:
        return self.tables.get(name)


def look(session: Session, options: Options) -> Found:
    """Return which tables are there; one statement."""
    named = {name: options.tables.get(name, TableOptions()) for name in TABLES}
    wanted = {name: one.name or name for name, one in named.items() if one.used}
    present = session.present(tuple(wanted.values()))
    tables: dict[str, Table] = {}
    odd: list[str] = []
    for name, real in wanted.items():
        if real not in present:
            continue
        spelled_there = present[real].columns or [named[name].columns.get(one, one) for one in TABLES[name].columns]
        columns = dict(_columns(name, named[name], spelled_there))
        lacking = [column for column in TABLES[name].needed if column not in columns]
        if lacking:
            spelled = named[name].columns.get(lacking[0], lacking[0])
            odd.append(f"the table {real} has no column {spelled}; it is not looked at")
        else:
            tables[name] = Table(name, present[real].real, columns)
    return Found(tables, tuple(odd), tuple(real for real in wanted.values() if real not in present))


def _columns(name: str, named: TableOptions, present: Sequence[str]) -> Iterator[tuple[str, str]]:
    for column in TABLES[name].columns:
        spelled = named.columns.get(column, column)
        same = [one for one in present if one == spelled] or [one for one in present if one.lower() == spelled.lower()]
        if len(same) == 1:
            yield column, quoted(same[0])


def text_of(value: object) -> str:
    """Return a value of a database as text; empty for NULL."""
    if value is None:
        return ""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def first_of(rows: Sequence[Row]) -> Row | None:
    """Return the first row, if there is one."""
    return rows[0] if rows else None
