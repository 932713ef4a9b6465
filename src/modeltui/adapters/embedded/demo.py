"""The files of a demo: a world and the configuration that shows it, in one directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modeltui.adapters.embedded.demo_config import CONFIG_NAME, WORLD_NAME, demo_config
from modeltui.adapters.embedded.world import create_world
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Instant
from modeltui.domain.text import safe_text


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where a demo lies."""

    world: Path
    config: Path


def prepare_demo(directory: Path, seed: int, now: Instant) -> DemoFiles:
    """Return the files of a demo in `directory`, made where they do not exist; what exists is left as it is.

    Making them takes about a second. Raises `ConfigError` when the directory cannot hold them.
    """
    files = DemoFiles(directory.absolute() / WORLD_NAME, directory.absolute() / CONFIG_NAME)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not files.config.exists():
            files.config.write_text(demo_config(Path(WORLD_NAME)), encoding="utf-8")
            files.config.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            f"{safe_text(str(directory))} cannot hold a world: {error.strerror}", "Name another one with --dir."
        ) from error
    if not files.world.exists():
        create_world(files.world, seed, now)
    return files
