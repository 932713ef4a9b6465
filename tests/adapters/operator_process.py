"""One operator in a process of its own: acts when told to, and says what it was told.

    python -m tests.adapters.operator_process mlflow URL CLOCK NAME
    python -m tests.adapters.operator_process embedded WORLD

Commands come as JSON lines, answers go back so. Against MLflow time is a number in a shared file, and sleeping is a
request to the server that holds everything: so the test decides what happens when.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import struct
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from modeltui.adapters.embedded import rollout_writer as embedded_writer
from modeltui.adapters.embedded.file import Options as WorldOptions
from modeltui.adapters.mlflow.rollout_writer import Timing
from modeltui.adapters.system.clock import SystemClock
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import Desired
from modeltui.domain.errors import BackendError
from modeltui.domain.names import Environment, Instant, Missing, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import RolloutWriter, Write, WriteKey
from modeltui.testing.clock import NOON
from tests.adapters.mlflow.writing import writing


class SharedClock:
    """A clock that stands until the test moves it."""

    def __init__(self, path: Path, url: str, name: str) -> None:
        with path.open("rb") as file:
            self._seconds = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
        self._host = urlsplit(url).netloc
        self._name = name

    def now(self) -> Instant:
        """Return the time of the test."""
        return Instant(NOON + self.boottime())

    def boottime(self) -> float:
        """Return the seconds of the test."""
        return float(struct.unpack("<d", self._seconds[:8])[0])

    async def sleep(self, seconds: float) -> None:
        """Return when the test says that so much time has passed."""
        host, _, port = self._host.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /clock/sleep?seconds={seconds} HTTP/1.1\r\nHost: x\r\nX-Operator: {self._name}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()
        await writer.wait_closed()


def desired(action: str, seen: Rollout) -> Desired | None:
    """Return what an action wants of what was seen; None when there is nothing to do."""
    stable, candidate = seen.stable, seen.candidate
    if isinstance(stable, Missing) or (action in ("abort", "promote") and isinstance(candidate, Missing)):
        return None
    wanted = stable if action == "abort" else candidate if action == "promote" else VersionId(safe_text(action))
    assert not isinstance(wanted, Missing)
    return Desired(((wanted, 1.0),), wanted)


def target(model: str, environment: str) -> TargetKey:
    """Return the target that a command is about."""
    return TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment)))


class Operator:
    """Looks, thinks, writes."""

    def __init__(self, writer: RolloutWriter, clock: Clock, url: str = "", name: str = "") -> None:
        self._writer = writer
        self._clock = clock
        self._url = url
        self._name = name
        self._seen: Rollout | None = None

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command: `look`, `write`, or both with the pauses named."""
        if command["do"] == "client":
            return await self._as_client(command)
        key = target(command["model"], command["environment"])
        if "look" in command["do"]:
            await self._clock.sleep(command.get("before_look", 0.0))
            self._seen = await self._writer.read(key)
        if "write" not in command["do"]:
            return {"said": "looked"}
        await self._clock.sleep(command.get("before_write", 0.0))
        assert self._seen is not None
        wanted = desired(command["action"], self._seen)
        seen = str(self._seen.revision)
        if wanted is None:
            return {"said": "nothing to do", "seen": seen}
        write = Write(WriteKey(safe_text(command["key"])), key, wanted, self._seen, SafeText("operator"))
        try:
            receipt = await self._writer.apply(write)
        except BackendError as error:
            return {"said": type(error).__name__, "title": error.title, "seen": seen}
        return {"said": "done before" if receipt.was_done_before else "accepted", "seen": seen}

    async def _as_client(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what MLflow's own client does: ask for an alias, and set one, come what may."""
        alias, _, version = command["action"].removeprefix("client ").partition("=")
        route = f"{self._url}/api/2.0/mlflow/registered-models/alias"
        async with httpx.AsyncClient(headers={"X-Operator": self._name}, trust_env=False, timeout=60.0) as http:
            await self._clock.sleep(command["before_look"])
            await http.get(route, params={"name": command["model"], "alias": alias})
            await self._clock.sleep(command["before_write"])
            answer = await http.post(route, json={"name": command["model"], "alias": alias, "version": version})
        return {"said": str(answer.status_code), "seen": ""}


async def serve(operator: Operator) -> None:
    """Answer commands until there are no more."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await operator.do(json.loads(line))), flush=True)


async def main(arguments: list[str]) -> None:
    """Open the writer that is named, and serve."""
    if arguments[0] == "mlflow":
        url, path, name = arguments[1:]
        shared = SharedClock(Path(path), url, name)
        headers = {"X-Operator": name}
        async with writing(url, Timing(), clock=shared, headers=headers, timeout_seconds=60.0) as writer:
            await serve(Operator(writer, shared, url, name))
        return
    clock = SystemClock()
    source = SourceName(SafeText("world"))
    around = Surroundings(source, clock, (), SecretStore().resolve, Path("/"))
    options = WorldOptions(path=Path(arguments[1]))
    async with embedded_writer.connect(options, around, DEFAULT_POLICY) as opened:
        await serve(Operator(opened, clock))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
