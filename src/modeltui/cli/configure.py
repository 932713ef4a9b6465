"""`modeltui config init|check|schema|show`: the configuration itself."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from modeltui import plugins
from modeltui.cli.output import data, json_object, note
from modeltui.config import paths
from modeltui.config.load import Options, load
from modeltui.domain.errors import ConfigError
from modeltui.present.table import aligned


@click.group("config", help="Write, check, explain or show the configuration.")
def command() -> None:
    """Work on the configuration."""


@command.command("init", help="Write a first configuration, with every choice explained.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def init(options: Options, force: bool) -> int:
    """Write the file that would be read."""
    from modeltui.config.starting_point import STARTING_POINT

    file, named_by = paths.config_file(options.config)
    path = Path(file)
    if path.exists() and not force:
        raise ConfigError(f"{path} exists ({named_by})", "'modeltui config init --force' replaces it")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(STARTING_POINT)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", "name another file with --config") from error
    note(f"written: {path}; edit it, then: modeltui config check")
    return 0


@command.command("check", help="Read the configuration and say everything that is wrong with it.")
@click.pass_obj
def check(options: Options) -> int:
    """Check the whole file, the theme and every source of the context; nothing is contacted."""
    from modeltui.cli.theme_choice import theme_of
    from modeltui.wiring.observing import open_observer

    loaded = load(options)
    theme_of(loaded)

    async def opened() -> list[str]:
        async with open_observer(loaded, start_from_cache=False) as observer:
            return [f"{source.name}: {source.backend} {source.kind}" for source in observer.sources]

    data(asyncio.run(opened()))
    note(f"{loaded.file}: good; context {loaded.context_name}; 'modeltui doctor' asks the sources")
    return 0


@command.command("schema", help="Print the JSON Schema of the configuration, for editors.")
def schema() -> int:
    """Print the schema with the options of every adapter that loads."""
    from modeltui.config.reference import json_schema

    kinds: dict[str, list[type]] = {}
    for kind, ports in plugins.names().items():
        for port in ports:
            options = plugins.load(port, kind).options
            if options not in kinds.setdefault(kind, []):
                kinds[kind].append(options)
    json_object(json_schema(kinds))
    return 0


@command.command("show", help="Print every value in force and where it came from; secrets by reference only.")
@click.pass_obj
def show(options: Options) -> int:
    """Print the values with their origins."""
    from modeltui.config.show import shown_values

    rows = [["KEY", "VALUE", "FROM"]]
    rows += [[shown.path, shown.value, shown.origin] for shown in shown_values(load(options))]
    data(aligned(rows))
    return 0
