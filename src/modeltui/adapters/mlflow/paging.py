"""Lists that come in pages, read to their end: but not for ever, and never half without saying so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from modeltui.domain.errors import BackendError

T = TypeVar("T")

MOST_PAGES: Final = 500
MOST_EMPTY_PAGES: Final = 20
"""Unity Catalog sends pages without rows in between; some servers send nothing else, for ever."""


@dataclass(slots=True)
class Pages(Generic[T]):
    """What the pages held."""

    contents: list[T] = field(default_factory=list)
    """One entry per page."""
    failure: BackendError | None = None
    """Why a later page could not be read; the first one raises."""
    trouble: str = ""
    """Why the end was not reached although every page came."""


async def read_pages(read_page: Callable[[str], Awaitable[tuple[T, int, str]]]) -> Pages[T]:
    """Return all pages; `read_page(token)` gives a page's content, its number of rows and the next token."""
    pages: Pages[T] = Pages()
    token, seen, empty = "", {""}, 0
    for _ in range(MOST_PAGES):
        try:
            content, rows, token = await read_page(token)
        except BackendError as error:
            if not pages.contents:
                raise
            pages.failure = error
            return pages
        pages.contents.append(content)
        empty = 0 if rows else empty + 1
        if not token:
            return pages
        if token in seen:
            pages.trouble = "it points back to a page that was read before"
            return pages
        if empty >= MOST_EMPTY_PAGES:
            pages.trouble = f"{empty} pages in a row were empty"
            return pages
        seen.add(token)
    pages.trouble = f"it has more than {MOST_PAGES} pages"
    return pages
