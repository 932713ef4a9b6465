"""A shared journal is witnessed as one in files is: checkpoints beside it, signed, and handed to somebody elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.postgresql import Shared, open_shared
from modeltui.config.load import Options, load
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.journal.chain import checkpoint_from_text
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import Anchor
from modeltui.ports.identity import Identity
from modeltui.testing.clock import VirtualClock
from modeltui.testing.shared_contract import ALICE, FRAUD, entry_at
from modeltui.wiring.following import follow_record
from modeltui.wiring.journal_reading import open_journal_reader
from modeltui.wiring.observing import open_observer
from modeltui.wiring.records import open_records
from modeltui.wiring.witnessed import WitnessedJournal, open_witnessed
from tests.adapters.journal.test_witnesses import Agent, Place
from tests.servers.postgresql import PostgresServer

AT = Instant(1_767_268_800.0)
PLAN = PlanId(SafeText("00000000-0000-4000-8000-000000000000"))
CUT = "DELETE FROM modeltui_journal WHERE seq >= 4"
CONFIG = """
modeltui: 1
contexts:
  prod:
    mode: writes-on
    sources:
      metrics: {kind: prometheus, url: "http://127.0.0.1:9"}
    journal:
      shared: "env:JOURNAL_URL"
      anchors: [{kind: file, path: anchors.jsonl}]
"""


def ending(number: int) -> Entry:
    """Return the record of an action's end."""
    return replace(entry_at(AT, number), kind=RecordKind.ACTION_OUTCOME)


@asynccontextmanager
async def witnessed(
    url: str, anchors: Sequence[Anchor] = (), identity: Identity | None = None, *, read_only: bool = False
) -> AsyncIterator[tuple[WitnessedJournal, Shared]]:
    """Give the journal in a database as the program opens it."""
    clock = VirtualClock()
    async with (
        open_shared(Secret(url), clock, read_only=read_only) as shared,
        open_witnessed(shared.journal, clock, identity, anchors) as journal,
    ):
        yield journal, shared


def change(postgres: PostgresServer, url: str, *statements: str) -> None:
    """Change the tables as their owner can, past the triggers."""
    for table in ("modeltui_journal", "modeltui_checkpoints"):
        postgres.run(f"ALTER TABLE {table} DISABLE TRIGGER USER", url)
    for statement in statements:
        postgres.run(statement, url)


async def test_every_outcome_in_a_shared_journal_is_witnessed(postgres: PostgresServer) -> None:
    """Whoever ends an action has it signed and laid down elsewhere, and everybody else can see how far."""
    url, safe = postgres.new_schema(), Place()
    async with witnessed(url, [safe], Agent()) as (journal, _):
        await journal.append(entry_at(AT, 0))
        outcome = await journal.append(ending(1))
    assert max(checkpoint_from_text(kept.text).size for kept in safe.content) >= outcome.seq
    async with witnessed(url, [safe], Agent(), read_only=True) as (journal, _):
        state = await journal.verify()
        assert state.is_whole
        assert isinstance(state.signed_to_seq, int)
        assert state.signed_to_seq >= outcome.seq
        assert state.anchored_to_seq == state.signed_to_seq
        assert f"tamper-evident up to record {state.signed_to_seq} (anchored)" in state.says
    async with witnessed(url, identity=Agent()) as (journal, _):
        assert (await journal.verify()).anchored_to_seq is UNKNOWN


async def test_one_checkpoint_goes_on_where_anothers_ended(postgres: PostgresServer) -> None:
    """Checkpoints of several operators, each of lines that the others wrote too, all fit the whole journal."""
    url = postgres.new_schema()
    for number in range(4):
        async with witnessed(url, identity=Agent()) as (journal, _):
            for _ in range(number + 1):
                await journal.append(ending(number))
    async with witnessed(url, identity=Agent()) as (journal, _):
        sizes = [checkpoint_from_text(kept.text).size for kept in await journal.kept_checkpoints()]
        assert sizes == sorted(set(sizes))
        assert len(sizes) >= 4
        state = await journal.verify()
        assert (state.is_whole, state.signed_to_seq) == (True, state.records)
    assert postgres.run("SELECT count(*) FROM modeltui_checkpoints WHERE peaks = ''", url) == [(0,)]


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ([CUT], "the last "),
        ([CUT, "DELETE FROM modeltui_checkpoints"], "the safe saw "),
        (["DELETE FROM modeltui_journal", "DELETE FROM modeltui_checkpoints"], "the safe saw "),
    ],
)
async def test_a_cut_shared_journal_is_found(postgres: PostgresServer, statements: list[str], says: str) -> None:
    """Who owns the database can cut the journal and its checkpoints off; the table beside, or the safe, tells."""
    url, safe = postgres.new_schema(), Place()
    async with witnessed(url, [safe], Agent()) as (journal, _):
        for number in range(5):
            await journal.append(ending(number))
    change(postgres, url, *statements)
    async with witnessed(url, [safe], Agent(), read_only=True) as (journal, _):
        state = await journal.verify()
        assert not state.is_whole
        assert says in state.says


async def test_a_rewritten_shared_journal_is_found(postgres: PostgresServer) -> None:
    """A journal that was written anew with all its hashes fits itself, and not what others saw."""
    url, other, safe = postgres.new_schema(), postgres.new_schema(), Place()
    for where, actor in ((url, ALICE), (other, replace(ALICE, principal=SafeText("mallory")))):
        async with witnessed(where, [safe] if where == url else []) as (journal, _):
            await journal.append(replace(ending(1), actor=actor))
    theirs = other.rpartition("%3D")[2]
    change(
        postgres,
        url,
        "DELETE FROM modeltui_journal",
        f"INSERT INTO modeltui_journal SELECT * FROM {theirs}.modeltui_journal",
    )
    async with witnessed(url, [safe]) as (journal, shared):
        assert (await shared.journal.verify()).is_whole
        assert not (await journal.verify()).is_whole


async def test_a_checkpoint_never_delays_or_ends_an_action(postgres: PostgresServer) -> None:
    """Where no checkpoint can be made, records are written all the same, and why there is none is told."""
    url = postgres.new_schema()
    async with witnessed(url) as (journal, _):
        await journal.append(entry_at(AT, 0))
    postgres.run("DROP TABLE modeltui_checkpoints", url)
    async with witnessed(url) as (journal, _):
        record = await journal.append(ending(1))
        assert (await journal.head())[0] == record.seq
        for _ in range(1_000):
            if journal.trouble:
                break
            await asyncio.sleep(0.005)
        assert "modeltui_checkpoints" in journal.trouble or "refus" in journal.trouble


async def test_the_program_anchors_a_shared_journal(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With anchors in the configuration a shared journal's outcomes are laid down there, and asked of there."""
    monkeypatch.setenv("JOURNAL_URL", postgres.new_schema())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "modeltui.yaml").write_text(CONFIG)
    loaded = load(Options(config=str(tmp_path / "modeltui.yaml")))
    async with AsyncExitStack() as stack:
        records = await open_records(loaded, VirtualClock(), SecretStore(), stack)
        outcome = await records.journal.append(ending(0))
    kept = json.loads((tmp_path / "anchors.jsonl").read_text().splitlines()[-1])
    assert checkpoint_from_text(kept["text"]).size >= outcome.seq
    async with open_journal_reader(loaded) as journal:
        state = await journal.verify()
    assert state.is_whole
    assert isinstance(state.anchored_to_seq, int)
    assert state.anchored_to_seq >= outcome.seq


@pytest.mark.parametrize("is_running", [True, False])
async def test_screens_see_who_is_busy_elsewhere(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_running: bool
) -> None:
    """An action that another machine is at now has its lease on the screen; one that nobody is at has none."""
    url = postgres.new_schema()
    monkeypatch.setenv("JOURNAL_URL", url)
    (tmp_path / "modeltui.yaml").write_text(CONFIG)
    loaded = load(Options(config=str(tmp_path / "modeltui.yaml")))
    async with open_shared(Secret(url), VirtualClock()) as elsewhere:
        await elsewhere.journal.append(replace(entry_at(AT, 0), kind=RecordKind.ACTION_INTENT))
        if is_running:
            await elsewhere.leases.take(FRAUD, ALICE, PLAN, ActionKind.ABORT, breaks_others=True)
        async with open_observer(loaded, start_from_cache=False) as observer:
            following = asyncio.create_task(follow_record(loaded, observer))
            try:
                for _ in range(2_000):
                    record = observer.store.fleet.journal
                    if not isinstance(record, Missing):
                        break
                    await asyncio.sleep(0.005)
            finally:
                following.cancel()
                await asyncio.wait({following})
    assert not isinstance(record, Missing)
    assert [lease.plan_id for lease in record.leases] == ([PLAN] if is_running else [])
    assert len(record.open_intents) == 1
