"""A SQLite file, opened for reading only: nothing here can create it, change it, or leave files beside it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from modeltui.adapters.sql_registry.session import (
    GIVEN,
    MOST_NAME_CHARACTERS,
    SEPARATOR,
    Present,
    Row,
    Session,
    TableTrouble,
    quoted_path,
)
from modeltui.adapters.system.sqlite_head import MAGIC, SqliteHead, has_write_ahead_log
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

_LOCK_SECONDS: Final = 2.0
"""How long a reader waits for a writer that is finishing; in WAL mode it never has to."""
_STEPS_BETWEEN_LOOKS: Final = 20_000
"""Steps of SQLite's machine between two looks at the time; about a millisecond."""
_MOST_VALUE_BYTES: Final = 64 << 20
_LEFT: Final = "was left in the middle of a write, and only its own program may finish that"
_REPAIR: Final = "Let the program that writes it open it once: that takes back, or completes, what was begun."
_CORRECT: Final = "Correct `path` in the configuration, or mount what should be there; it is looked for again."


class SqliteStore:
    """Answers questions about the file from a worker thread; each opens it anew, so a replaced file is seen at once."""

    def __init__(
        self, source: str, path: Path, boottime: Callable[[], float], timeout_seconds: float, most_rows: int
    ) -> None:
        self._name = f"{source}: {safe_text(str(path))}"
        self._path = path
        self._boottime = boottime
        self._timeout_seconds = timeout_seconds
        self._most_rows = most_rows
        self._head = SqliteHead(path, self._name, _CORRECT)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sql-registry")

    async def read(self, question: Callable[[Session], T]) -> T:
        """Return the answer of `question`; raises `BackendError`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_seconds + 1.0):
                return await loop.run_in_executor(self._worker, self._answer, question)
        except TimeoutError as error:
            title = f"{self._name} did not answer within {self._timeout_seconds:g} s"
            raise BackendUnavailable(title, "Look whether its disk or network share works.") from error

    async def close(self) -> None:
        """Let the thread go; a question under way ends by itself."""
        self._worker.submit(self._head.forget)
        self._worker.shutdown(wait=False)

    def _answer(self, question: Callable[[Session], T]) -> T:
        try:
            with closing(self._open()) as connection:
                connection.execute("BEGIN")
                return question(_SqliteSession(connection, self._most_rows))
        except BackendError:
            raise
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except OSError as error:
            title = f"{self._name} cannot be read: {(error.strerror or type(error).__name__).lower()}"
            if isinstance(error, PermissionError):
                remedy = "Ask its owner for permission to read the file and to enter its directory."
                raise BackendRefused(title, remedy) from error
            raise BackendUnavailable(title, _CORRECT) from error

    def _open(self) -> sqlite3.Connection:
        header = self._head.read()
        if not header.startswith(MAGIC):
            what = "is empty" if not header else "is not a SQLite file"
            raise BackendMalformed(f"{self._name} {what}", "Correct `path` in the configuration.")
        # The index of a write-ahead log is shared with writers: opened for reading, nothing of it is written either.
        options = "mode=ro&readonly_shm=1"
        if has_write_ahead_log(header) and not Path(f"{self._path}-shm").exists():
            if self._has_log():
                raise BackendUnavailable(f"{self._name} {_LEFT}", _REPAIR)
            # Nobody writes, and SQLite would create the missing companions of a WAL file even for a reader.
            options += "&immutable=1"
        address = f"file:{quote(str(self._path))}?{options}"
        connection = sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA trusted_schema = 0")  # a view must not call what an extension brought
        except BaseException:
            connection.close()
            raise
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE_BYTES)
        connection.text_factory = _decoded
        until = self._boottime() + self._timeout_seconds
        connection.set_progress_handler(lambda: self._boottime() > until, _STEPS_BETWEEN_LOOKS)
        return connection

    def _has_log(self) -> bool:
        try:
            return Path(f"{self._path}-wal").stat().st_size > 0
        except FileNotFoundError:
            return False

    def _translated(self, error: sqlite3.Error) -> BackendError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            title = f"{self._name} did not answer within {self._timeout_seconds:g} s"
            return BackendUnavailable(title, "It is too large for this time, or its disk is slow: see timeout_seconds.")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BackendUnavailable(f"{self._name} is locked by another program", "Look for a write that hangs.")
        if code == sqlite3.SQLITE_READONLY:
            return BackendUnavailable(f"{self._name} {_LEFT}", _REPAIR)
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
            return BackendUnavailable(f"{self._name} cannot be read: {safe_text(str(error))}", _CORRECT)
        return BackendMalformed(
            f"{self._name} is damaged: {safe_text(str(error))}", "If it stays so, restore it from a backup."
        )


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection, most_rows: int) -> None:
        self._connection = connection
        self._most_rows = most_rows

    def present(self, tables: Sequence[str]) -> Mapping[str, Present]:
        found: dict[str, Present] = {}
        for table in tables:
            schema, _, name = table.rpartition(".")
            given = (name, schema) if schema else (name,)
            marks = ", ".join("?" for _ in given)
            statement = f"SELECT name FROM pragma_table_info({marks})"  # noqa: S608 - nothing but marks
            try:
                columns = tuple(str(row[0]) for row in self._connection.execute(statement, given).fetchall())
            except sqlite3.Error as error:
                if not _is_of_one_table(error):
                    raise
                found[table] = Present(quoted_path(table), ())
            else:
                found |= {table: Present(quoted_path(table), columns)} if columns else {}
        return found

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            asked = f"{statement} LIMIT {self._most_rows + 1}".replace(GIVEN, "?")
            return self._connection.execute(asked, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            if _is_of_one_table(error):
                raise TableTrouble(str(error)) from error
            raise

    def value(self, column: str, most_characters: int) -> str:
        cut = f"substr({column}, 1, {most_characters})"
        return f"CASE WHEN length({column}) > {most_characters} THEN {cut} ELSE {column} END"

    def together(self, column: str) -> str:
        return f"group_concat(substr({column}, 1, {MOST_NAME_CHARACTERS}), char({ord(SEPARATOR)}))"

    def server(self) -> tuple[SafeText, float | None]:
        return safe_text(f"SQLite {sqlite3.sqlite_version}"), None


def _is_of_one_table(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
