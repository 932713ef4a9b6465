"""Approvals in the shared file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from modeltui.adapters.shared_files.store import SharedFile
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

_REQUEST = "SELECT plan_hash, plan_id, document, asked_at, expires_at, reason FROM requests"
_DECIDED = "(SELECT plan_hash FROM decisions)"
_DECISION = "SELECT plan_hash, actor, decision, reason, at, expires_at, signature FROM decisions"


class FileApprovals:
    """Plans of everybody who uses this directory, and what was said to them."""

    def __init__(self, directory: Path | str, clock: Clock) -> None:
        self._file = SharedFile(directory)
        self._clock = clock

    async def ask(self, request: ApprovalRequest) -> None:
        """Put a plan where others see it; asking again for the same plan changes nothing."""
        row = request_row(request)

        def transaction(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO requests (plan_hash, plan_id, document, asked_at, expires_at, reason)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (plan_hash) DO NOTHING",
                row,
            )

        await self._file.run(transaction)

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what was asked for, has not expired and has no decision yet; oldest first."""

        def transaction(connection: sqlite3.Connection) -> tuple[ApprovalRequest, ...]:
            rows = connection.execute(
                f"{_REQUEST} WHERE expires_at > ? AND plan_hash NOT IN {_DECIDED} ORDER BY place",
                (self._clock.now(),),
            )
            return tuple(requests_from_rows(rows))

        return await self._file.read(transaction)

    async def request(self, plan_hash_or_id: str) -> ApprovalRequest | None:
        """Return the one request that is meant; `None` for none, and for several."""
        name = plan_name(plan_hash_or_id)

        def transaction(connection: sqlite3.Connection) -> ApprovalRequest | None:
            rows = connection.execute(
                f"{_REQUEST} WHERE plan_id = ? OR (? <> '' AND plan_hash >= ? AND plan_hash < ?) LIMIT 2",
                (name.id, name.hash_beginning, name.hash_beginning, name.hash_end),
            ).fetchall()
            return request_from_row(rows[0]) if len(rows) == 1 else None

        return await self._file.read(transaction)

    async def decide(self, approval: GivenApproval) -> None:
        """Add a decision; nothing is ever taken back.

        Raises `JournalUnavailable` for a plan that nobody asked about here.
        """
        row = decision_row(approval)

        def transaction(connection: sqlite3.Connection) -> None:
            if not connection.execute("SELECT 1 FROM requests WHERE plan_hash = ?", row[:1]).fetchone():
                raise JournalUnavailable(
                    f"nobody has asked for an approval of {safe_text(row[0], 80)}", "Look at what waits, and name that."
                )
            connection.execute(
                "INSERT INTO decisions (plan_hash, actor, decision, reason, at, expires_at, signature)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

        await self._file.run(transaction)

    async def decisions(self, plan_hash: PlanHash) -> tuple[GivenApproval, ...]:
        """Return every decision on a plan, oldest first."""

        def transaction(connection: sqlite3.Connection) -> tuple[GivenApproval, ...]:
            rows = connection.execute(f"{_DECISION} WHERE plan_hash = ? ORDER BY place", (plan_hash,))
            return tuple(decision_from_row(row) for row in rows)

        return await self._file.read(transaction)


_: type[Approvals] = FileApprovals
