"""A directory with a world and the configuration that opens it."""

from __future__ import annotations

from pathlib import Path

from modeltui.adapters.embedded import simulator
from modeltui.adapters.embedded.demo_config import demo_config
from modeltui.adapters.embedded.world import create_world
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Instant

WORLD = "world.sqlite"
CONFIG = "modeltui.yaml"


def prepare(directory: Path, seed: int, now: Instant) -> Path:
    """Make the world and its configuration where they are not yet; return the configuration file."""
    world, config = directory / WORLD, directory / CONFIG
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not world.exists():
            create_world(world, seed, now)
        config.write_text(demo_config(world), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{directory} cannot hold a world: {error.strerror}", "name another one with --dir"
        ) from error
    return config


def run(directory: Path, seed: int, speed: float, *, ends_with_parent: bool) -> int:
    """Keep the world moving until told to end; return the exit code."""
    arguments = [str(directory / WORLD), "--seed", str(seed), "--speed", str(speed)]
    return simulator.main([*arguments, "--with-parent"] if ends_with_parent else arguments)
