"""Starts a synthetic fleet: its server process, and the configuration that points the program at it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.fleet_answers import bad_model

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0

_CONFIG = """\
modeltui: 1
contexts:
  bench:
    production: true
    sources:
      registry: {{kind: mlflow, url: "http://127.0.0.1:{port}", poll_seconds: {registry_seconds}}}
      metrics:
        kind: prometheus
        url: "http://127.0.0.1:{port}"
        profile: generic
        poll_seconds: {poll_seconds}
        scrape_interval_seconds: 1
    pointers:
      champion: {{environment: prod, role: stable}}
      challenger: {{environment: prod, role: candidate}}
    environments:
      prod: {{group: prod, production: true}}
    signals:
      error_rate:
        rules: [{{name: hard-errors, above: 20%, for_seconds: 0, min_events: 5}}]
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A running synthetic fleet."""

    models: int
    port: int
    config: Path
    home: Path
    """The home directory of the programs that look at it: caches stay apart."""

    @property
    def bad_model(self) -> str:
        """Return the model that is to be seen first."""
        return bad_model(self.models)

    def set_rate(self, cells_per_second: int) -> None:
        """Let so many cells change each second."""
        self._ask(f"/_bench/rate?cells={cells_per_second}")

    def take_log(self) -> list[tuple[float, str, int]]:
        """Return when what was asked since the last call, and the size of each answer."""
        log: list[tuple[float, str, int]] = json.loads(self._ask("/_bench/log"))
        return log

    def with_home(self, home: Path) -> Fleet:
        """Return the same fleet for a program with another home: nothing is cached there."""
        home.mkdir(parents=True, exist_ok=True)
        return Fleet(self.models, self.port, self.config, home)

    def _ask(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def start(
    directory: Path, models: int, *, poll_seconds: float = 1.0, registry_seconds: float = 30.0, compress: bool = False
) -> Iterator[Fleet]:
    """Give a running fleet; its process ends with the block."""
    home = directory / "home"
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.bench.fleet_server", "--models", str(models)]
    server = subprocess.Popen(
        [*command, "--compress"] if compress else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        config = directory / "modeltui.yaml"
        config.write_text(
            _CONFIG.format(port=port, poll_seconds=poll_seconds, registry_seconds=registry_seconds), encoding="utf-8"
        )
        yield Fleet(models, port, config, home)
    finally:
        server.stdin.close()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()
