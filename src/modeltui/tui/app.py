"""The screens' program: one observer, one bridge, and a stack of screens over the newest snapshot."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widget import AwaitMount

from modeltui.domain.errors import ModeltuiError
from modeltui.domain.event import JournalRead
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, TargetKey
from modeltui.domain.reduce import Changes
from modeltui.domain.signal import Signal
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.why import source_lines, why_lines
from modeltui.tui.actions import ACTIONS, Action
from modeltui.tui.acts import Acts
from modeltui.tui.bridge import Bridge
from modeltui.tui.clipboard import clipboard_sequence
from modeltui.tui.frame import FrameRows
from modeltui.tui.keys_in_order import LONGEST_ANSWER_SECONDS, KeysInOrder
from modeltui.tui.layout import fleet_layout
from modeltui.tui.origins import Origins
from modeltui.tui.output import DiffOutput
from modeltui.tui.screens.board import Board
from modeltui.tui.screens.fleet import FleetScreen
from modeltui.tui.screens.skew import SkewScreen
from modeltui.tui.screens.target import TargetScreen
from modeltui.tui.screens.text import TextScreen, help_lines
from modeltui.tui.theme_search import find_theme, theme_directories, theme_names
from modeltui.tui.themes import MONOCHROME, textual_theme, tone_variable_defaults
from modeltui.tui.widgets.prompt import Choice, Prompt

if TYPE_CHECKING:
    from rich.console import RenderableType

    from modeltui.ports.clock import Clock
    from modeltui.tui.acts import Follow, OpenActing
    from modeltui.tui.program import Program

SAID_SECONDS = 6.0
"""Long enough to read a reason and who can help."""
KEEP_SECONDS = 60.0
"""How much of what was seen may be lost by a power cut."""

OpenObserver = Callable[[str], AbstractAsyncContextManager[Observer]]
"""Opens the observer of a context by name."""


class ModeltuiApp(KeysInOrder, Acts, Origins, DiffOutput, App[int]):
    """Draws the fleet; asks the observer for what is looked at."""

    CSS_PATH: ClassVar[str] = "modeltui.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "modeltui"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "quit", show=False, priority=True)]

    def __init__(
        self,
        open_observer: OpenObserver,
        fleet: Fleet,
        contexts: Iterable[str],
        *,
        theme_name: str,
        ascii_only: bool = False,
        save: Callable[[Fleet, FrameRows], None] | None = None,
        open_acting: OpenActing | None = None,
        follow: Follow | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make the program; without `open_acting` it can only look."""
        super().__init__()
        self.fleet = fleet
        self.glyphs: Glyphs = ASCII if ascii_only else UNICODE
        self._open_observer = open_observer
        self._contexts = tuple(contexts)
        self._theme_name = theme_name
        self._observer: Observer | None = None
        self._bridge = Bridge(self, self._take)
        self._save = save
        self._opening: AwaitMount | None = None
        """A prompt that is about to take keys."""
        self.bind_acts(open_acting, clock)
        self._follow = follow
        self.said: Line = ()
        """What stands in the last row for a while, instead of the keys."""
        self.started_with: tuple[str, ...] = ()
        """The options by which a command of ours finds the same configuration."""
        self._falls_silent: Timer | None = None
        self.refusal: ModeltuiError | None = None
        """Why there is nothing to look at: said once the terminal is given back."""

    # Life

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return tone_variable_defaults()

    def on_mount(self) -> None:
        self.use_theme(self._theme_name)
        if self.glyphs is ASCII:
            self.add_class("-ascii")
        self.push_screen(FleetScreen())
        self.open_context(self.fleet.context.name)
        self.set_interval(KEEP_SECONDS, self._keep)

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        # Now, not when the app is taken apart: then the grid with the frame to be kept is gone already.
        self._keep()
        super().exit(result, return_code, message)

    def _keep(self) -> None:
        """Keep what is known for the next start; nothing is kept that was never live."""
        if self._save is None or not isinstance(self.fleet.cached_at, Missing) or not self.fleet.targets:
            return
        board = self.screen_stack[1] if len(self.screen_stack) > 1 else None
        self._save(self.fleet, board.frame_rows() if isinstance(board, FleetScreen) else ())

    def use_theme(self, name: str) -> None:
        """Draw with another theme."""
        directories = theme_directories(os.environ)
        wanted = MONOCHROME if self.no_colour else name
        self.register_theme(textual_theme(find_theme(wanted, directories)))
        self.theme = wanted

    def _choose_theme(self, name: str) -> None:
        """Draw with a theme whose file is read only now."""
        try:
            self.use_theme(name)
        except ModeltuiError as error:
            self._show_error(error, f"still drawn with {self.theme}")

    def open_context(self, name: str) -> None:
        """Look at a context; what was looked at before is closed."""
        self.run_worker(self._observe(name), name="observer", group="observer", exclusive=True, exit_on_error=True)

    async def _observe(self, name: str) -> None:
        opened = False
        try:
            async with self._open_observer(name) as observer:
                opened = True
                self._observer = observer
                self._look_at(observer.fleet)
                self.run_worker(
                    self.keep_acting(name, observer), name="acting", group="acting", exclusive=True, exit_on_error=False
                )
                if self._follow is not None:
                    following = self._keep_record(self._follow, name, observer)
                    self.run_worker(following, name="record", group="record", exclusive=True, exit_on_error=False)
                unsubscribe = observer.store.subscribe(self._bridge.on_change)
                try:
                    await observer.run()
                finally:
                    unsubscribe()
        except ModeltuiError as error:
            self._observer = None
            before = self.fleet.context.name
            if opened:
                raise
            if name == before:
                self.refusal = error
                self.exit(error.exit_code)
                return
            # What cannot be opened must not leave the last picture standing still.
            self._show_error(error, f"still looking at {before}")
            self.open_context(before)

    async def _keep_record(self, follow: Follow, name: str, observer: Observer) -> None:
        try:
            await follow(name, observer)
        except ModeltuiError as error:
            observer.store.apply(JournalRead(observer.clock.now(), error=safe_text(error.title)))

    def _look_at(self, fleet: Fleet) -> None:
        """Draw another fleet, from the first screen."""
        self._bridge.forget()
        if fleet.context != self.fleet.context:
            self.close_guard("another context is looked at")
            self.forget_comparisons()
            self.action_fleet()
            for screen in self.screen_stack:
                if isinstance(screen, FleetScreen):
                    screen.forget()
        self.fleet = fleet
        self._redraw()

    def _show_error(self, error: ModeltuiError, then: str) -> None:
        lines: list[Line] = [(Span(error.title, Tone.BREACH),), (Span(error.remedy),), (), (Span(then, Tone.MUTED),)]
        self.show_text(lambda _: lines)

    # Data

    def _take(self, fleet: Fleet, changes: Changes) -> None:
        self.fleet = fleet
        for screen in self.screen_stack[-1:]:
            if isinstance(screen, Board):
                screen.update_fleet(changes)

    def _redraw(self) -> None:
        if self.screen_stack and isinstance(self.screen, Board):
            self.screen.draw_all()

    def watch_targets(self, targets: Iterable[TargetKey]) -> None:
        """Keep points of what is on screen."""
        if self._observer is not None:
            self._observer.watch(targets)

    # Screens

    def open_target(self, key: TargetKey) -> None:
        """Show one target."""
        self.push_screen(TargetScreen(key))

    def open_why(self, key: TargetKey) -> None:
        """Show the evidence on a target."""

        def make(_: int) -> list[Line]:
            target = self.fleet.targets.get(key)
            return why_lines(self.fleet, target) if target else [(Span(f"{key} is not known any more"),)]

        self.show_text(make)

    def open_help(self, screen: str) -> None:
        """Show the keys of a screen."""
        # What cannot be done on the screen below: on this page there is no target.
        why_not = {action.id: self.disabled(action) for action in ACTIONS}
        notice = fleet_layout(*self.size).notice
        self.show_text(lambda _: help_lines(screen, self.glyphs, notice, lambda action: why_not[action.id]))

    def open_chart(self, key: TargetKey, signal: Signal) -> None:
        """Show one chart over the whole screen."""
        from modeltui.tui.screens.chart import ChartScreen

        self.push_screen(ChartScreen(key, signal))

    def show_text(self, make: Callable[[int], list[Line]]) -> None:
        """Show a page of lines; one page at a time, so that one esc leads back."""
        if isinstance(self.screen, TextScreen):
            self.pop_screen()
        self.push_screen(TextScreen(make))

    def ask(self, prompt: Prompt) -> None:
        """Open a prompt on the screen; keys that come before it is there wait for it."""
        self.expect(self.screen.mount(prompt))

    def expect(self, opening: AwaitMount) -> None:
        """Let keys that come before something is there wait for it."""
        self._opening = opening

    async def opened(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                    await opening

    # Actions

    def action_fleet(self) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()

    def go_back(self) -> None:
        """Show the screen below, unless this is the first."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_skew(self) -> None:
        if not isinstance(self.screen, SkewScreen):
            self.push_screen(SkewScreen())

    def action_journal(self) -> None:
        from modeltui.tui.screens.journal import JournalScreen

        if not isinstance(self.screen, JournalScreen):
            self.push_screen(JournalScreen())

    def action_sources(self) -> None:
        self.show_text(lambda _: source_lines(self.fleet))

    def action_poll_now(self) -> None:
        if self._observer is not None:
            self.run_worker(self._observer.poll_now(), group="poll-now", exclusive=True, exit_on_error=False)
        if isinstance(self.screen, Board):
            self.screen.ask_again()

    def action_contexts(self) -> None:
        here = self.fleet.context.name
        choices = [
            Choice(name, "context, shown now" if name == here else "context", partial(self.open_context, name))
            for name in self._contexts
        ]
        self.ask(Prompt("context", self.glyphs, choices=choices))

    def action_palette(self) -> None:
        self.ask(Prompt("what to do, or where to go", self.glyphs, choices=self._everything()))

    def _everything(self) -> list[Choice]:
        names = [action for action in ACTIONS if action.words]
        here = getattr(self.screen, "NAME", "")
        choices = [
            Choice(action.words, self._note(action), partial(self._run_by_name, action.id))
            for action in names
            if hasattr(self.screen, f"action_{action.id}") or hasattr(self, f"action_{action.id}")
            if not action.acts or here in action.screens or "any" in action.screens
        ]
        choices += [Choice(name, "context", partial(self.open_context, name)) for name in self._contexts]
        themes = theme_names(theme_directories(os.environ))
        choices += [Choice(name, "theme", partial(self._choose_theme, name)) for name in themes]
        choices += [
            Choice(str(target.key), "target", partial(self.open_target, target.key))
            for target in self.fleet.worst_first()
        ]
        return choices

    def _note(self, action: Action) -> str:
        why_not = self.disabled(action)
        return f"{action.shown}  {f'not now: {why_not}' if why_not else action.help}"

    def _run_by_name(self, action_id: str) -> None:
        owner = self.screen if hasattr(self.screen, f"action_{action_id}") else self
        result = getattr(owner, f"action_{action_id}")()
        if hasattr(result, "__await__"):
            self.run_worker(result, group="palette", exit_on_error=False)

    def copy(self, text: str) -> None:
        """Copy to the terminal's clipboard, and say so or say why not."""
        sequence = clipboard_sequence(text, os.environ)
        if sequence is None or not self.send_sequence(sequence):
            self.say("this terminal takes no clipboard: select with the mouse instead", Tone.WARN)
            return
        self.say(f"sent to the terminal's clipboard: {safe_text(text, 60)}", Tone.MUTED)

    def say(self, text: str, tone: Tone) -> None:
        """Say something in the last row for a while."""
        self.said = (Span(f" {text}", tone),)
        if self._falls_silent is not None:
            self._falls_silent.stop()
        self._falls_silent = self.set_timer(SAID_SECONDS, self._fall_silent)
        self._redraw_keys()

    def _fall_silent(self) -> None:
        self.said = ()
        self._redraw_keys()

    def _redraw_keys(self) -> None:
        if isinstance(self.screen, Board) and self.screen.can_draw:
            self.screen.draw_keys()


if TYPE_CHECKING:

    def _as_screens_know_it(app: ModeltuiApp) -> Program:
        return app
