"""How an adapter is opened. An adapter for one port is a module with these names.

`KIND`         what it is called in the configuration: `mlflow`.
`PORT`         which port it serves: a `SourceKind`.
`Options`      a frozen `msgspec.Struct`: the keys its source may have in the configuration.
`connect`      a function that follows `Connect`: gives an async context manager with the port inside.

Entry points in the group `modeltui.<port>` name such modules; one kind may serve several ports by several modules.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modeltui.domain.names import SourceName
from modeltui.domain.signal import Signal
from modeltui.ports.clock import Clock


class SecretValue(Protocol):
    """A secret that prints as dots; `reveal` is called only where the header is written."""

    def reveal(self) -> str:
        """Return the secret itself."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter gets besides its options."""

    source: SourceName
    clock: Clock
    signals: tuple[Signal, ...]
    """What a metrics source is asked for; others ignore it."""
    secret: Callable[[str], SecretValue]
    """Resolves `env:NAME`, `file:PATH`, `command:…`; raises `ConfigError`."""
    base_directory: Path
    """Relative paths in the configuration start here."""
    cache_directory: Path | None = None
    """What can be read again may be kept here, in a folder of the adapter's own; None: nothing may be kept."""


class Connect(Protocol):
    """Opens a source. Does no I/O before the first question, so that a dead backend cannot stop the start."""

    def __call__(self, options: Any, surroundings: Surroundings) -> AbstractAsyncContextManager[Any]:
        """Return a context manager with a `Registry`, `Metrics` or `RolloutReader` inside."""
        ...
