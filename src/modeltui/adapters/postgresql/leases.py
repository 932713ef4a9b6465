"""Leases in the shared database."""

from __future__ import annotations

from typing import Any

from modeltui.adapters.postgresql.database import Database
from modeltui.adapters.postgresql.server_time import now_by
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.acting.leasing import Claim, is_in_force, is_same, renewed, taken
from modeltui.domain.acting.shared_text import lease_from_row, lease_row
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Missing, TargetKey, Unknown
from modeltui.ports.clock import Clock
from modeltui.ports.leases import Leases

_SELECT = "SELECT model, environment, holder, plan_id, kind, fence, taken_at, expires_at, says FROM modeltui_leases"
_KEEP = (
    "INSERT INTO modeltui_leases (model, environment, holder, plan_id, kind, fence, taken_at, expires_at, says)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (model, environment) DO UPDATE SET"
    " holder = EXCLUDED.holder, plan_id = EXCLUDED.plan_id, kind = EXCLUDED.kind, fence = EXCLUDED.fence,"
    " taken_at = EXCLUDED.taken_at, expires_at = EXCLUDED.expires_at, says = EXCLUDED.says"
)
_KEEP_FENCE = (
    "INSERT INTO modeltui_fences (model, environment, fence) VALUES (%s, %s, %s)"
    " ON CONFLICT (model, environment) DO UPDATE SET fence = greatest(modeltui_fences.fence, EXCLUDED.fence)"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('modeltui lease ' || %s || '@' || %s, 0))"


class PostgresLeases:
    """Leases of everybody who uses this database."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        lease_seconds: float = LEASE_SECONDS,
        server_time: bool = True,
    ) -> None:
        self._database = database
        self._now = now_by(clock, server_time=server_time)
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

        def transaction(connection: Any) -> Lease:
            current = _current(connection, target)
            lease = taken(current, _last_fence(connection, target), claim, self._now(connection))
            if lease.plan_id == plan_id:
                _keep(connection, lease)
            return lease

        return await self._database.run(transaction)

    async def renew(self, lease: Lease, says: str) -> Lease | None:
        """Return the lease with a later end; `None` when it is no longer ours."""

        def transaction(connection: Any) -> Lease | None:
            current = _current(connection, lease.target)
            longer = renewed(current, lease, says, self._now(connection), self._lease_seconds)
            if isinstance(longer, Missing):
                return None
            _keep(connection, longer)
            return longer

        return await self._database.run(transaction)

    async def release(self, lease: Lease) -> None:
        """Give it back; one that is no longer ours is left alone."""

        def transaction(connection: Any) -> None:
            current = _current(connection, lease.target)
            if not isinstance(current, Missing) and is_same(current, lease):
                connection.execute(
                    "DELETE FROM modeltui_leases WHERE (model, environment) = (%s, %s)", _key(lease.target)
                )

        await self._database.run(transaction)

    async def held(self) -> tuple[Lease, ...]:
        """Return all that are in force."""

        def transaction(connection: Any) -> tuple[Lease, ...]:
            rows = connection.execute(f"{_SELECT} ORDER BY taken_at, model, environment").fetchall()
            leases = [lease_from_row(row) for row in rows]
            now = self._now(connection)
            return tuple(lease for lease in leases if is_in_force(lease, now, self._lease_seconds))

        return await self._database.run(transaction)


def _key(target: TargetKey) -> tuple[str, str]:
    return str(target.model), str(target.environment)


def _current(connection: Any, target: TargetKey) -> Lease | Unknown:
    """Return the lease of a target, which nobody else changes until this transaction ends."""
    connection.execute(_LOCK, _key(target))
    row = connection.execute(f"{_SELECT} WHERE (model, environment) = (%s, %s)", _key(target)).fetchone()
    return UNKNOWN if row is None else lease_from_row(row)


def _last_fence(connection: Any, target: TargetKey) -> int:
    row = connection.execute(
        "SELECT fence FROM modeltui_fences WHERE (model, environment) = (%s, %s)", _key(target)
    ).fetchone()
    return 0 if row is None else int(row[0])


def _keep(connection: Any, lease: Lease) -> None:
    connection.execute(_KEEP, lease_row(lease))
    connection.execute(_KEEP_FENCE, (*_key(lease.target), lease.fence))


_: type[Leases] = PostgresLeases
