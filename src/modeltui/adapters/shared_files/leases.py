"""Leases in the shared file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from modeltui.adapters.shared_files.store import SharedFile
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.acting.leasing import Claim, is_in_force, is_same, renewed, taken
from modeltui.domain.acting.shared_text import lease_from_row, lease_row
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Missing, TargetKey, Unknown
from modeltui.ports.clock import Clock
from modeltui.ports.leases import Leases

_COLUMNS = "model, environment, holder, plan_id, kind, fence, taken_at, expires_at, says"


class FileLeases:
    """Leases of everybody who uses this directory."""

    def __init__(self, directory: Path | str, clock: Clock, lease_seconds: float = LEASE_SECONDS) -> None:
        self._file = SharedFile(directory)
        self._clock = clock
        self._lease_seconds = lease_seconds

    async def take(
        self,
        target: TargetKey,
        holder: Actor,
        plan_id: PlanId,
        kind: ActionKind,
        *,
        breaks_others: bool,
        says: str = "",
    ) -> Lease:
        """Return a lease of ours, or the lease of whoever has it."""
        claim = Claim(target, holder, plan_id, kind, breaks_others, self._lease_seconds, says)

        def transaction(connection: sqlite3.Connection) -> Lease:
            current = _current(connection, target)
            lease = taken(current, _last_fence(connection, target), claim, self._clock.now())
            if lease.plan_id == plan_id:
                _keep(connection, lease)
            return lease

        return await self._file.run(transaction)

    async def renew(self, lease: Lease, says: str) -> Lease | None:
        """Return the lease with a later end; `None` when it is no longer ours."""

        def transaction(connection: sqlite3.Connection) -> Lease | None:
            longer = renewed(_current(connection, lease.target), lease, says, self._clock.now(), self._lease_seconds)
            if isinstance(longer, Missing):
                return None
            _keep(connection, longer)
            return longer

        return await self._file.run(transaction)

    async def release(self, lease: Lease) -> None:
        """Give it back; one that is no longer ours is left alone."""

        def transaction(connection: sqlite3.Connection) -> None:
            current = _current(connection, lease.target)
            if not isinstance(current, Missing) and is_same(current, lease):
                connection.execute("DELETE FROM leases WHERE (model, environment) = (?, ?)", _key(lease.target))

        await self._file.run(transaction)

    async def held(self) -> tuple[Lease, ...]:
        """Return all that are in force."""

        def transaction(connection: sqlite3.Connection) -> tuple[Lease, ...]:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM leases ORDER BY taken_at, model, environment")  # noqa: S608 - our own names
            leases = [lease_from_row(row) for row in rows]
            now = self._clock.now()
            return tuple(lease for lease in leases if is_in_force(lease, now, self._lease_seconds))

        return await self._file.read(transaction)


def _key(target: TargetKey) -> tuple[str, str]:
    return target.model, target.environment


def _current(connection: sqlite3.Connection, target: TargetKey) -> Lease | Unknown:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM leases WHERE (model, environment) = (?, ?)",  # noqa: S608 - our own names
        _key(target),
    ).fetchone()
    return UNKNOWN if row is None else lease_from_row(row)


def _last_fence(connection: sqlite3.Connection, target: TargetKey) -> int:
    row = connection.execute("SELECT fence FROM fences WHERE (model, environment) = (?, ?)", _key(target)).fetchone()
    return 0 if row is None else int(row[0])


def _keep(connection: sqlite3.Connection, lease: Lease) -> None:
    connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lease_row(lease))
    connection.execute("INSERT OR REPLACE INTO fences VALUES (?, ?, ?)", (*_key(lease.target), lease.fence))


_: type[Leases] = FileLeases
