"""What every screen shares: row 1, the last row, and the fleet it draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.names import Instant, TargetKey
from modeltui.domain.reduce import NOTHING, Changes
from modeltui.present.banner import banner
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped
from modeltui.tui.actions import COMPARE, FLEET, JOURNAL, LINEAGE, SKEW, Action, valid_on
from modeltui.tui.layout import Box
from modeltui.tui.program import Program
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Prompt, key_spans

AGES_SECONDS = 5.0
"""How far ages in the body may lag when no answer comes: row 1 counts every second, the rest of the line is quiet."""
_POINTLESS = frozenset(
    {
        *((FLEET, "fleet"), (FLEET, "go_back"), (SKEW, "skew"), (JOURNAL, "journal")),
        *((COMPARE, "compare"), (LINEAGE, "lineage")),
    }
)
"""Keys that would lead to where one is."""
_LEAST_KEYS = 24
"""Cells of the last row that keys have before anything else."""


def bindings_of(screen: str) -> list[BindingType]:
    """Return the key bindings of one screen, from the table of actions."""
    return [
        Binding(",".join(action.keys), action.target, action.words or action.help, show=False)
        for action in valid_on(screen)
        if action.keys and not action.acts  # those are the program's, and only of one that may act
    ]


class Board(Screen[None]):
    """A screen with row 1 above, the valid keys below and its own body in between."""

    NAME: ClassVar[str] = "board"
    _aged_at = Instant(0.0)
    """When the ages in the body were drawn last, by the fleet's time."""
    AUTO_FOCUS: ClassVar[str] = ""

    _is_mounted_whole = False
    _prompt_keys: Line = ()
    """The keys of a prompt, while one is open."""

    @property
    def can_draw(self) -> bool:
        """Whether the widgets are there: news may come before them, and after them."""
        return self._is_mounted_whole and {"banner", "keys"} <= {child.id for child in self.children}

    @property
    def program(self) -> Program:
        """Return what this screen is part of."""
        return cast("Program", self.app)

    @property
    def fleet(self) -> Fleet:
        """Return the snapshot to draw."""
        return self.program.fleet

    @property
    def glyphs(self) -> Glyphs:
        """Return how to draw."""
        return self.program.glyphs

    def compose(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="banner")
        yield from self.compose_body()
        yield StyledLines(glyphs=self.glyphs, id="sticky")
        yield StyledLines(glyphs=self.glyphs, id="keys")

    def compose_body(self) -> ComposeResult:
        """Yield the widgets between the first and the last row."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self._is_mounted_whole = True
        self.place_widgets(self.size.width, self.size.height)
        self.draw_all()

    def on_resize(self, event: Resize) -> None:
        if event.size != self.app.size:
            # In the queue the newest size of the terminal was overtaken by the one that the layout told before.
            self.post_message(Resize(self.app.size, self.app.size))
        elif self.can_draw:
            self.place_widgets(event.size.width, event.size.height)
            self.draw_all()

    def on_screen_resume(self) -> None:
        self.draw_all()

    def on_screen_suspend(self) -> None:
        self.program.close_guard("another screen came over it")

    @property
    def acting_target(self) -> TargetKey | None:
        """Return the target that an action would be about; none where the screen has no such target."""
        return None

    @property
    def looked_at(self) -> TargetKey | None:
        """Return the target that comparing and lineage are about from here."""
        return self.acting_target

    @property
    def looked_at_version(self) -> VersionKey | None:
        """Return the version that they are about, where the screen has one."""
        return None

    def ask_again(self) -> None:
        """Ask again for what only this screen asks for."""

    def draw_all(self) -> None:
        """Draw everything from the newest snapshot."""
        if self.can_draw:
            self.draw_frame()
            self.draw_body(None)

    def draw_frame(self) -> None:
        """Draw what surrounds the body."""
        self.draw_banner()
        self.draw_sticky()
        self.draw_keys()

    def update_fleet(self, changes: Changes) -> None:
        """Draw what may look different now; when nothing changed but the time, the ages."""
        if not self.can_draw:
            return
        self.draw_banner()
        self.draw_sticky()
        if changes != NOTHING:
            self.draw_keys()
            self.draw_body(changes)
            self._aged_at = self.fleet.at
        elif abs(self.fleet.at - self._aged_at) >= AGES_SECONDS:
            self.draw_ages()
            self._aged_at = self.fleet.at

    def place_widgets(self, width: int, height: int) -> None:
        """Give every widget its place."""

    def _put(self, name: str, box: Box) -> None:
        """Give one widget its place; one without area is not shown."""
        widget = self.query_one(f"#{name}")
        widget.display = box.shown
        widget.styles.position = "absolute"
        widget.styles.offset = (box.x, box.y)
        widget.styles.width = max(box.width, 1)
        widget.styles.height = max(box.height, 1)

    def draw_body(self, changes: Changes | None) -> None:
        """Draw the body; without `changes` all of it."""
        raise NotImplementedError

    def draw_ages(self) -> None:
        """Draw what grows old by itself: a figure that nobody measures any more must not look new."""
        self.draw_body(None)

    def draw_banner(self) -> None:
        """Draw row 1."""
        behind = self.program.behind
        line, ground = banner(self.fleet, self.size.width, self.glyphs, behind=behind, mode=self.program.mode)
        self.query_one("#banner", StyledLines).update([line], fill=ground)

    def draw_keys(self) -> None:
        """Draw the last row: keys that are valid now, what rescues first."""
        asked = self._prompt_keys or self.program.said
        line = asked or key_line(self.NAME, self.size.width, self.remark(), self.program.disabled)
        # What is said is said whole: it takes rows of the body for as long as it stands there.
        rows = wrapped(line, self.size.width, 2) if asked and not self._prompt_keys else [line]
        keys = self.query_one("#keys", StyledLines)
        keys.styles.height = len(rows)
        if keys.styles.position == "absolute":  # on pages of text it stands where the text ends
            keys.styles.offset = (0, max(self.size.height - len(rows), 0))
        keys.update(rows, fill=Tone.PLAIN)

    def draw_sticky(self) -> None:
        """Draw the line above the keys, while there is something that must not be overlooked."""
        line = self.program.sticky()
        sticky = self.query_one("#sticky", StyledLines)
        sticky.display = bool(line)
        sticky.update(wrapped(line, self.size.width, 2) if line else [])

    def remark(self) -> str:
        """Return what stands at the right of the last row where there is room."""
        return ""

    def on_prompt_opened(self, message: Prompt.Opened) -> None:
        message.stop()
        self._prompt_keys = message.keys
        self.draw_keys()

    def on_prompt_closed(self, message: Prompt.Closed) -> None:
        message.stop()
        self._prompt_keys = ()
        self.draw_keys()

    def action_go_back(self) -> None:
        self.program.go_back()

    def action_help(self) -> None:
        self.program.open_help(self.NAME)


def _always(_: Action) -> str:
    return ""


def key_line(screen: str, width: int, remark: str = "", disabled: Callable[[Action], str] = _always) -> Line:
    """Return the last row of a screen: as many whole entries as fit, a remark at its right; the rest is in the help.

    What cannot be done now stays, in brackets: its reason is in the help, and is said when the key is pressed.
    """
    spans: list[Span] = [Span(" ")]
    if len(remark) + _LEAST_KEYS > width:
        remark = ""
    left = width - 1 - (len(remark) + 1 if remark else 0)
    for action in valid_on(screen):
        why_not = bool(disabled(action)) if action.acts else False
        needed = len(action.shown) + len(action.words) + (5 if why_not else 3)
        if not action.words or not action.keys or (screen, action.id) in _POINTLESS or needed > left:
            continue
        if why_not:
            spans.append(Span(f"({action.shown} {action.words})  ", Tone.MUTED))
        else:
            spans += key_spans(action.shown, action.words)
        left -= needed
    return (*spans, Span(" " * left + remark, Tone.MUTED)) if remark else tuple(spans)
