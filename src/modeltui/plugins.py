"""Finds adapters: the names of all (imports nothing), or one by its name (imports that one).

Our own are listed here so that a start does not read the metadata of every installed package (41 ms); they are
registered as entry points all the same, like anybody's, and a test holds the two lists together.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from modeltui.domain.errors import ConfigError
from modeltui.domain.fleet import SourceKind
from modeltui.ports.adapter import Connect

BUILT_IN: dict[SourceKind, dict[str, str]] = {
    SourceKind.REGISTRY: {
        "embedded": "modeltui.adapters.embedded.registry",
        "mlflow": "modeltui.adapters.mlflow.registry",
        "model-folder": "modeltui.adapters.model_folder.registry",
    },
    SourceKind.METRICS: {
        "embedded": "modeltui.adapters.embedded.metrics",
        "prometheus": "modeltui.adapters.prometheus.metrics",
        "scrape": "modeltui.adapters.scrape.metrics",
    },
    SourceKind.ROLLOUTS: {
        "embedded": "modeltui.adapters.embedded.rollout_reader",
    },
}
_DEFAULT_POLL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Adapter:
    """One loaded adapter for one port."""

    kind: str
    port: SourceKind
    options: type[Any]
    connect: Connect
    poll_seconds: float
    """How often it wants to be asked when nobody says."""


def names() -> dict[str, tuple[SourceKind, ...]]:
    """Return every kind that can be configured, with the ports it serves; imports no adapter."""
    found: dict[str, list[SourceKind]] = {}
    for port, modules in _modules().items():
        for kind in modules:
            found.setdefault(kind, []).append(port)
    return {kind: tuple(ports) for kind, ports in sorted(found.items())}


def ports_of(kind: str) -> tuple[SourceKind, ...]:
    """Return the ports that a kind serves; empty when there is no such kind."""
    built_in = tuple(port for port, modules in BUILT_IN.items() if kind in modules)
    return built_in or names().get(kind, ())


def load(port: SourceKind, kind: str) -> Adapter:
    """Return one adapter, imported now; raise `ConfigError` when it cannot be."""
    path = BUILT_IN[port].get(kind) or _modules()[port].get(kind)
    if path is None:
        raise ConfigError(f"no adapter of kind {kind!r} serves {port}", f"known: {', '.join(names())}")
    try:
        module = import_module(path)
        poll_seconds = float(getattr(module, "POLL_SECONDS", _DEFAULT_POLL_SECONDS))
        return Adapter(kind, port, module.Options, module.connect, poll_seconds)
    except (Exception, SystemExit) as error:  # a foreign package may fail in any way; it must be named, not obeyed
        raise ConfigError(
            f"the adapter {kind!r} ({path}) cannot be loaded: {type(error).__name__}: {error}",
            "reinstall the package that brings it, or take the source out of the configuration",
        ) from error


def _modules() -> dict[SourceKind, dict[str, str]]:
    from importlib.metadata import entry_points  # 41 ms: only when a name is not one of ours

    return {
        port: {entry.name: entry.value for entry in entry_points(group=f"modeltui.{port}")} | BUILT_IN[port]
        for port in SourceKind
    }
