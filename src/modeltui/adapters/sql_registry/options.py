"""What the configuration of a registry in SQL may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from modeltui.adapters.sql_registry.schema import TABLES
from modeltui.ports.adapter import SecretValue

_PASSWORD_IN_URL: Final = re.compile(r"://[^/@\s]*:[^/@\s]+@|[?&]password=", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"(?:env|file|command|keyring):.+", re.DOTALL)


class TableOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a table is really called, where it is not called as in the documented schema."""

    name: str = ""
    """Its name, with its schema where it needs one: `ml.model_versions`; empty: the documented name."""
    columns: dict[str, str] = {}
    """By documented column: its real name, as in `{model_name: model, active_version: live}`."""
    used: bool = True
    """False: not looked at, because it is some other table of that name."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registry of your own in SQL: a SQLite file, or tables in PostgreSQL."""

    path: Path | None = None
    """The SQLite file; a relative path starts beside the configuration. It is never created or written to."""
    url: str = ""
    """The PostgreSQL database: `postgresql://db.example/ml?sslmode=verify-full`, or a reference to a secret
    (`env:NAME`) with the whole address."""
    user: str = ""
    """Who asks: a user that may only SELECT."""
    password: SecretValue | None = None
    """Its password, as a reference."""
    tables: dict[str, TableOptions] = {}
    """By documented table (`active_models`, `models`, `versions`, `facts`, …): how it is really called."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=120)] = 10.0
    """Longest time for one question."""
    most_rows: Annotated[int, Meta(ge=1)] = 200_000
    """Most rows of one answer; what lies behind is left out, with a warning."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what contradicts itself or does not exist."""
        if (self.path is None) == (not self.url):
            raise ValueError("give either path (SQLite) or url (PostgreSQL)")
        if (self.password is not None or self.user) and not self.url:
            raise ValueError("a SQLite file has neither user nor password")
        if self.url and not self.is_reference and _PASSWORD_IN_URL.search(self.url):
            raise ValueError("url has a password in it; write it under password, as a reference such as env:NAME")
        if self.url and not self.is_reference and not self.url.startswith(("postgresql://", "postgres://")):
            raise ValueError("url must begin with postgresql://; a SQLite file is given as path")
        if unknown := sorted(set(self.tables) - set(TABLES)):
            raise ValueError(f"tables: there is no table {unknown[0]!r}; known: {', '.join(TABLES)}")
        for table, named in self.tables.items():
            if wrong := sorted(set(named.columns) - set(TABLES[table].columns)):
                known = ", ".join(TABLES[table].columns)
                raise ValueError(f"tables.{table}.columns: there is no column {wrong[0]!r}; known: {known}")

    @property
    def is_reference(self) -> bool:
        """Tell whether `url` says where the address is kept."""
        return _REFERENCE.fullmatch(self.url) is not None
