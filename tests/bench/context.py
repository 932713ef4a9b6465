"""What every group of measurements gets: how thorough to be, and the worlds to measure on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench import fleet as synthetic
from tests.bench.fleet import Fleet
from tests.bench.subjects import PROGRAM, environment


@dataclass(slots=True)
class Bench:
    """One run of the bench."""

    scratch: Path
    quick: bool
    _numbers: Iterator[int] = field(default_factory=count)

    def runs(self, quick: int, full: int) -> int:
        """Return how often to measure."""
        return quick if self.quick else full

    def seconds(self, quick: float, full: float) -> float:
        """Return how long to watch."""
        return quick if self.quick else full

    @property
    def home(self) -> Path:
        """Return the home directory of the references."""
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        return home

    def fresh_home(self, fleet: Fleet) -> Fleet:
        """Return a fleet for a user who has never looked at it."""
        return fleet.with_home(self.scratch / f"home-{next(self._numbers)}")

    @contextmanager
    def fleet(
        self, models: int, *, poll_seconds: float = 1.0, registry_seconds: float = 30.0, compress: bool = False
    ) -> Iterator[Fleet]:
        """Give a synthetic fleet of so many models, and how often its two servers are to be asked."""
        directory = self.scratch / f"fleet-{next(self._numbers)}"
        directory.mkdir()
        every = {"poll_seconds": poll_seconds, "registry_seconds": registry_seconds}
        with synthetic.start(directory, models, **every, compress=compress) as fleet:
            yield fleet

    @contextmanager
    def embedded(self) -> Iterator[Path]:
        """Give the configuration of an embedded world that moves."""
        directory = self.scratch / f"world-{next(self._numbers)}"
        command = [str(PROGRAM), "demo", "--headless", "--dir", str(directory)]
        world = subprocess.Popen(
            command,
            env=environment(self.home, MODELTUI_DEMO_CHILD="1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
        )
        assert world.stdout is not None
        try:
            line = world.stdout.readline().strip()
            if not line:
                raise RuntimeError("the embedded world did not start")
            yield Path(line)
        finally:
            world.terminate()
            try:
                world.wait(5)
            except subprocess.TimeoutExpired:
                world.kill()
                world.wait()
            world.stdout.close()
