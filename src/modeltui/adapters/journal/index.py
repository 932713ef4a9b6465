"""Where to find which record: made from the lines, thrown away at will, believed by nobody who verifies.

A journal of years is 2.6 million lines. The index knows of each its place and what queries ask for, and is brought up
to date by whoever asks. Appending never touches it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from modeltui.adapters.journal.files import directory_held
from modeltui.adapters.journal.lookup import Lookup, lookups, missing_numbers
from modeltui.adapters.journal.segments import INDEX_NAME, Segment, lines_of, open_to_read, segments_of
from modeltui.adapters.journal.tombstones import beginning_of
from modeltui.domain.journal.chain import ChainStart
from modeltui.domain.journal.merkle import EMPTY_TREE, Frontier, GrowingTree
from modeltui.domain.journal.record import RecordKind
from modeltui.ports.journal import Query

T = TypeVar("T")
Place: TypeAlias = tuple[int, str, int, int]
"""Seq, segment, start and length of a record."""

SCHEMA_VERSION: Final = 1
_TABLES: Final = f"""
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE segments (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL);
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE records (seq INTEGER PRIMARY KEY, segment INTEGER NOT NULL, start INTEGER NOT NULL,
    length INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, target INTEGER,
    principal INTEGER NOT NULL, plan TEXT);
CREATE TABLE targets (id INTEGER PRIMARY KEY, model TEXT NOT NULL, environment TEXT NOT NULL,
    UNIQUE (model, environment));
CREATE TABLE open_intents (plan TEXT PRIMARY KEY, seq INTEGER NOT NULL);
"""
_INDEXES: Final = """
CREATE INDEX by_target_and_time ON records (target, kind, at);
CREATE INDEX by_target ON records (target);
CREATE INDEX by_time ON records (kind, at);
CREATE INDEX by_kind ON records (kind);
CREATE INDEX by_principal ON records (principal);
CREATE INDEX by_plan ON records (plan) WHERE plan IS NOT NULL;
"""
GIVEN_UP: Final[ContextVar[threading.Event | None]] = ContextVar("GIVEN_UP", default=None)
"""What whoever asks sets when it does not wait for the answer any more; others that ask the same index do."""
_ROWS_AT_ONCE: Final = 20_000
_MOST_MISSING: Final = 1_000
_ENDS_INTENT: Final = frozenset({str(RecordKind.ACTION_OUTCOME), str(RecordKind.ACTION_RECONCILED)})
_HEAD_BYTES: Final = 73


class _Actor(msgspec.Struct):
    principal: str


class _Target(msgspec.Struct, frozen=True):
    model: str
    environment: str


class _Line(msgspec.Struct):
    seq: int
    at: str
    kind: str
    actor: _Actor
    h: str
    target: _Target | None = None
    plan: str | None = None


class Index:
    """The index of the journal in one directory. Its methods block, and may be called from several threads.

    The directory is held while the file is opened, closed or put in the place of another: SQLite finds the log and the
    shared memory that belong to a file by name. Those of another file would mix two indexes up, or be cut short under
    whoever has them mapped, and that ends a process with a bus error.
    """

    def __init__(self, directory: Path, path: Path | None = None) -> None:
        self._directory = directory
        self._path = path or directory / INDEX_NAME
        self._database: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._given_up = threading.Event()
        """Set when nobody waits any more for the answer that is looked for right now."""
        self._own_directory: tempfile.TemporaryDirectory[str] | None = None
        self._looked_through: tuple[dict[str, str], tuple[int, ...]] = ({}, ())

    def find(self, query: Query) -> list[Place]:
        """Return where the records are that match, in the order that was asked for."""

        def ask(database: sqlite3.Connection) -> list[Place]:
            found: list[Place] = []
            for one in lookups(query, _Known(database)):
                found += database.execute(one.sql, one.parameters).fetchall()
            found.sort(key=lambda place: -place[0] if query.newest_first else place[0])
            return found[: query.most]

        return self._answer(ask)

    def open_intents(self) -> list[Place]:
        """Return where the intents without outcome are, oldest first."""
        sql = f"{Lookup.COLUMNS} JOIN open_intents o ON o.seq = r.seq ORDER BY r.seq"
        return self._answer(lambda database: database.execute(sql).fetchall())

    def tree(self) -> tuple[Frontier, str]:
        """Return the Merkle tree over all lines so far, and the hash of the last."""

        def ask(database: sqlite3.Connection) -> tuple[Frontier, str]:
            state = dict(database.execute("SELECT key, value FROM state").fetchall())
            return _frontier(state), state.get("head", "")

        return self._answer(ask)

    def missing(self) -> tuple[int, ...]:
        """Return the numbers of lines that are no records any more, a thousand at most: no query finds them."""

        def ask(database: sqlite3.Connection) -> tuple[int, ...]:
            state = dict(database.execute("SELECT key, value FROM state").fetchall())
            if state != self._looked_through[0]:
                start = beginning_of(self._directory, segments_of(self._directory)).seq
                self._looked_through = (state, missing_numbers(database, start, _MOST_MISSING))
            return self._looked_through[1]

        return self._answer(ask)

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._close()
            if self._own_directory is not None:
                self._own_directory.cleanup()

    def _answer(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Return an answer of the index as it has to be now; one that is broken, or another journal's, is made anew."""
        with self._turn:
            self._given_up = GIVEN_UP.get() or threading.Event()
            if self._given_up.is_set():
                raise InterruptedError("nobody waits for the answer any more")
            try:
                return ask(self._brought_up_to_date())
            except sqlite3.Error:
                self._close()
                return ask(self._made_anew())

    def _brought_up_to_date(self) -> sqlite3.Connection:
        database = self._database or self._opened()
        if database is None:
            return self._made_anew()
        self._database = database
        found = segments_of(self._directory)
        known = dict(database.execute("SELECT name, size FROM segments").fetchall())
        if known == {segment.name: segment.path.stat().st_size for segment in found}:
            return database
        if not self._still_fits(database, found, known):
            self._close()
            return self._made_anew()
        with _transaction(database):
            _Filler(database, found, beginning_of(self._directory, found)).fill(self._given_up)
        return database

    def _opened(self) -> sqlite3.Connection | None:
        """Return the index that is there, if it is one of this program."""
        if not self._path.exists():
            return None
        try:
            with directory_held(self._path.parent):
                return self._opened_while_held()
        except OSError:
            return None

    def _opened_while_held(self) -> sqlite3.Connection | None:
        if not self._path.exists():
            return None
        database = sqlite3.connect(self._path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION and os.access(self._path, os.W_OK):
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                return database
        except sqlite3.Error:
            database.close()
            raise
        database.close()
        return None

    def _still_fits(self, database: sqlite3.Connection, found: list[Segment], known: dict[str, int]) -> bool:
        """Tell whether what was read before is still there: segments only grow, and the last line is the same."""
        sizes = {segment.name: segment.path.stat().st_size for segment in found}
        if any(sizes.get(name, -1) < size for name, size in known.items()):
            return False
        state = dict(database.execute("SELECT key, value FROM state").fetchall())
        if not state.get("segment"):
            return not any(known.values())
        descriptor = open_to_read(self._directory / state["segment"])
        try:
            end = os.pread(descriptor, _HEAD_BYTES, max(known[state["segment"]] - _HEAD_BYTES, 0))
        finally:
            os.close(descriptor)
        return end == f',"h":"{state["head"]}"}}\n'.encode()

    def _made_anew(self) -> sqlite3.Connection:
        """Build the index beside and put it in its place whole: a crash leaves the old one or the new one."""
        try:
            return self._built(self._path)
        except InterruptedError:
            raise
        except (OSError, sqlite3.OperationalError):
            # A journal that may only be read still has to be found one's way in.
            self._own_directory = self._own_directory or tempfile.TemporaryDirectory(prefix="modeltui-index-")
            self._path = Path(self._own_directory.name) / INDEX_NAME
            return self._built(self._path)

    def _built(self, path: Path) -> sqlite3.Connection:
        building = path.with_name(f"{path.name}.{os.getpid()}-{id(self):x}.new")
        building.unlink(missing_ok=True)
        database = sqlite3.connect(building, isolation_level=None, check_same_thread=False)
        try:
            building.chmod(0o600)
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536", "temp_store = MEMORY"):
                database.execute(f"PRAGMA {pragma}")
            database.executescript(_TABLES)
            found = segments_of(self._directory)
            with _transaction(database):
                _Filler(database, found, beginning_of(self._directory, found)).fill(self._given_up)
            database.executescript(_INDEXES)
            database.close()
            with directory_held(path.parent):
                for left in ("-wal", "-shm"):
                    path.with_name(path.name + left).unlink(missing_ok=True)
                building.replace(path)
        finally:
            database.close()
            building.unlink(missing_ok=True)
        opened = self._opened()
        if opened is None:
            raise sqlite3.OperationalError("the index cannot be opened for writing")
        self._database = opened
        return opened

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is None:
            return
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError):
                held.enter_context(directory_held(self._path.parent))
            database.close()


class _Filler:
    """Reads the lines that are not in the index yet into it."""

    def __init__(self, database: sqlite3.Connection, found: list[Segment], beginning: ChainStart) -> None:
        self._database = database
        self._found = found
        state = dict(database.execute("SELECT key, value FROM state").fetchall())
        self._known = {name: (id_, size) for id_, name, size in database.execute("SELECT id, name, size FROM segments")}
        self._names = {text: id_ for id_, text in database.execute("SELECT id, text FROM names")}
        self._targets = {
            _Target(m, e): id_ for id_, m, e in database.execute("SELECT id, model, environment FROM targets")
        }
        self._tree = GrowingTree(_frontier(state) if state else beginning.tree)
        self._head = state.get("head", str(beginning.head))
        self._segment = state.get("segment", "")
        self._ended: set[str] = set()
        """Plans whose outcome was read just now."""
        self._decode = msgspec.json.Decoder(_Line).decode

    def fill(self, stop: threading.Event) -> None:
        """Read all that is new; raises `InterruptedError` when told to stop."""
        for segment in self._found:
            id_, start = self._known.get(segment.name, (0, 0))
            if not id_:
                sql = "INSERT INTO segments (name, size) VALUES (?, 0)"
                id_ = self._database.execute(sql, (segment.name,)).lastrowid or 0
            rows: list[tuple[Any, ...]] = []
            name = segment.name
            for line in lines_of(segment.path, start):
                if not line.endswith(b"\n"):
                    break  # torn, or being written
                row = self._row(id_, start, line)
                start += len(line)
                if row is not None:
                    rows.append(row)
                    self._segment = name
                if len(rows) >= _ROWS_AT_ONCE:
                    self._insert(rows)
                    if stop.is_set():
                        raise InterruptedError("nobody waits for the index any more")
            self._insert(rows)
            self._database.execute("UPDATE segments SET size = ? WHERE id = ?", (start, id_))
        state = {
            "size": str(self._tree.size),
            "peaks": " ".join(peak.hex() for peak in self._tree.frontier().peaks),
            "head": self._head,
            "segment": self._segment,
        }
        self._database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", state.items())

    def _row(self, segment: int, start: int, line: bytes) -> tuple[Any, ...] | None:
        self._tree.add(line[:-1])
        try:
            read = self._decode(line)
            at = _milliseconds(read.at)
        except (msgspec.MsgspecError, ValueError, UnicodeDecodeError):
            return None
        self._head = read.h
        if read.plan is not None:
            self._note_intent(read.kind, read.plan, read.seq)
        target = None if read.target is None else self._target(read.target)
        kind, principal = self._name(read.kind), self._name(read.actor.principal)
        return read.seq, segment, start, len(line), at, kind, target, principal, read.plan

    def _note_intent(self, kind: str, plan: str, seq: int) -> None:
        if kind == str(RecordKind.ACTION_INTENT):
            if not self._has_ended(plan):
                self._database.execute("INSERT OR REPLACE INTO open_intents VALUES (?, ?)", (plan, seq))
        elif kind in _ENDS_INTENT:
            self._ended.add(plan)
            self._database.execute("DELETE FROM open_intents WHERE plan = ?", (plan,))

    def _has_ended(self, plan: str) -> bool:
        """Tell whether an outcome stands before its intent: both were kept while the journal could not be written."""
        if plan in self._ended or not self._known:  # what is built from nothing has seen all that came before
            return plan in self._ended
        ends = [id_ for text in _ENDS_INTENT if (id_ := self._names.get(text)) is not None]
        sql = f"SELECT 1 FROM records WHERE plan = ? AND kind IN ({', '.join('?' * len(ends))})"  # noqa: S608 - marks alone
        return self._database.execute(sql, (plan, *ends)).fetchone() is not None

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        # A line that somebody copied comes second: the first of its number counts.
        self._database.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        rows.clear()

    def _name(self, text: str) -> int:
        id_ = self._names.get(text)
        if id_ is None:
            id_ = self._database.execute("INSERT INTO names (text) VALUES (?)", (text,)).lastrowid or 0
            self._names[text] = id_
        return id_

    def _target(self, target: _Target) -> int:
        id_ = self._targets.get(target)
        if id_ is None:
            sql = "INSERT INTO targets (model, environment) VALUES (?, ?)"
            id_ = self._database.execute(sql, (target.model, target.environment)).lastrowid or 0
            self._targets[target] = id_
        return id_


class _Known:
    """Which numbers stand for which names in this index."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def name(self, text: str) -> int | None:
        """Return the number of a name; `None` when no record has it."""
        found = self._database.execute("SELECT id FROM names WHERE text = ?", (text,)).fetchone()
        return found[0] if found else None

    def targets(self, model: str, environment: str | None) -> list[int]:
        """Return the numbers of one target, or of all targets of a model."""
        sql = "SELECT id FROM targets WHERE model = ? AND (? IS NULL OR environment = ?)"
        return [row[0] for row in self._database.execute(sql, (model, environment, environment))]


def _frontier(state: dict[str, str]) -> Frontier:
    if "size" not in state:
        return EMPTY_TREE
    return Frontier(int(state["size"]), tuple(bytes.fromhex(peak) for peak in state["peaks"].split()))


@lru_cache(maxsize=64)
def _midnight(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000


def _milliseconds(text: str) -> int:
    if len(text) != 24:
        raise ValueError(text)
    seconds = int(text[11:13]) * 3_600 + int(text[14:16]) * 60 + int(text[17:19])
    return _midnight(text[:10]) + seconds * 1_000 + int(text[20:23])


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
