"""The journal in the shared database: the same lines in the same chain as in a file, one row each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from modeltui.adapters.postgresql.checkpoints import PostgresCheckpoints, lines_after
from modeltui.adapters.postgresql.database import Database, driver
from modeltui.adapters.postgresql.failures import refused, unavailable
from modeltui.adapters.postgresql.schema import SCHEMA_LOCK
from modeltui.domain.acting.action import NO_REASON
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.chain import ChainVerifier, Witness, judged, sizes
from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, Page, Query

_LOCK: Final = f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"
_HEAD: Final = "SELECT seq, hash FROM modeltui_journal ORDER BY seq DESC LIMIT 1"
_INSERT: Final = (
    "INSERT INTO modeltui_journal (seq, hash, line, kind, at, principal, model, environment, plan)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_OPEN: Final = (
    "SELECT i.line FROM modeltui_journal i WHERE i.kind = %s AND NOT EXISTS (SELECT 1 FROM modeltui_journal o"
    " WHERE o.plan = i.plan AND o.kind = ANY(%s)) ORDER BY i.seq"
)
"""An outcome may come before its intent: both were kept beside the journal while it could not be written."""
_ENDS: Final = [str(RecordKind.ACTION_OUTCOME), str(RecordKind.ACTION_RECONCILED)]


class PostgresJournal:
    """One chain of lines for everybody who uses this database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.checkpoints = PostgresCheckpoints(database, clock)
        """What it looked like at moments."""

    async def append(self, entry: Entry) -> Record:
        """Write one record and return it in its place.

        Raises `JournalUnavailable` when it is not there: also when the connection broke at the end, after the line
        was looked for by its hash.
        """
        return await self._database.work(lambda: self._append(entry))

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match; a line that is no record any more is left to `verify`."""
        return (await self.page(query)).records

    async def page(self, query: Query) -> Page:
        """Return the records that match, and the numbers of those whose lines are no records any more."""
        sql, parameters = _question(query)
        rows = await self._database.run(lambda connection: connection.execute(sql, parameters).fetchall())
        read = [(int(row[1]), _record(row[0])) for row in rows]
        lost = sorted(seq for seq, record in read if record is None)
        return Page(tuple(record for _, record in read if record is not None), tuple(lost))

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest seq (0 when empty) and its hash."""
        row = await self._database.run(lambda connection: connection.execute(_HEAD).fetchone())
        return (0, UNKNOWN) if row is None else (int(row[0]), safe_text(row[1]))

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without outcome, oldest first."""
        parameters = (str(RecordKind.ACTION_INTENT), _ENDS)
        rows = await self._database.run(lambda connection: connection.execute(_OPEN, parameters).fetchall())
        return tuple(record for row in rows if (record := _record(row[0])) is not None)

    async def verify(self, witnesses: Sequence[Witness] = ()) -> ChainState:
        """Return whether every record fits, read afresh, line by line, and whether what these saw is still there."""
        verifier = ChainVerifier(remember=sizes(witnesses))
        after = -1
        while not verifier.says:
            rows = await lines_after(self._database, after)
            if not rows:
                break
            for seq, line in rows:
                if seq != verifier.seq + 1:
                    verifier.stop(f"record {verifier.seq + 1} is gone: record {seq} stands in its place")
                if not verifier.add(bytes(line)):
                    break
            after = rows[-1][0]
        return judged(verifier, await self.checkpoints.log_id(), witnesses)

    def _append(self, entry: Entry) -> Record:
        psycopg = driver()
        for _ in range(2):
            connection, is_new = self._database.connection()
            try:
                connection.execute(self._database.begin)
                record = self._insert(connection, entry)
            except psycopg.Error as error:
                # The end of the transaction was never asked for: nothing of it can be there.
                is_lost = connection.closed or connection.broken
                self._database.forget()
                if is_lost and not is_new:
                    continue
                raise refused(error) from error
            except BaseException:
                self._database.forget()
                raise
            try:
                connection.execute("COMMIT")
            except psycopg.Error as error:
                self._database.forget()
                return self._looked_up(record, error)
            except BaseException:
                self._database.forget()
                raise
            return record
        raise unavailable("went away twice in the middle of a record", "Look whether it is up.")

    def _insert(self, connection: Any, entry: Entry) -> Record:
        """Put a record behind the last, while nobody else can."""
        connection.execute(_LOCK)
        seq, head = connection.execute(_HEAD).fetchone() or (0, GENESIS)
        if seq == 0:
            opened = replace(
                entry,
                kind=RecordKind.LOG_OPENED,
                at=self._clock.now(),
                target=UNKNOWN,
                plan_id=UNKNOWN,
                plan_hash=UNKNOWN,
                reason=NO_REASON,
                details={"log_id": str(uuid.uuid4())},
            )
            first = _insert_one(connection, opened, 1, GENESIS)
            seq, head = first.seq, first.hash
        return _insert_one(connection, entry, int(seq) + 1, head)

    def _looked_up(self, record: Record, error: Exception) -> Record:
        """Return the record if it is there after all. Its lock ends with its transaction: who has it knows for sure."""
        psycopg = driver()
        try:
            connection, _ = self._database.connection()
            connection.execute(self._database.begin)
            connection.execute(_LOCK)
            found = connection.execute(
                "SELECT 1 FROM modeltui_journal WHERE (seq, hash) = (%s, %s)", (record.seq, str(record.hash))
            ).fetchone()
            connection.execute("COMMIT")
        except (psycopg.Error, JournalUnavailable) as second:
            self._database.forget()
            raise unavailable(
                f"went away while record {record.seq} was being written, and cannot be asked whether it is there",
                "Take it for not written, and look into the journal before doing it again.",
            ) from second
        if found:
            return record
        raise unavailable(f"went away while record {record.seq} was being written: it is not there") from error


def _insert_one(connection: Any, entry: Entry, seq: int, previous: str) -> Record:
    record, line = record_line(entry, seq, previous)
    kept = record.entry
    target = kept.target
    connection.execute(
        _INSERT,
        (
            seq,
            str(record.hash),
            line,
            str(kept.kind),
            _milliseconds(kept.at),
            str(kept.actor.principal),
            None if isinstance(target, Missing) else str(target.model),
            None if isinstance(target, Missing) else str(target.environment),
            None if isinstance(kept.plan_id, Missing) else str(kept.plan_id),
        ),
    )
    return record


def _record(line: bytes) -> Record | None:
    try:
        return parse_line(bytes(line))
    except ValueError:
        return None


def _question(query: Query) -> tuple[str, list[Any]]:
    """Return the statement for a query."""
    conditions: list[tuple[str, Any]] = []
    if not isinstance(query.target, Missing):
        conditions.append(("model = %s", str(query.target.model)))
        conditions.append(("environment = %s", str(query.target.environment)))
    if not isinstance(query.model, Missing):
        conditions.append(("model = %s", str(query.model)))
    if query.kinds:
        conditions.append(("kind = ANY(%s)", sorted(str(kind) for kind in query.kinds)))
    if not isinstance(query.principal, Missing):
        conditions.append(("principal = %s", str(query.principal)))
    if not isinstance(query.plan_id, Missing):
        conditions.append(("plan = %s", str(query.plan_id)))
    if not isinstance(query.since, Missing):
        conditions.append(("at >= %s", _milliseconds(query.since)))
    if not isinstance(query.until, Missing):
        conditions.append(("at <= %s", _milliseconds(query.until)))
    conditions.append(("seq > %s", query.after_seq))
    where = " AND ".join(condition for condition, _ in conditions)
    order = "DESC" if query.newest_first else "ASC"
    sql = f"SELECT line, seq FROM modeltui_journal WHERE {where} ORDER BY seq {order} LIMIT %s"  # noqa: S608 - our own words
    return sql, [*(value for _, value in conditions), max(query.most, 0)]


def _milliseconds(at: Instant) -> int:
    return max(-(2**62), min(round(at * 1_000), 2**62))


_: type[Journal] = PostgresJournal
