"""What leaves the process, and what comes back: bytes, statuses, failures.

`Wire` sends one request and reads its answer. It cannot write: `ReadOnlyTransport` raises before a byte is sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Final

from modeltui.adapters._http.body import SPOKEN_ENCODINGS, BodyTooLarge, BodyUnreadable, CappedBody
from modeltui.adapters._http.credentials import Credentials
from modeltui.adapters._http.exchange import Progress, Request, StaleConnection, WireAnswer
from modeltui.adapters._http.failures import is_stale, translated
from modeltui.adapters._http.library import httpx
from modeltui.adapters._http.settings import HttpSettings
from modeltui.domain.errors import BackendMalformed, ConfigError
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import safe_text

_MOST_HEADER_BYTES: Final = 64 * 1024
_MOST_HEADERS: Final = 200
_MOST_ERROR_BYTES: Final = 64 * 1024
"""Errors are read only for what they say."""
_KEEP_ALIVE_SECONDS: Final = 45.0
"""Above the usual polling interval of 15 s, below the 60 s after which load balancers drop idle connections."""


class NotARead(RuntimeError):  # noqa: N818 - says what it was
    """A request that could change something was about to be sent: a fault in an adapter, never in a backend."""


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Lets requests through that only read, and only to one origin."""

    def __init__(self, inner: httpx.AsyncBaseTransport, origin: httpx.URL, query_posts: Collection[str]) -> None:
        self._inner = inner
        self._origin = _origin(origin)
        self._query_posts = frozenset(query_posts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, or raise `NotARead`."""
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        is_query_post = request.method == "POST" and path in self._query_posts
        if request.method not in {"GET", "HEAD"} and not is_query_post:
            raise NotARead(f"{request.method} {path} is not a read")
        if _origin(request.url) != self._origin:
            raise NotARead("a request to another host than the configured one")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class Wire:
    """Connections to one origin. Knows bytes, statuses and failures; nothing of what is said over it."""

    def __init__(
        self,
        source: str,
        settings: HttpSettings,
        query_posts: Collection[str],
        context: ssl.SSLContext | None,
        keep_alive: bool,
    ) -> None:
        self._source = source
        self._settings = settings
        self._credentials = Credentials(source, settings.auth)
        most = settings.most_concurrent_requests
        limits = httpx.Limits(
            max_connections=most,
            max_keepalive_connections=most if keep_alive else 0,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )
        # Without a context the URL is http:// and no TLS happens; False is then just the cheapest to build.
        inner = httpx.AsyncHTTPTransport(verify=context or False, trust_env=False, limits=limits)
        self._client = httpx.AsyncClient(
            transport=ReadOnlyTransport(inner, httpx.URL(settings.url), query_posts),
            headers={
                "Accept-Encoding": SPOKEN_ENCODINGS,
                "User-Agent": "modeltui",
                "Connection": "keep-alive" if keep_alive else "close",
                **settings.headers,
            },
            timeout=httpx.Timeout(
                settings.read_gap_seconds, connect=settings.connect_seconds, pool=settings.timeout_seconds
            ),
            follow_redirects=False,
            trust_env=False,
        )

    async def exchange(self, request: Request, progress: Progress) -> WireAnswer:
        """Send `request` and return the answer, of whatever status.

        After a 401 the secrets are read again where they are kept; when they changed, the request is repeated once.
        Raises `StaleConnection` when a kept connection turned out to be closed, `BackendError` for all else.
        """
        try:
            answer = await self._send(request, progress)
            if answer.status == httpx.codes.UNAUTHORIZED and await self._has_new_secrets():
                answer = await self._send(request, progress)
        except httpx.HTTPError as error:
            if is_stale(error, progress):
                raise StaleConnection from error
            raise translated(self._source, self._settings, error, progress) from error
        except httpx.InvalidURL as error:
            raise BackendMalformed(
                f"{self._source}: a name or query is too long for a URL", "Nothing was sent: ask for less at once."
            ) from error
        return answer

    def redacted(self, text: str) -> str:
        """Return `text` without any secret that was sent over this wire."""
        return self._credentials.redacted(text)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _has_new_secrets(self) -> bool:
        with suppress(ConfigError):  # gone where they are kept: the refusal stands, and says what to renew
            return await self._credentials.have_changed()
        return False

    async def _send(self, request: Request, progress: Progress) -> WireAnswer:
        outgoing = self._client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions={"trace": progress.note},
        )
        response = await self._client.send(outgoing, auth=self._credentials, stream=True)
        try:
            return await self._read(request, response, progress)
        finally:
            # A cookie from a login page or balancer is never sent back.
            self._client.cookies.clear()
            await response.aclose()

    async def _read(self, request: Request, response: httpx.Response, progress: Progress) -> WireAnswer:
        raw = response.headers.raw
        if len(raw) > _MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > _MOST_HEADER_BYTES:
            raise self._malformed("with more headers than any API sends")
        is_wanted = response.is_success or response.status_code in request.accept
        body, wire_bytes = b"", 0
        if request.method != "HEAD":
            collect = self._whole_body if is_wanted else self._beginning
            body = await collect(response, progress, request.most_bytes)
            wire_bytes = progress.wire_bytes
        headers = {name.lower(): value for name, value in response.headers.items()}
        server_date = server_date_in(headers.get("date", ""))
        return WireAnswer(response.status_code, is_wanted, headers, body, wire_bytes, server_date)

    async def _whole_body(self, response: httpx.Response, progress: Progress, most_bytes: int) -> bytes:
        declared = response.headers.get("content-length", "")
        try:
            if declared.isdigit() and int(declared[:18]) > most_bytes:
                raise BodyTooLarge
            body = CappedBody(response.headers.get("content-encoding", ""), most_bytes)
            await _fill(body, response, progress)
            return body.whole()
        except BodyTooLarge:
            raise BackendMalformed(
                f"{self._source} answered with more than {most_bytes:,} bytes; the rest was not read",
                "When its answers are that large, raise most_answer_bytes of this source.",
            ) from None
        except BodyUnreadable as error:
            raise self._malformed(f"but {safe_text(str(error), 80)}") from error

    async def _beginning(self, response: httpx.Response, progress: Progress, most_bytes: int) -> bytes:
        body = CappedBody("", min(most_bytes, _MOST_ERROR_BYTES))
        with suppress(BodyTooLarge, BodyUnreadable):
            body = CappedBody(response.headers.get("content-encoding", ""), min(most_bytes, _MOST_ERROR_BYTES))
            await _fill(body, response, progress)
        return body.so_far()

    def _malformed(self, how: str) -> BackendMalformed:
        return BackendMalformed(f"{self._source} answered {how}", "Check what stands at url, and proxies between.")


def make_ssl_context(source: str, settings: HttpSettings) -> ssl.SSLContext:
    """Return the context for https: certificates checked, TLS 1.2 at least. Costs some 20 ms of CPU."""
    try:
        if settings.ca_file:
            context = ssl.create_default_context(cafile=settings.ca_file)
        else:
            context = httpx.create_ssl_context(trust_env=False)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.client_certificate_file:
            # An empty password keeps OpenSSL from asking on the terminal.
            context.load_cert_chain(settings.client_certificate_file, settings.client_key_file, password="")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise ConfigError(
            f"{source}: the certificate files cannot be loaded: {safe_text(reason, 80)}",
            "Check ca_file, client_certificate_file and client_key_file: PEM, readable, the key without a password.",
        ) from error
    return context


async def _fill(body: CappedBody, response: httpx.Response, progress: Progress) -> None:
    async for chunk in response.aiter_raw():
        progress.wire_bytes += len(chunk)
        body.feed(chunk)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def server_date_in(header: str) -> Instant | Unknown:
    """Return the time in a `Date` header."""
    with suppress(ValueError, OverflowError, IndexError, TypeError):
        return Instant(parsedate_to_datetime(header[:64]).timestamp())
    return UNKNOWN
