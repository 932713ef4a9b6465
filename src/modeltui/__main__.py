"""Starts the right program: the screens, or one command. Imports little, so that both start at once."""

from __future__ import annotations

import os
import sys
import time

_FLAGS = frozenset({"--read-only", "--ascii", "--no-color", "--no-diff"})
_WITH_VALUE = frozenset({"--config", "--context", "--theme"})


def main() -> None:
    """Run `modeltui` with the arguments of this process."""
    arguments = sys.argv[1:]
    _hold_closed_streams()
    if arguments == ["--version"]:
        from modeltui import __version__

        print(f"modeltui {__version__}")
        return
    if _asks_for_screens(arguments):
        _first_frame(arguments)
    from modeltui.cli.app import run

    run(arguments)


def _hold_closed_streams() -> None:
    """Let no file or connection be opened in the place of a standard stream that came closed, and be written into."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free


def _first_frame(arguments: list[str]) -> None:
    """Draw what the last run saw, marked as old, before anything heavy is imported."""
    from modeltui.config import paths
    from modeltui.tui import skeleton

    file, _ = paths.config_file(_value_of("--config", arguments))
    skeleton.draw(
        paths.frame_file(file, _value_of("--context", arguments) or os.environ.get("MODELTUI_CONTEXT", "")),
        time.time(),  # noqa: TID251 - the clock's own module would cost as much as the frame
        choice=skeleton.chosen_by(file, _value_of("--theme", arguments)),
        force_ascii="--ascii" in arguments,
        force_no_colour="--no-color" in arguments,
    )


def _value_of(option: str, arguments: list[str]) -> str:
    for place, argument in enumerate(arguments):
        name, has_value, value = argument.partition("=")
        if name == option:
            return value if has_value else "".join(arguments[place + 1 : place + 2])
    return ""


def _asks_for_screens(arguments: list[str]) -> bool:
    """Tell whether there is no command among the arguments: then the screens are meant."""
    rest = iter(arguments)
    for argument in rest:
        name, has_value, _ = argument.partition("=")
        if name in _WITH_VALUE:
            if not has_value:
                next(rest, None)
        elif argument not in _FLAGS:
            return False
    return True


if __name__ == "__main__":
    main()
