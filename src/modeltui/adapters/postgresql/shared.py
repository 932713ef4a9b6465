"""What several operators share, opened together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from modeltui.adapters.postgresql.approvals import PostgresApprovals
from modeltui.adapters.postgresql.database import Database
from modeltui.adapters.postgresql.journal import PostgresJournal
from modeltui.adapters.postgresql.leases import PostgresLeases
from modeltui.domain.acting.lease import LEASE_SECONDS
from modeltui.domain.secret import Secret
from modeltui.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Shared:
    """One database of several operators."""

    journal: PostgresJournal
    approvals: PostgresApprovals
    leases: PostgresLeases


@asynccontextmanager
async def open_shared(
    url: Secret,
    clock: Clock,
    *,
    read_only: bool = False,
    lease_seconds: float = LEASE_SECONDS,
    server_time: bool = True,
) -> AsyncIterator[Shared]:
    """Give journal, approvals and leases in the database behind a PostgreSQL URL; nothing is contacted before use.

    With `read_only` nothing can be written through it, and no table is made. Whether a lease or a request has run out
    is told by the database's clock, the same for everybody; without `server_time` by `clock`, for tests.
    """
    record, coordination = Database(url, read_only=read_only), Database(url, read_only=read_only)
    try:
        yield Shared(
            PostgresJournal(record, clock),
            PostgresApprovals(coordination, clock, server_time=server_time),
            PostgresLeases(coordination, clock, lease_seconds=lease_seconds, server_time=server_time),
        )
    finally:
        await record.close()
        await coordination.close()
