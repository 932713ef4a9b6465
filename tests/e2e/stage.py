"""The stage of the stories: a registry, a metrics store, model servers, and `modeltui` as its user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.terminal import SOURCE, Terminal, terminal_environment

MODELTUI = (sys.executable, "-m", "modeltui")

Object = dict[str, Any]


def environment() -> dict[str, str]:
    """What `modeltui` sees: an ordinary terminal, and the home of this test."""
    kept = {key: value for key, value in os.environ.items() if key.startswith("XDG_")}
    return terminal_environment() | kept


def run(*arguments: str, deadline_seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """The finished command, whatever its exit code."""
    return subprocess.run(
        [*MODELTUI, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment() | {"PYTHONPATH": str(SOURCE)},
        timeout=deadline_seconds,
    )


def status(config: Path, *arguments: str) -> Object:
    """The object that `status --json` prints, from a process of its own."""
    done = run("--config", str(config), *arguments, "status", "--json")
    assert done.stdout, done.stderr
    answer: Object = json.loads(done.stdout)
    return answer


def target_of(answer: Mapping[str, Any], model: str, environment: str = "prod") -> Object:
    """One target of a status."""
    found: list[Object] = [
        target for target in answer["targets"] if (target["model"], target["environment"]) == (model, environment)
    ]
    assert len(found) == 1, [(target["model"], target["environment"]) for target in answer["targets"]]
    return found[0]


def version_of(target: Mapping[str, Any], version: str) -> Object:
    """One version of a target."""
    found: list[Object] = [one for one in target["versions"] if one["version"] == version]
    assert len(found) == 1, target["versions"]
    return found[0]


def screens(config: Path, *arguments: str, size: tuple[int, int] = (80, 24)) -> Terminal:
    """`modeltui` in a terminal of this size."""
    return Terminal([*MODELTUI, "--config", str(config), *arguments], size=size, env=environment())


def write_config(directory: Path, contexts: Mapping[str, Any], **more: Any) -> Path:
    """The configuration file with these contexts; JSON is YAML too."""
    file = directory / "modeltui.yaml"
    file.write_text(json.dumps({"modeltui": 1, "contexts": contexts, **more}, indent=1), encoding="utf-8")
    return file


def line_with(lines: Sequence[str], *words: str) -> str:
    """The first row that shows all the words; empty when none does."""
    return next((line for line in lines if all(word in line for word in words)), "")
