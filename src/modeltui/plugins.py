"""Finds adapters: the names of all (imports nothing), or one by its name (imports that one).

Our own are listed here so that a start does not read the metadata of every installed package (41 ms); they are
registered as entry points all the same, like anybody's, and a test holds the two lists together.

What can write is found by its promise: a module that says what writing guarantees and which module does it. The promise
may be loaded by anybody who may act; the writer is loaded by the actor process alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from modeltui.domain.errors import ConfigError
from modeltui.domain.fleet import SourceKind
from modeltui.ports.adapter import Connect

TYPE_CHECKING = False
if TYPE_CHECKING:  # who only looks loads nothing of this
    from collections.abc import Callable

    from modeltui.domain.acting.action import Desired
    from modeltui.domain.names import TargetKey
    from modeltui.domain.policy import Policy
    from modeltui.domain.rollout import Rollout
    from modeltui.domain.text import SafeText
    from modeltui.ports.rollout_writer import ConnectWriter, Promise, WritesTo

BUILT_IN: dict[SourceKind, dict[str, str]] = {
    SourceKind.REGISTRY: {
        "embedded": "modeltui.adapters.embedded.registry",
        "huggingface": "modeltui.adapters.huggingface.registry",
        "mlflow": "modeltui.adapters.mlflow.registry",
        "gto": "modeltui.adapters.gto.registry",
        "model-folder": "modeltui.adapters.model_folder.registry",
        "sql": "modeltui.adapters.sql_registry.registry",
    },
    SourceKind.METRICS: {
        "embedded": "modeltui.adapters.embedded.metrics",
        "prometheus": "modeltui.adapters.prometheus.metrics",
        "scrape": "modeltui.adapters.scrape.metrics",
    },
    SourceKind.ROLLOUTS: {
        "embedded": "modeltui.adapters.embedded.rollout_reader",
    },
    SourceKind.PROVENANCE: {
        "cyclonedx": "modeltui.adapters.cyclonedx.provenance",
        "model-signing": "modeltui.adapters.model_signing.provenance",
        "openlineage": "modeltui.adapters.openlineage.provenance",
    },
    SourceKind.CODE: {
        "embedded": "modeltui.adapters.embedded.code_history",
        "git": "modeltui.adapters.git_history.history",
        "gto": "modeltui.adapters.gto.history",
    },
}
WRITING: dict[str, str] = {
    "embedded": "modeltui.adapters.embedded.writing_promise",
    "mlflow": "modeltui.adapters.mlflow.writing_promise",
}
"""Kinds that can write, with the module of their promise. It has these names:

`KIND`      as in the configuration.
`promise`   options, surroundings and policy give a `WritingPromise`.
`call`      target, rollout, desired state and policy give what the backend will be told, in its words.
`writes_to` target, options, surroundings and policy give where that is sent: which server or file, and what is moved
            there (aliases, say), without secrets. A plan is bound to this text: another one voids it.
`WRITER`    the module with `KIND`, `Options` and `connect` (a `ConnectWriter`).
"""
WRITING_GROUP = "writing"
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


@dataclass(frozen=True, slots=True)
class Writing:
    """What one kind promises about writing, and where its writer is; the writer is not loaded."""

    kind: str
    port: SourceKind
    """Of its sources, which one is written through: the one that also reads what it is told."""
    promise: Promise
    call: Callable[[TargetKey, Rollout, Desired, Policy], SafeText]
    writes_to: WritesTo
    writer: str
    """Dotted name of the writer's module."""


def names() -> dict[str, tuple[SourceKind, ...]]:
    """Return every kind that can be configured, with the ports it serves; imports no adapter."""
    found: dict[str, list[SourceKind]] = {}
    for port, modules in _modules().items():
        for kind in modules:
            found.setdefault(kind, []).append(port)
    return {kind: tuple(ports) for kind, ports in sorted(found.items())}


def ports_of(kind: str) -> tuple[SourceKind, ...]:
    """Return the ports that a kind serves; empty when there is no such kind."""
    return _our_ports(kind) or names().get(kind, ())


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
        raise _cannot_be_loaded(kind, path, error) from error


def writing(kind: str) -> Writing | None:
    """Return what a kind promises about writing, imported now; `None` when it cannot write.

    Raises `ConfigError` when it should be able to and cannot be loaded.
    """
    path = WRITING.get(kind) or (None if _our_ports(kind) else _entry_points(WRITING_GROUP).get(kind))
    if path is None:
        return None
    ports = ports_of(kind)
    port = SourceKind.ROLLOUTS if SourceKind.ROLLOUTS in ports else SourceKind.REGISTRY
    try:
        module = import_module(path)
        return Writing(kind, port, module.promise, module.call, module.writes_to, str(module.WRITER))
    except (Exception, SystemExit) as error:  # as in `load`
        raise _cannot_be_loaded(kind, path, error) from error


def connect_writer(writing: Writing) -> ConnectWriter:
    """Return how the writer is opened, imported now. For the actor process; nobody else may hold a writer."""
    try:
        connect: ConnectWriter = import_module(writing.writer).connect
    except (Exception, SystemExit) as error:  # as in `load`
        raise _cannot_be_loaded(writing.kind, writing.writer, error) from error
    return connect


def _our_ports(kind: str) -> tuple[SourceKind, ...]:
    return tuple(port for port, modules in BUILT_IN.items() if kind in modules)


def _cannot_be_loaded(kind: str, path: str, error: BaseException) -> ConfigError:
    return ConfigError(
        f"the adapter {kind!r} ({path}) cannot be loaded: {type(error).__name__}: {error}",
        "reinstall the package that brings it, or take the source out of the configuration",
    )


def _modules() -> dict[SourceKind, dict[str, str]]:
    return {port: _entry_points(port) | BUILT_IN[port] for port in SourceKind}


def _entry_points(group: str) -> dict[str, str]:
    from importlib.metadata import entry_points  # 41 ms: only when a name is not one of ours

    return {entry.name: entry.value for entry in entry_points(group=f"modeltui.{group}")}
