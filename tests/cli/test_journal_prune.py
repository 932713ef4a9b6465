"""`modeltui journal prune`: what was kept long enough goes, and the chain still proves itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.adapters.journal.test_retention import of_four_months

from modeltui.adapters.journal.segments import HOLD_NAME, segments_of
from modeltui.cli.app import run

CONFIG = """\
modeltui: 1
contexts:
  here:
    sources:
      models: {kind: model-folder, path: models}
    journal: {directory: journal, sign: never, retention_days: 30}
"""
OLD = ["journal-2026-01.jsonl", "journal-2026-02.jsonl", "journal-2026-03.jsonl"]
"""The newest month is never dropped, however old it is."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration whose journal has four months that are older than it keeps."""
    (tmp_path / "models").mkdir()
    made = tmp_path / "modeltui.yaml"
    made.write_text(CONFIG)
    made.chmod(0o600)
    asyncio.run(_fill(tmp_path / "journal"))
    return made


async def _fill(directory: Path) -> None:
    await of_four_months(directory)


def commanded(*arguments: str) -> int:
    """Return the exit code of a command."""
    with pytest.raises(SystemExit) as caught:
        run(list(arguments))
    code = caught.value.code
    return code if isinstance(code, int) else 0


def months(file: Path) -> list[str]:
    """Return the names of what is left."""
    return [segment.name for segment in segments_of(file.parent / "journal")]


def test_a_dry_run_names_what_would_go_and_drops_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is dropped, one can see what it would be."""
    before = months(file)
    assert commanded("--config", str(file), "journal", "prune", "--dry-run") == 0
    said = capsys.readouterr()
    assert said.out.split() == OLD
    assert "3 months would be dropped; 30 days are kept" in said.err
    (file.parent / "journal" / HOLD_NAME).touch()
    assert commanded("--config", str(file), "journal", "prune", "--dry-run") == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "a legal hold is on this journal" in said.err
    assert months(file) == before


def test_old_months_go_and_the_rest_proves_itself(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is older than the configuration keeps goes; the chain of the rest is whole."""
    assert commanded("--config", str(file), "journal", "prune") == 0
    assert capsys.readouterr().out.split() == OLD
    assert not set(OLD) & set(months(file))
    assert commanded("--config", str(file), "journal", "verify") == 0


def test_a_legal_hold_keeps_everything(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While a hold lies on the record nothing of it is dropped, and it is said who can lift it."""
    before = months(file)
    (file.parent / "journal" / HOLD_NAME).touch()
    assert commanded("--config", str(file), "journal", "prune") == 3
    assert "legal hold" in capsys.readouterr().err
    assert months(file) == before


def test_a_read_only_session_drops_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who may only look cannot drop, and can see what would be dropped."""
    before = months(file)
    assert commanded("--config", str(file), "--read-only", "journal", "prune") == 3
    assert "read-only" in capsys.readouterr().err
    assert commanded("--config", str(file), "--read-only", "journal", "prune", "--dry-run") == 0
    assert months(file) == before


def test_a_shared_record_is_not_dropped_from_here(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What lies in a database that others use is theirs to keep."""
    file.write_text(CONFIG.replace("directory: journal", "shared: env:NOBODY"))
    assert commanded("--config", str(file), "journal", "prune") == 3
    assert "shared database" in capsys.readouterr().err
