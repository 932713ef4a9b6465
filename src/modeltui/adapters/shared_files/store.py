"""The file that approvals and leases are kept in: private, durable, and never waited for on the event loop."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from modeltui.adapters.system.own_threads import answered
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.text import safe_text

T = TypeVar("T")

NAME: Final = "shared.sqlite"
BUSY_SECONDS: Final = 3.0
"""How long one operator waits for another's transaction; each takes milliseconds."""
DEADLINE_SECONDS: Final = 10.0
"""A directory on a dead network mount answers never."""
_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x6D744C73
"""`mtLs`: this file is ours."""

_SCHEMA: Final = """
CREATE TABLE leases (
    model TEXT NOT NULL, environment TEXT NOT NULL, holder TEXT NOT NULL, plan_id TEXT NOT NULL, kind TEXT NOT NULL,
    fence INTEGER NOT NULL, taken_at REAL NOT NULL, expires_at REAL NOT NULL, says TEXT NOT NULL,
    PRIMARY KEY (model, environment)) WITHOUT ROWID;
CREATE TABLE fences (
    model TEXT NOT NULL, environment TEXT NOT NULL, fence INTEGER NOT NULL,
    PRIMARY KEY (model, environment)) WITHOUT ROWID;
CREATE TABLE requests (
    place INTEGER PRIMARY KEY AUTOINCREMENT, plan_hash TEXT NOT NULL UNIQUE, plan_id TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL, asked_at REAL NOT NULL, expires_at REAL NOT NULL, reason TEXT NOT NULL);
CREATE TABLE decisions (
    place INTEGER PRIMARY KEY AUTOINCREMENT, plan_hash TEXT NOT NULL REFERENCES requests (plan_hash),
    actor TEXT NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL, expires_at REAL NOT NULL,
    signature TEXT);
CREATE INDEX decisions_of ON decisions (plan_hash, place);
"""

_creating = threading.Lock()
"""Closing any descriptor of a file drops the locks that SQLite holds on it, in the whole process: so that nobody in
this process has it open while it is made."""


class SharedFile:
    """Runs transactions on the file, each in a thread and on a connection of its own."""

    def __init__(self, directory: Path | str) -> None:
        self.path = Path(directory) / NAME

    async def run(self, transaction: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a transaction returned, once it is on disk; it sees and leaves one consistent state.

        Raises `JournalUnavailable` when the file cannot be used; then nothing was changed, unless the deadline passed.
        """
        return await self._in_time(self._run, transaction)

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a question that changes nothing found; where there is no file, it is asked of an empty one.

        Who only looks makes nothing. Raises `JournalUnavailable` when the file cannot be used.
        """
        return await self._in_time(self._read, question)

    async def _in_time(
        self, job: Callable[[Callable[[sqlite3.Connection], T]], T], given: Callable[[sqlite3.Connection], T]
    ) -> T:
        try:
            return await answered(f"shared {self.path}", DEADLINE_SECONDS, job, given)
        except TimeoutError as error:
            raise self._unavailable(f"does not answer within {DEADLINE_SECONDS:g} s", _LOOK) from error

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as nothing:
                self._prepare(nothing)
                return question(nothing)
        except OSError:
            pass  # told below, with everything else
        return self._run(question, "BEGIN")

    def _run(self, transaction: Callable[[sqlite3.Connection], T], begin: str = "BEGIN IMMEDIATE") -> T:
        try:
            with closing(self._open()) as connection:
                connection.execute(begin)
                try:
                    self._prepare(connection)
                    result = transaction(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                return result
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise self._unavailable("is held by another program", "Look who holds it, then try again.") from error
            raise self._unavailable(f"cannot be used: {safe_text(str(error))}", _LOOK) from error
        except OSError as error:
            raise self._unavailable(f"cannot be used: {error.strerror}", _LOOK) from error
        except ValueError as error:
            raise self._unavailable(
                f"holds something that nobody here wrote: {safe_text(str(error))}", _KEEP
            ) from error

    def _open(self) -> sqlite3.Connection:
        with _creating:
            self._make()
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                # A rollback journal works on network homes, where the shared memory of a WAL does not. Truncated, not
                # deleted: as durable with FULL, and without a sync of the directory each time.
                connection.execute("PRAGMA journal_mode = TRUNCATE")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA trusted_schema = OFF")
            except BaseException:
                connection.close()
                raise
            return connection

    def _make(self) -> None:
        """Make the file for this user's eyes only; refuse one that others can write."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            facts = self.path.lstat()
        except FileNotFoundError:
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
            with contextlib.suppress(FileExistsError):  # another process was quicker
                os.close(os.open(self.path, flags, 0o600))
            facts = self.path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise self._unavailable("is not a regular file", _KEEP)
        if facts.st_mode & 0o022:
            raise self._unavailable("can be written by others", f"Look what is in it, then: chmod 600 {self.path}")
        if facts.st_uid not in (0, os.geteuid()):
            raise self._unavailable("belongs to somebody else", "Use a directory of your own, or a shared database.")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables where there are none; refuse a foreign file."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, version) == (_APPLICATION_ID, _FORMAT):
            return
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application not in (0, _APPLICATION_ID) or version or tables:
            raise self._unavailable("is of another program, or of another version of this one", _KEEP)
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_FORMAT}")

    def _unavailable(self, says: str, remedy: str) -> JournalUnavailable:
        return JournalUnavailable(f"the shared file {safe_text(str(self.path), 300)} {says}", remedy)


_LOOK: Final = "Look whether its directory is there, is yours, and has room."
_KEEP: Final = "Keep it aside for whoever looks into it; the program makes a new one."
