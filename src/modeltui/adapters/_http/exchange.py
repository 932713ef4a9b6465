"""One request and its answer, as they pass between the reader and the wire."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from modeltui.domain.names import Instant, Unknown


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent."""

    method: str
    url: str
    """Absolute, encoded."""
    headers: dict[str, str]
    content: bytes | None
    accept: Collection[int]
    """Statuses besides 2xx whose whole body is wanted."""
    most_bytes: int
    """Largest decoded body."""


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """One answer of any status, its body decoded and within the limit."""

    status: int
    is_wanted: bool
    """Whether the status is 2xx or one that the request accepts; else `body` may be a beginning only."""
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    wire_bytes: int
    server_date: Instant | Unknown


@dataclass(slots=True)
class Progress:
    """How far one exchange has come; read when it fails."""

    has_new_connection: bool = False
    has_begun_sending: bool = False
    """Whether the first byte may have left: before this, nothing can have reached the server."""
    has_headers: bool = False
    wire_bytes: int = 0

    async def note(self, event: str, _details: dict[str, Any]) -> None:
        """Take an event of the library (its `trace` extension)."""
        if event.startswith("connection.connect_tcp"):
            self.has_new_connection = True
        elif event == "http11.send_request_headers.started":
            self.has_begun_sending = True
        elif event == "http11.receive_response_headers.complete":
            self.has_headers = True


class StaleConnection(Exception):  # noqa: N818 - says what it was
    """The server had closed a kept connection just as we used it: nothing was answered, asking again is safe."""
