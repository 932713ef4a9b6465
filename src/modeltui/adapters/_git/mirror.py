"""A copy of a repository that is elsewhere: bare, without large files where the server can leave them out."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from modeltui.adapters._git.address import Address, RepositorySettings
from modeltui.adapters._git.program import Git
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable, ConfigError
from modeltui.domain.text import safe_text
from modeltui.ports.clock import Clock

LARGEST_FILE: Final = "1m"
"""Larger files are not copied: nothing that is read of a version is so large."""
_REFSPECS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_MARK: Final = "modeltui-copied"
"""Written when the first copy was whole; its time is when the newest fetch began."""
_COPY: Final = "copy"
"""What is fetched into, below the directory that is read. Git knows the one as a copy without large files, and dies
when such a file is asked for and cannot be fetched; in the other, with the same objects, the file is just missing."""
_LINKS: Final = ("objects", "refs", "packed-refs")
_READ: Final = {"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"}
_DAMAGED: Final = re.compile(
    r"unable to create '[^']*\.lock'|cannot lock ref|bad config|not a git repository|object file .* is empty|corrupt"
    r"|unable to parse|packfile|invalid sha1 pointer|did not send all necessary objects|bad pack|missing (?:blob|tree)"
)
_SECONDS_BETWEEN_LOOKS: Final = 0.2


class Mirror:
    """Keeps the copy fresh; several questions, and several programs, wait for one fetch."""

    def __init__(
        self, address: Address, settings: RepositorySettings, git: Git, clock: Clock, cache_directory: Path | None
    ) -> None:
        self._address = address
        self._settings = settings
        self._git = git
        self._clock = clock
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._cache = cache_directory
        self._fetches = asyncio.TaskGroup()
        self._task: asyncio.Task[Exception | None] | None = None
        self._fetched_at: float | None = None
        self._made_at = clock.now()

    @property
    def directory(self) -> Path:
        """Where the copy is read."""
        if self._cache is None:
            self._own = self._own or tempfile.TemporaryDirectory(prefix="modeltui-git-")
            return Path(self._own.name) / "copy.git"
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", self._address.shown)[-60:].strip("-.")
        digest = hashlib.sha256(self._address.place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self._cache / "git" / f"{readable}-{digest}"

    @property
    def is_copied(self) -> bool:
        """Tell whether there is a whole copy, however old."""
        return (self.directory / _MARK).is_file()

    async def fetched(self, max_age_seconds: float) -> None:
        """Return once the copy is as the other side was at most `max_age_seconds` ago. Raises `BackendError`.

        A fetch goes on when whoever waits for it gives up: the next question finds it further. One that somebody else
        made of the same address since we look at it counts as ours: a registry and its history of code make one.
        """
        if self._fetched_at is not None and self._clock.boottime() - self._fetched_at <= max_age_seconds:
            return
        if self._task is None or self._task.done():
            self._task = self._fetches.create_task(self._outcome(max_age_seconds))
        if (error := await asyncio.shield(self._task)) is not None:
            raise error

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let fetches happen inside; at the end, end one that is under way."""
        raised: Exception | None = None
        async with self._fetches:
            try:
                yield
            except Exception as error:  # of whoever uses it: passed on as it is, and not as a group of one
                raised = error
            finally:
                if self._task is not None:
                    self._task.cancel()
        if raised is not None:
            raise raised

    def forget(self) -> None:
        """Take a copy away that may not be kept; after the last fetch has ended."""
        if self._own is not None:
            self._own.cleanup()

    async def _outcome(self, max_age_seconds: float) -> Exception | None:
        """Return why a fetch failed: raised here, where nobody waits, it would end the program."""
        try:
            await self._fetch(max_age_seconds)
        except Exception as error:  # the top of a task
            return error
        return None

    async def _fetch(self, max_age_seconds: float) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self._git.what, error) from error
        async with self._alone():
            age_seconds = self._age_of_others()
            if age_seconds is not None and age_seconds <= max_age_seconds:
                self._fetched_at = self._clock.boottime() - age_seconds
                return
            began_at, marked_at = self._clock.boottime(), self._clock.now()
            try:
                await self._fetch_or_renew()
                os.utime(self.directory / _MARK, (marked_at, marked_at))
            except OSError as error:
                raise _unwritable(self._git.what, error) from error
        self._fetched_at = began_at

    def _age_of_others(self) -> float | None:
        """Return the seconds since the last fetch began, by whomever; None when that was before we were made."""
        try:
            marked_at = (self.directory / _MARK).stat().st_mtime
        except OSError:
            return None
        now = self._clock.now()  # a clock that was set back since tells nothing
        return now - marked_at if self._made_at <= marked_at <= now else None

    async def _fetch_or_renew(self) -> None:
        """Fetch; where the copy is damaged, by a machine that went down, make another and put it in its place."""
        copy, other = self.directory / _COPY, self.directory / f"{_COPY}.new"
        try:
            await self._fetch_with_credentials(copy)
        except BackendError as error:
            if not _DAMAGED.search(error.title.lower()):
                raise
            await asyncio.to_thread(shutil.rmtree, other, ignore_errors=True)
            await self._fetch_with_credentials(other)
            await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)
            other.replace(copy)
        self._link()

    async def _fetch_with_credentials(self, copy: Path) -> None:
        """Fetch; with a token that was refused, once more after it was read again: tokens rotate."""
        sent = self._address.header
        try:
            await self._fetch_into(copy)
        except BackendRefused:
            with contextlib.suppress(ConfigError):  # the token is gone: that it was refused is what counts
                await self._address.reread()
            if self._address.header == sent:
                raise
            await self._fetch_into(copy)

    async def _fetch_into(self, copy: Path) -> None:
        if not (copy / "HEAD").is_file():
            await self._git.run(str(copy), "init", "--bare", "--quiet", "--template=")
        await self._git.talk(
            str(copy),
            *("-c", f"remote.origin.url={self._address.place}", "fetch", "--quiet", "--prune", "--force", "--no-tags"),
            *("--no-write-fetch-head", "--no-recurse-submodules", f"--filter=blob:limit={LARGEST_FILE}"),
            *("--end-of-options", "origin", *_REFSPECS),
            address=self._address,
            deadline_seconds=self._settings.longest_fetch_seconds,
        )

    def _link(self) -> None:
        """Make what was fetched readable."""
        for name, text in _READ.items():
            half = self.directory / f"{name}.half"
            half.write_text(text)
            half.replace(self.directory / name)
        for name in _LINKS:
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(Path(_COPY, name))
        (self.directory / _MARK).touch()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the copy's lock: programs that start at one moment must not write over each other."""
        try:
            descriptor = os.open(f"{self.directory}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(self._git.what, error) from error
        try:
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await self._clock.sleep(_SECONDS_BETWEEN_LOOKS)
            yield
        finally:
            os.close(descriptor)


def _unwritable(what: str, error: OSError) -> BackendUnavailable:
    return BackendUnavailable(
        safe_text(
            f"{what}: the copy of the repository cannot be written: {(error.strerror or str(error)).lower()}", 300
        ),
        "Make room in the cache directory, or let this account write there.",
    )
