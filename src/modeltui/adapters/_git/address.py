"""Where a repository is: a folder here, or an address elsewhere; what may be shown of it, and what may not."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Meta, Struct

from modeltui.domain.errors import ConfigError
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import SecretValue

_SCHEMES: Final = frozenset({"https", "http", "ssh", "git", "file"})
_AS_SCP: Final = re.compile(r"(?:[\w.+-]+@)?[A-Za-z0-9][\w.-]*:(?!//)(?!\\).+")
"""`git@host:path`, as scp writes it."""
_LONGEST: Final = 2_000


class RepositorySettings(Struct, frozen=True, kw_only=True):
    """How to reach a repository: the part of an adapter's options that those with repositories share."""

    token: SecretValue | None = None
    """For `https://`: a token or password. Without it git asks its own credential helpers, never a terminal; SSH uses
    the agent and keys of the account."""
    username: str = "git"
    """Goes with the token; most servers take any."""
    fetch_seconds: Annotated[float, Meta(ge=0)] = 15.0
    """What is elsewhere is fetched at most this often."""
    longest_fetch_seconds: Annotated[float, Meta(gt=0)] = 600.0
    """A first copy may take long: it goes on behind the questions that do not wait for it."""


@dataclass(frozen=True, slots=True)
class Address:
    """One repository."""

    place: str
    """What git is told: a path, or an address without password. Never begins with a dash."""
    is_remote: bool
    shown: SafeText
    """What people and other sources see of it."""
    header: str = field(default="", repr=False)
    """The HTTP header with the credentials; empty when there are none."""

    @property
    def server(self) -> str:
        """The scheme and host that get the header, and nobody else."""
        scheme, _, rest = self.place.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/"


def address_of(where: str, base_directory: Path, settings: RepositorySettings) -> Address:
    """Return the address of a repository, credentials apart from it; raise `ConfigError` for what is none."""
    where = where.strip()
    if not where or where.startswith("-") or len(where) > _LONGEST or not where.isprintable():
        raise ConfigError(f"{safe_text(without_tokens(where), 80)!r} is no repository", "Give a path or an address.")
    scheme, separator, _ = where.partition("://")
    if separator:
        return _of_url(where, scheme.lower(), settings)
    if "::" in where.split("/", 1)[0]:
        raise ConfigError(f"{_shown(where)!r} names a transport helper", "Use https, ssh, git, file or a path.")
    if _AS_SCP.fullmatch(where) and not (base_directory / where).exists():
        return Address(where, True, _shown(where))
    path = base_directory / Path(where).expanduser()
    return Address(str(path), False, safe_text(str(path), 1_000))


def _of_url(url: str, scheme: str, settings: RepositorySettings) -> Address:
    if scheme not in _SCHEMES:
        raise ConfigError(f"{_shown(url)!r} has a scheme that is not read", f"Use {', '.join(sorted(_SCHEMES))}.")
    try:
        parts = urlsplit(url)
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError as error:
        raise ConfigError(f"{_shown(url)!r} is no address", "Correct it.") from error
    if scheme not in ("http", "https"):
        if password:
            raise ConfigError(f"{_shown(url)!r} has a password, which {scheme} does not take", "Use a key or an agent.")
        return Address(url, True, _shown(url))
    clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if settings.token is not None:
        username, password = username or settings.username, settings.token.reveal()
    if not password and username:
        return Address(url, True, _shown(clean))  # the name alone is no secret: credential helpers look it up
    return Address(clean, True, _shown(clean), _basic(username, password) if password else "")


def _basic(username: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _shown(address: str) -> SafeText:
    return safe_text(without_tokens(address), 1_000)
