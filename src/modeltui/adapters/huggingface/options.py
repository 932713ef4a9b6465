"""What the configuration of a Hub may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from modeltui.adapters._http import MEBIBYTE, HttpSettings


class Options(HttpSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Hub with models in repositories; `auth: {type: bearer, token: "env:HF_TOKEN"}` for private ones."""

    repositories: tuple[str, ...] = ()
    """Repositories that are read: `acme/fraud-detector`."""
    author: str = ""
    """Read all repositories of this user or organisation, besides those named."""
    pointers: tuple[str, ...] = ("main",)
    """Branches or tags that are moved to say which version serves; every other tag is a version."""
    commits: Annotated[int, Meta(ge=1, le=1000)] = 30
    """Where a repository has no tags: how many commits of its main branch are versions, the latest ones."""
    main_branch: str = "main"
    """The branch whose commits are versions where there are no tags."""
    commit_is_code: bool = False
    """The training code lies in the same repository: its commit is the version's code."""
    card_bytes: Annotated[int, Meta(ge=1)] = 5 * MEBIBYTE
    """Largest model card that is read."""

    def __post_init__(self) -> None:
        """Raise `ValueError` when there is nothing to read, or a name that no repository has."""
        if not self.repositories and not self.author:
            raise ValueError("give repositories, author or both")
        for name in self.repositories:
            parts = name.split("/")
            if len(parts) > 2 or any(part in {"", ".", ".."} for part in parts):
                raise ValueError(f"{name!r} is no repository; write owner/name")


def http_settings(options: Options, base_directory: Path) -> HttpSettings:
    """Return the HTTP part, with paths found."""
    files = {
        name: base_directory / path
        for name in ("ca_file", "client_certificate_file", "client_key_file")
        if (path := getattr(options, name)) is not None
    }
    return msgspec.structs.replace(options, **files)
