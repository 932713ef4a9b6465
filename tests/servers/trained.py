"""Versions that were really trained, in a real MLflow: `training.py`, run as a team runs its job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import training, venvs
from tests.servers.mlflow import MlflowServer

OTHER_SKLEARN = venvs.Environment("scikit-learn-1.8.0", ("--no-deps", "scikit-learn==1.8.0"))
"""Put in front of what MLflow's environment has: what is trained then is trained by it."""
REPOSITORY = "https://git.example/cards/fraud.git"
DEADLINE_SECONDS = 300.0
_ON_THEIR_OWN = ("library", "code")


@dataclass(frozen=True, slots=True)
class TrainedVersion:
    """One version, and what is known of it besides what MLflow tells."""

    recipe: training.Recipe
    version: str
    facts: Mapping[str, Any]
    """What was recorded, under the names of `Provenance`."""


def train(server: MlflowServer, directory: Path) -> dict[str, TrainedVersion]:
    """Train and register every recipe; the versions by the recipe's name. About half a minute."""
    repository = _repository(directory)
    names = [recipe.name for recipe in training.RECIPES if recipe.name not in _ON_THEIR_OWN]
    recorded = _run(server, repository, directory, names)
    other = venvs.ensure(OTHER_SKLEARN) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    recorded += _run(server, repository, directory, ["library"], {"PYTHONPATH": str(other)})
    with (repository / "train.py").open("a", encoding="utf-8") as script:
        script.write("\n# Scores are rounded downstream.\n")
    _commit(repository, "Say where scores are rounded")
    recorded += _run(server, repository, directory, ["code"])
    return _by_recipe(recorded)


def train_with_autolog(server: MlflowServer, directory: Path, names: Sequence[str]) -> dict[str, TrainedVersion]:
    """Train and register these recipes with nothing recorded but what MLflow notes by itself."""
    return _by_recipe(_run(server, _repository(directory), directory, [f"auto:{name}" for name in names]))


def _by_recipe(recorded: Sequence[Mapping[str, Any]]) -> dict[str, TrainedVersion]:
    return {
        said["name"]: TrainedVersion(training.by_name(said["name"]), said["version"], said["facts"])
        for said in recorded
    }


def run_script(
    server: MlflowServer, script: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run a script in MLflow's environment, in its own folder; the objects that it prints, a line each."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        [str(venvs.ensure(venvs.MLFLOW_3) / "bin" / "python"), script.name, server.url, *arguments],
        cwd=script.parent,
        env={**kept, **quiet, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _run(
    server: MlflowServer,
    repository: Path,
    directory: Path,
    names: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    return run_script(server, repository / "train.py", [str(directory), *names], environment)


def _repository(directory: Path) -> Path:
    """A Git repository with the training job in it, whose commit MLflow notes by itself."""
    repository = directory / "fraud"
    repository.mkdir(parents=True)
    (repository / "train.py").write_text(Path(training.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    _git(repository, "init", "--quiet", "--initial-branch=main")
    _git(repository, "remote", "add", "origin", REPOSITORY)
    _commit(repository, "Train a classifier of card payments")
    return repository


def _commit(repository: Path, subject: str) -> None:
    _git(repository, "add", "train.py")
    who = ("-c", "user.name=card-risk", "-c", "user.email=card-risk@example.com", "-c", "commit.gpgsign=false")
    _git(repository, *who, "commit", "--quiet", "-m", subject)


def _git(repository: Path, *arguments: str) -> None:
    own = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, env=own)
