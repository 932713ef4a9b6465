"""A synthetic MLflow and Prometheus in one process on loopback: prepared answers, and a log of who asked what.

Run by `fleet.start`; prints its port. It ends when its standard input is closed, so it cannot outlive the bench.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl

from tests.bench.fleet_answers import MetricsAnswers, RegistryAnswers, timed

SCRAPE_SECONDS = 1.0
MOST_LOGGED = 200_000


@dataclass(slots=True)
class State:
    """Everything that answers depend on."""

    metrics: MetricsAnswers
    registry: RegistryAnswers
    compress: bool
    """Send what was compressed at the start, as a server with a cache before it does; the values stand still then."""
    cells_per_second: int = 0
    revision: int = 0
    log: list[tuple[float, str, int]] = field(default_factory=list)
    """When (Unix time), what, and how many bytes went back."""
    compressed: dict[str, bytes] = field(default_factory=dict)


class Conversation(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            form, self._received = rest[:length].decode(), rest[length:]
            self._answer(lines[0].split(" ")[1], form, headers)

    def _answer(self, target: str, form: str, headers: dict[str, str]) -> None:
        path, _, query = target.partition("?")
        parameters = dict(parse_qsl(query) + parse_qsl(form))
        body, encoding = respond(self._state, path, parameters, "gzip" in headers.get("accept-encoding", ""))
        status = "200 OK" if body is not None else "404 Not Found"
        body = body if body is not None else b'{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such thing"}'
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}", "Content-Type: application/json"]
        lines += [f"Content-Encoding: {encoding}"] if encoding else []
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._transport.write("\r\n".join(lines).encode())
        self._transport.write(body)
        if not path.startswith("/_bench"):
            what = f"{path} {parameters.get('query') or parameters.get('page_token', '')}"[:400]
            self._state.log.append((time.time(), what, len(body)))
            del self._state.log[:-MOST_LOGGED]


def respond(state: State, path: str, parameters: dict[str, str], takes_gzip: bool) -> tuple[bytes | None, str]:
    """Return the body of an answer, None for an unknown route, and its encoding."""
    match path:
        case "/api/v1/query":
            return _instant(state, parameters["query"], takes_gzip)
        case "/api/v1/query_range":
            start, end, step = (float(parameters[name]) for name in ("start", "end", "step"))
            return timed(state.metrics.over_time(parameters["query"], start, end, step), end, end), ""
        case "/api/2.0/mlflow/registered-models/search":
            first, size = int(parameters.get("page_token", "0")), int(parameters.get("max_results", "100"))
            return state.registry.page(first, size), ""
        case "/_bench/rate":
            state.cells_per_second = int(parameters["cells"])
            return b"{}", ""
        case "/_bench/log":
            log, state.log = state.log, []
            return json.dumps(log).encode(), ""
    return None, ""


def _instant(state: State, query: str, takes_gzip: bool) -> tuple[bytes, str]:
    now = time.time()
    if state.compress and takes_gzip and "vector(" not in query:
        if query not in state.compressed:
            state.compressed[query] = gzip.compress(timed(state.metrics.instant(query), now, now), 1)
        return state.compressed[query], "gzip"
    revision = int(now / SCRAPE_SECONDS)
    if state.cells_per_second and revision != state.revision:
        state.revision = revision
        state.metrics.revise(state.cells_per_second, revision)
    return timed(state.metrics.instant(query), now, revision * SCRAPE_SECONDS), ""


async def serve(state: State) -> None:
    """Answer until the standard input is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(state), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    waiting = loop.create_task(reader.read())
    waiting.add_done_callback(lambda _: ended.set())
    await ended.wait()
    server.close()


def main() -> None:
    """Serve a fleet of the size in the arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--compress", action="store_true")
    arguments = parser.parse_args()
    metrics, registry = MetricsAnswers(arguments.models), RegistryAnswers(arguments.models)
    asyncio.run(serve(State(metrics, registry, arguments.compress)))


if __name__ == "__main__":
    main()
