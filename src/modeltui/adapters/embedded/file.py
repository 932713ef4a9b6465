"""A world file, opened for reading only: nothing here can create or change anything."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from modeltui.adapters.embedded.schema import APPLICATION_ID, READABLE_VERSIONS
from modeltui.adapters.system.sqlite_head import HEAD_BYTES, MAGIC, SqliteHead, has_write_ahead_log
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.text import safe_text

T = TypeVar("T")

LOCK_SECONDS: Final = 1.0
"""How long a reader waits for a writer; in WAL mode it never has to."""
DEADLINE_SECONDS: Final = 5.0
"""An answer takes milliseconds; a file on a dead network mount takes forever."""

START_IT: Final = "Start it with `modeltui demo --dir DIRECTORY`, or correct `path` in the configuration."


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a source of kind `embedded`."""

    path: Path
    """The world file: `world.sqlite`; a relative path starts beside the configuration."""


class WorldFile:
    """Answers questions about the file from a worker thread, so that the event loop never waits for a disk.

    Each question opens the file anew: 0.3 ms, and a world that was replaced or repaired is seen at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head = SqliteHead(path, self._name, START_IT)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="world-reader")

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Return the answer of `question`, which sees one consistent state of the file.

        Raises `BackendUnavailable` when the file is missing or locked, `BackendRefused` when it may not be read, and
        `BackendMalformed` when it is no world, or a damaged one.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await loop.run_in_executor(self._worker, self._answer, question)
        except TimeoutError as error:
            title = f"{self._name} did not answer within {DEADLINE_SECONDS:g} s"
            raise BackendUnavailable(title, "Look whether its disk is reachable.") from error

    def close(self) -> None:
        """Let the thread go; a question under way is left to end by itself."""
        self._worker.submit(self._head.forget)
        self._worker.shutdown(wait=False)

    @property
    def _name(self) -> str:
        return f"the world {safe_text(str(self.path))}"

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with closing(self._open()) as connection:
                connection.execute("BEGIN")
                return question(connection)
        except BackendError:
            raise
        except sqlite3.OperationalError as error:
            raise self._translated(error) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error
        except OSError as error:
            title = f"{self._name} cannot be read: {error.strerror}"
            if isinstance(error, PermissionError):
                raise BackendRefused(
                    title, "Ask its owner for read permission on the file and its directory."
                ) from error
            raise BackendUnavailable(title, START_IT) from error
        except (ValueError, TypeError, OverflowError) as error:
            raise self._damaged(str(error)) from error

    def _open(self) -> sqlite3.Connection:
        header = self._head.read()
        self._check(header)
        options = "mode=ro"
        if has_write_ahead_log(header) and not Path(f"{self.path}-wal").exists():
            # Nobody writes, and SQLite would create the missing companions of a WAL file even for a reader.
            options += "&immutable=1"
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?{options}", uri=True, timeout=LOCK_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA query_only = 1")
        return connection

    def _check(self, header: bytes) -> None:
        if len(header) < HEAD_BYTES or not header.startswith(MAGIC):
            what = "is empty" if not header else "is not a SQLite file"
            raise BackendMalformed(f"{self._name} {what}", START_IT)
        if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
            raise BackendMalformed(f"{self._name} is some other program's database", START_IT)
        version = int.from_bytes(header[60:64], "big")
        if version not in READABLE_VERSIONS:
            raise BackendMalformed(
                f"{self._name} has format {version}, this program reads {READABLE_VERSIONS[-1]}",
                "Make a new one with `modeltui demo --dir DIRECTORY`.",
            )

    def _translated(self, error: sqlite3.OperationalError) -> BackendError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BackendUnavailable(
                f"{self._name} is locked by another program", "Look who holds it; a running simulator does not lock."
            )
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
            return BackendUnavailable(f"{self._name} cannot be read: {safe_text(str(error))}", START_IT)
        return self._damaged(str(error))

    def _damaged(self, reason: str) -> BackendMalformed:
        return BackendMalformed(
            f"{self._name} is damaged: {safe_text(reason)}", "Make a new one with `modeltui demo --dir DIRECTORY`."
        )


@asynccontextmanager
async def opened(options: Options, base_directory: Path) -> AsyncIterator[WorldFile]:
    """Give the world file of a source; it is not touched before the first question."""
    file = WorldFile(base_directory / options.path)
    try:
        yield file
    finally:
        file.close()
