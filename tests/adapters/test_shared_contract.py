"""Files and a real PostgreSQL keep the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeltui.adapters.journal import open_journal
from modeltui.adapters.postgresql import open_shared
from modeltui.adapters.shared_files import FileApprovals, FileLeases
from modeltui.domain.secret import Secret
from modeltui.ports.approvals import Approvals
from modeltui.ports.journal import Journal
from modeltui.ports.leases import Leases
from modeltui.testing import shared_contract
from modeltui.testing.clock import VirtualClock
from tests.servers.postgresql import PostgresServer


@dataclass
class Operators:
    """Two handles on each store, and their clock."""

    clock: VirtualClock
    approvals: tuple[Approvals, Approvals]
    leases: tuple[Leases, Leases]


@pytest.fixture(params=["files", pytest.param("postgresql", marks=pytest.mark.servers)])
async def operators(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Operators]:
    """Two operators on an empty store, of each kind in turn."""
    clock = VirtualClock()
    if request.param == "files":
        approvals = (FileApprovals(tmp_path / "j", clock), FileApprovals(tmp_path / "j", clock))
        yield Operators(clock, approvals, (FileLeases(tmp_path / "j", clock), FileLeases(tmp_path / "j", clock)))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_schema()
    async with AsyncExitStack() as stack:
        ours, theirs = [
            await stack.enter_async_context(open_shared(Secret(url), clock, server_time=False)) for _ in range(2)
        ]
        yield Operators(clock, (ours.approvals, theirs.approvals), (ours.leases, theirs.leases))


@pytest.mark.parametrize("check", shared_contract.LEASE_CHECKS, ids=shared_contract.name_of)
async def test_leases(check: shared_contract.LeaseCheck, operators: Operators) -> None:
    """Who is busy with a target is the same question to a file and to a database."""
    await check(*operators.leases, operators.clock)


@pytest.mark.parametrize("check", shared_contract.APPROVAL_CHECKS, ids=shared_contract.name_of)
async def test_approvals(check: shared_contract.ApprovalCheck, operators: Operators) -> None:
    """What a second person reads and says is kept the same in a file and in a database."""
    await check(*operators.approvals, operators.clock)


@pytest.fixture(params=["files", pytest.param("postgresql", marks=pytest.mark.servers)])
async def journals(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Journal, Journal, VirtualClock]]:
    """Two operators on an empty journal, of each kind in turn, and their clock."""
    clock = VirtualClock()
    async with AsyncExitStack() as stack:
        if request.param == "files":
            ours, theirs = [
                await stack.enter_async_context(open_journal(tmp_path / "journal", clock)) for _ in range(2)
            ]
            yield ours, theirs, clock
            return
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_schema()
        mine, others = [await stack.enter_async_context(open_shared(Secret(url), clock)) for _ in range(2)]
        yield mine.journal, others.journal, clock


@pytest.mark.parametrize("check", shared_contract.JOURNAL_CHECKS, ids=shared_contract.name_of)
async def test_journals(check: shared_contract.JournalCheck, journals: tuple[Journal, Journal, VirtualClock]) -> None:
    """The record of one operator and that of several keep the same promises."""
    await check(*journals)
