"""What lies between two commits, as the comparison shows it."""

from __future__ import annotations

from typing import Final

from modeltui.adapters._git.repository import Head, Repository
from modeltui.domain.comparison.difference import CodeLog, Commit
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text

MOST_COMMITS: Final = 200
MOST_FILES: Final = 500
_SHORT: Final = 12
_DIRTY: Final = "-dirty"
"""How `git describe` ends the name of a commit with changes on top."""


async def code_log(repository: Repository, a: str, b: str, fetch_seconds: float) -> CodeLog:
    """Return the commits and files between two commits; one that is not there is told in `trouble`.

    Raises `BackendError` when the repository cannot be read.
    """
    shown = repository.address.shown
    found = await _both(repository, a, b, fetch_seconds)
    missing = [(name, why) for name, (_, why) in zip((a, b), found, strict=True) if why]
    if missing:
        return CodeLog(shown, (), trouble=await _trouble(repository, missing))
    one, other = found[0][0], found[1][0]
    only_b = await repository.commits(other, one, MOST_COMMITS + 1)
    only_a = await repository.commits(one, other, MOST_COMMITS + 1)
    files, files_are_cut = await repository.changed_files(one, other, MOST_FILES)
    is_cut = files_are_cut or len(only_b) > MOST_COMMITS or len(only_a) > MOST_COMMITS
    if await repository.is_shallow() and not await repository.has_common_past(one, other):
        is_cut = True  # where the history was cut off, nothing tells which commits both share
    return CodeLog(
        repository=shown,
        only_b=tuple(_commit(head) for head in only_b[:MOST_COMMITS]),
        only_a=tuple(_commit(head) for head in only_a[:MOST_COMMITS]),
        files=tuple(shown_path(path) for path in files),
        is_cut=is_cut,
    )


def shown_path(path: str) -> SafeText:
    """Return a path of a repository as one safe line; bytes that are no UTF-8 are shown as `\\xff`."""
    return safe_text(path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"), 400)


async def _both(repository: Repository, a: str, b: str, fetch_seconds: float) -> list[tuple[str, str]]:
    """Return the whole ids of both commits, or why there is none; what is elsewhere is fetched when one is missing."""
    names = [name.removesuffix(_DIRTY) for name in (a, b)]
    await repository.copied()
    found = [await repository.resolved(name) for name in names]
    if any(why for _, why in found):
        await repository.fetched(fetch_seconds)
        found = [await repository.resolved(name) for name in names]
    return found


async def _trouble(repository: Repository, missing: list[tuple[str, str]]) -> SafeText:
    told = "; ".join(f"{safe_text(name, 40)[:_SHORT]}: {why}" for name, why in missing)
    if await repository.is_shallow():
        return safe_text(f"{told}; the clone is shallow: git fetch --unshallow brings the rest", 300)
    return safe_text(f"{told}; it was never pushed, or pushed over, or is of another repository", 300)


def _commit(head: Head) -> Commit:
    return Commit(
        id=safe_text(head.oid, 64),
        at=head.at,
        author=safe_text(head.author, 100),
        subject=safe_text(without_tokens(head.subject), 300),
    )
