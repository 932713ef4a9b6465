"""The life of the screen program in its terminal: may it start, how is it stopped, and what is left behind.

The terminal is always given back: after `q`, SIGTERM, SIGINT, SIGHUP, a hang-up that nobody announced, Ctrl-Z, an
error. Importing this module does not import the framework, which reads its environment when it is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Final

from modeltui.config.crash import write_report
from modeltui.tui import skeleton, terminal

if TYPE_CHECKING:
    from modeltui.tui.output import DiffOutput

POLITE_SECONDS: Final = 3.0
"""Time to leave in good order after SIGTERM or SIGINT."""

HANG_UP_SECONDS: Final = 0.7
"""Time to leave when the terminal is gone: nobody is looking, and one second is promised."""

_JUST_RETURNED_SECONDS = 1.0

_RESTORE = "\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?1004l\x1b[?1003l\x1b[?1006l\x1b[?1000l\x1b[?7h\x1b[?1049l\x1b[?25h"

_ENVIRONMENT: Final = {
    "TEXTUAL_FPS": "240",  # the data side is throttled instead: a low frame rate only delays keys
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_DISABLE_KITTY_KEY": "1",  # a dropped connection would leave the operator's keyboard changed
}


class Colours(StrEnum):
    """What the terminal is trusted to draw."""

    TRUECOLOR = terminal.TRUECOLOR
    PALETTE_256 = terminal.PALETTE_256
    PALETTE_16 = terminal.PALETTE_16
    NONE = terminal.NO_COLOUR


_FRAMEWORK_COLOURS = {
    Colours.TRUECOLOR: "truecolor",
    Colours.PALETTE_256: "256",
    Colours.PALETTE_16: "standard",
    Colours.NONE: "standard",
}


@dataclass(frozen=True, slots=True)
class TerminalUse:
    """How to draw on this terminal."""

    colours: Colours
    """Colours to send."""
    ascii_only: bool
    """Whether nothing but ASCII may be sent."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    notes: tuple[str, ...] = ()
    """What the operator may want to know about it, for `doctor`."""


@dataclass(frozen=True, slots=True)
class TerminalRefusal:
    """Why there can be no screens here."""

    title: str
    """What is missing."""
    remedy: str
    """What to do instead."""
    exit_code: int = 2


def check_terminal(
    environ: Mapping[str, str] | None = None, *, ascii_only: bool = False, no_colour: bool = False
) -> TerminalUse | TerminalRefusal:
    """Return how to draw on this terminal, or why not to; `ascii_only` and `no_colour` are the operator's wishes."""
    environ = os.environ if environ is None else environ
    refused = terminal.refusal(environ, terminal.is_tty(0), terminal.is_tty(2))
    if refused is not None:
        return TerminalRefusal(*refused)
    notes = []
    colours = Colours.NONE if no_colour else Colours(terminal.colours(environ))
    if terminal.wants_ascii(environ) and not ascii_only:
        ascii_only = True
        notes.append("the locale is not UTF-8, or the terminal is an old one: drawing ASCII only")
    width, height = terminal.size(2)
    if (width, height) == terminal.FALLBACK_SIZE and not _says_its_size():
        notes.append("the terminal does not say its size: assuming 80 × 24")
    return TerminalUse(colours, ascii_only, width, height, tuple(notes))


def _says_its_size() -> bool:
    try:
        return all(os.get_terminal_size(2))
    except OSError:
        return False


def prepare_environment(use: TerminalUse | None = None) -> None:
    """Set what the framework reads from the environment; call before it is imported.

    What the operator has set in `TEXTUAL_…` stays.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if use is not None:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", _FRAMEWORK_COLOURS[use.colours])
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]  # empty means nothing (no-color.org), but the framework counts it
    if _says_its_size():
        for name in ("COLUMNS", "LINES"):  # left over from a shell, they would pin the size
            os.environ.pop(name, None)


def run(app: DiffOutput, *, crash_directory: str, use: TerminalUse | None = None, mouse: bool = False) -> int:
    """Run the screens until they end, and return the exit code.

    A crash is written to `crash_directory` without values of variables, and named in one line on standard error.
    128 + n after signal n.
    """
    if use is not None:
        app.no_colour = app.no_colour or use.colours is Colours.NONE
        app.ascii_only = app.ascii_only or use.ascii_only
    life = _Life(app, mouse)
    try:
        with life:
            result = asyncio.run(life.main())
    except KeyboardInterrupt:
        result = 130
    except Exception as error:  # the top of the process: whatever it was is reported, not printed
        app.crash = app.crash or error
        result = 1
    if app.crash is not None and not life.hung_up:
        with contextlib.suppress(OSError):
            print(write_report(app.crash, crash_directory), file=sys.__stderr__, flush=True)
        return 1
    return life.code or result


class _Life:
    """Watches over one run: signals and hang-ups are noted, acted on in the loop, and enforced from a thread."""

    def __init__(self, app: DiffOutput, mouse: bool) -> None:
        self._app = app
        self._mouse = mouse
        self._loop: asyncio.AbstractEventLoop | None = None
        self._attributes: list[object] | None = None
        self._returned_at = float("-inf")
        self._handlers: dict[int, object] = {}
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._woken_before = -1
        self._watcher = threading.Thread(target=self._watch, name="modeltui-lifecycle", daemon=True)
        self._ended = threading.Event()
        self.code = 0
        """The exit code that a signal asked for; 0 when none did."""
        self.hung_up = False
        """Whether the terminal is gone."""

    async def main(self) -> int:
        """Run the program; return its own exit code."""
        self._loop = asyncio.get_running_loop()
        self._watcher.start()
        result = await self._app.run_async(mouse=self._mouse)
        return result if isinstance(result, int) else self._app.return_code or 0

    def __enter__(self) -> None:
        self._app.keep_screen = skeleton.is_drawn()
        self._attributes = skeleton.hand_over()
        with contextlib.suppress(OSError, termios.error):
            self._attributes = self._attributes or list(termios.tcgetattr(0))
        with contextlib.suppress(OSError):
            os.set_blocking(2, True)  # some programs leave the terminal non-blocking; a frame would be lost
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT):
            self._handlers[number] = signal.signal(number, self._note)
        # The kernel may hand a signal to any thread, and only the main one, which may be asleep, runs handlers.
        self._woken_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._tell(0)
        self.hung_up = self.hung_up or _is_gone()
        if self.hung_up:
            _silence()
        if self._attributes is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)  # type: ignore[arg-type]  # as it was given
        signal.set_wakeup_fd(self._woken_before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as it was given
        if self._watcher.is_alive():
            self._watcher.join(1.0)
        for end in (self._write_end, self._read_end, self._wake_write, self._wake_read):
            os.close(end)

    # In signal handlers: nothing but a byte into a pipe, whatever was interrupted

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTSTP and self._app.is_away:
            os.kill(os.getpid(), signal.SIGSTOP)  # somebody else has the terminal and stops: stop with them
        else:
            self._tell(number)

    def _tell(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.write(self._write_end, bytes([number]))

    # In the watching thread

    def _watch(self) -> None:
        watched = select.poll()
        watched.register(self._read_end, select.POLLIN)
        watched.register(self._wake_read, select.POLLIN)
        for descriptor in (0, 2):
            watched.register(descriptor, 0)  # hang-ups are always told
        while True:
            for descriptor, _ in watched.poll():
                if descriptor == self._wake_read:
                    os.read(descriptor, 64)
                    self._in_loop(_nothing)
                    continue
                if descriptor != self._read_end:
                    self.hung_up = True
                    self._leave(signal.SIGHUP, HANG_UP_SECONDS)
                    return
                if not self._act_on(os.read(self._read_end, 1)[0]):
                    return

    def _act_on(self, number: int) -> bool:
        """Act on a signal; False when there is nothing to watch any more."""
        if number == 0:
            return False
        if number == signal.SIGTSTP:
            self._in_loop(self._stop)
        elif number == signal.SIGCONT:
            self._in_loop(self._continue)
        else:
            self.hung_up = number == signal.SIGHUP
            self._leave(number, HANG_UP_SECONDS if self.hung_up else POLITE_SECONDS)
            return False
        return True

    def _in_loop(self, act: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the end is near anyway
            if self._loop is not None:
                self._loop.call_soon_threadsafe(act)

    def _leave(self, number: int, seconds: float) -> None:
        """Ask the program to end, and end it when it does not: blocked, or waiting for a terminal that is gone."""
        self.code = 128 + number
        self._in_loop(self._app.exit)
        if not self._ended.wait(seconds):
            self._give_back_by_force()
            os._exit(self.code)

    def _give_back_by_force(self) -> None:
        if self._attributes is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)  # type: ignore[arg-type]  # as it was given
        writable = select.poll()
        writable.register(2, select.POLLOUT)
        with contextlib.suppress(OSError):
            if any(event & select.POLLOUT for _, event in writable.poll(0)):
                os.write(2, _RESTORE.encode())

    # In the loop

    def _stop(self) -> None:
        """Give the terminal back, stop with the whole job as Ctrl-Z in a shell means it, and come back after `fg`.

        Without a shell that could continue us the kernel ignores the stop, and the screen is back at once.
        """
        self._app.app_suspend_signal.publish(self._app)
        self._app.leave_terminal()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note)
        self._come_back()

    def _continue(self) -> None:
        """Take the terminal again after a stop that nobody could prepare for (SIGSTOP)."""
        just_returned = asyncio.get_running_loop().time() - self._returned_at < _JUST_RETURNED_SECONDS
        if not just_returned and not self._app.is_away:
            self._app.leave_terminal()
            self._come_back()

    def _come_back(self) -> None:
        self._app.return_to_terminal()
        self._returned_at = asyncio.get_running_loop().time()
        self._app.app_resume_signal.publish(self._app)


def _nothing() -> None:
    """Done in the loop, it wakes the main thread, which then runs the handlers of signals."""


def _is_gone() -> bool:
    """Tell whether nobody is at the terminal any more."""
    watched = select.poll()
    watched.register(0, 0)
    return bool(watched.poll(0))


def _silence() -> None:
    """Let what is still printed go nowhere: writing to a terminal that is gone would be an error of its own."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        watched = select.poll()
        watched.register(descriptor, 0)
        if watched.poll(0):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
