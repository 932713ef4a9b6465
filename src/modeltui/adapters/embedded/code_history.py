"""What lies between two commits of the invented repositories of a world."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from modeltui.adapters.embedded import wire
from modeltui.adapters.embedded.file import Options, WorldFile, opened
from modeltui.adapters.embedded.schema import SCHEMA_VERSION
from modeltui.domain.claims import repository_key
from modeltui.domain.comparison.difference import CodeLog, Commit
from modeltui.domain.fleet import SourceKind
from modeltui.domain.names import Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Connect, Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.code_history import CodeHistory
from modeltui.ports.probe import Finding, Probe

KIND: Final = "embedded"
PORT: Final = SourceKind.CODE
POLL_SECONDS: Final = 60.0
"""Nothing is committed while a world moves."""
MOST_COMMITS: Final = 200
MOST_FILES: Final = 500
_LONGEST_FILES: Final = 100_000
"""Characters: the list of files of one commit."""
_LEAST_ABBREVIATION: Final = 7
_OLDER: Final = SafeText("this world was made before worlds had a history of code; modeltui demo makes a new one")
__all__ = ["KIND", "POLL_SECONDS", "PORT", "EmbeddedHistory", "Options", "connect"]

Row = tuple[int, object, object, object, object, object]
"""Number, id, moment, author, subject, files."""


class EmbeddedHistory:
    """Reads the commits of a world file."""

    def __init__(self, file: WorldFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    async def read_log(self, repository: SafeText | Unknown, a: SafeText, b: SafeText) -> CodeLog | None:
        """Return what lies between two commits; None when the world has no such repository."""
        return await self._file.ask(lambda connection: _log(connection, repository, a, b))

    async def probe(self) -> Probe:
        """Return how much code the world has, and how long it took to say so."""
        began = self._clock.boottime()
        repositories, commits = await self._file.ask(_counted)
        says = safe_text(f"{repositories} invented repositories, {commits} commits")
        findings = (Finding(SafeText("commits"), True, says if commits else _OLDER),)
        return Probe(safe_text(f"world format {SCHEMA_VERSION}"), self._clock.boottime() - began, 0.0, findings)


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[CodeHistory]:
    """Open the history of code of the world file that the options name."""
    async with opened(options, surroundings.base_directory) as file:
        yield EmbeddedHistory(file, surroundings.clock)


def _log(connection: sqlite3.Connection, repository: SafeText | Unknown, a: str, b: str) -> CodeLog | None:
    asked = None if isinstance(repository, Missing) else repository_key(repository)
    if not _has_commits(connection):
        return None if isinstance(repository, Missing) else _of_older_world(connection, repository)
    names = [safe_text(name) for (name,) in connection.execute("SELECT DISTINCT repository FROM commits")]
    meant = [name for name in names if asked in (None, repository_key(name))]
    if len(meant) != 1:
        return None
    found = [_number(connection, meant[0], commit) for commit in (a, b)]
    lost = [commit for commit, number in zip((a, b), found, strict=True) if number is None]
    if lost:
        told = "; ".join(f"{safe_text(commit, 40)[:12]}: there is no such commit" for commit in lost)
        return CodeLog(meant[0], (), trouble=safe_text(told))
    one, other = (number or 0 for number in found)
    rows = _between(connection, meant[0], one, other)
    commits = tuple(_commit(row) for row in rows[:MOST_COMMITS])
    files = sorted({path for row in rows for path in _files(row[5])})
    return CodeLog(
        repository=meant[0],
        only_b=commits if one < other else (),
        only_a=() if one < other else commits,
        files=tuple(files[:MOST_FILES]),
        is_cut=len(rows) > MOST_COMMITS or len(files) > MOST_FILES,
    )


def _has_commits(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'commits'").fetchone()
    return found is not None


def _of_older_world(connection: sqlite3.Connection, repository: SafeText) -> CodeLog | None:
    """Return why there is no log, for a repository that one of the world's models names."""
    own = (wire.json_object(tags).get("repository") for (tags,) in connection.execute("SELECT tags FROM models"))
    keys = {repository_key(safe_text(name)) for name in own if isinstance(name, str)}
    return CodeLog(repository, (), trouble=_OLDER) if repository_key(repository) in keys else None


def _number(connection: sqlite3.Connection, repository: str, commit: str) -> int | None:
    """Return the place of a commit in its repository, by its id or how that begins; None where none or many match."""
    if len(commit) < _LEAST_ABBREVIATION or not commit.isalnum():
        return None
    question = "SELECT number FROM commits WHERE repository = ? AND substr(id, 1, ?) = ? LIMIT 2"
    found = connection.execute(question, [repository, len(commit), commit.lower()]).fetchall()
    return int(wire.number(found[0][0])) if len(found) == 1 else None


def _between(connection: sqlite3.Connection, repository: str, one: int, other: int) -> Sequence[Row]:
    """Return the commits after the older up to the newer, newest first, and one more than are shown."""
    question = (
        "SELECT number, id, at, author, subject, substr(files, 1, ?) FROM commits"
        " WHERE repository = ? AND number > ? AND number <= ? ORDER BY number DESC LIMIT ?"
    )
    older, newer = sorted((one, other))
    asked = [_LONGEST_FILES + 1, repository, older, newer, MOST_COMMITS + 1]
    return connection.execute(question, asked).fetchall()


def _commit(row: Row) -> Commit:
    _, commit, at, author, subject, _ = row
    return Commit(safe_text(commit, 64), wire.number(at), safe_text(author, 100), safe_text(subject, 300))


def _files(raw: object) -> list[SafeText]:
    if not isinstance(raw, str) or len(raw) > _LONGEST_FILES:
        raise ValueError("a list of files was expected")
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(found, list):
        raise ValueError("a list of files was expected")
    return [safe_text(path, 400) for path in found]


def _counted(connection: sqlite3.Connection) -> tuple[int, int]:
    if not _has_commits(connection):
        return 0, 0
    repositories, commits = connection.execute("SELECT COUNT(DISTINCT repository), COUNT(*) FROM commits").fetchone()
    return int(repositories), int(commits)


_: Connect = connect
