"""`modeltui completion SHELL`: the script that completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from modeltui.cli.output import data


@click.command("completion", help='Print the completion script: eval "$(modeltui completion bash)".')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell."""
    from modeltui.cli.app import main

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    data([kind(main, {}, "modeltui", "_MODELTUI_COMPLETE").source()])
    return 0
