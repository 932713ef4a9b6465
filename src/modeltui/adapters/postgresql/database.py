"""One connection, used from one thread, so that the event loop never waits for the database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modeltui.adapters.postgresql.failures import cannot_connect, refused, unavailable
from modeltui.adapters.postgresql.schema import ensure_schema
from modeltui.domain.errors import ConfigError, JournalUnavailable
from modeltui.domain.secret import Secret

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

T = TypeVar("T")

CONNECT_SECONDS: Final = 3
STATEMENT_MILLISECONDS: Final = 5_000
LOCK_MILLISECONDS: Final = 3_000
"""Every transaction takes milliseconds; who holds a lock for longer hangs."""
DEADLINE_SECONDS: Final = 6.0
"""After this the connection is cut: a server that is frozen keeps its connections open and answers never."""

_DEFAULTS: Final = {
    "connect_timeout": str(CONNECT_SECONDS),
    "application_name": "modeltui",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "6000",
}
"""What the URL does not say. TLS is the URL's: `sslmode=verify-full&sslrootcert=…`."""
BEGIN: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}; SET LOCAL lock_timeout = {LOCK_MILLISECONDS};"
    f"SET LOCAL idle_in_transaction_session_timeout = {STATEMENT_MILLISECONDS}; SET LOCAL synchronous_commit = on"
)
"""Said in each transaction, so that a pooler between may hand out another session each time."""


def driver() -> Any:
    """Return the driver, loaded now; raise `JournalUnavailable` when it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise unavailable(
            "needs the PostgreSQL driver, which is not installed", "pip install 'modeltui[postgresql]'"
        ) from error
    return psycopg


class Database:
    """Runs work on the connection, which is opened when it is needed and again when it was lost."""

    def __init__(self, url: Secret, *, read_only: bool = False) -> None:
        self._url = url
        self._read_only = read_only
        self.begin = f"{BEGIN}; SET TRANSACTION READ ONLY" if read_only else BEGIN
        """How every transaction starts."""
        self._connection: Connection | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="shared-database")

    async def run(self, transaction: Callable[[Connection], T]) -> T:
        """Return what a transaction returned, once it is committed.

        It is repeated once when the connection was gone: it must be one that may be. Raises `JournalUnavailable`.
        """
        return await self.work(lambda: self._transact(transaction))

    async def work(self, job: Callable[[], T]) -> T:
        """Return what a job returned that uses `connection` and `forget`; raises `JournalUnavailable`.

        A job that is under way goes on when whoever waits for it is cancelled.
        """
        future = asyncio.wrap_future(self._submitted(job))
        for _ in range(2):
            done, _ = await asyncio.wait({future}, timeout=DEADLINE_SECONDS)
            if done:
                return future.result()
            self._cut()
        raise unavailable("does not answer", "Look whether it is up, or frozen.")

    def connection(self) -> tuple[Connection, bool]:
        """Return the connection, and whether it is new: an old one may have died unseen."""
        if self._connection is not None and not self._connection.closed:
            return self._connection, False
        self._connection = self._connect()
        return self._connection, True

    def forget(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    async def close(self) -> None:
        """End, after what is under way."""
        with contextlib.suppress(JournalUnavailable):
            await self.work(self.forget)
        self._worker.shutdown(wait=False)

    def _submitted(self, job: Callable[[], T]) -> Future[T]:
        future = self._worker.submit(job)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it any more
        return future

    def _transact(self, transaction: Callable[[Connection], T]) -> T:
        psycopg = driver()
        for _ in range(2):
            connection, is_new = self.connection()
            try:
                connection.execute(self.begin)
                result = transaction(connection)
                connection.execute("COMMIT")
            except psycopg.Error as error:
                is_lost = connection.closed or connection.broken
                self.forget()
                if is_lost and not is_new:
                    continue
                raise refused(error) from error
            except ValueError as error:
                self.forget()
                raise unavailable(f"holds something that nobody here wrote: {error}", _KEEP) from error
            except BaseException:
                self.forget()
                raise
            return result
        raise unavailable("went away twice in the middle of a question", "Look whether it is up.")

    def _connect(self) -> Connection:
        psycopg = driver()
        try:
            connection = self._opened(psycopg)
        except psycopg.Error as error:
            if "password" not in str(error).lower():
                raise cannot_connect(error) from None  # it may quote the URL, and a crash would print it
            connection = self._opened_with_new_secret(psycopg, error)
        try:
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise unavailable("is not encoded in UTF-8", "Make one with `createdb -E UTF8`.")
            ensure_schema(connection, may_make=not self._read_only)
        except psycopg.Error as error:
            connection.close()
            raise refused(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _opened(self, psycopg: Any) -> Connection:
        given = psycopg.conninfo.conninfo_to_dict(self._url.reveal())
        opened: Connection = psycopg.connect(
            **{**_DEFAULTS, **given, "client_encoding": "UTF8"}, autocommit=True, prepare_threshold=None
        )
        opened.execute(f"SET statement_timeout = {STATEMENT_MILLISECONDS}; SET lock_timeout = {LOCK_MILLISECONDS}")
        return opened

    def _opened_with_new_secret(self, psycopg: Any, refusal: Exception) -> Connection:
        """Passwords rotate: fetch the URL again, once."""
        before = self._url.reveal()
        try:
            self._url.reread()
            if self._url.reveal() == before:
                raise cannot_connect(refusal) from None
            return self._opened(psycopg)
        except (ConfigError, psycopg.Error):
            raise cannot_connect(refusal) from None

    def _cut(self) -> None:
        """Make the thread's wait end: its connection breaks."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


_KEEP: Final = "Have its administrator look at it: somebody has written into the tables by hand."
