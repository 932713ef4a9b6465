"""The house keeps its walls: each rule holds, and each is seen to catch who breaks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

FLOORS = "Floors: each imports only from below"
PURE = "Domain and present are pure"
NO_BACKEND = "Ports and engine know no backend and no screen"
NO_DRAWING = "Nothing below the screens draws"
NO_DRAWING_ACTOR = "The actor process draws nothing"
ONLY_THE_ACTOR = "Only the actor process can write"
FACES = "Faces know no adapter"
INDEPENDENT = "Adapters are independent of each other"
ONE_HTTP = "One importer of the HTTP library"
ONE_POSTGRESQL = "Two importers of the PostgreSQL driver"

PLANTED = [
    ("domain/text.py", "import time", PURE),
    ("domain/reduce.py", "import asyncio", PURE),
    ("domain/policy.py", "from modeltui.ports import clock", FLOORS),
    ("present/format.py", "import random", PURE),
    ("present/rows.py", "from rich.text import Text", PURE),
    ("present/rows.py", "from modeltui.engine import store", FLOORS),
    ("ports/metrics.py", "import httpx", NO_BACKEND),
    ("engine/store.py", "import sqlite3", NO_BACKEND),
    ("engine/store.py", "import yaml", NO_BACKEND),
    ("engine/poller.py", "from modeltui.adapters.prometheus import metrics", FLOORS),
    ("engine/poller.py", "from modeltui.adapters.system import clock", FLOORS),
    ("config/load.py", "import textual", NO_DRAWING),
    ("config/load.py", "from modeltui.engine import store", FLOORS),
    ("plugins.py", "from modeltui.tui import app", FLOORS),
    ("wiring/observing.py", "from modeltui.cli import app", FLOORS),
    ("adapters/mlflow/registry.py", "import httpx", ONE_HTTP),
    ("adapters/mlflow/registry.py", "from modeltui.adapters.prometheus import metrics", INDEPENDENT),
    ("adapters/embedded/registry.py", "import rich", NO_DRAWING),
    ("tui/app.py", "from modeltui.adapters.mlflow import registry", FACES),
    ("tui/app.py", "import sqlite3", FACES),
    ("cli/status.py", "from modeltui.adapters.embedded import registry", FACES),
    ("cli/status.py", "import httpx", FACES),
    ("tui/app.py", "from modeltui.cli import app", FLOORS),
    ("tui/app.py", "from modeltui.runner import main", FLOORS),
    ("runner/main.py", "from modeltui.tui import app", FLOORS),
    ("runner/main.py", "import textual", NO_DRAWING_ACTOR),
    ("runner/pipes.py", "from modeltui.present import rows", NO_DRAWING_ACTOR),
    ("runner/main.py", "from modeltui.adapters.embedded import rollout_writer", FACES),
    ("cli/status.py", "from modeltui.runner import main", ONLY_THE_ACTOR),
    ("cli/status.py", "from modeltui.wiring import running", ONLY_THE_ACTOR),
    ("cli/status.py", "from modeltui.engine.acting import executor", ONLY_THE_ACTOR),
    ("tui/app.py", "from modeltui.engine.acting import reconciler", ONLY_THE_ACTOR),
    ("tui/app.py", "from modeltui.wiring import reconciling", ONLY_THE_ACTOR),
    ("wiring/acting.py", "from modeltui.adapters.mlflow import rollout_writer", ONLY_THE_ACTOR),
    ("wiring/writing.py", "from modeltui.adapters.embedded import rollout_writer", ONLY_THE_ACTOR),
    ("engine/acting/session.py", "from modeltui.engine.acting import executor", ONLY_THE_ACTOR),
    ("adapters/mlflow/writing_promise.py", "from modeltui.adapters.mlflow import rollout_writer", ONLY_THE_ACTOR),
    ("plugins.py", "from modeltui.adapters.embedded import rollout_writer", ONLY_THE_ACTOR),
    ("wiring/records.py", "import psycopg", ONE_POSTGRESQL),
    ("newcomer/__init__.py", "", FLOORS),
]
"""File, the line that is planted in it, and the rule that has to notice."""


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts over the package below `source`."""
    return subprocess.run(
        [str(LINT), "--no-logo", "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=source,
        env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin", "HOME": str(source)},
        capture_output=True,
        text=True,
    )


def broken(output: str) -> set[str]:
    """Return the names of the contracts that are reported as broken."""
    return {line.partition(" BROKEN")[0].strip() for line in output.splitlines() if " BROKEN" in line}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a copy of the package, to plant in."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT / "src" / "modeltui", tmp_path / "modeltui", ignore=ignored))


def test_all_rules_hold() -> None:
    """Nothing in the program imports across a wall."""
    found = lint(ROOT / "src")
    assert found.returncode == 0, found.stdout + found.stderr
    assert broken(found.stdout) == set()


def test_every_rule_is_planted_against() -> None:
    """No rule is trusted that was never seen to catch anything."""
    names = {
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text().split("[tool.importlinter]")[1].splitlines()
        if line.startswith("name = ")
    }
    assert names == {rule for _, _, rule in PLANTED}


@pytest.mark.broad
@pytest.mark.parametrize(("file", "line", "rule"), PLANTED, ids=[f"{file}: {line}" for file, line, _ in PLANTED])
def test_a_planted_violation_is_caught(package: Path, file: str, line: str, rule: str) -> None:
    """An import across a wall breaks the rule that forbids it, by name."""
    planted = package / file
    planted.parent.mkdir(exist_ok=True)
    text = planted.read_text() if planted.exists() else '"""A room that nobody listed."""\n'
    planted.write_text(f"{text}\n{line}\n")
    found = lint(package.parent)
    assert found.returncode == 1, found.stdout + found.stderr
    assert rule in broken(found.stdout)
