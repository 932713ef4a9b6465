"""What the configuration of a registry in SQL may say, and what it is told when it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.sql_registry.options import Options
from modeltui.config.load import Options as Choice
from modeltui.config.load import load
from modeltui.domain.errors import ConfigError
from modeltui.wiring.observing import open_observer
from tests.adapters.sql_registry.stage import make_sqlite
from tests.e2e.stage import write_config

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "either path"),
    "both": ({"path": Path("a.db"), "url": "postgresql://db/ml"}, "either path"),
    "another database": ({"url": "mysql://db/ml"}, "postgresql://"),
    "a password in sight": ({"url": "postgresql://bot:hunter2@db/ml"}, "password"),
    "a password behind the question mark": ({"url": "postgresql://db/ml?password=hunter2"}, "password"),
    "a user for a file": ({"path": Path("a.db"), "user": "bot"}, "neither user nor password"),
    "no such table": ({"path": Path("a.db"), "tables": {"active": {}}}, "active_models"),
}


@pytest.mark.parametrize(("options", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(options: dict[str, Any], says: str) -> None:
    """An option that contradicts another, or is none, is told with what may stand there; no password is quoted."""
    with pytest.raises(ValueError, match=says) as caught:
        Options(**options)
    assert "hunter2" not in str(caught.value)


async def test_a_column_with_a_mistake_is_told_in_its_place(tmp_path: Path) -> None:
    """A column that there is not is told with the line of the configuration, before anything is opened."""
    make_sqlite(tmp_path / "registry.db")
    tables = {"active_models": {"columns": {"model": "m"}}}
    source = {"kind": "sql", "path": "registry.db", "tables": tables}
    config = write_config(tmp_path, {"team": {"sources": {"registry": source}}})
    with pytest.raises(ConfigError, match="there is no column 'model'; known: model_name"):
        async with open_observer(load(Choice(config=str(config))), start_from_cache=False):
            pass


async def test_the_program_lists_a_registry_in_sql(tmp_path: Path) -> None:
    """A configuration with `kind: sql` and a path beside it gives a fleet with its models and pointers."""
    make_sqlite(tmp_path / "registry.db")
    source = {"kind": "sql", "path": "registry.db"}
    config = write_config(tmp_path, {"team": {"sources": {"registry": source}}})
    async with open_observer(load(Choice(config=str(config))), start_from_cache=False) as observer:
        fleet = await observer.look_once()
    assert sorted(fleet.models) == ["empty", "fraud-detector"]
