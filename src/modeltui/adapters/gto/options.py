"""What the configuration of a GTO repository may say."""

from __future__ import annotations

from modeltui.adapters._git import RepositorySettings


class Options(RepositorySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A git repository in which models are registered by tags (GTO), with or without DVC."""

    repository: str
    """A path, or an address: `https://…`, `ssh://…`, `git@host:path`. What is elsewhere is copied into the cache, bare
    and without files above 1 MiB."""
    address: str = ""
    """How other sources call this repository, when they call it otherwise."""
    deprecated: bool = False
    """List models that were deprecated, too."""
