"""A line between a client and a server that can be cut or frozen at an exact place."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.servers.process import LOOPBACK


@dataclass
class Wire:
    """Where to connect instead, and what shall go wrong."""

    port: int
    server_port: int
    cut_before: bytes = b""
    """The client's words with this in them never arrive: both ends are closed instead."""
    cut_after: bytes = b""
    """The client's words with this in them arrive, and the answer never comes back: both ends are closed."""
    is_closed: bool = False
    """Nobody gets through any more."""
    flows: threading.Event = field(default_factory=threading.Event)
    """While not set, nothing moves and nothing is closed: a frozen server."""
    cuts: int = 0

    def __post_init__(self) -> None:
        self.flows.set()


@contextmanager
def wire_to(server_port: int) -> Iterator[Wire]:
    """Give a line to a server on loopback; it ends with the block."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
        wire = Wire(listener.getsockname()[1], server_port)
        ends: list[socket.socket] = []
        accepting = threading.Thread(target=_accept, args=(wire, listener, ends), daemon=True)
        accepting.start()
        try:
            yield wire
        finally:
            wire.flows.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5.0)
            _close(*ends)


def _accept(wire: Wire, listener: socket.socket, ends: list[socket.socket]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        if wire.is_closed:
            client.close()
            continue
        server = socket.create_connection((LOOPBACK, wire.server_port))
        ends += [client, server]
        cut = threading.Event()
        for source, sink, is_client in ((client, server, True), (server, client, False)):
            threading.Thread(target=_carry, args=(wire, source, sink, is_client, cut), daemon=True).start()


def _carry(wire: Wire, source: socket.socket, sink: socket.socket, is_client: bool, cut: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while words := source.recv(65_536):
            wire.flows.wait()
            if is_client and wire.cut_before and wire.cut_before in words:
                wire.cut_before, wire.cuts = b"", wire.cuts + 1
                break
            if is_client and wire.cut_after and wire.cut_after in words:
                wire.cut_after, wire.cuts = b"", wire.cuts + 1
                cut.set()
            elif not is_client and cut.is_set():
                break  # the answer to those words: it was done
            sink.sendall(words)
    _close(source, sink)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
