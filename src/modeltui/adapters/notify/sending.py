"""One request to one sink. Its answer says only whether it has the notice: no word of it is kept."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from modeltui.adapters.notify.sinks import Delivery
from modeltui.domain.errors import BackendError, BackendUnavailable, ConfigError
from modeltui.domain.names import UNKNOWN, Unknown

Send = Callable[[Delivery, float], Awaitable[None]]
"""Sends one delivery within so many seconds; raises `BackendError` unless the sink has taken it (2xx)."""

_CONNECT_SECONDS: Final = 3.0
_ASKED_PAUSE: Final = re.compile(r"Come again: (\d{1,6})\b")


async def send(delivery: Delivery, deadline_seconds: float) -> None:
    """Send one delivery; raise `BackendError` unless the sink has taken it, `ConfigError` for an unusable address."""
    try:
        await _send(delivery, deadline_seconds)
    except ValueError:  # its words hold the address, which may be a secret
        raise ConfigError("the address of a sink is none", "Look at it where it is kept.") from None


async def _send(delivery: Delivery, deadline_seconds: float) -> None:
    from modeltui.adapters._http import HttpSettings, HttpWriter  # not before there is something to send

    parts = urlsplit(delivery.url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ConfigError("a notice would cross the network unencrypted", "Give an https:// address.")
    settings = HttpSettings(
        url=f"{parts.scheme}://{parts.netloc}", connect_seconds=_CONNECT_SECONDS, timeout_seconds=deadline_seconds
    )
    path = unquote(parts.path) or "/"
    async with HttpWriter("notify", settings, writes=[("POST", path)]) as writer:
        await writer.send(
            "POST",
            path,
            json=msgspec.Raw(delivery.body),  # byte for byte: a signature covers it
            parameters=parse_qs(parts.query, keep_blank_values=True) or None,
            headers=delivery.headers,
        )


def asked_pause_seconds(error: BackendError) -> float | Unknown:
    """Return how long a sink asked to be left alone (Retry-After in seconds), where it did."""
    found = _ASKED_PAUSE.search(error.remedy) if isinstance(error, BackendUnavailable) else None
    return float(found[1]) if found else UNKNOWN
