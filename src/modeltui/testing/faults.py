"""A web server on loopback that answers as told, and misbehaves as told.

    async with FaultServer() as server:
        server.answer("/api/v1/query", json_reply({"status": "success"}), reset())
        …                                     # first a good answer, then a connection reset, over and over
        assert server.requests[-1].query["query"] == ["up"]

It writes raw bytes: every fault of a real server, proxy or network can be told, also those that no library sends.
`HOSTILE_TEXTS` are names and labels as an attacker would write them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, unquote

from modeltui.testing.hostile import HOSTILE_TEXTS

__all__ = [
    "HOSTILE_TEXTS",
    "Ending",
    "FaultServer",
    "Framing",
    "Reply",
    "SeenRequest",
    "dripping",
    "gzip_bomb",
    "gzipped",
    "half_json",
    "html_page",
    "huge",
    "huge_headers",
    "json_reply",
    "redirect",
    "reset",
    "silence",
]

_MEBIBYTE: Final = 1 << 20
_FOREVER_SECONDS: Final = 3600.0
_LONGEST_REQUEST: Final = 16 * _MEBIBYTE
_BAD_GATEWAY_PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"


class Framing(Enum):
    """How the end of a body is told."""

    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "the connection is closed"


class Ending(Enum):
    """What happens to the connection after the answer."""

    KEEP = "kept for the next request"
    CLOSE = "closed"
    CLOSE_UNANNOUNCED = "closed, though the answer promised to keep it"
    RESET = "reset"
    LINGER = "left open although `Connection: close` was said, until the client goes"


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer, and what goes wrong while it is given."""

    body: bytes = b""
    status: int = 200
    """0: nothing is sent at all."""
    content_type: str = "application/json"
    """Empty: no such header."""
    headers: tuple[tuple[str, str], ...] = ()
    repeat: int = 1
    """How often `body` is sent, so that 50 MB need no 50 MB here."""
    closing: bytes = b""
    """Sent once after it."""
    framing: Framing = Framing.LENGTH
    declared_length: int = -1
    """A `Content-Length` other than the true one; -1: the true one."""
    stall_before_headers_seconds: float = 0.0
    stall_after_headers_seconds: float = 0.0
    bytes_per_second: float = 0.0
    """Body speed, a few bytes at a time; 0: as fast as it goes."""
    raw_head: bytes = b""
    """Sent as it is in place of status line and headers."""
    ending: Ending = Ending.KEEP

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return the same reply with further headers."""
        return replace(self, headers=(*self.headers, *headers.items()))


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it arrived."""

    method: str
    path: str
    """Decoded, without the query."""
    target: str
    """As sent."""
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes = field(repr=False)
    connection: int
    """Which connection it came on, counted from 1."""

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as form fields."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


Script = Reply | Callable[[SeenRequest], Reply]


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a reply that carries `value` as JSON; lone surrogates are sent as escapes."""
    return Reply(json.dumps(value).encode(), status)


def html_page(status: int = 200, body: bytes = _BAD_GATEWAY_PAGE) -> Reply:
    """Return a page for people, titled 'Sign in', as a captive portal or a proxy answers."""
    return Reply(body, status, "text/html; charset=utf-8")


def half_json(value: object, share: float = 0.5) -> Reply:
    """Return a complete answer over HTTP whose JSON ends too early."""
    whole = json.dumps(value).encode()
    return Reply(whole[: int(len(whole) * share)])


def redirect(location: str, status: int = 302) -> Reply:
    """Return a redirect to `location`."""
    return Reply(b"", status, "", (("Location", location),))


def silence(seconds: float = _FOREVER_SECONDS) -> Reply:
    """Return a reply that does not begin for `seconds`."""
    return Reply(b"{}", stall_before_headers_seconds=seconds)


def reset() -> Reply:
    """Return a reply that resets the connection before the first byte."""
    return Reply(status=0, ending=Ending.RESET)


def dripping(body: bytes, bytes_per_second: float) -> Reply:
    """Return a reply that never falls silent and never gets anywhere."""
    return Reply(body, bytes_per_second=bytes_per_second)


def huge(megabytes: int = 50) -> Reply:
    """Return a valid JSON document of that size."""
    return Reply(b" " * _MEBIBYTE, repeat=megabytes, closing=b"[]")


def huge_headers(count: int = 1000, each_bytes: int = 200) -> Reply:
    """Return a small answer under many headers."""
    return Reply(b"{}", headers=tuple((f"X-Filler-{number}", "x" * each_bytes) for number in range(count)))


def gzipped(body: bytes) -> Reply:
    """Return `body` compressed."""
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return Reply(compressor.compress(body) + compressor.flush(), headers=(("Content-Encoding", "gzip"),))


def gzip_bomb(megabytes: int = 200) -> Reply:
    """Return a kilobyte per megabyte that it unpacks to, in one gzip stream."""
    head, block = _bomb_parts()
    return Reply(head + block * megabytes, headers=(("Content-Encoding", "gzip"),))


@lru_cache(maxsize=1)
def _bomb_parts() -> tuple[bytes, bytes]:
    """Return the head of a gzip stream and a block of one mebibyte of blanks that may follow itself."""
    compressor = zlib.compressobj(level=9, wbits=zlib.MAX_WBITS | 16)
    head = compressor.flush(zlib.Z_FULL_FLUSH)
    return head, compressor.compress(b" " * _MEBIBYTE) + compressor.flush(zlib.Z_FULL_FLUSH)


class FaultServer:
    """Serves scripted replies per path on a free port of 127.0.0.1 and records what was asked.

    A path without a script answers 404. Several replies for one path take turns; the last one stays.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._tls = tls
        self._host = host
        self._port = 0
        self._server: asyncio.Server | None = None
        self._scripts: dict[str, list[Script]] = {}
        self._fallback: Script = Reply(b"404 page not found\n", 404, "text/plain; charset=utf-8")
        self._writers: set[asyncio.StreamWriter] = set()
        self._stopping = asyncio.Event()
        self._all_gone = asyncio.Event()
        self.requests: list[SeenRequest] = []
        """Every request that arrived whole, in order."""
        self.connections_opened = 0
        self.most_connections_at_once = 0

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()

    @property
    def port(self) -> int:
        """The port, the same after `refuse` and `listen`."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def connections_open(self) -> int:
        """Connections at this moment."""
        return len(self._writers)

    def answer(self, path: str, *replies: Script) -> None:
        """From now on answer `path` with `replies`, one after the other, and then with the last again and again."""
        if not replies:
            raise ValueError("say with what")
        self._scripts[path] = list(replies)

    def answer_everything_else(self, reply: Script) -> None:
        """Answer paths without a script with `reply`."""
        self._fallback = reply

    async def listen(self) -> None:
        """Accept connections (again)."""
        self._stopping = asyncio.Event()
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, ssl=self._tls, limit=_LONGEST_REQUEST
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Reset all connections and refuse new ones, as when the process died. Returns when nothing is left."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._stopping.set()
        self.close_connections()
        while self._writers:
            self._all_gone.clear()
            await self._all_gone.wait()

    def close_connections(self) -> None:
        """Reset every open connection at once, answered or not."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_opened += 1
        number = self.connections_opened
        self._writers.add(writer)
        self.most_connections_at_once = max(self.most_connections_at_once, len(self._writers))
        async with AsyncExitStack() as stack:
            stack.callback(self._forget, writer)
            stack.enter_context(suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError))
            while not self._stopping.is_set():
                request = await self._read_request(reader, number)
                self.requests.append(request)
                reply = self._reply_to(request)
                await self._give(reply, request, writer)
                if reply.ending is Ending.LINGER:
                    await reader.read()
                if reply.ending is not Ending.KEEP or request.headers.get("connection") == "close":
                    return

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        self._all_gone.set()
        writer.close()

    def _reply_to(self, request: SeenRequest) -> Reply:
        script = self._scripts.get(request.path)
        current = self._fallback if script is None else script[0]
        if script is not None and len(script) > 1:
            script.pop(0)
        return current if isinstance(current, Reply) else current(request)

    async def _read_request(self, reader: asyncio.StreamReader, connection: int) -> SeenRequest:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _, query = target.partition("?")
        return SeenRequest(
            method, unquote(path), target, parse_qs(query, keep_blank_values=True), headers, body, connection
        )

    async def _give(self, reply: Reply, request: SeenRequest, writer: asyncio.StreamWriter) -> None:
        await self._pause(reply.stall_before_headers_seconds)
        if reply.status:
            writer.write(reply.raw_head or _head_of(reply))
        await writer.drain()
        await self._pause(reply.stall_after_headers_seconds)
        if request.method != "HEAD" and reply.status:
            await self._give_body(reply, writer)
        if reply.ending is Ending.RESET:
            _reset(writer)

    async def _give_body(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        for piece in _pieces_of(reply):
            writer.write(_chunk(piece) if reply.framing is Framing.CHUNKED else piece)
            await writer.drain()
            if reply.bytes_per_second:
                await self._pause(len(piece) / reply.bytes_per_second)
        if reply.framing is Framing.CHUNKED:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def _pause(self, seconds: float) -> None:
        """Wait; a server that is told to stop waits no longer."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
                raise ConnectionAbortedError("the server stops")


def _head_of(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.framing is Framing.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
    elif reply.framing is Framing.LENGTH and reply.status != HTTPStatus.NO_CONTENT:
        length = (
            reply.declared_length if reply.declared_length >= 0 else len(reply.body) * reply.repeat + len(reply.closing)
        )
        lines.append(f"Content-Length: {length}")
    if reply.ending in {Ending.CLOSE, Ending.LINGER}:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")


def _pieces_of(reply: Reply) -> Iterator[bytes]:
    """Yield the body in pieces of a size that suits its speed: ten a second when it drips."""
    size = max(1, int(reply.bytes_per_second / 10)) if reply.bytes_per_second else 64 * 1024
    for _ in range(reply.repeat):
        for start in range(0, len(reply.body), size):
            yield reply.body[start : start + size]
    if reply.closing:
        yield reply.closing


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Odd"


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: unsent data is dropped and the client sees a connection reset."""
    peer: socket.socket | None = writer.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
