"""Several operators at once, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from modeltui.adapters.postgresql import open_shared
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.secret import Secret
from tests.servers.postgresql import PostgresServer

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.broad


def at_once(what: str, where: str, people: int, times: int) -> list[Any]:
    """Return what each of several processes found that began together."""
    command = [sys.executable, "-m", "tests.adapters.another_operator", what, where]
    running = [
        subprocess.Popen(
            [*command, f"operator-{number}", str(times)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(people)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=100)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.parametrize("store", ["files", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_one_winner_each_time(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Of two operators who take the same target in the same moment one has it, 500 times, and its fence only grows."""
    server: PostgresServer | None = request.getfixturevalue("postgres") if store == "postgresql" else None
    where = server.new_schema() if server else str(tmp_path / "journal")
    (winners, ours), (others, theirs) = at_once("take", where, 2, 500)
    assert winners == others, "the two do not agree on who has a target"
    assert {fence for _, (_, fence) in winners} == {1}
    names = {plan.rpartition("-")[0] for _, (plan, _) in winners}
    assert names == {"operator-0", "operator-1"}, "one of them never had a chance"
    held = sorted([*ours, *theirs])
    assert [fence for fence, _, _ in held] == list(range(1, len(held) + 1)), "a fence came twice or was left out"
    assert all(before[2] < after[1] for before, after in pairwise(held)), "both had the target at one time"


@pytest.mark.servers
async def test_one_chain_of_many_writers(postgres: PostgresServer, measured: Callable[[str], None]) -> None:
    """Four operators write a hundred records each: all are there, once, and the chain is whole."""
    url = postgres.new_schema()
    found = at_once("append", url, 4, 100)
    places = sorted((seq, digest) for _, records in found for seq, digest, _ in records)
    assert [seq for seq, _ in places] == list(range(2, 402)), "the first record opens the journal"
    async with open_shared(Secret(url), SystemClock()) as shared:
        state = await shared.journal.verify()
        assert state.is_whole, state.says
        assert (state.records, state.head) == places[-1]
    seconds = sorted(spent for _, records in found for _, _, spent in records)
    p99 = quantiles(seconds, n=100)[-1]
    measured(f"append with four writers: median {median(seconds) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
