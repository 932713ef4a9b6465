"""A query of the journal as questions to its index, each answered by one of its indexes without reading the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import Instant, Missing, Unknown
from modeltui.ports.journal import Query


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question."""

    sql: str
    parameters: tuple[Any, ...]
    COLUMNS: ClassVar[str] = (
        "SELECT r.seq, s.name, r.start, r.length FROM records r JOIN segments s ON s.id = r.segment"
    )


class Known(Protocol):
    """Which numbers stand for which names."""

    def name(self, text: str) -> int | None:
        """Return the number of a name; `None` when no record has it."""
        ...

    def targets(self, model: str, environment: str | None) -> list[int]:
        """Return the numbers of one target, or of all targets of a model."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    index: str
    conditions: tuple[tuple[str, Any], ...]


def lookups(query: Query, known: Known) -> list[Lookup]:
    """Return the questions whose answers together hold the first `query.most` records that match."""
    narrowing = _narrowing(query, known)
    if narrowing is None:
        return []
    return [_lookup(part, narrowing, query) for part in _parts(query, known)]


def missing_numbers(database: sqlite3.Connection, start: int, most: int) -> tuple[int, ...]:
    """Return the numbers after `start` that no record has although a later one is there: lines that are none."""
    count, last = database.execute("SELECT COUNT(*), MAX(seq) FROM records").fetchone()
    if not count or count == last - start:
        return ()
    found: list[int] = []
    before = start
    ends = "SELECT seq FROM records r WHERE NOT EXISTS (SELECT 1 FROM records b WHERE b.seq = r.seq - 1) ORDER BY seq"
    for (end,) in database.execute(ends):
        newest = database.execute("SELECT MAX(seq) FROM records WHERE seq < ?", (end,)).fetchone()[0]
        before = start if newest is None else newest
        found += range(before + 1, min(end, before + 1 + most - len(found)))
    return tuple(found)


def _parts(query: Query, known: Known) -> Iterable[_Part]:
    kinds = [number for kind in sorted(query.kinds or RecordKind) if (number := known.name(str(kind))) is not None]
    targets = _targets(query, known)
    if not isinstance(query.plan_id, Missing):
        yield _Part("by_plan", (("plan = ?", str(query.plan_id)),))
    elif targets is not None:
        for target in targets:
            if _has_time(query) or (query.kinds and RecordKind.SERVING_OBSERVED not in query.kinds):
                yield from (_Part("by_target_and_time", (("target = ?", target), ("kind = ?", kind))) for kind in kinds)
            else:
                yield _Part("by_target", (("target = ?", target),))
    elif _has_time(query):
        yield from (_Part("by_time", (("kind = ?", kind),)) for kind in kinds)
    elif query.kinds:
        yield from (_Part("by_kind", (("kind = ?", kind),)) for kind in kinds)
    elif not isinstance(query.principal, Missing):
        yield _Part("by_principal", ())
    else:
        yield _Part("", ())


def _narrowing(query: Query, known: Known) -> list[tuple[str, Any]] | None:
    """Return the conditions that hold for every question; `None` when nothing can match."""
    conditions: list[tuple[str, Any]] = []
    if query.kinds:
        numbers = [number for kind in query.kinds if (number := known.name(str(kind))) is not None]
        if not numbers:
            return None
        conditions.append((f"kind IN ({','.join(map(str, sorted(numbers)))})", None))
    if not isinstance(query.principal, Missing):
        principal = known.name(str(query.principal))
        if principal is None:
            return None
        conditions.append(("principal = ?", principal))
    targets = _targets(query, known)
    if targets is not None:
        if not targets:
            return None
        conditions.append((f"target IN ({','.join(map(str, targets))})", None))
    if not isinstance(query.since, Missing):
        conditions.append(("at >= ?", _milliseconds(query.since)))
    if not isinstance(query.until, Missing):
        conditions.append(("at <= ?", _milliseconds(query.until)))
    if query.after_seq > 0:
        conditions.append(("seq > ?", query.after_seq))
    return conditions


def _lookup(part: _Part, narrowing: list[tuple[str, Any]], query: Query) -> Lookup:
    conditions = [*part.conditions, *narrowing]
    where = " AND ".join(f"r.{condition}" for condition, _ in conditions) or "1"
    indexed = f" INDEXED BY {part.index}" if part.index else ""
    order = "DESC" if query.newest_first else "ASC"
    sql = Lookup.COLUMNS.replace("records r", f"records r{indexed}") + f" WHERE {where} ORDER BY r.seq {order} LIMIT ?"
    values = [value for condition, value in conditions if "?" in condition]
    return Lookup(sql, (*values, max(query.most, 0)))


def _targets(query: Query, known: Known) -> list[int] | None:
    if not isinstance(query.target, Missing):
        found = known.targets(query.target.model, query.target.environment)
        if not isinstance(query.model, Missing) and query.model != query.target.model:
            return []
        return found
    return None if isinstance(query.model, Missing) else known.targets(query.model, None)


def _has_time(query: Query) -> bool:
    return not (isinstance(query.since, Missing) and isinstance(query.until, Missing))


def _milliseconds(at: Instant | Unknown) -> int:
    assert not isinstance(at, Missing)  # noqa: S101 - its callers have looked
    return max(-(2**62), min(round(at * 1_000), 2**62))
