"""One repository, here or elsewhere, as adapters ask it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeltui.adapters._git.address import Address, RepositorySettings, address_of
from modeltui.adapters._git.mirror import Mirror
from modeltui.adapters._git.objects import Found, Listing, checked_in, contents_in, entries_in
from modeltui.adapters._git.program import MEBIBYTE, Git
from modeltui.domain.errors import BackendRefused
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings

_NAME: Final = re.compile(r"[A-Za-z0-9][\w./+@#=!-]{0,250}")
"""What may be asked for as a commit: an id, a branch, a tag. No ranges, no `@{…}`, no options."""
_MOST_LISTED_BYTES: Final = 16 * MEBIBYTE
_MOST_REFS_BYTES: Final = 32 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Head:
    """One commit as a log lists it; bytes decoded, not yet safe to show."""

    oid: str
    at: float
    author: str
    subject: str


class Repository:
    """Reads one repository. Every method raises `BackendError` when it cannot."""

    def __init__(self, address: Address, git: Git, mirror: Mirror | None) -> None:
        self.address = address
        self._git = git
        self._mirror = mirror
        self._path = Path(address.place)

    @property
    def directory(self) -> str:
        """What git is told as `--git-dir`."""
        if self._mirror is not None:
            return str(self._mirror.directory)
        inside = self._path / ".git"
        return str(inside if inside.exists() else self._path)

    async def fetched(self, max_age_seconds: float) -> None:
        """Return once what is elsewhere is known as it was at most so long ago; a repository here always is."""
        if self._mirror is not None:
            await self._mirror.fetched(max_age_seconds)
        elif not self._path.is_dir():
            raise BackendRefused(
                f"{self._git.what}: there is no folder {self.address.shown}", "Correct the path, or clone it there."
            )

    async def copied(self) -> None:
        """Return once there is something to read, however old."""
        if self._mirror is None or not self._mirror.is_copied:
            await self.fetched(float("inf"))

    async def refs(self, prefix: str) -> list[tuple[str, str]]:
        """Return object ids and names of all refs below `prefix`, `refs/tags/`, in the order of their names."""
        output = await self._git.run(
            self.directory,
            *("for-each-ref", "--format=%(objectname) %(refname)", "--", prefix),
            most_bytes=_MOST_REFS_BYTES,
        )
        pairs = (line.split(" ", 1) for line in output.text.decode("utf-8", "surrogateescape").splitlines())
        return [(pair[0], pair[1].removeprefix(prefix)) for pair in pairs if len(pair) == 2]

    async def resolved(self, name: str) -> tuple[str, str]:
        """Return the whole id of a commit, and why there is none: one of the two is empty."""
        if not _NAME.fullmatch(name) or ".." in name or "@{" in name:
            return "", "it is no name of a commit"
        output = await self._git.run(
            self.directory, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}", may_fail=True
        )
        if output.code == 0:
            return output.text.decode("ascii", "replace").strip(), ""
        if b"ambiguous" in output.complaint:
            return "", "several commits begin so"
        if b"not a git repository" in output.complaint:
            raise _no_repository(self._git.what, self.address.shown)
        return "", "it is not there"

    async def is_shallow(self) -> bool:
        """Tell whether the history ends before its beginning."""
        output = await self._git.run(self.directory, "rev-parse", "--is-shallow-repository")
        return output.text.strip() == b"true"

    async def has_common_past(self, a: str, b: str) -> bool:
        """Tell whether two commits have a common ancestor here."""
        output = await self._git.run(self.directory, "merge-base", a, b, may_fail=True)
        return output.code == 0

    async def commits(self, included: str, excluded: str, most: int) -> list[Head]:
        """Return the commits that lead to one commit and not to the other, newest first."""
        form = "--format=%H%x00%ct%x00%an%x00%s%x00"
        output = await self._git.run(
            self.directory,
            *("log", form, f"--max-count={most}", "--no-show-signature", "--no-notes", "--end-of-options"),
            *(included, f"^{excluded}", "--"),
            may_cut=True,
        )
        fields = output.text.decode("utf-8", "replace").split("\0")
        rows = zip(*(fields[start::4] for start in range(4)), strict=False)
        return [Head(oid.strip(), _seconds(at), author, subject) for oid, at, author, subject in rows if oid.strip()]

    async def changed_files(self, a: str, b: str, most: int) -> tuple[list[str], bool]:
        """Return the paths that differ between two commits, and whether there are more; not yet safe to show."""
        output = await self._git.run(
            self.directory,
            *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--end-of-options", a, b, "--"),
            most_bytes=MEBIBYTE,
            may_cut=True,
        )
        paths = [path.decode("utf-8", "surrogateescape") for path in output.text.split(b"\0")[:-1]]
        return paths[:most], output.is_cut or len(paths) > most

    async def files(self, commit: str, directory: str = "") -> Listing:
        """Return the files of a commit below a directory, which is empty or ends in a slash."""
        below = [directory] if directory else []
        output = await self._git.run(
            self.directory,
            *("ls-tree", "-r", "-z", "--full-tree", commit, "--", *below),
            most_bytes=_MOST_LISTED_BYTES,
            may_cut=True,
        )
        return Listing(tuple(entries_in(output.text)), output.is_cut)

    async def contents(self, names: Sequence[str], most_bytes_each: int, most_bytes: int) -> dict[str, Found]:
        """Return objects by their ids, or by `commit:path`; in two processes, however many they are.

        What is larger than `most_bytes_each`, or would make all together larger than `most_bytes`, comes without its
        content.
        """
        asked = [name for name in dict.fromkeys(names) if name and "\n" not in name]
        if not asked:
            return {}
        lines = "\n".join((*asked, "")).encode("utf-8", "surrogateescape")
        output = await self._git.run(
            self.directory, "cat-file", "--batch-check", "--buffer", stdin=lines, most_bytes=_MOST_REFS_BYTES
        )
        found = checked_in(output.text, asked)
        wanted, left = [], most_bytes
        for one in found.values():
            if one.kind != "missing" and one.size_bytes <= min(most_bytes_each, left):
                wanted.append(one.oid)
                left -= one.size_bytes
        if wanted:
            printed = await self._git.run(
                self.directory,
                *("cat-file", "--batch", "--buffer"),
                stdin="\n".join((*dict.fromkeys(wanted), "")).encode(),
                most_bytes=most_bytes + 200 * len(wanted),
                may_cut=True,
            )
            read = contents_in(printed.text)
            found = {name: read.get(one.oid, one) for name, one in found.items()}
        return found

    async def missing(self, oids: Sequence[str]) -> frozenset[str]:
        """Return which of these objects are not here."""
        asked = list(dict.fromkeys(oids))
        if not asked:
            return frozenset()
        lines = "\n".join((*asked, "")).encode("ascii", "replace")
        output = await self._git.run(
            self.directory, "cat-file", "--batch-check", "--buffer", stdin=lines, most_bytes=_MOST_REFS_BYTES
        )
        return frozenset(oid for oid, one in checked_in(output.text, asked).items() if one.kind == "missing")

    async def setting(self, name: str) -> str:
        """Return a setting of the repository itself; empty when it has none."""
        output = await self._git.run(self.directory, "config", "--local", "--get", name, may_fail=True)
        return output.text.decode("utf-8", "replace").strip() if output.code == 0 else ""

    async def version_of_git(self) -> str:
        """Return the version of the program."""
        output = await self._git.run(self.directory, "version")
        return output.text.decode("utf-8", "replace").strip().removeprefix("git version ")


@asynccontextmanager
async def open_repository(
    where: str, settings: RepositorySettings, surroundings: Surroundings
) -> AsyncIterator[Repository]:
    """Give a repository; nothing is read before the first question. Raises `ConfigError` for what is no address."""
    address = address_of(where, surroundings.base_directory, settings)
    git = Git(surroundings.source)
    if not address.is_remote:
        yield Repository(address, git, None)
        return
    mirror = Mirror(address, settings, git, surroundings.clock, surroundings.cache_directory)
    try:
        async with mirror.open():
            yield Repository(address, git, mirror)
    finally:
        mirror.forget()


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _no_repository(what: str, shown: SafeText) -> BackendRefused:
    return BackendRefused(f"{what}: {shown} is not a git repository", "Correct the path, or clone it there.")
