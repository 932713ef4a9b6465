"""How to reach one HTTP backend: the part of an adapter's options that every HTTP adapter shares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Protocol, runtime_checkable
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta, Struct

from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text
from modeltui.ports.adapter import SecretValue

MEBIBYTE: Final = 1 << 20

Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Url = Annotated[str, Meta(pattern="^https?://", description="an address such as https://host/path")]

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "content-type", "cookie", "host", "transfer-encoding"}
)
"""Headers that the client writes itself; another value would break the framing or the limits."""


@runtime_checkable
class RereadableSecret(SecretValue, Protocol):
    """A credential that can be fetched again from where it is kept, after the backend refused it."""

    def reread(self) -> None:
        """Read the value again; `reveal` then returns it. May block: called in a thread."""
        ...


class _Auth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(•••)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []


class NoAuth(_Auth, frozen=True, kw_only=True, tag="none"):
    """Requests carry no credentials."""


class BasicAuth(_Auth, frozen=True, kw_only=True, tag="basic"):
    """User name and password (RFC 7617)."""

    username: str
    password: SecretValue


class BearerAuth(_Auth, frozen=True, kw_only=True, tag="bearer"):
    """A token in `Authorization: Bearer …`."""

    token: SecretValue


class HeaderAuth(_Auth, frozen=True, kw_only=True, tag="headers"):
    """Secret headers of the backend's own, such as `X-Api-Key`."""

    headers: dict[str, SecretValue]


Auth = NoAuth | BasicAuth | BearerAuth | HeaderAuth


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a backend is, who we are to it, and how long and how much we listen."""

    url: Url
    """Base URL, with its path: `https://host/mlflow`. No user, password, query or fragment in it."""
    auth: Auth = NoAuth()
    """Credentials: `type: none`, `basic`, `bearer` or `headers`."""
    headers: dict[str, str] = {}
    """Further headers that are not secret, such as `X-Scope-OrgID`."""
    ca_file: Path | None = None
    """PEM file with the certificate authorities to trust; without: the public ones."""
    client_certificate_file: Path | None = None
    """PEM file with the certificate that we show the server."""
    client_key_file: Path | None = None
    """PEM file with its key; without: it is in `client_certificate_file`."""
    connect_seconds: Seconds = 3.0
    """Longest wait for a connection, name look-up and TLS included in each try."""
    read_gap_seconds: Seconds = 5.0
    """Longest silence of the server within an answer."""
    timeout_seconds: Seconds = 10.0
    """Longest whole exchange, from the first byte sent to the last received."""
    most_concurrent_requests: Count = 4
    """Requests under way to this backend at one moment; more wait their turn."""
    most_answer_bytes: Count = 8 * MEBIBYTE
    """Largest answer, counted after decompression. A Prometheus of a large fleet needs 64 MiB."""

    @property
    def split_url(self) -> SplitResult:
        """The parts of `url`."""
        return urlsplit(self.url)

    @property
    def is_https(self) -> bool:
        """Whether the connection is encrypted."""
        return self.split_url.scheme == "https"


def check_settings(source: str, settings: HttpSettings) -> None:
    """Raise `ConfigError` when `settings` cannot be meant, or would send a secret in the clear."""
    _check_url(source, settings.url)
    _check_headers(source, settings.headers)
    if isinstance(settings.auth, HeaderAuth):
        _check_headers(source, dict.fromkeys(settings.auth.headers, ""))
    if not (isinstance(settings.auth, NoAuth) or settings.is_https or _is_loopback(settings.split_url)):
        raise ConfigError(
            f"{source}: credentials would cross the network unencrypted",
            "Use https:// in url, or reach the server through a tunnel on 127.0.0.1.",
        )
    if settings.client_key_file and not settings.client_certificate_file:
        raise ConfigError(
            f"{source}: client_key_file without client_certificate_file", "Name the certificate that the key is for."
        )
    _check_limits(source, settings)


def _check_limits(source: str, settings: HttpSettings) -> None:
    limits = {
        "connect_seconds": settings.connect_seconds,
        "read_gap_seconds": settings.read_gap_seconds,
        "timeout_seconds": settings.timeout_seconds,
        "most_concurrent_requests": settings.most_concurrent_requests,
        "most_answer_bytes": settings.most_answer_bytes,
    }
    for name, value in limits.items():
        if not 0 < value < float("inf"):
            raise ConfigError(f"{source}: {name} is {value}", "Give a number above 0.")


def _check_url(source: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigError(f"{source}: url cannot be read", "Write it as https://host[:port][/path].") from None
    if parts.username is not None or parts.password is not None:
        # The URL itself is not repeated: it holds a password.
        raise ConfigError(
            f"{source}: url contains a user name or password",
            "Take it out of url and set auth: {type: basic, username: …, password: env:…}.",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid:
        raise ConfigError(
            f"{source}: url {safe_text(_without_query(url))!r} is not an http or https address",
            "Write it as https://host[:port][/path].",
        )
    if parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ConfigError(
            f"{source}: url has a query, a fragment or blanks in it",
            "Keep only https://host[:port][/path]; secrets belong into auth.",
        )


def _check_headers(source: str, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ConfigError(f"{source}: header {safe_text(name)!r} cannot be set", "Take it out of the headers.")
        if not is_header_value(value):
            raise ConfigError(
                f"{source}: the value of header {name} has characters that no header can carry",
                "Use printable ASCII without line breaks.",
            )


def is_header_value(value: str) -> bool:
    """Whether `value` can be sent in a header as it is."""
    return value.isascii() and value.isprintable()


def _is_loopback(parts: SplitResult) -> bool:
    host = (parts.hostname or "").rstrip(".")
    # A name such as 127.0.0.1.evil.example must not count: only digits and dots after "127.".
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _without_query(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]
