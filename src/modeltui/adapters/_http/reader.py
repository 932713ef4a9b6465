"""The read client that every HTTP adapter uses: its limits, its turns, its one retry."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from modeltui.adapters._http.answer import Answer
from modeltui.adapters._http.asked_pause import AskedPause, asking_for_a_pause, pause_in
from modeltui.adapters._http.exchange import Progress, Request, StaleConnection, WireAnswer
from modeltui.adapters._http.refusals import is_redirect, redirect_error, status_error, what_it_says
from modeltui.adapters._http.settings import HttpSettings, check_settings
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock

if TYPE_CHECKING:  # the HTTP library is imported when the first reader opens
    from modeltui.adapters._http.transport import Wire

T = TypeVar("T")

Parameters = Mapping[str, str | Sequence[str]]
"""Query or form parameters; a sequence repeats its key."""

_CONNECTION_LIFE_SECONDS: Final = 60.0
"""Connections are renewed after this time, so that a name that moved to another address is noticed."""
_TURNS_WAITED: Final = 3
"""A request that waits longer than this many whole exchanges for its turn is not asked at all."""
_CLOCK: Final = SystemClock()
_KEPT_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"


def path_segment(name: str) -> str:
    """Return `name` so that it can stand between two slashes of a path, whatever is in it."""
    if name in {"", ".", ".."}:
        raise BackendRefused(f"the name {name!r} cannot be asked for", "No URL can carry it; rename it.")
    return quote(name.encode("utf-8", "replace"), safe="")


class HttpReader:
    """Asks one backend, and can only ask: GET, HEAD, and POST to the given query paths.

    Every method answers within `timeout_seconds` of its turn, with an `Answer` or a `BackendError` whose words name
    the source and what to do. A backend that asks for a pause gets it: until it is over every question is answered
    with what it said, and nothing is sent. No redirect is followed, no proxy or certificate is taken from the
    environment, and no secret appears in any `repr`, error or log. Use it as an async context manager, from one event
    loop.
    """

    def __init__(
        self,
        source: str,
        settings: HttpSettings,
        *,
        query_posts: Collection[str] = (),
        keep_alive: bool = True,
        clock: Clock = _CLOCK,
    ) -> None:
        """Check `settings`; nothing is contacted, no HTTP library imported.

        `query_posts`: paths below the base URL to which a POST only asks. `keep_alive=False` sends
        `Connection: close`: servers that answer in two small packets (MLflow with several workers) make each kept
        connection wait 40 ms for a delayed acknowledgement.
        """
        check_settings(source, settings)
        self.source: Final = source
        self.settings: Final = settings
        self.requests_sent = 0
        """Requests that were put on the wire since the start, repeats included."""
        self._base_url = settings.url.rstrip("/")
        self._base_path = settings.split_url.path.rstrip("/")
        self._query_posts = frozenset(self._base_path + clean_path(path) for path in query_posts)
        self._keep_alive = keep_alive
        self._turns = asyncio.Semaphore(settings.most_concurrent_requests)
        self._under_way = 0
        self._clock = clock
        self._pause = AskedPause(clock)
        self._context: ssl.SSLContext | None = None
        self._wire: Wire | None = None
        self._wire_since = 0.0

    def __repr__(self) -> str:
        return f"HttpReader({self.source!r}, {self.settings.split_url.netloc!r})"

    async def __aenter__(self) -> Self:
        from modeltui.adapters._http import transport  # 35 ms of import, for those that ask only

        if self.settings.is_https:
            self._context = await asyncio.to_thread(transport.make_ssl_context, self.source, self.settings)
        self._renew_wire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

    async def get(
        self,
        path: str,
        parameters: Parameters | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        most_bytes: int = 0,
    ) -> Answer:
        """Return the answer to `GET path` below the base URL. Repeated once when a kept connection was closed.

        `accept`: statuses besides 2xx that the caller understands. `most_bytes`: another limit than the settings'.
        """
        request = self._request("GET", path, parameters, headers, None, accept, most_bytes)
        return await self._ask(request)

    async def head(self, path: str, parameters: Parameters | None = None, *, accept: Collection[int] = ()) -> Answer:
        """Return the answer to `HEAD path`: a status without a body, to find out whether something exists."""
        return await self._ask(self._request("HEAD", path, parameters, None, None, accept, 0))

    async def post_query(
        self,
        path: str,
        *,
        form: Parameters | None = None,
        json: object = None,
        parameters: Parameters | None = None,
        accept: Collection[int] = (),
        most_bytes: int = 0,
    ) -> Answer:
        """Return the answer to a POST that only asks; `path` must be among `query_posts`. Never repeated."""
        if form is not None:
            kind, content = "application/x-www-form-urlencoded", _encoded(form).encode()
        else:
            kind, content = "application/json", msgspec.json.encode(json)
        request = self._request("POST", path, parameters, {"Content-Type": kind}, content, accept, most_bytes)
        return await self._ask(request)

    async def get_json(
        self, path: str, kind: type[T] | msgspec.json.Decoder[T], parameters: Parameters | None = None
    ) -> T:
        """Return the answer to `GET path`, read as JSON of `kind`."""
        return (await self.get(path, parameters)).json(kind)

    def _request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        accept: Collection[int],
        most_bytes: int,
    ) -> Request:
        query = f"?{_encoded(parameters)}" if parameters else ""
        url = f"{self._base_url}{clean_path(path)}{query}"
        limit = most_bytes or self.settings.most_answer_bytes
        return Request(method, url, dict(headers or {}), content, accept, limit)

    async def _ask(self, request: Request) -> Answer:
        async with self._turn() as wire:
            self._pause.check()
            clock = asyncio.get_running_loop().time
            started_at = clock()
            answer = await self._exchange_in_time(wire, request)
            elapsed_seconds = clock() - started_at
        words = self._words(request)
        if not answer.is_wanted:
            raise self._refusal(wire, request, words, answer)
        return Answer(
            source=self.source,
            request=words,
            status=answer.status,
            media_type=media_type(answer),
            body=answer.body,
            elapsed_seconds=elapsed_seconds,
            server_date=answer.server_date,
            bytes_read=answer.wire_bytes,
            etag=answer.headers.get("etag", ""),
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Wire]:
        """Wait until fewer than the allowed number of requests are under way."""
        longest = _TURNS_WAITED * self.settings.timeout_seconds
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(longest):
                    await stack.enter_async_context(self._turns)
            except TimeoutError:
                raise BackendUnavailable(
                    f"{self.source} is too slow: a request waited {longest:g} s for its turn", "Ask less often."
                ) from None
            wire = await self._current_wire()
            self._under_way += 1
            try:
                yield wire
            finally:
                self._under_way -= 1

    async def _current_wire(self) -> Wire:
        wire = self._wire
        if wire is None:
            raise RuntimeError("the reader is not open: use it in `async with`")
        age_seconds = asyncio.get_running_loop().time() - self._wire_since
        if age_seconds > _CONNECTION_LIFE_SECONDS and not self._under_way:
            # Swapped before the await: nobody else may get the old one.
            self._renew_wire()
            await wire.aclose()
        assert self._wire is not None  # noqa: S101 - checked above, only ever replaced
        return self._wire

    def _renew_wire(self) -> None:
        from modeltui.adapters._http.transport import Wire  # see __aenter__

        self._wire = Wire(self.source, self.settings, self._query_posts, self._context, self._keep_alive)
        self._wire_since = asyncio.get_running_loop().time()

    async def _exchange_in_time(self, wire: Wire, request: Request) -> WireAnswer:
        progress = Progress()
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                return await self._exchange(wire, request, progress)
        except TimeoutError:
            how = f"had sent {progress.wire_bytes} bytes" if progress.has_headers else "had sent no answer"
            raise BackendUnavailable(
                f"{self.source} {how} of {self._words(request)} after {self.settings.timeout_seconds:g} s",
                "It is asked again by itself; when it is just slow, raise timeout_seconds of this source.",
            ) from None
        except BackendUnavailable:
            # Other kept connections have likely died with this one: begin afresh at the next turn.
            self._wire_since = float("-inf")
            raise

    async def _exchange(self, wire: Wire, request: Request, progress: Progress) -> WireAnswer:
        try:
            self.requests_sent += 1
            return await wire.exchange(request, progress)
        except StaleConnection as stale:
            if request.method not in {"GET", "HEAD"}:
                raise BackendUnavailable(
                    f"{self.source} closed the connection without an answer to {self._words(request)}",
                    "It may be restarting; it is asked again by itself.",
                ) from stale
        try:
            self.requests_sent += 1
            return await wire.exchange(request, progress)
        except StaleConnection as stale:
            raise BackendUnavailable(
                f"{self.source} closes its connections without an answer to {self._words(request)}",
                "It may be restarting; it is asked again by itself.",
            ) from stale

    def _words(self, request: Request) -> SafeText:
        path = request.url.partition("?")[0].removeprefix(self._base_url)
        return safe_text(f"{request.method} {path}", 120)

    def _refusal(self, wire: Wire, request: Request, words: SafeText, answer: WireAnswer) -> Exception:
        if is_redirect(answer.status):
            location = wire.redacted(answer.headers.get("location", ""))
            return redirect_error(self.source, words, answer.status, request.url, location)
        said = safe_text(wire.redacted(what_it_says(media_type(answer), answer.body)), 160)
        headers = {name: wire.redacted(value) for name, value in answer.headers.items()}
        error = status_error(self.source, words, answer.status, headers, said, self.settings.auth)
        asked_seconds = pause_in(answer, self._clock.now())
        if isinstance(error, BackendUnavailable) and asked_seconds > 0.0:
            error = asking_for_a_pause(error, asked_seconds)
            self._pause.begin(error)
        return error


def media_type(answer: WireAnswer) -> str:
    """Return the content type without parameters, in lower case."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def clean_path(path: str) -> str:
    """Return `path` with one leading slash, encoded. A path that could leave the base URL is a programming error."""
    if "?" in path or "#" in path or "\\" in path or ".." in path.split("/"):
        raise ValueError(f"{path!r} is not a plain path; encode names with path_segment, pass parameters apart")
    return "/" + quote(path.lstrip("/"), safe=_KEPT_IN_PATH)


def _encoded(parameters: Parameters) -> str:
    return urlencode(parameters, doseq=True, errors="replace")
