"""Two operators in two processes before one server, which decides whose request comes next.

Every request is held until its turn in a time that only the stage moves: with the same seed everything happens in the
same order, whatever the machine does, and no test waits for a clock.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import random
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from modeltui.testing.faults import Reply, SeenRequest, json_reply
from tests.adapters.mlflow.alias_server import AliasServer, Effect

ROOT = Path(__file__).parents[2]


class Process:
    """One operator."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tell(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        assert line, "the operator has gone"
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def operator(*arguments: str) -> AsyncIterator[Process]:
    """Start an operator, and end it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.adapters.operator_process", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass
class Happened:
    """One interleaving, as it went."""

    said: dict[str, str]
    """By operator."""
    seen: dict[str, str]
    effects: list[Effect]
    looks: dict[str, list[float]]
    """When each operator looked, in stage time."""
    took_effect_at: list[float]
    aliases: dict[str, str]
    """At the end."""

    def of(self, name: str) -> list[Effect]:
        """Return what one operator did."""
        return [effect for effect in self.effects if effect.by == name]


@dataclass
class _Held:
    due: float
    free: asyncio.Event = field(default_factory=asyncio.Event)


class Stage(AliasServer):
    """An alias server that holds every request of an operator until its turn."""

    def __init__(self, clock: Path) -> None:
        super().__init__()
        clock.write_bytes(struct.pack("<d", 0.0))
        with clock.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)
        self._now = 0.0
        self._chance = random.Random(0)
        self._latency_seconds = 0.0
        self._hiccups = 0.0
        self._held: dict[str, _Held] = {}
        self._changed = asyncio.Event()
        self._looks: dict[str, list[float]] = {}
        self._effect_times: list[float] = []

    async def play(
        self,
        seed: int,
        latency_seconds: float,
        model: str,
        tasks: dict[str, asyncio.Task[dict[str, Any]]],
        hiccups: float = 0.0,
    ) -> Happened:
        """Let the operators act, one request at a time, each after a time of its own up to the latency.

        `hiccups`: the share of writes of an alias that take some seconds to arrive.
        """
        self._hiccups = hiccups
        self._chance, self._latency_seconds = random.Random(seed), latency_seconds
        self._looks, self._effect_times = {name: [] for name in tasks}, []
        first = len(self.effects)
        for task in tasks.values():
            task.add_done_callback(lambda _: self._changed.set())
        while True:
            await self._until_all_wait(tasks)
            if all(task.done() for task in tasks.values()):
                break
            name = min(self._held, key=lambda one: (self._held[one].due, one))
            held = self._held.pop(name)
            self._now = max(self._now, held.due)
            self._shared[:8] = struct.pack("<d", self._now)
            held.free.set()
        answers = {name: task.result() for name, task in tasks.items()}
        return Happened(
            {name: answer["said"] for name, answer in answers.items()},
            {name: answer.get("seen", "") for name, answer in answers.items()},
            self.effects[first:],
            self._looks,
            self._effect_times,
            dict(self.models[model].aliases),
        )

    async def _until_all_wait(self, tasks: dict[str, asyncio.Task[dict[str, Any]]]) -> None:
        async with asyncio.timeout(60):
            while any(name not in self._held and not task.done() for name, task in tasks.items()):
                self._changed.clear()
                await self._changed.wait()

    async def _read_request(self, reader: asyncio.StreamReader, connection: int) -> SeenRequest:
        request = await super()._read_request(reader, connection)
        name = request.headers.get("x-operator")
        if name is not None:
            is_sleep = request.path == "/clock/sleep"
            wait = float(request.query["seconds"][0]) if is_sleep else self._latency(request)
            held = self._held[name] = _Held(self._now + wait)
            self._changed.set()
            await held.free.wait()
            if request.path.endswith("registered-models/get"):
                self._looks[name].append(self._now)
        return request

    def _latency(self, request: SeenRequest) -> float:
        is_late = self._chance.random() < self._hiccups
        if is_late and request.path.endswith("registered-models/alias"):
            return self._chance.uniform(1.0, 4.0)
        return self._chance.uniform(0, self._latency_seconds)

    def _reply_to(self, request: SeenRequest) -> Reply:
        return json_reply({}) if request.path == "/clock/sleep" else super()._reply_to(request)

    def _take(self, effect: Effect) -> None:
        super()._take(effect)
        self._effect_times.append(self._now)


class RealStage(Stage):
    """The same before a real server: every request goes there as well, and its answer comes from there."""

    def __init__(self, clock: Path, url: str) -> None:
        super().__init__(clock)
        self._real_url = url
        self._http = httpx.AsyncClient(trust_env=False, timeout=30.0)
        self._answers: dict[int, Reply] = {}

    async def aclose(self) -> None:
        """Let go of the real server."""
        await self._http.aclose()

    async def _read_request(self, reader: asyncio.StreamReader, connection: int) -> SeenRequest:
        request = await super()._read_request(reader, connection)
        if not request.path.startswith("/clock/"):
            headers = {"Content-Type": "application/json"}
            answer = await self._http.request(
                request.method, f"{self._real_url}{request.target}", content=request.body, headers=headers
            )
            kind = answer.headers.get("content-type", "")
            self._answers[id(request)] = Reply(answer.content, answer.status_code, kind)
        return request

    def _reply_to(self, request: SeenRequest) -> Reply:
        mirrored = super()._reply_to(request)
        real = self._answers.pop(id(request), mirrored)
        assert real.status == mirrored.status
        return real
