"""Opens the screens: checks the terminal and the configuration first, and Textual is imported last."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from modeltui.cli.output import fail
from modeltui.cli.theme_choice import theme_of
from modeltui.config import paths
from modeltui.config.load import Loaded, Options, load
from modeltui.config.policy import policy_of
from modeltui.config.schema import Color, Mode
from modeltui.domain.fleet import Fleet
from modeltui.engine.observer import Observer
from modeltui.tui import skeleton
from modeltui.tui.frame import FrameRows, colourless_looks
from modeltui.tui.lifecycle import TerminalRefusal, check_terminal, prepare_environment, run
from modeltui.tui.theme_file import Depth, ThemeSpec
from modeltui.wiring.observing import context_of, now, open_observer, save_snapshot

if TYPE_CHECKING:  # a session that only looks loads none of this
    from modeltui.domain.acting.action import Refusal
    from modeltui.ports.acting import Acting


def open_screens(options: Options, *, theme: str | None = None, no_diff: bool = False) -> int:
    """Run the screens and return their exit code."""
    loaded = load(options)
    use = check_terminal(os.environ, ascii_only=loaded.ui.ascii, no_colour=loaded.ui.color is Color.NEVER)
    if isinstance(use, TerminalRefusal):
        skeleton.give_back()
        fail(use.title, use.remedy)
        return use.exit_code
    chosen_theme = theme_of(loaded, theme)
    prepare_environment(use)
    _answer_keys_first()
    # The screen library's own answer to it is grey, which is a colour; the output layer sends none.
    os.environ.pop("NO_COLOR", None)

    opened = {loaded.context_name: loaded}
    """What each context was opened by: all that is done in it goes by the same, whoever edits the file meanwhile."""

    def open_context(name: str) -> AbstractAsyncContextManager[Observer]:
        if name != loaded.context_name:
            opened[name] = load(replace(options, context=name))
        return open_observer(opened[name])

    @asynccontextmanager
    async def open_acting(name: str, observer: Observer) -> AsyncIterator[Acting | Refusal]:
        # Loaded beside the loop, and after the first frame: keys are answered meanwhile.
        wiring = await asyncio.to_thread(import_module, "modeltui.wiring.acting")
        async with wiring.open_acting(opened[name], observer) as acting:
            yield acting

    async def follow(name: str, observer: Observer) -> None:
        wiring = await asyncio.to_thread(import_module, "modeltui.wiring.following")
        await wiring.follow_record(opened[name], observer)

    from modeltui.tui.app import ModeltuiApp  # 170 ms: after everything that can still refuse

    app = ModeltuiApp(
        open_context,
        Fleet(context_of(loaded), policy_of(loaded.context)),
        loaded.config.contexts,
        theme_name=chosen_theme.name,
        ascii_only=use.ascii_only,
        save=_saver(loaded, opened, options, *_first_looks(loaded, chosen_theme, theme)),
        open_acting=open_acting if _may_act(loaded, options) else None,
        follow=follow,
    )
    app.no_colour = use.colours.value == "none" or loaded.ui.color is Color.NEVER
    app.diff_output = not no_diff
    app.started_with = ("--config", str(Path(options.config).absolute())) if options.config else ()
    gc.freeze()  # what is loaded by now stays: it need not be looked through again
    code = run(app, crash_directory=paths.crash_dir(), use=use)
    if app.refusal is not None:
        fail(app.refusal.title, app.refusal.remedy)
    return code


def _may_act(loaded: Loaded, options: Options) -> bool:
    """Tell whether any context that can be opened from here may be acted in; else no key for it is even bound."""
    if options.read_only or loaded.origins.get("mode") == "--read-only":
        return False
    modes = {context.mode for context in loaded.config.contexts.values()} | {loaded.context.mode}
    return modes != {Mode.READ_ONLY}


def _answer_keys_first() -> None:
    """Keep what runs beside the screens from holding up a key."""
    # Snapshots hold no cycles and are freed without the collector, which would stop everything for 0.3 s to look
    # through a fleet of ten thousand models, several times a poll. This often, it takes 1 ms and bounds the garbage.
    gc.set_threshold(10_000, 20, 100)
    # Large answers are read in threads; the loop waits this long, and not 5 ms, each time that it wants its turn.
    sys.setswitchinterval(0.0005)


def draw_first_frame(options: Options) -> None:
    """Draw what the last run saw, or that nothing is known yet, while the rest is loaded."""
    file, _ = paths.config_file(options.config)
    skeleton.draw(
        _frame_path(file, options),
        now(),
        choice=skeleton.chosen_by(file, ""),
        force_ascii=options.ascii,
        force_no_colour=options.no_color,
    )


def _frame_path(file: str, options: Options) -> str:
    return paths.frame_file(file, options.context or os.environ.get("MODELTUI_CONTEXT", ""))


def _first_looks(loaded: Loaded, theme: ThemeSpec, asked: str | None) -> tuple[str, dict[str, str]]:
    """Return what chose the looks of this run, and the looks of the next one's first frame where it has no colours."""
    is_colourless = loaded.ui.color is Color.NEVER or theme.depth is Depth.NONE
    return skeleton.chosen_by(loaded.file, asked or ""), colourless_looks(theme) if is_colourless else {}


def _saver(
    loaded: Loaded, opened: Mapping[str, Loaded], options: Options, choice: str, looks: dict[str, str]
) -> Callable[[Fleet, FrameRows], None]:
    """Return what keeps a fleet and its frame for the next start; a full disk must not stop the screens."""
    frame = _frame_path(loaded.file, options)

    def save(fleet: Fleet, rows: FrameRows) -> None:
        with suppress(OSError):
            paths.make_private(str(Path(frame).parent))
            if fleet.context.name == loaded.context_name and rows:
                skeleton.save(frame, fleet.at, fleet.context.name, rows, looks, choice)
            save_snapshot(opened[fleet.context.name], fleet)

    return save
