"""Sits between the program and a server, changes nothing, and remembers when answers went by."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

from tests.servers.process import LOOPBACK


class WireTap:
    """A forwarding port; a context manager that closes it."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server((LOOPBACK, 0))
        self._answered_at: list[float] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, name="wire tap", daemon=True).start()

    @property
    def url(self) -> str:
        """The base address to give to the program."""
        return f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"

    def last_answer_before(self, moment: float) -> float:
        """When the last bytes from the server went by before `moment`; both in monotonic seconds."""
        return max((at for at in list(self._answered_at) if at <= moment), default=moment)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection((LOOPBACK, self._server_port), timeout=10.0)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                self._open += [client, server]
                for source, sink, stamped in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pump, args=(source, sink, stamped), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, stamped: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if stamped:
                    self._answered_at.append(time.monotonic())
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
