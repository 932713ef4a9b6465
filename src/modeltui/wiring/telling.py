"""Puts together whom a context tells what happened: its sinks, behind the outbox of this operator on this machine."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from modeltui.adapters.notify import Sink, open_notifier
from modeltui.config import paths
from modeltui.config.load import Loaded
from modeltui.config.secrets import SecretStore
from modeltui.ports.clock import Clock
from modeltui.ports.notifier import Notifier


async def notifier_of(loaded: Loaded, clock: Clock, secrets: SecretStore, stack: AsyncExitStack) -> Notifier:
    """Return the notifier of a context; no file is made and nobody is asked before the first notice."""
    directory = Path(paths.outbox_dir(loaded.file, loaded.context_name))
    return await stack.enter_async_context(open_notifier(directory, _sinks(loaded), clock, resolve=secrets.resolve))


def _sinks(loaded: Loaded) -> list[Sink]:
    return [
        Sink(sink.kind.value, sink.url or "", sink.key or "", sink.secret or "", frozenset(sink.on))
        for sink in loaded.context.notify
    ]
