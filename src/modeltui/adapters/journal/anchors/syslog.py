"""The machine's log, or one elsewhere: one line for each checkpoint, in the format of RFC 5424."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from modeltui.adapters.system.own_threads import answered
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.journal.chain import checkpoint_from_text, instant_text
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint

LOCAL0_NOTICE: Final = 16 * 8 + 5
LOCAL_SOCKETS: Final = (Path("/dev/log"), Path("/var/run/syslog"), Path("/var/run/log"))
SECONDS: Final = 3.0


class SyslogAnchor:
    """Sends each checkpoint as a datagram. What the log keeps it cannot be asked for."""

    def __init__(self, address: Path | tuple[str, int] | None = None) -> None:
        """Without an address: the log of this machine."""
        self._address = address
        where = "here" if address is None else f"{address[0]}:{address[1]}" if isinstance(address, tuple) else address
        self.name: SafeText = safe_text(f"syslog {where}")

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Return once the line was handed over; a datagram that is lost on its way nobody notices."""
        try:
            await answered(self.name, SECONDS, self._send, syslog_line(checkpoint))
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} did not take a checkpoint: {error}"), "Look whether the log's service runs"
            ) from error

    async def kept(self) -> Unknown:
        """Return that a log cannot be asked."""
        return UNKNOWN

    def _send(self, line: bytes) -> None:
        if isinstance(self._address, tuple):
            family, kind, protocol, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as out:
                out.settimeout(SECONDS)
                out.sendto(line, address)
            return
        places = LOCAL_SOCKETS if self._address is None else (self._address,)
        path = next((place for place in places if place.exists()), places[0])
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(SECONDS)
            out.sendto(line, str(path))


def syslog_line(checkpoint: SignedCheckpoint) -> bytes:
    """Return one line that holds the whole checkpoint; a signature would be too long for it."""
    made = checkpoint_from_text(checkpoint.text)
    host = socket.gethostname()[:255] or "-"
    origin, size, root, head, _ = checkpoint.text.splitlines()
    said = f"{origin} size={size} root={root} {head.replace(' ', '=')}"
    return f"<{LOCAL0_NOTICE}>1 {instant_text(made.at)} {host} modeltui {os.getpid()} checkpoint - {said}".encode()


_: type[Anchor] = SyslogAnchor
