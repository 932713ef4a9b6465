"""Tables in PostgreSQL, asked over one connection in one thread, in transactions that may only read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modeltui.adapters.sql_registry.postgresql_failures import cannot_connect, refused, unavailable
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
from modeltui.domain.errors import BackendRefused, ConfigError
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import SecretValue

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

T = TypeVar("T")

_DEFAULTS: Final = {
    "connect_timeout": "5",
    "application_name": "modeltui",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
}
"""What the URL does not say. TLS is the URL's: `sslmode=verify-full&sslrootcert=…`."""
_OF_ONE_TABLE: Final = frozenset({"42501", "42P01", "42703", "42883", "22P02", "22007", "22008", "22003", "42804"})
"""No right to a table, a table or column that has gone, a comparison with another type: the other tables are there."""
_PRESENT: Final = (
    "SELECT asked.name, found.id::regclass::text, a.attname::text"
    " FROM unnest(%s::text[], %s::text[], %s::text[]) AS asked(name, spelled, lower)"
    " CROSS JOIN LATERAL (SELECT coalesce(to_regclass(asked.spelled), to_regclass(asked.lower)) AS id) AS found"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = found.id AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY a.attnum"
)


class PostgresqlStore:
    """Answers questions from a worker thread, so that the event loop never waits for the database."""

    def __init__(
        self,
        source: str,
        url: str | SecretValue,
        timeout_seconds: float,
        most_rows: int,
        *,
        user: str = "",
        password: SecretValue | None = None,
    ) -> None:
        self._source = source
        self._url = url
        self._user = user
        self._password = password
        self._timeout_seconds = timeout_seconds
        self._most_rows = most_rows
        self._connection: Connection | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sql-registry")

    async def read(self, question: Callable[[Session], T]) -> T:
        """Return the answer of `question`; raises `BackendError`."""
        future = asyncio.wrap_future(self._worker.submit(self._answer, question))
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it any more
        for _ in range(2):
            done, _ = await asyncio.wait({future}, timeout=self._timeout_seconds + 1.0)
            if done:
                return future.result()
            self._cut()
        raise unavailable(self._source, "does not answer", "Look whether it is up, or frozen.")

    async def close(self) -> None:
        """Let the thread go, and the connection with it."""
        self._worker.submit(self._forget)
        self._worker.shutdown(wait=False)

    def _answer(self, question: Callable[[Session], T]) -> T:
        psycopg = self._driver()
        for is_last in (False, True):
            is_new = self._connection is None or self._connection.closed
            try:
                connection = self._connected(psycopg)
                self._begin(connection)
                answer = question(_PostgresqlSession(connection, self._begin, self._most_rows))
                connection.execute(b"ROLLBACK")
            except psycopg.Error as error:
                is_lost = self._connection is None or self._connection.closed or self._connection.broken
                self._forget()
                if is_lost and not (is_new or is_last):
                    continue  # it died unseen since the last question: nothing was asked yet
                raise refused(self._source, error) from None
            except BaseException:
                self._forget()
                raise
            return answer
        raise AssertionError("the loop returns or raises")

    def _begin(self, connection: Connection) -> None:
        milliseconds = int(self._timeout_seconds * 1000)
        connection.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
            f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds};"
            f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds};"
            "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL extra_float_digits = 1".encode()
        )

    def _driver(self) -> Any:
        try:
            import psycopg  # 90 ms, for who has a registry in PostgreSQL
        except ImportError as error:
            says = f"{self._source} needs the PostgreSQL driver, which is not installed"
            raise BackendRefused(says, "pip install 'modeltui[postgresql]'") from error
        return psycopg

    def _connected(self, psycopg: Any) -> Connection:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = self._opened(psycopg)
            except psycopg.Error as error:
                if "password" not in str(error).lower() or not self._has_new_secret():
                    raise cannot_connect(self._source, error) from None  # it may quote the URL
                try:
                    self._connection = self._opened(psycopg)
                except psycopg.Error as second:
                    raise cannot_connect(self._source, second) from None
        return self._connection

    def _opened(self, psycopg: Any) -> Connection:
        url = self._url if isinstance(self._url, str) else self._url.reveal()
        given = {**_DEFAULTS, **psycopg.conninfo.conninfo_to_dict(url), "client_encoding": "UTF8"}
        if self._user:
            given["user"] = self._user
        if self._password is not None:
            given["password"] = self._password.reveal()
        opened: Connection = psycopg.connect(**given, autocommit=True, prepare_threshold=None)
        return opened

    def _has_new_secret(self) -> bool:
        """Fetch the secrets again, once: passwords rotate."""
        given: tuple[Any, ...] = (self._url, self._password)
        secrets = [secret for secret in given if hasattr(secret, "reread")]
        before = [secret.reveal() for secret in secrets]
        with contextlib.suppress(ConfigError):
            for secret in secrets:
                secret.reread()
        return [secret.reveal() for secret in secrets] != before

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def _cut(self) -> None:
        """Make the thread's wait end: its connection breaks."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


class _PostgresqlSession:
    def __init__(self, connection: Connection, begin: Callable[[Connection], None], most_rows: int) -> None:
        self._connection = connection
        self._begin = begin
        self._most_rows = most_rows

    def present(self, tables: Sequence[str]) -> Mapping[str, Present]:
        spelled = [quoted_path(table) for table in tables]
        lower = [quoted_path(table.lower()) for table in tables]
        found: dict[str, Present] = {}
        for asked, real, column in self._connection.execute(_PRESENT.encode(), (list(tables), spelled, lower)):
            before = found.get(asked, Present(real, ()))
            found[asked] = before._replace(columns=(*before.columns, column))
        return found

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        import psycopg

        try:
            asked = f"{statement} LIMIT {self._most_rows + 1}".replace("%", "%%").replace(GIVEN, "%s").encode()
            return self._connection.execute(asked, tuple(parameters)).fetchall()
        except psycopg.Error as error:
            if error.sqlstate not in _OF_ONE_TABLE:
                raise
            # The transaction is over with its first error. What is read from here on may be a moment younger.
            self._connection.execute(b"ROLLBACK")
            self._begin(self._connection)
            raise TableTrouble(safe_text(error.diag.message_primary or error.sqlstate)) from None

    def value(self, column: str, most_characters: int) -> str:
        return f"left({column}::text, {most_characters})"

    def together(self, column: str) -> str:
        return f"string_agg(left({column}::text, {MOST_NAME_CHARACTERS}), chr({ord(SEPARATOR)}))"

    def server(self) -> tuple[SafeText, float | None]:
        row = self._connection.execute(
            b"SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())::float8"
        ).fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        return safe_text(f"PostgreSQL {row[0]}"), float(row[1])
