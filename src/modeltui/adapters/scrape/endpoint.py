"""One address: asks for its page, and knows how that went."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from modeltui.adapters._http import Answer, HttpReader
from modeltui.adapters.scrape.catalogue import Catalogue, Meaning, Pool
from modeltui.adapters.scrape.ledger import Ledger
from modeltui.adapters.scrape.options import Options, Place, Setup, http_settings
from modeltui.adapters.scrape.page import PageReader, PageText
from modeltui.domain.errors import BackendError
from modeltui.domain.text import safe_text
from modeltui.ports.clock import Clock

_ACCEPT: Final = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1"
_BIG_PAGE_CHARACTERS: Final = 32 * 1024
"""Above this a page is read in a thread: the screen must not wait for it."""
_MOST_NUMBERS: Final = 4_000_000
"""Kept of the past of all pages together: 32 MB."""


@dataclass(frozen=True, slots=True)
class Books:
    """Who may look into the ledgers, or write."""

    turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """A thread works on when the task that waits for it was cancelled, and has let go of its turn."""


class Endpoint:
    """One page of metrics."""

    def __init__(self, source: str, place: Place, options: Options, setup: Setup, meaning: Meaning, pool: Pool) -> None:
        """Check the settings of the connection; nothing is contacted. Raises `ConfigError`."""
        self.place: Final = place
        self._reader = HttpReader(f"{source} ({place.name})", http_settings(options, place))
        self._is_open = False
        self._opening = asyncio.Lock()
        catalogue = Catalogue(meaning, place.identity.value, pool)
        # The longest window may begin a little earlier, see `Ring.span`.
        keep_seconds = max(options.history_seconds, setup.longest_window_seconds * 1.2)
        self.ledger: Final = Ledger(
            catalogue, setup.longest_window_seconds, keep_seconds, _MOST_NUMBERS // len(setup.places)
        )
        self._page = PageReader(catalogue, place.labels, setup.profile.takes_target_info)
        self.failures = 0
        """Scrapes in a row that came to nothing."""
        self.error: BackendError | None = None
        """Why the last scrape came to nothing."""

    @property
    def unreadable_lines(self) -> int:
        """Lines of the last page that matter and could not be read."""
        return self._page.unreadable_count

    async def fetch(self, stack: AsyncExitStack) -> Answer:
        """Return the page; connections are opened at the first time and closed with `stack`."""
        async with self._opening:
            if not self._is_open:
                await stack.enter_async_context(self._reader)
                self._is_open = True
        return await self._reader.get(self.place.path, self.place.parameters or None, headers={"Accept": _ACCEPT})

    async def scrape(self, stack: AsyncExitStack, clock: Clock, books: Books) -> None:
        """Add what the page says now, or note why it says nothing."""
        try:
            answer = await self.fetch(stack)
            page = self.text_of(answer, clock)
            del answer
            async with books.turns:
                if len(page.text) > _BIG_PAGE_CHARACTERS:
                    await asyncio.to_thread(self._take, page, books)
                else:
                    self._take(page, books)
        except BackendError as error:
            self.failed(error)
        else:
            self.failures = 0
            self.error = None

    def failed(self, error: BackendError) -> None:
        """Note that a scrape came to nothing."""
        self.failures += 1
        self.error = error

    def text_of(self, answer: Answer, clock: Clock) -> PageText:
        """Return the page in an answer that came just now; raise `BackendMalformed` when it is one for people."""
        return PageText(
            self.place.name, answer.text(), answer.media_type, clock.boottime(), clock.now(), answer.server_date
        )

    def _take(self, page: PageText, books: Books) -> None:
        with books.lock:
            newest = self.ledger.ring.newest
            # Two scrapes of one moment would be one.
            if newest is None or page.moment > newest:
                self.ledger.take(self._page.read(page), page.moment)


def words(endpoint: Endpoint) -> str:
    """Return why an address says nothing, in one line."""
    return "" if endpoint.error is None else safe_text(endpoint.error.title, 240)
