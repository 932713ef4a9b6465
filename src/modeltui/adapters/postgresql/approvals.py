"""Approvals in the shared database."""

from __future__ import annotations

from typing import Any

from modeltui.adapters.postgresql.database import Database
from modeltui.adapters.postgresql.server_time import now_by
from modeltui.domain.acting.action import PlanHash
from modeltui.domain.acting.approval import ApprovalRequest, GivenApproval
from modeltui.domain.acting.shared_text import (
    decision_from_row,
    decision_row,
    plan_name,
    request_from_row,
    request_row,
    requests_from_rows,
)
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.text import safe_text
from modeltui.ports.approvals import Approvals
from modeltui.ports.clock import Clock

_REQUEST = "SELECT plan_hash, plan_id, document, asked_at, expires_at, reason FROM modeltui_requests"
_UNDECIDED = "NOT EXISTS (SELECT 1 FROM modeltui_decisions d WHERE d.plan_hash = modeltui_requests.plan_hash)"
_DECISION = "SELECT plan_hash, actor, decision, reason, at, expires_at, signature FROM modeltui_decisions"


class PostgresApprovals:
    """Plans of everybody who uses this database, and what was said to them."""

    def __init__(self, database: Database, clock: Clock, *, server_time: bool = True) -> None:
        self._database = database
        self._now = now_by(clock, server_time=server_time)

    async def ask(self, request: ApprovalRequest) -> None:
        """Put a plan where others see it; asking again for the same plan changes nothing."""
        row = request_row(request)

        def transaction(connection: Any) -> None:
            connection.execute(
                "INSERT INTO modeltui_requests (plan_hash, plan_id, document, asked_at, expires_at, reason)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (plan_hash) DO NOTHING",
                row,
            )

        await self._database.run(transaction)

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what was asked for, has not expired and has no decision yet; oldest first."""

        def transaction(connection: Any) -> tuple[ApprovalRequest, ...]:
            rows = connection.execute(
                f"{_REQUEST} WHERE expires_at > %s AND {_UNDECIDED} ORDER BY place", (self._now(connection),)
            )
            return tuple(requests_from_rows(rows))

        return await self._database.run(transaction)

    async def request(self, plan_hash_or_id: str) -> ApprovalRequest | None:
        """Return the one request that is meant; `None` for none, and for several."""
        name = plan_name(plan_hash_or_id)

        def transaction(connection: Any) -> ApprovalRequest | None:
            rows = connection.execute(
                f"{_REQUEST} WHERE plan_id = %s OR (%s <> '' AND starts_with(plan_hash, %s)) LIMIT 2",
                (name.id, name.hash_beginning, name.hash_beginning),
            ).fetchall()
            return request_from_row(rows[0]) if len(rows) == 1 else None

        return await self._database.run(transaction)

    async def decide(self, approval: GivenApproval) -> None:
        """Add a decision; nothing is ever taken back.

        Raises `JournalUnavailable` for a plan that nobody asked about here.
        """
        row = decision_row(approval)

        def transaction(connection: Any) -> None:
            if not connection.execute("SELECT 1 FROM modeltui_requests WHERE plan_hash = %s", row[:1]).fetchone():
                raise JournalUnavailable(
                    f"nobody has asked for an approval of {safe_text(row[0], 80)}", "Look at what waits, and name that."
                )
            connection.execute(
                "INSERT INTO modeltui_decisions (plan_hash, actor, decision, reason, at, expires_at, signature)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                row,
            )

        await self._database.run(transaction)

    async def decisions(self, plan_hash: PlanHash) -> tuple[GivenApproval, ...]:
        """Return every decision on a plan, oldest first."""

        def transaction(connection: Any) -> tuple[GivenApproval, ...]:
            rows = connection.execute(f"{_DECISION} WHERE plan_hash = %s ORDER BY place", (str(plan_hash),))
            return tuple(decision_from_row(row) for row in rows)

        return await self._database.run(transaction)


_: type[Approvals] = PostgresApprovals
