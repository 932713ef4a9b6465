"""How a Hub is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modeltui.adapters._http import Answer, HttpReader, path_segment
from modeltui.adapters.huggingface import wire
from modeltui.domain.errors import BackendRefused

_NOT_FOUND: Final = 404
_OK: Final = 200
_MOVED: Final = (301, 302, 303, 307, 308)
_MOST_LISTED: Final = 1000


class HubApi:
    """One method per question; all raise `BackendError`."""

    def __init__(self, reader: HttpReader) -> None:
        self._reader = reader

    async def of_author(self, author: str) -> list[wire.RepositoryRow]:
        """Return the repositories of a user or organisation, the first thousand."""
        parameters = {"author": author, "limit": str(_MOST_LISTED), "sort": "createdAt"}
        return await self._reader.get_json("/api/models", list[wire.RepositoryRow], parameters)

    async def refs(self, repository: str) -> wire.Refs | None:
        """Return branches and tags; None when there is no such repository."""
        answer = await self._reader.get(f"{_api(repository)}/refs", accept=(_NOT_FOUND,))
        return None if answer.status == _NOT_FOUND else answer.json(wire.Refs)

    async def commits(self, repository: str, revision: str, count: int) -> list[wire.CommitRow]:
        """Return the latest commits up to a revision, newest first; none when there is no such revision."""
        path = f"{_api(repository)}/commits/{path_segment(revision)}"
        answer = await self._reader.get(path, {"limit": str(min(count, _MOST_LISTED))}, accept=(_NOT_FOUND,))
        return [] if answer.status == _NOT_FOUND else answer.json(list[wire.CommitRow])[:count]

    async def revision(self, repository: str, revision: str) -> wire.Revision | None:
        """Return one revision with its files; None when there is none."""
        path = f"{_api(repository)}/revision/{path_segment(revision)}"
        answer = await self._reader.get(path, {"blobs": "true"}, accept=(_NOT_FOUND,))
        return None if answer.status == _NOT_FOUND else answer.json(wire.Revision)

    async def file(self, repository: str, commit: str, path: str, most_bytes: int) -> bytes | None:
        """Return a small file of a commit; None when there is none.

        Newer Hubs answer with a redirect to where they keep small files; it leads to a place of the same Hub that can
        be asked for without following anything.
        """
        name = _segments(path)
        places = (
            f"/{_segments(repository)}/resolve/{path_segment(commit)}/{name}",
            f"/api/resolve-cache/models/{_segments(repository)}/{path_segment(commit)}/{name}",
            f"/{_segments(repository)}/raw/{path_segment(commit)}/{name}",
        )
        answer = await self._first(places, most_bytes)
        return None if answer.status == _NOT_FOUND else answer.body

    async def _first(self, places: Sequence[str], most_bytes: int) -> Answer:
        """Return the first answer that is no redirect."""
        for place in places:
            answer = await self._reader.get(place, accept=(_NOT_FOUND, *_MOVED), most_bytes=most_bytes)
            if answer.status == _OK or (answer.status == _NOT_FOUND and place == places[0]):
                return answer
        raise BackendRefused(
            f"{self._reader.source} sends away who asks for a file: {places[0]}",
            "A large file, or a Hub that keeps its files elsewhere: only what the Hub itself gives is read.",
        )


def _api(repository: str) -> str:
    return f"/api/models/{_segments(repository)}"


def _segments(path: str) -> str:
    return "/".join(path_segment(part) for part in path.split("/"))
