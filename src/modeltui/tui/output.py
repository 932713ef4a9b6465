"""Frames reach the terminal as differences, and never hold up the program.

All private names of the framework that modeltui relies on are used in this file, and listed in `PRIVATE_NAMES`;
a test of the contract tells when one has moved, and `available` falls back to stock output until then.
"""

# This is the one file that may look inside.

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, Final

from rich.color import ColorSystem
from rich.style import Style
from textual import constants, events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.strip import Strip

from modeltui.tui import terminal
from modeltui.tui.canvas import Canvas
from modeltui.tui.cells import cells_of
from modeltui.tui.pens import COLOUR_SYSTEMS, Pen, pen_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

    _Base = App[Any]
else:
    _Base = object

PRIVATE_NAMES: Final[dict[type, tuple[str, ...]]] = {
    App: (
        "_display",
        "_handle_exception",
        "_fatal_error",
        "_close_messages_no_wait",
        "_print_error_renderables",
    ),
    LinuxDriver: ("_get_terminal_size", "suspend_application_mode", "resume_application_mode", "write"),
}
"""Methods of the framework that are overridden or called although they are not promised."""

PRIVATE_ATTRIBUTES: Final = ("_batch_count", "_running", "_closed", "_driver", "_sync_available", "_exception")
"""Attributes of a running application that are read although they are not promised."""

_FRAMES_IN_FLIGHT = 1
"""Frames that may wait for the terminal: more would be stale when they are drawn."""

_RETRY_SECONDS = 0.01
"""How often a full queue is looked at again; only while there is something to send."""

_BEHIND_SECONDS = 0.3
"""From when on a held frame counts as a display that is behind."""

_CALM_QUEUE = 20
"""Bells are left out above this: at 30 waiting writes the framework blocks its own loop."""

_ENTER_ALTERNATE_SCREEN = "\x1b[?1049h"
_POP_KITTY_KEYS = "\x1b[<u"
_POINTER_SHAPE = "\x1b]22;"
_ASK_CURSOR_POSITION = "\x1b[6n"
_RECEIPT_COLUMNS = 60
_NOWHERE = (-1, -1)
"""Where the cursor is when it has to be placed anew."""
_SYNC_START = "\x1b[?2026h"
_SYNC_END = "\x1b[?2026l"
_REASSERT_MODES = "\x1b[?7l\x1b[?25l\x1b[m"


_SIGNATURES: Final[tuple[tuple[type, str, tuple[str, ...]], ...]] = (
    (App, "_display", ("self", "screen", "renderable")),
    (LayoutUpdate, "__init__", ("self", "strips", "region")),
    (ChopsUpdate, "__init__", ("self", "chops", "spans", "chop_ends")),
)


def available() -> str | None:
    """Return why output by differences cannot be used with the framework installed, or None when it can."""
    for owner, names in PRIVATE_NAMES.items():
        for name in names:
            if not callable(getattr(owner, name, None)):
                return f"textual has no {owner.__name__}.{name} any more"
    for owner, name, expected in _SIGNATURES:
        if tuple(inspect.signature(getattr(owner, name)).parameters) != expected:
            return f"textual's {owner.__name__}.{name} takes other arguments"
    return None


class MeteredDriver(LinuxDriver):
    """A driver that counts what it sends, tells when the terminal is slow, and takes over a screen already entered."""

    bytes_sent = 0
    """Bytes handed to the terminal since the start."""

    keep_screen = False
    """The alternate screen was entered already: entering again would clear what it shows."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        kept = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.keep_screen = isinstance(app, DiffOutput) and app.keep_screen
        for number, handler in kept.items():
            if callable(handler):  # stopping is looked after already, and more carefully than here
                signal.signal(number, handler)

    def _get_terminal_size(self) -> tuple[int, int]:
        # The stock one asks standard output, which may well be a pipe; drawn is on standard error.
        return terminal.size(2)

    def write(self, data: str) -> None:
        """Send `data`, unless the terminal is better off without it."""
        if data == _ENTER_ALTERNATE_SCREEN and self.keep_screen:
            self.keep_screen = False
            return
        if data == _POP_KITTY_KEYS and constants.DISABLE_KITTY_KEY:
            return
        if data.startswith(_POINTER_SHAPE) and not self._mouse:
            return
        if data == "\x07" and self.waiting > _CALM_QUEUE:
            return
        self.bytes_sent += len(data.encode("utf-8", "replace"))
        super().write(data)

    @property
    def waiting(self) -> int:
        """How many writes wait for the terminal."""
        queue = getattr(self._writer_thread, "_queue", None)
        return 0 if queue is None else int(queue.qsize())

    @property
    def has_room(self) -> bool:
        """Whether a frame sent now would be drawn soon."""
        writer = self._writer_thread
        return writer is not None and writer.is_alive() and self.waiting < _FRAMES_IN_FLIGHT


class DiffOutput(_Base):
    """Mixin: `class ModeltuiApp(DiffOutput, App[int])` sends only cells that the terminal does not show yet.

    A frame that finds the terminal slow is held, merged with those after it, and sent when there is room: the
    program never waits for the terminal. Crashes are kept in `crash` rather than printed with their variables.
    """

    diff_output: bool = True
    """False: send every row that was painted whole (`--no-diff`), for a terminal that gets out of step."""

    stock_output: bool = available() is not None
    """Leave frames to the framework, as when it has changed inside: nothing is filtered and nothing held."""

    no_colour: bool = False
    """Send no colour at all; bold, underline and reverse stay."""

    ascii_only: bool = False
    """Send nothing but ASCII."""

    keep_screen: bool = False
    """The alternate screen is entered already and shows something: paint over it."""

    crash: BaseException | None = None
    """What ended the program, when it was an error."""

    frames_dropped: int = 0
    """Frames that were merged into a later one because the terminal did not keep up."""

    _canvas: Canvas | None = None
    _held_since: float | None = None
    _retry: asyncio.TimerHandle | None = None
    _away: bool = False
    _cursor_at: tuple[int, int] = (0, 0)
    _receipt_wanted: tuple[int, int] | None = None
    """Where the cursor stands when the terminal is asked, until it was."""
    _receipts: int = 0
    _pens: dict[Style | None, Pen] | None = None

    # What the program may use

    @property
    def bytes_sent(self) -> int:
        """Bytes handed to the terminal since the start."""
        return self._driver.bytes_sent if isinstance(self._driver, MeteredDriver) else 0

    @property
    def behind(self) -> bool:
        """Whether the terminal has not kept up for a while: what it shows is older than it says."""
        since = self._held_since
        return since is not None and asyncio.get_running_loop().time() - since > _BEHIND_SECONDS

    def repaint(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        if self._canvas is not None and self._can_draw:
            self._canvas.forget()
            self._send(_REASSERT_MODES)

    def action_repaint(self) -> None:
        """Send the whole screen again (the `ctrl+l` of old)."""
        self.repaint()
        self.screen.refresh(layout=True)

    def request_paint_receipt(self) -> tuple[int, int]:
        """Ask the terminal to answer once it has drawn all that was painted so far; return what it will answer.

        The answer arrives as a `CursorPosition` event with this column and row, each counted from 0: another one for
        each request, so that a late answer to an earlier request is known for what it is. None arrives while the
        terminal is away or stalled.
        """
        if self._receipt_wanted is None:
            self._receipts += 1
            width, height = min(self.size.width, _RECEIPT_COLUMNS), self.size.height
            place = self._receipts % max(width * height, 1)
            self._receipt_wanted = (place % max(width, 1), place // max(width, 1))
        self.call_after_refresh(self._send)
        return self._receipt_wanted

    def send_sequence(self, sequence: str) -> bool:
        """Send what draws nothing, such as text for the clipboard; return whether there is a terminal to take it."""
        if self._driver is None or self._away:
            return False
        self._driver.write(sequence)
        return True

    def leave_terminal(self) -> None:
        """Give the terminal back as it was before the start; nothing is drawn until `return_to_terminal`."""
        if self._driver is not None and not self._away:
            self._away = True
            self._driver.suspend_application_mode()

    def return_to_terminal(self) -> None:
        """Take the terminal again and paint everything."""
        if self._driver is not None and self._away:
            self._driver.resume_application_mode()
            self._away = False
            self.repaint()
            self.screen.refresh(layout=True)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Give the terminal to another program; it is taken back even when that ends in an error."""
        self.app_suspend_signal.publish(self)
        self.leave_terminal()
        try:
            with redirect_stdout(sys.__stdout__), redirect_stderr(sys.__stderr__):
                yield
        finally:
            self.return_to_terminal()
            self.app_resume_signal.publish(self)

    @property
    def is_away(self) -> bool:
        """Whether the terminal is given back for now."""
        return self._away

    # What the framework calls

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that counts, where the framework would use its own for terminals."""
        stock = super().get_driver_class()
        return MeteredDriver if stock is LinuxDriver else stock

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if not isinstance(renderable, LayoutUpdate | ChopsUpdate) or not self._is_ours:
            super()._display(screen, renderable)
            if renderable is not None and self._canvas is not None:
                self._canvas.forget()
            return
        try:
            if self._batch_count or not self._can_draw:
                return
            try:
                self._paint(renderable)
            except Exception as error:  # whatever a widget does, the terminal is given back
                self._handle_exception(error)
            else:
                self._send()
                self.frames_dropped += self._held_since is not None
        finally:
            self.post_display_hook()

    def _handle_exception(self, error: Exception) -> None:
        self._note_crash(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # The stock one prints the variables of every frame, secrets among them.
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End the program because of something that the framework could not go on with."""
        self._note_crash(RuntimeError("the terminal could not be read any more"))
        self._close_messages_no_wait()

    def _note_crash(self, error: BaseException) -> None:
        if self.crash is None:
            self.crash = error

    async def _on_resize(self, event: events.Resize) -> None:
        # The terminal may have lost or moved cells even when it is back at the size it had.
        if self._canvas is not None and not self.is_headless:
            self._canvas.forget()
            self.call_after_refresh(self._send)

    # Painting and sending

    @property
    def _is_ours(self) -> bool:
        driver = self._driver
        if self.stock_output or driver is None or driver.is_headless or driver.is_inline:
            return False
        self.stock_output = not all(hasattr(self, name) for name in PRIVATE_ATTRIBUTES)
        return not self.stock_output

    @property
    def _can_draw(self) -> bool:
        return self._running and not self._closed and self._driver is not None and not self._away

    def _paint(self, update: LayoutUpdate | ChopsUpdate) -> None:
        """Want what a frame of the framework shows."""
        width, height = self.size
        canvas = self._canvas
        if canvas is None or (canvas.width, canvas.height) != (width, height):
            canvas = self._canvas = Canvas(width, height)
        for x, y, strip in _placed_strips(update):
            for text, style, control in strip:
                if not control:
                    cells = cells_of(text, self.ascii_only)
                    canvas.paint(x, y, cells, self._pen(style))
                    x += len(cells)

    def _pen(self, style: Style | None) -> Pen:
        pens = self._pens
        if pens is None or len(pens) > 8192:
            pens = self._pens = {}
        pen = pens.get(style)
        if pen is None:
            system = COLOUR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
            pen = pens[style] = pen_of(style, None if self.no_colour else system)
        return pen

    def _send(self, before: str = "") -> None:
        """Send what differs, or hold it when the terminal has no room for it."""
        canvas = self._canvas
        if canvas is None or not self._can_draw or self._driver is None:
            return
        if isinstance(self._driver, MeteredDriver) and not self._driver.has_room:
            self._hold()
            return
        self._held_since = None
        if not self.diff_output:
            canvas.forget_painted()
        frame = before + canvas.difference()
        frame += self._place_cursor(bool(frame))
        if frame and self._sync_available:
            frame = f"{_SYNC_START}{frame}{_SYNC_END}"
        if self._receipt_wanted is not None:
            column, row = self._receipt_wanted
            self._receipt_wanted = None
            self._cursor_at = _NOWHERE
            frame += f"\x1b[{row + 1};{column + 1}H{_ASK_CURSOR_POSITION}"
        if frame:
            self._driver.write(frame)
            self._driver.flush()

    def _place_cursor(self, moved: bool) -> str:
        """Return what brings the hidden cursor to where text is typed: input methods and screen readers follow it."""
        wanted = self.cursor_position
        if not moved and wanted == self._cursor_at:
            return ""
        self._cursor_at = wanted
        if wanted == (0, 0):
            return ""
        column, row = self.screen.outer_size.clamp_offset(wanted)
        return f"\x1b[{row + 1};{column + 1}H"

    def _hold(self) -> None:
        loop = asyncio.get_running_loop()
        if self._held_since is None:
            self._held_since = loop.time()
        if self._retry is None:
            self._retry = loop.call_later(_RETRY_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self._send()


def _placed_strips(update: LayoutUpdate | ChopsUpdate) -> Iterable[tuple[int, int, Strip]]:
    """Yield the pieces of a frame, each with its column and row."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield x, y, strip
                x += strip.cell_length
        return
    for y, start, stop in update.spans:
        line = update.chops[y]
        for end, (x, chop) in zip(update.chop_ends[y], line.items(), strict=False):
            if chop is not None and x < stop and end > start:
                yield x, y, chop
