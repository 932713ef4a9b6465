"""Puts the program together: one configured context becomes an observer with its sources open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modeltui import plugins
from modeltui.adapters.system import snapshot_file
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.load import Loaded
from modeltui.config.policy import policy_of
from modeltui.config.problems import InvalidConfigError, Problem, did_you_mean
from modeltui.config.schema import Mode, SourceConfig
from modeltui.config.secrets import SecretStore
from modeltui.domain.cached import to_cache, with_cached
from modeltui.domain.errors import ConfigError
from modeltui.domain.fleet import Context, Fleet, SourceKind
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.policy import Policy
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.engine.source import Source
from modeltui.engine.store import Store
from modeltui.plugins import Adapter
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Plan:
    """A source that can be opened: its options are checked, nothing was contacted."""

    name: SourceName
    config: SourceConfig
    adapter: Adapter
    options: Any


def checked_plans(loaded: Loaded, secrets: SecretStore) -> list[Plan]:
    """Return the sources of the context; raise `ConfigError` with every mistake in their options."""
    sources = loaded.context.sources
    kinds = [port for config in sources.values() for port in plugins.ports_of(config.kind)]
    plans: list[Plan] = []
    problems: list[Problem] = []
    for key, config in sources.items():
        ports = plugins.ports_of(config.kind)
        if not ports:
            known = plugins.names()
            says = f"there is no adapter {config.kind!r}{did_you_mean(config.kind, known)}; known: {', '.join(known)}"
            problems.append(Problem(config.place, f"{config.path}.kind", says))
        for port in ports:
            adapter = plugins.load(port, config.kind)
            try:
                options = config.options(adapter.options, secrets)
            except InvalidConfigError as error:
                problems.extend(problem for problem in error.problems if problem not in problems)
                continue
            plans.append(Plan(_source_name(key, port, ports, kinds), config, adapter, options))
    if problems:
        raise InvalidConfigError(problems)
    return plans


def _source_name(key: str, port: SourceKind, ports: tuple[SourceKind, ...], kinds: list[SourceKind]) -> SourceName:
    """Return the name on row 1: the configured one; for a source with several ports the port's, where that is clear."""
    if len(ports) == 1:
        return SourceName(safe_text(key))
    return SourceName(safe_text(port.value if kinds.count(port) == 1 else f"{key}-{port}"))


@asynccontextmanager
async def open_observer(
    loaded: Loaded, *, clock: Clock | None = None, secrets: SecretStore | None = None, start_from_cache: bool = True
) -> AsyncIterator[Observer]:
    """Open every source of the context and give an observer over them; raise `ConfigError` before any contact."""
    clock, secrets = clock or SystemClock(), secrets or SecretStore()
    policy = policy_of(loaded.context)
    async with AsyncExitStack() as stack:
        # A secret may be a command that takes seconds: the screens must answer keys meanwhile.
        plans = await asyncio.to_thread(checked_plans, loaded, secrets)
        sources = [await _open(plan, policy, clock, secrets, stack) for plan in plans]
        fleet = Fleet(
            context_of(loaded), policy, at=clock.now(), sources={source.name: source.state() for source in sources}
        )
        cached = snapshot_file.load(snapshot_path(loaded)) if start_from_cache else None
        if cached is not None:
            fleet = with_cached(fleet, cached[1], saved_at=cached[0], now=clock.now())
        yield Observer(Store(fleet), tuple(sources), clock)


def system_clock() -> Clock:
    """Return the machine's clock: for commands that wait, or ask on a terminal."""
    return SystemClock()


def now() -> Instant:
    """Return the wall time: for faces, which hold no clock."""
    return SystemClock().now()


def context_of(loaded: Loaded) -> Context:
    """Return where the program looks, as the domain says it."""
    return Context(
        name=safe_text(loaded.context_name),
        production=loaded.context.production,
        read_only=loaded.context.mode is Mode.READ_ONLY,
        simulated=loaded.context.simulated,
    )


def snapshot_path(loaded: Loaded) -> str:
    """Return where the last fleet of this context is kept."""
    return paths.snapshot_file(loaded.file, loaded.context_name)


def save_snapshot(loaded: Loaded, fleet: Fleet) -> None:
    """Keep a fleet for the next start; raise `OSError` when that fails."""
    snapshot_file.save(snapshot_path(loaded), fleet.at, to_cache(fleet))


def prepare_demo(directory: Path, seed: int) -> Path:
    """Make the embedded world and its configuration where they are not yet; return the configuration file."""
    from modeltui.adapters.embedded import demo

    return demo.prepare_demo(directory, seed, SystemClock().now()).config


def run_demo(directory: Path, seed: int, speed: float, *, ends_with_parent: bool) -> int:
    """Keep the world of `prepare_demo` moving until told to end."""
    from modeltui.adapters.embedded import demo_config, simulator

    arguments = [str(directory / demo_config.WORLD_NAME), "--seed", str(seed), "--speed", str(speed)]
    return simulator.main([*arguments, "--with-parent"] if ends_with_parent else arguments)


async def _open(plan: Plan, policy: Policy, clock: Clock, secrets: SecretStore, stack: AsyncExitStack) -> Source:
    surroundings = Surroundings(
        plan.name,
        clock,
        policy.signals,
        secret=secrets.resolve,
        base_directory=plan.config.base_directory,
        cache_directory=Path(paths.sources_cache_dir()),
    )
    try:
        port = await stack.enter_async_context(plan.adapter.connect(plan.options, surroundings))
    except ConfigError as error:
        says = error.title.removeprefix(f"{plan.name}: ")  # the path names it
        raise InvalidConfigError([Problem(plan.config.place, plan.config.path, says)], error.remedy) from error
    every = plan.config.poll_seconds or plan.adapter.poll_seconds
    return Source(plan.name, plan.adapter.port, safe_text(plan.config.kind), port, every)
