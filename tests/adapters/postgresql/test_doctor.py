"""`doctor` on a journal that several operators share."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.config.load import Options, load
from modeltui.ports.probe import Finding
from modeltui.wiring.doctoring import acting_findings
from modeltui.wiring.observing import open_observer
from tests.adapters.postgresql.test_witnessed import CONFIG, change, ending, witnessed
from tests.servers.postgresql import PASSWORD, PostgresServer

pytestmark = pytest.mark.servers


async def looked_at(directory: Path) -> dict[str, Finding]:
    """Return what doctor finds about acting in a context whose journal is shared."""
    config = directory / "modeltui.yaml"
    config.write_text(CONFIG)
    loaded = load(Options(config=str(config)))
    async with open_observer(loaded, start_from_cache=False) as observer:
        return {str(finding.name): finding for finding in await acting_findings(loaded, observer)}


async def test_doctor_looks_at_a_shared_journal(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many records, whether they fit, actions without an outcome; no disk; and an edited record is found."""
    url = postgres.new_schema()
    monkeypatch.setenv("JOURNAL_URL", url)
    async with witnessed(url) as (journal, _):
        newest = await journal.append(ending(0))
    found = await looked_at(tmp_path)
    assert found["journal"].ok is True
    assert found["journal"].says.startswith(f"shared through PostgreSQL: #{newest.seq}")
    assert "verified whole" in found["journal"].says
    assert "journal disk" not in found
    change(postgres, url, "UPDATE modeltui_journal SET line = overlay(line placing 'X'::bytea from 40) WHERE seq = 2")
    assert (await looked_at(tmp_path))["journal"].ok is False


async def test_doctor_says_that_the_shared_store_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there: a failure with a remedy, and without the password."""
    monkeypatch.setenv("JOURNAL_URL", f"postgresql://ann:{PASSWORD.replace(' ', '%20')}@127.0.0.1:9/journal")
    found = (await looked_at(tmp_path))["journal"]
    assert found.ok is False
    assert found.remedy
    assert PASSWORD not in f"{found.says}{found.remedy}"
