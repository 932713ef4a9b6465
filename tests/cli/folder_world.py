"""A folder of models as the only backend: commands run on it in this process."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modeltui.cli.app import run

CONFIG = """\
modeltui: 1
default_context: here
contexts:
  elsewhere:
    sources:
      registry: {kind: model-folder, path: ./models}
  here:
    sources:
      registry: {kind: model-folder, path: ./models}
    pointers:
      latest: {environment: prod, role: stable}
      next: {environment: prod, role: candidate}
    hold_tags: [legal_hold, litigation]
"""

METADATA: Mapping[str, Mapping[str, Any]] = {
    "1.0": {
        "created_at": "2026-01-10T10:00:00Z",
        "created_by": "ana",
        "run": "run-1",
        "git_commit": "a" * 40,
        "datasets": [{"name": "cards", "digest": "sha256:aa", "rows": 1000}],
        "sql": "SELECT *\nFROM cards\nWHERE booked > '2025-01-01'",
        "hyperparameters": {"depth": 6, "rate": 0.1},
        "metrics": {"auc": 0.91},
        "requirements": ["numpy==1.26.4"],
        "approved_by": "bob",
        "tags": {"litigation": "case 7"},
    },
    "1.1": {
        "created_at": "2026-02-10T10:00:00Z",
        "created_by": "ana",
        "run": "run-2",
        "git_commit": "a" * 40,
        "datasets": [{"name": "cards", "digest": "sha256:aa", "rows": 1000}],
        "sql": "SELECT *\nFROM cards\nWHERE booked > '2025-01-01'",
        "hyperparameters": {"depth": 8, "rate": 0.1},
        "metrics": {"auc": 0.93},
        "requirements": ["numpy==1.26.4"],
        "parent": "fraud:1.0",
    },
    "1.2": {
        "created_at": "2026-03-10T10:00:00Z",
        "run": "run-3",
        "git_commit": "b" * 40,
        "datasets": [{"name": "cards", "digest": "sha256:bb", "rows": 900}],
        "sql": "SELECT *\nFROM cards\nWHERE booked > '2025-06-01'",
        "hyperparameters": {"depth": 8, "rate": 0.1},
        "metrics": {"auc": 0.95},
        "requirements": ["numpy==2.2.6"],
        "parent": "fraud:1.1",
    },
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """Return what it printed as JSON: one object and nothing beside it."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


Here = Callable[..., Ended]


def write_version(folder: Path, version: str, metadata: Mapping[str, Any], model: str = "fraud") -> Path:
    """Write one version into a folder of models."""
    place = folder / "models" / model / version
    place.mkdir(parents=True)
    (place / "model.pkl").write_bytes(version.encode() * 100)
    (place / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    return place


def here_in(folder: Path, configuration: str = CONFIG) -> Here:
    """Return a way to run commands on the folder, in this process."""
    config = folder / "modeltui.yaml"
    config.write_text(configuration, encoding="utf-8")
    config.chmod(0o600)

    def call(*arguments: str) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            run(["--config", str(config), *arguments])
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Run commands on a model with three versions: 1.1 is stable in prod, 1.2 its candidate."""
    for version, metadata in METADATA.items():
        write_version(tmp_path, version, metadata)
    (tmp_path / "models" / "fraud" / "latest").symlink_to("1.1")
    (tmp_path / "models" / "fraud" / "next").symlink_to("1.2")
    return here_in(tmp_path)
