"""The commands: their names and global options; each is imported when it runs."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from modeltui import __version__
from modeltui.cli.output import fail
from modeltui.config.options import Options
from modeltui.domain.errors import ModeltuiError

COMMANDS: dict[str, str] = {
    "demo": "Open the embedded world: a live, simulated incident.",
    "status": "Print the fleet, worst first.",
    "versions": "Print the versions of a model and what is known of each.",
    "compare": "Print what changed between two versions, the likely cause first.",
    "lineage": "Print where a version comes from, what came of it, and which targets serve it.",
    "provenance": "Print all that is known of what made a version, and how complete that is.",
    "parity": "Print whether the environments of a model are the same, and fit what serves in them.",
    "skew": "Print which version serves in which environment, and what differs.",
    "plan": "Say what a rollback, abort, promotion or change of traffic would do; nothing is sent.",
    "apply": "Carry out a plan that was made before, exactly as it was made or not at all.",
    "rollback": "Make an earlier version the only one that serves: the last known good one.",
    "abort": "Stop a rollout: all traffic to stable.",
    "approve": "Say yes to somebody else's plan, or list what waits for a second person.",
    "deny": "Say no to somebody else's plan.",
    "journal": "Read, check or export the record, or ask it what served when.",
    "observe": "Write down which version serves, now or again and again.",
    "doctor": "Ask every source what works: reach, auth, latency, clock, labels.",
    "config": "Write, check, explain or show the configuration.",
    "completion": "Print the shell completion script.",
}
"""Name and first help line; the module has the name of the command."""
_MODULES = {"config": "configure"}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"modeltui.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from modeltui.config.problems import did_you_mean

            raise click.UsageError(f"no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}", ctx) from error


@click.command(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="modeltui %(version)s")
@click.option("--config", metavar="FILE", help="The configuration file.")
@click.option("--context", metavar="NAME", help="Which context of the configuration.")
@click.option("--read-only", is_flag=True, help="Nothing in this process can write.")
@click.option("--theme", metavar="NAME", help="The theme of the screens.")
@click.option("--ascii", "ascii_only", is_flag=True, help="No character outside ASCII.")
@click.option("--no-color", is_flag=True, help="No colour at all; NO_COLOR does the same.")
@click.option(
    "--no-diff", is_flag=True, help="Send whole regions instead of changed cells: a way out on odd terminals."
)
@click.pass_context
def main(
    ctx: click.Context,
    /,
    config: str | None,
    context: str | None,
    read_only: bool,
    theme: str | None,
    ascii_only: bool,
    no_color: bool,
    no_diff: bool,
) -> None:
    """See which version of which model goes wrong in production, and take it back.

    Without a command the screens open. Exit codes: 0 done, 1 a backend said no, 2 usage or configuration,
    3 refused or the world moved, 4 outcome unknown, 130 interrupted.
    """
    options = Options(config=config, context=context, read_only=read_only, ascii=ascii_only, no_color=no_color)
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        from modeltui.cli.screens import open_screens

        sys.exit(open_screens(options, theme=theme, no_diff=no_diff))


def run(arguments: list[str]) -> None:
    """Run the command line and leave with its exit code; no traceback for what is expected."""
    try:
        code = main.main(arguments, prog_name="modeltui", standalone_mode=False)
    except ModeltuiError as error:
        fail(error.title, error.remedy)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        sys.exit(2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # the top of the process: whatever it was is reported, not printed
        sys.exit(_report(error))
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    """Write a crash report, name it in one line on a terminal that was given back, and return the exit code."""
    from modeltui.config import paths
    from modeltui.config.crash import write_report

    fail(write_report(error, paths.crash_dir()))
    return 1
