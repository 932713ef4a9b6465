"""A scripted Prometheus on loopback, and everything that a test needs to read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from modeltui.adapters.prometheus.metrics import Options, connect
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import SourceName
from modeltui.domain.signal import STANDARD_SIGNALS, Signal
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import SecretValue, Surroundings
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import Metrics
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.faults import FaultServer, Reply, SeenRequest, json_reply

PAYLOADS = Path(__file__).parent / "payloads"
SOURCE = SourceName(SafeText("prom"))

Rows = list[dict[str, Any]]


def series(part: str, value: float | str, **labels: str) -> dict[str, Any]:
    """One row of an instant answer about version 2 of fraud-detector in prod, unless told otherwise."""
    named = {"model": "fraud-detector", "version": "2", "env": "prod", "modeltui_part": part, **labels}
    kept = {name: text for name, text in named.items() if text}
    return {"metric": kept, "value": [NOON, value if isinstance(value, str) else repr(float(value))]}


def vector(rows: Iterable[dict[str, Any]], **envelope: Any) -> Reply:
    """An instant answer."""
    data = {"resultType": "vector", "result": list(rows)}
    return json_reply({"status": "success", "data": data, **envelope})


def matrix(rows: Iterable[dict[str, Any]], times: Sequence[float]) -> Reply:
    """A range answer in which every row keeps its value all the time."""
    result = [{"metric": row["metric"], "values": [[at, str(row["value"][1])] for at in times]} for row in rows]
    return json_reply({"status": "success", "data": {"resultType": "matrix", "result": result}})


def recorded(name: str, status: int = 200) -> Reply:
    """A recorded answer."""
    return Reply((PAYLOADS / name).read_bytes(), status)


def signals(*names: str, **changes: Any) -> tuple[Signal, ...]:
    """Standard signals, all of them when none is named, changed alike."""
    chosen = [signal for signal in STANDARD_SIGNALS if not names or signal.name in names]
    return tuple(replace(signal, **changes) for signal in chosen)


def no_secret(reference: str) -> SecretValue:
    """There are no secrets in these tests."""
    raise ConfigError(f"no secret {reference}")


def surroundings(clock: Clock, asked: tuple[Signal, ...] = STANDARD_SIGNALS) -> Surroundings:
    """What an adapter is opened with."""
    return Surroundings(SOURCE, clock, asked, no_secret, Path())


class ScriptedPrometheus:
    """Answers each question by a word that is in it; the clock question by its own clock."""

    def __init__(self, server: FaultServer, clock: Clock | None = None) -> None:
        self.server = server
        self.clock = clock or VirtualClock()
        self.ahead_seconds = 0.0
        """How far its clock is ahead of ours."""
        self.tells_date = False
        """Whether its answers have a Date header."""
        self.clock_questions = 0
        self.questions: list[str] = []
        """Every query but the one for the clock."""
        self.requests: list[dict[str, str]] = []
        """The parameters of those."""
        self._answers: dict[str, Reply | Callable[[dict[str, str]], Reply]] = {}
        self._rest = vector([])
        for path in ("/api/v1/query", "/api/v1/query_range"):
            server.answer(path, self._reply)

    @property
    def now(self) -> float:
        """The server's clock."""
        return self.clock.now() + self.ahead_seconds

    def answer(self, word: str, reply: Reply | Rows | Callable[[dict[str, str]], Reply]) -> None:
        """Answer questions with `word` in them."""
        self._answers[word] = vector(reply) if isinstance(reply, list) else reply

    def answer_everything(self, reply: Reply) -> None:
        """Answer all other questions, and those, with `reply`."""
        self._answers = {}
        self._rest = reply

    def options(self, **changes: Any) -> Options:
        """Options that lead here."""
        return Options(url=self.server.url, timeout_seconds=5.0, **changes)

    def open(
        self, asked: tuple[Signal, ...] = STANDARD_SIGNALS, **changes: Any
    ) -> AbstractAsyncContextManager[Metrics]:
        """The adapter, connected to this server."""
        return connect(self.options(**changes), surroundings(self.clock, asked))

    def _reply(self, request: SeenRequest) -> Reply:
        reply = self._reply_without_date(request)
        return reply.with_headers({"Date": formatdate(self.now, usegmt=True)}) if self.tells_date else reply

    def _reply_without_date(self, request: SeenRequest) -> Reply:
        given = request.query or parse_qs(request.body.decode())
        parameters = {name: values[0] for name, values in given.items()}
        query = parameters["query"]
        if query == "vector(1)":
            self.clock_questions += 1
            return vector([{"metric": {}, "value": [self.now, "1"]}])
        self.questions.append(query)
        self.requests.append(parameters)
        for word, reply in self._answers.items():
            if word in query:
                return reply if isinstance(reply, Reply) else reply(parameters)
        return self._rest
