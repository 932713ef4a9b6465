"""What a Hub answers. Every key may be missing; nothing here is safe to show."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class RepositoryRow(Struct, frozen=True):
    """A repository in a list."""

    id: str = ""


class Ref(Struct, frozen=True):
    """A branch or tag."""

    name: str = ""
    targetCommit: str = ""  # noqa: N815 - as it is sent


class Refs(Struct, frozen=True):
    """Answer of `/refs`."""

    branches: list[Ref] | None = None
    tags: list[Ref] | None = None


class Author(Struct, frozen=True):
    """Who made a commit."""

    user: str | None = ""


class CommitRow(Struct, frozen=True):
    """A commit in a list."""

    id: str = ""
    title: str | None = ""
    date: str | None = ""
    authors: list[Author] | None = None


class Lfs(Struct, frozen=True):
    """What a large file is."""

    sha256: str | None = ""
    size: int | None = None


class Sibling(Struct, frozen=True):
    """A file of a revision."""

    rfilename: str = ""
    size: int | None = None
    blobId: str | None = ""  # noqa: N815 - as it is sent
    lfs: Lfs | None = None


class Revision(Struct, frozen=True):
    """Answer of `/revision/{revision}?blobs=true`."""

    id: str = ""
    sha: str | None = ""
    author: str | None = ""
    lastModified: str | None = ""  # noqa: N815 - as it is sent
    gated: Any = None
    private: bool | None = None
    tags: list[Any] | None = None
    pipeline_tag: str | None = ""
    library_name: str | None = ""
    safetensors: Any = None
    siblings: list[Sibling] | None = None
