"""Where a repository is: a folder here, or an address elsewhere; what may be shown of it, and what may not."""

from __future__ import annotations

import asyncio
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
    username: str = ""
    password: SecretValue | str = field(default="", repr=False)
    """Goes over HTTP only; a secret is asked for its value each time, for tokens expire."""

    @property
    def header(self) -> str:
        """The HTTP header with the credentials; empty when there are none."""
        password = self.password if isinstance(self.password, str) else self.password.reveal()
        if not password:
            return ""
        return f"Authorization: Basic {base64.b64encode(f'{self.username}:{password}'.encode()).decode()}"

    async def reread(self) -> None:
        """Fetch the token again from where it is kept, where that can be done; raises `ConfigError` when it is gone."""
        reread = getattr(self.password, "reread", None)
        if reread is not None:
            await asyncio.to_thread(reread)

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
        return Address(clean, True, _shown(clean), username or settings.username, settings.token)
    if password:
        return Address(clean, True, _shown(clean), username, password)
    return Address(url, True, _shown(clean))  # a name alone is no secret: credential helpers look it up


def _shown(address: str) -> SafeText:
    return safe_text(without_tokens(address), 1_000)
