"""The write client: one request on one new connection, never repeated, and an error that says what may have happened.

What a failure proves (measured against servers that had applied the write in each of the last cases):

    before the first byte          BackendUnavailable   certainly not sent: refused, unknown name, TLS, no connection
    429, 503 with Retry-After      BackendUnavailable   not applied, by the contract of the header
    401, 403, 400, 404, 422, …     BackendRefused       not applied
    409, 412                       RevisionConflict     not applied: it moved
    everything else                OutcomeUnknown       reset, silence, half an answer, 408, 500, 502, 504, a redirect
    cancelled by the caller        CancelledError       as unknown as these
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Final, Self

import msgspec

from modeltui.adapters._http.answer import Answer
from modeltui.adapters._http.body import BodyTooLarge, BodyUnreadable, CappedBody
from modeltui.adapters._http.credentials import Credentials
from modeltui.adapters._http.exchange import Progress, WireAnswer
from modeltui.adapters._http.failures import translated
from modeltui.adapters._http.library import httpx
from modeltui.adapters._http.reader import Parameters, clean_path, media_type
from modeltui.adapters._http.refusals import status_error, what_it_says
from modeltui.adapters._http.settings import MEBIBYTE, HttpSettings, check_settings
from modeltui.adapters._http.transport import make_ssl_context, server_date_in
from modeltui.domain.errors import (
    BackendError,
    BackendRefused,
    BackendUnavailable,
    ConfigError,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.text import SafeText, safe_text

CONNECT_SECONDS: Final = 3.0
"""Longest wait for the connection."""
WALL_SECONDS: Final = 15.0
"""Longest whole write, connection included."""
MOST_BYTES: Final = MEBIBYTE
"""Largest body, sent or received."""

_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MOVED: Final = frozenset({409, 412})
_NOT_NOW: Final = frozenset({429, 503})
"""Not applied when they say when to come again; else a 503 may come from anywhere on the way back."""
_REFUSED: Final = frozenset(
    {307, 308, *range(400, 408), 410, 411, *range(413, 419), 421, 422, 423, 424, 426, 428, 431, 451}
)
"""Statuses that say that the request was not carried out; 307 and 308 ask to send it elsewhere."""

WRITE_LOOK: Final = "It may have happened: look at the backend before doing anything again."


class NotDeclared(RuntimeError):  # noqa: N818 - says what it was
    """A write that its adapter did not declare was about to be sent: a fault in an adapter, never in a backend."""


class HttpWriter:
    """Sends writes to one backend, and only those that were declared.

    Use it as an async context manager, from one event loop. No redirect is followed, no connection is used twice, and
    no secret appears in any `repr`, error or log.
    """

    def __init__(self, source: str, settings: HttpSettings, *, writes: Collection[tuple[str, str]]) -> None:
        """Check `settings`; nothing is contacted. `writes`: the pairs of method and path below the base URL.

        Shorter time-outs in `settings` count; longer ones end at `CONNECT_SECONDS` and `WALL_SECONDS`.
        """
        check_settings(source, settings)
        for method, _ in writes:
            if method not in _METHODS:
                raise ValueError(f"{method} is no write")
        self.source: Final = source
        self.settings: Final = settings
        self.writes_sent = 0
        """Writes whose first byte may have left."""
        self._wall_seconds = min(settings.timeout_seconds, WALL_SECONDS)
        self._connect_seconds = min(settings.connect_seconds, CONNECT_SECONDS)
        self._base_url = settings.url.rstrip("/")
        self._writes = frozenset((method, clean_path(path)) for method, path in writes)
        self._credentials = Credentials(source, settings.auth)
        self._context: ssl.SSLContext | None = None
        self._is_open = False

    def __repr__(self) -> str:
        return f"HttpWriter({self.source!r}, {self.settings.split_url.netloc!r})"

    async def __aenter__(self) -> Self:
        if self.settings.is_https:
            self._context = await asyncio.to_thread(make_ssl_context, self.source, self.settings)
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer of a write that the backend accepted (2xx, read to its end).

        Raises as the head of this file says; `NotDeclared` before anything happens. Never repeats anything. A caller
        that is cancelled gets `CancelledError`, and knows as little as with `OutcomeUnknown`.
        """
        if (method, clean_path(path)) not in self._writes:
            raise NotDeclared(f"{method} {path} was not declared")
        if not self._is_open:
            raise RuntimeError("the writer is not open: use it in `async with`")
        content = msgspec.json.encode(json)
        words = safe_text(f"{method} {clean_path(path)}", 120)
        if len(content) > MOST_BYTES:
            raise BackendRefused(f"{words} is too large for {self.source}", "Nothing was sent.")
        url = f"{self._base_url}{clean_path(path)}"
        outgoing_headers = {"Content-Type": "application/json", **self.settings.headers, **(headers or {})}
        progress = Progress()
        try:
            return await self._send(method, url, parameters, outgoing_headers, content, words, progress)
        finally:
            self.writes_sent += progress.has_begun_sending

    async def _send(
        self,
        method: str,
        url: str,
        parameters: Parameters | None,
        headers: Mapping[str, str],
        content: bytes,
        words: SafeText,
        progress: Progress,
    ) -> Answer:
        clock = asyncio.get_running_loop().time
        started_at = clock()
        try:
            async with asyncio.timeout(self._wall_seconds), self._client() as client:
                request = client.build_request(
                    method,
                    url,
                    params=parameters,
                    headers=headers,
                    content=content,
                    extensions={"trace": progress.note},
                )
                response = await client.send(request, auth=self._credentials, stream=True)
                try:
                    answer = await self._read(response, progress)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise self._lost(words, progress, f"no whole answer within {self._wall_seconds:g} s") from None
        except httpx.HTTPError as error:
            raise self._failed(words, progress, error) from error
        except (BodyTooLarge, BodyUnreadable) as error:
            raise self._unknown(words, f"its answer cannot be read: {type(error).__name__}") from error
        except (httpx.InvalidURL, ConfigError) as error:
            raise BackendRefused(
                f"{self.source}: {words} cannot be sent: {safe_text(self._credentials.redacted(str(error)), 120)}",
                "Nothing was sent.",
            ) from error
        if not answer.is_wanted:
            raise self._refusal(words, answer)
        return Answer(
            source=self.source,
            request=words,
            status=answer.status,
            media_type=media_type(answer),
            body=answer.body,
            elapsed_seconds=clock() - started_at,
            server_date=answer.server_date,
            bytes_read=answer.wire_bytes,
            etag=answer.headers.get("etag", ""),
        )

    def _client(self) -> httpx.AsyncClient:
        """Return a client for one request: what is closed after it cannot be used again."""
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                verify=self._context or False, trust_env=False, limits=limits, retries=0
            ),
            headers={"Accept-Encoding": "identity", "User-Agent": "modeltui", "Connection": "close"},
            timeout=httpx.Timeout(self._wall_seconds, connect=self._connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    async def _read(self, response: httpx.Response, progress: Progress) -> WireAnswer:
        body = CappedBody("", MOST_BYTES)
        try:
            body = CappedBody(response.headers.get("content-encoding", ""), MOST_BYTES)
            async for chunk in response.aiter_raw():
                progress.wire_bytes += len(chunk)
                body.feed(chunk)
        except (httpx.HTTPError, BodyTooLarge, BodyUnreadable):
            # The status of a refusal counts without its words; that of an acceptance does not.
            if response.is_success:
                raise
        headers = {name.lower(): value for name, value in response.headers.items()}
        content = body.whole() if response.is_success else body.so_far()
        date = server_date_in(headers.get("date", ""))
        return WireAnswer(response.status_code, response.is_success, headers, content, progress.wire_bytes, date)

    def _refusal(self, words: SafeText, answer: WireAnswer) -> BackendError:
        status = answer.status
        said = safe_text(self._credentials.redacted(what_it_says(media_type(answer), answer.body)), 160)
        saying = f": {said}" if said else ""
        headers = {name: self._credentials.redacted(value) for name, value in answer.headers.items()}
        if status in _MOVED:
            return RevisionConflict(
                f"{self.source} says that it moved before {words} ({status}){saying}", "Look again, and plan again."
            )
        if status in _NOT_NOW and headers.get("retry-after", "").strip():
            after = safe_text(headers["retry-after"], 40)
            return BackendUnavailable(
                f"{self.source} does not take {words} now ({status}){saying}", f"Not applied. Come again: {after}."
            )
        if status in _REFUSED:
            error = status_error(self.source, words, status, headers, said, self.settings.auth)
            remedy = _WRITE_PERMISSION if status == httpx.codes.FORBIDDEN else error.remedy
            return BackendRefused(error.title, f"Nothing was changed. {remedy}")
        return self._unknown(words, f"it answered {status}{saying}")

    def _failed(self, words: SafeText, progress: Progress, error: httpx.HTTPError) -> BackendError:
        meaning = translated(self.source, self.settings, error, progress)
        title = self._credentials.redacted(meaning.title)
        if progress.has_begun_sending:
            return OutcomeUnknown(f"{self.source}: the answer to {words} is lost: {title}", WRITE_LOOK)
        return BackendUnavailable(f"{title}; {words} was not sent", meaning.remedy)

    def _lost(self, words: SafeText, progress: Progress, how: str) -> BackendError:
        if progress.has_begun_sending:
            return self._unknown(words, how)
        return BackendUnavailable(
            f"{self.source} cannot be reached: no connection within {self._wall_seconds:g} s; {words} was not sent",
            "Is the host up? Does a VPN or firewall stand between?",
        )

    def _unknown(self, words: SafeText, how: str) -> OutcomeUnknown:
        return OutcomeUnknown(f"{self.source}: the answer to {words} is lost: {how}", WRITE_LOOK)


_WRITE_PERMISSION: Final = "Ask for write permission on it for the account in auth."
