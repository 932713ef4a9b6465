"""A backend in a directory of files, with gates: whoever tests holds a gate, sees it reached, and opens it again.

Loaded by the programs under test as anybody's package would be: by its entry points.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import safe_text

KIND = "staged"
TARGET = TargetKey(ModelName(safe_text("fraud")), Environment(safe_text("prod")))


class Options(msgspec.Struct, frozen=True):
    """Where the files lie."""

    directory: str


class StagedWorld:
    """One target: who should get what, who does, and every write that came."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)

    def make(self) -> None:
        """Begin with a canary at a quarter of the traffic."""
        self.directory.mkdir(parents=True)
        state = {"revision": 1, "weights": {"1": 0.75, "2": 0.25}, "stable": "1", "candidate": "2"}
        self._put("state.json", state)
        self._put("serving.json", state["weights"])

    def state(self) -> Mapping[str, Any]:
        """Return what the controller was told."""
        found: Mapping[str, Any] = json.loads((self.directory / "state.json").read_text())
        return found

    def rollout(self, source: SourceName) -> Rollout:
        """Return the target as the controller describes it."""
        state = self.state()
        candidate = VersionId(safe_text(state["candidate"])) if state["candidate"] else UNKNOWN
        weights = {VersionId(safe_text(name)): float(share) for name, share in state["weights"].items()}
        stable = VersionId(safe_text(state["stable"]))
        return Rollout(TARGET, source, weights, stable, candidate, revision=safe_text(str(state["revision"])))

    def serving(self) -> Mapping[str, float]:
        """Return who answers the requests: what was wished for, unless that gate is held."""
        if not (self.directory / "hold-serving").exists():
            self._put("serving.json", self.state()["weights"])
        found: Mapping[str, float] = json.loads((self.directory / "serving.json").read_text())
        return found

    def change(self, key: str, state: Mapping[str, Any]) -> None:
        """Take a write."""
        self._put("state.json", state)
        with (self.directory / "applied").open("a") as file:
            file.write(f"{key}\n")

    def note(self, name: str, line: str) -> None:
        """Remember that something was asked."""
        with (self.directory / name).open("a") as file:
            file.write(f"{line}\n")

    def noted(self, name: str) -> list[str]:
        """Return what was remembered."""
        file = self.directory / name
        return file.read_text().splitlines() if file.exists() else []

    async def gate(self, name: str) -> None:
        """Wait here while the gate is held."""
        self.note(f"reached-{name}", str(os.getpid()))
        await wait_for_file(self.directory / f"hold-{name}", wanted=False)

    def hold(self, name: str) -> None:
        """Hold a gate."""
        (self.directory / f"hold-{name}").touch()

    def open(self, name: str) -> None:
        """Let everybody through."""
        (self.directory / f"hold-{name}").unlink(missing_ok=True)

    def reached(self, name: str) -> int:
        """Return how often somebody came to a gate."""
        return len(self.noted(f"reached-{name}"))

    def _put(self, name: str, value: Any) -> None:
        part = self.directory / f"{name}.{os.getpid()}"
        part.write_text(json.dumps(value))
        part.replace(self.directory / name)


async def wait_for_file(file: Path, *, wanted: bool) -> None:
    """Return once a file is there, or gone: the only way in which test and program talk."""
    while os.path.exists(file) is not wanted:  # noqa: ASYNC110, ASYNC240, PTH110 - another process makes it
        await asyncio.sleep(0.005)


def now() -> Instant:
    """Return the wall time."""
    import time

    return Instant(time.time())
