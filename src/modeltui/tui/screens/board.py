"""What every screen shares: row 1, the last row, and the fleet it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

from modeltui.domain.fleet import Fleet
from modeltui.domain.reduce import Changes
from modeltui.present.banner import banner
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import FLEET, SKEW, valid_on
from modeltui.tui.layout import Box
from modeltui.tui.widgets.lines import StyledLines

if TYPE_CHECKING:
    from modeltui.tui.app import ModeltuiApp

_POINTLESS = frozenset({(FLEET, "fleet"), (FLEET, "go_back"), (SKEW, "skew")})
"""Keys that would lead to where one is."""


def bindings_of(screen: str) -> list[BindingType]:
    """Return the key bindings of one screen, from the table of actions."""
    return [
        Binding(",".join(action.keys), action.target, action.words or action.help, show=False)
        for action in valid_on(screen)
    ]


class Board(Screen[None]):
    """A screen with row 1 above, the valid keys below and its own body in between."""

    NAME: ClassVar[str] = "board"
    AUTO_FOCUS: ClassVar[str] = ""

    @property
    def board_app(self) -> ModeltuiApp:
        """Return the app with its own type."""
        return cast("ModeltuiApp", self.app)

    @property
    def fleet(self) -> Fleet:
        """Return the snapshot to draw."""
        return self.board_app.fleet

    @property
    def glyphs(self) -> Glyphs:
        """Return how to draw."""
        return self.board_app.glyphs

    def compose(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="banner")
        yield from self.compose_body()
        yield StyledLines(glyphs=self.glyphs, id="keys")

    def compose_body(self) -> ComposeResult:
        """Yield the widgets between the first and the last row."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.place_widgets(self.size.width, self.size.height)
        self.draw_all()

    def on_resize(self, event: Resize) -> None:
        self.place_widgets(event.size.width, event.size.height)
        self.draw_all()

    def on_screen_resume(self) -> None:
        self.draw_all()

    def draw_all(self) -> None:
        """Draw everything from the newest snapshot."""
        if self.is_mounted:
            self.draw_banner()
            self.draw_keys()
            self.draw_body(None)

    def update_fleet(self, changes: Changes) -> None:
        """Draw what may look different now."""
        self.draw_banner()
        if changes.targets or changes.order or changes.sources or changes.details:
            self.draw_body(changes)

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

    def draw_banner(self) -> None:
        """Draw row 1."""
        behind = self.board_app.behind
        line, ground = banner(self.fleet, self.size.width, self.glyphs, behind=behind)
        self.query_one("#banner", StyledLines).update([line], fill=ground)

    def draw_keys(self) -> None:
        """Draw the last row: keys that are valid now, what rescues first."""
        self.query_one("#keys", StyledLines).update([key_line(self.NAME, self.size.width)], fill=Tone.PLAIN)

    def action_go_back(self) -> None:
        self.board_app.go_back()

    def action_help(self) -> None:
        self.board_app.open_help(self.NAME)


def key_line(screen: str, width: int) -> Line:
    """Return the last row of a screen: as many whole entries as fit; the rest is in the help."""
    spans: list[Span] = [Span(" ")]
    left = width - 1
    for action in valid_on(screen):
        needed = len(action.shown) + len(action.words) + 3
        if not action.words or (screen, action.id) in _POINTLESS or needed > left:
            continue
        spans += [Span(action.shown, Tone.ACCENT), Span(f" {action.words}  ", Tone.MUTED)]
        left -= needed
    return tuple(spans)
