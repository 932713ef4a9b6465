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
import socket
import ssl
import struct
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, unquote

from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.replies import (
    Ending,
    Framing,
    Reply,
    Script,
    SeenRequest,
    chunk,
    dripping,
    gzip_bomb,
    gzipped,
    half_json,
    head_of,
    html_page,
    huge,
    huge_headers,
    json_reply,
    pieces_of,
    redirect,
    reset,
    silence,
)

__all__ = [
    "HOSTILE_TEXTS",
    "Ending",
    "FaultServer",
    "Framing",
    "Reply",
    "Script",
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

_LONGEST_REQUEST: Final = 16 << 20


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
        self._something_arrived = asyncio.Event()
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

    async def until_asked(self, times: int = 1, seconds: float = 5.0) -> None:
        """Wait until that many requests have arrived in all; raise `TimeoutError` when they do not."""
        async with asyncio.timeout(seconds):
            while len(self.requests) < times:
                self._something_arrived.clear()
                await self._something_arrived.wait()

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
                self._something_arrived.set()
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
            writer.write(reply.raw_head or head_of(reply))
        await writer.drain()
        await self._pause(reply.stall_after_headers_seconds)
        if request.method != "HEAD" and reply.status:
            await self._give_body(reply, writer)
        if reply.ending is Ending.RESET:
            _reset(writer)

    async def _give_body(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        for piece in pieces_of(reply):
            writer.write(chunk(piece) if reply.framing is Framing.CHUNKED else piece)
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


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: unsent data is dropped and the client sees a connection reset."""
    peer: socket.socket | None = writer.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
