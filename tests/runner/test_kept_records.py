"""What every process of a context keeps beside its journal, and brings over one at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from modeltui.adapters.journal.alone import alone_in
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.load import Loaded, Options, load
from modeltui.config.secrets import SecretStore
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.text import SafeText
from modeltui.engine.acting import recording
from modeltui.ports.journal import Query
from modeltui.testing.acting_fakes import ALICE
from modeltui.wiring.records import Records, open_records


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """A context with a journal of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(recording, "_PRIMARY_SECONDS", 0.3)
    monkeypatch.setattr(recording, "_BRING_OVER_SECONDS", 0.3)
    source = {"kind": "folder", "directory": "models"}
    context = {"sources": {"models": source}, "journal": {"directory": str(tmp_path / "journal"), "sign": "never"}}
    config = tmp_path / "modeltui.yaml"
    config.write_text(json.dumps({"modeltui": 1, "contexts": {"c": context}}))
    config.chmod(0o600)
    return load(Options(config=str(config)))


@asynccontextmanager
async def process(loaded: Loaded) -> AsyncIterator[Records]:
    """Give what one process opens."""
    async with AsyncExitStack() as stack:
        yield await open_records(loaded, SystemClock(), SecretStore(), stack)


def step(says: str) -> Entry:
    """Return something to write down."""
    return Entry(RecordKind.ACTION_STEP, SystemClock().now(), ALICE, SafeText("c"), details={"says": says})


async def test_processes_of_one_context_bring_over_one_at_a_time(loaded: Loaded, tmp_path: Path) -> None:
    """Another process is at it: mine keeps its record too, and once it is free both come into the journal, once."""
    directory = tmp_path / "journal"
    directory.write_text("in the way")
    async with process(loaded) as mine:
        await mine.journal.append(step("kept"))
        directory.unlink()
        kept_in = Path(paths.spool_dir(loaded.file, loaded.context_name))
        with alone_in(kept_in)() as is_alone:
            assert is_alone
            with pytest.raises(JournalUnavailable, match="just being brought over"):
                await mine.journal.bring_over()
            await mine.journal.append(step("too"))
            assert mine.journal.is_degraded
        async with process(loaded) as other:
            await other.journal.append(step("new"))
            assert not other.journal.is_degraded
        found = await mine.journal.read(Query(kinds=frozenset({RecordKind.ACTION_STEP})))
    assert [record.entry.details["says"] for record in found] == ["kept", "too", "new"]
