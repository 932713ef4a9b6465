"""How a world file is opened for writing: by one simulator at a time, and by nobody who would make an empty one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modeltui.adapters.embedded.schema import APPLICATION_ID, READABLE_VERSIONS, SCHEMA_VERSION, WRITES_TABLE
from modeltui.domain.errors import BackendMalformed, BackendUnavailable
from modeltui.domain.text import safe_text

LOCK_SECONDS: Final = 5.0


class OnlyWriter:
    """The right to move a world, for one process: two simulators would count against each other.

    The system takes it back when the process ends, however it ends. The lock has a file of its own, which stays:
    SQLite locks the world itself in its own way.
    """

    def __init__(self, path: Path) -> None:
        """Take it, or raise `BackendUnavailable` when somebody has it."""
        try:
            self._descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackendUnavailable(
                f"the world {safe_text(str(path))} cannot be written: {error.strerror}",
                "Look whether its directory is yours.",
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise BackendUnavailable(
                f"another simulator moves the world {safe_text(str(path))}",
                "Look at it with `modeltui --config`, or end that simulator first.",
            ) from error

    def release(self) -> None:
        """Give it back."""
        os.close(self._descriptor)


def connected(path: Path) -> sqlite3.Connection:
    """Return a connection that writes to the world as it is now; raise `BackendError` when it is none of ours."""
    connection = connected_as_it_is(path)
    try:
        if not _is_newest(connection):
            with transaction(connection):
                upgrade(connection)
    except sqlite3.Error as error:
        connection.close()
        raise BackendUnavailable(
            f"the world {safe_text(str(path))} cannot be written: {safe_text(str(error))}",
            "Look whether the file and its directory are yours.",
        ) from error
    return connection


def connected_as_it_is(path: Path) -> sqlite3.Connection:
    """Return such a connection to a world that may be of an older format: `upgrade` it in the transaction that writes.

    Then a write that is refused changes nothing.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=LOCK_SECONDS, isolation_level=None
        )
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise BackendUnavailable(
            f"the world {safe_text(str(path))} cannot be opened: {safe_text(str(error))}", "Make a new one."
        ) from error
    if application != APPLICATION_ID or version not in READABLE_VERSIONS:
        connection.close()
        raise BackendMalformed(f"{safe_text(str(path))} is no world of this program", "Make a new one.")
    return connection


def upgrade(connection: sqlite3.Connection) -> None:
    """Make the world one of the newest format, inside the transaction that is under way."""
    if not _is_newest(connection):
        connection.execute(WRITES_TABLE)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _is_newest(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version == SCHEMA_VERSION)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of what happens inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
