"""Somebody else's server, which is sent each checkpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from modeltui.adapters.system.own_threads import answered
from modeltui.domain.errors import BackendUnavailable, ConfigError
from modeltui.domain.journal.chain import checkpoint_from_text, instant_text
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import SecretValue
from modeltui.ports.anchor import Anchor, SignedCheckpoint

SECONDS: Final = 10.0

_NO_HOST: Final = "at an address that cannot be read"

Post = Callable[[str, object], Awaitable[None]]
"""Sends a JSON object to a URL once; raises `BackendError` unless the other side has taken it."""


class WebhookAnchor:
    """Sends each checkpoint as one POST, and never asks what became of it."""

    def __init__(self, url: str, resolve: Callable[[str], SecretValue] | None = None, post: Post | None = None) -> None:
        """`url` is an address, or with `resolve` the reference to one (`env:NAME`): only its host is ever named."""
        self._url = url
        self._resolve = resolve
        self._post = post or post_json
        self.name: SafeText = safe_text(f"webhook {_host_of(url)}")

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Return once the other side has taken it."""
        made = checkpoint_from_text(checkpoint.text)
        body = {
            "schema": "modeltui.checkpoint/1",
            "log": made.log_id,
            "records": made.size,
            "head": made.head,
            "at": instant_text(made.at),
            "checkpoint": checkpoint.text,
        }
        if not isinstance(checkpoint.signature, Missing):
            body["signature"] = checkpoint.signature
        try:
            address = await answered(self.name, SECONDS, self._address)
        except TimeoutError as error:
            title = safe_text(f"the address of {self.name} cannot be read: {error}")
            raise BackendUnavailable(title, "Look at it where it is kept") from error
        await self._post(address, body)

    async def kept(self) -> Unknown:
        """Return that it cannot be asked."""
        return UNKNOWN

    def _address(self) -> str:
        if self._resolve is None or self._url.startswith(("http://", "https://")):
            return self._url
        try:
            return self._resolve(self._url).reveal()
        except ConfigError as error:
            raise BackendUnavailable(error.title, error.remedy) from error


def _host_of(url: str) -> str:
    """Return what may be named of an address: of a whole one its host alone."""
    if not url.startswith(("http://", "https://")):
        return url
    try:
        return urlsplit(url).hostname or _NO_HOST
    except ValueError:
        return _NO_HOST


async def post_json(url: str, body: object) -> None:
    """Send `body` to `url` once."""
    from modeltui.adapters._http import HttpSettings, HttpWriter  # not in a process that only reads

    try:
        parts = urlsplit(url)
    except ValueError:
        raise _is_no_address() from None
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise BackendUnavailable("a checkpoint would cross the network unencrypted", "Give an https:// address")
    path = unquote(parts.path) or "/"
    try:
        settings = HttpSettings(url=f"{parts.scheme}://{parts.netloc}", timeout_seconds=SECONDS)
        async with HttpWriter("anchor", settings, writes=[("POST", path)]) as writer:
            await writer.send("POST", path, json=body, parameters=parse_qs(parts.query) or None)
    except ConfigError as error:
        raise BackendUnavailable(error.title, error.remedy) from error
    except ValueError:
        raise _is_no_address() from None


def _is_no_address() -> BackendUnavailable:
    """Return what to raise: without the words of the cause, which hold the address, which may be a secret."""
    return BackendUnavailable("the address of a webhook for checkpoints is none", "Look at it where it is kept")


_: type[Anchor] = WebhookAnchor
