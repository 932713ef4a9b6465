"""Opens the screens: checks the terminal and the configuration first, and Textual is imported last."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from modeltui.cli.output import fail
from modeltui.config import paths
from modeltui.config.load import Loaded, Options, load
from modeltui.config.policy import policy_of
from modeltui.config.schema import Color, Mode
from modeltui.domain.fleet import Context, Fleet
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.tui import skeleton
from modeltui.tui.lifecycle import TerminalRefusal, check_terminal, prepare_environment, run
from modeltui.wiring import open_observer


def open_screens(options: Options, *, theme: str | None = None, no_diff: bool = False) -> int:
    """Run the screens and return their exit code."""
    loaded = load(options)
    use = check_terminal(os.environ, ascii_only=loaded.ui.ascii, no_colour=loaded.ui.color is Color.NEVER)
    if isinstance(use, TerminalRefusal):
        skeleton.give_back()
        fail(use.title, use.remedy)
        return use.exit_code
    prepare_environment(use)

    def open_context(name: str) -> AbstractAsyncContextManager[Observer]:
        chosen = loaded if name == loaded.context_name else load(replace(options, context=name))
        return open_observer(chosen)

    from modeltui.tui.app import ModeltuiApp  # 170 ms: after everything that can still refuse

    app = ModeltuiApp(
        open_context,
        _empty_fleet(loaded),
        loaded.config.contexts,
        theme_name=theme or loaded.ui.theme,
        ascii_only=use.ascii_only,
    )
    app.no_colour = use.colours.value == "none" or loaded.ui.color is Color.NEVER
    app.diff_output = not no_diff
    app.keep_screen = skeleton.is_drawn()
    skeleton.hand_over()
    return run(app, crash_directory=paths.crash_dir(), use=use)


def _empty_fleet(loaded: Loaded) -> Fleet:
    context = Context(
        safe_text(loaded.context_name),
        loaded.context.production,
        loaded.context.mode is Mode.READ_ONLY,
        loaded.context.simulated,
    )
    return Fleet(context, policy_of(loaded.context))
