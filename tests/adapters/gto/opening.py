"""Opens the adapter as a configuration does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from modeltui.adapters.gto import history, registry
from modeltui.adapters.gto.options import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import SecretValue, Surroundings
from modeltui.ports.code_history import CodeHistory
from modeltui.ports.registry import Registry


def surroundings(folder: Path, cache: Path | None = None) -> Surroundings:
    """What an adapter gets."""

    def no_secret(name: str) -> SecretValue:
        raise ConfigError(f"no secret {name}")

    return Surroundings(SourceName(SafeText("models")), SystemClock(), (), no_secret, folder, cache)


@asynccontextmanager
async def opened(repository: str | Path, folder: Path, **options: Any) -> AsyncIterator[Registry]:
    """A registry over a repository; what is elsewhere is copied below the folder."""
    chosen = Options(repository=str(repository), **{"fetch_seconds": 0.0, **options})
    async with registry.connect(chosen, surroundings(folder, folder / "cache")) as found:
        yield found


@asynccontextmanager
async def history_of(repository: str | Path, folder: Path, **options: Any) -> AsyncIterator[CodeHistory]:
    """The code history of the same repository."""
    chosen = Options(repository=str(repository), **{"fetch_seconds": 0.0, **options})
    async with history.connect(chosen, surroundings(folder, folder / "cache")) as found:
        yield found


def model(name: str) -> ModelName:
    """A model's name."""
    return ModelName(SafeText(name))


def version(name: str) -> VersionId:
    """A version's name."""
    return VersionId(SafeText(name))
