"""Secrets on their way into a request, and out of everything that is kept or shown."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from typing import Final

from modeltui.adapters._http.library import httpx
from modeltui.adapters._http.settings import (
    Auth,
    BasicAuth,
    BearerAuth,
    HeaderAuth,
    RereadableSecret,
    is_header_value,
)
from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text
from modeltui.ports.adapter import SecretValue

_SHORTEST_REDACTED: Final = 4
"""Shorter secrets would turn ordinary words into dots."""


class Credentials(httpx.Auth):
    """Puts the secrets on a request for as long as it is under way, and takes them off again.

    A request lives on in the library's answers and errors, whose `repr` shows any header but `Authorization`.
    """

    def __init__(self, source: str, auth: Auth) -> None:
        self._source = source
        self._auth = auth
        self._last: dict[str, str] = {}
        self._sent: set[str] = set()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send `request` with the secrets of this moment."""
        self._last = self._headers()
        request.headers.update(self._last)
        try:
            yield request
        finally:
            for name in self._last:
                request.headers.pop(name, None)

    async def have_changed(self) -> bool:
        """Read the secrets again where they are kept; whether they differ from those that were last sent."""
        for secret in _secrets_of(self._auth):
            if isinstance(secret, RereadableSecret):
                await asyncio.to_thread(secret.reread)
        return self._headers() != self._last

    def redacted(self, text: str) -> str:
        """Return `text` without any secret that was sent so far: servers echo requests in their errors."""
        for secret in sorted(self._sent, key=len, reverse=True):
            text = text.replace(secret, "•••")
        return text

    def _headers(self) -> dict[str, str]:
        match self._auth:
            case BasicAuth(username=username, password=password):
                pair = base64.b64encode(f"{username}:{self._reveal(password)}".encode()).decode()
                self._remember(pair)
                return {"Authorization": f"Basic {pair}"}
            case BearerAuth(token=token):
                return {"Authorization": f"Bearer {self._header_value(token, 'token')}"}
            case HeaderAuth(headers=headers):
                return {name: self._header_value(secret, f"headers.{name}") for name, secret in headers.items()}
            case _:
                return {}

    def _header_value(self, secret: SecretValue, key: str) -> str:
        value = self._reveal(secret).strip()
        if not value or not is_header_value(value):
            raise ConfigError(
                f"{self._source}: the secret of auth.{safe_text(key, 60)} is empty or cannot be sent",
                "It must be one line of printable ASCII: look at where the secret is kept.",
            )
        return value

    def _reveal(self, secret: SecretValue) -> str:
        value = secret.reveal()
        self._remember(value.strip())
        return value

    def _remember(self, value: str) -> None:
        if len(value) >= _SHORTEST_REDACTED:
            self._sent.add(value)


def _secrets_of(auth: Auth) -> tuple[SecretValue, ...]:
    match auth:
        case BasicAuth(password=secret) | BearerAuth(token=secret):
            return (secret,)
        case HeaderAuth(headers=headers):
            return tuple(headers.values())
        case _:
            return ()
