"""One line to type into, above the last row, with matches to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from modeltui.domain.text import safe_text
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.widgets.lines import StyledLines

MOST_SHOWN = 8
_MORE_SECONDS = 0.5
_MOST_TEXT = 32
"""Beyond it a long name pushes its own note aside, and no other."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen."""

    text: str
    note: str
    choose: Callable[[], None]

    @property
    def searched(self) -> str:
        """Return what typed words are looked for in."""
        return f"{self.text} {self.note}".lower()


def key_spans(key: str, does: str) -> Line:
    """Return one entry of the last row."""
    return (Span(key, Tone.ACCENT), Span(f" {does}  ", Tone.MUTED))


class Prompt(Vertical):
    """Asks for text; without choices every change is told at once, with choices Enter takes the marked one."""

    DEFAULT_CSS = """
    Prompt { layer: over; dock: bottom; height: auto; margin-bottom: 1; background: $surface; }
    Prompt Input { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False, priority=True),
        Binding("enter", "accept", show=False, priority=True),
        Binding("up,ctrl+p,shift+tab", "mark(-1)", show=False, priority=True),
        Binding("down,ctrl+n,tab", "mark(1)", show=False, priority=True),
    ]

    class Opened(Message):
        """It is there; its keys count now."""

        def __init__(self, keys: Line) -> None:
            super().__init__()
            self.keys = keys

    class Closed(Message):
        """It is gone; the screen's own keys count again."""

    def __init__(
        self,
        label: str,
        glyphs: Glyphs,
        *,
        on_text: Callable[[str], None] | None = None,
        on_cancel: Callable[[], None] | None = None,
        choices: Sequence[Choice] = (),
        more: Callable[[], Sequence[Choice]] | None = None,
        text: str = "",
        on_accept: Callable[[str], None] | None = None,
        accept_words: str = "keep",
        cancel_words: str = "show all again",
    ) -> None:
        super().__init__()
        self._on_accept = on_accept
        self._words = ("go there", "cancel") if choices or more else (accept_words, cancel_words)
        self._label = label
        self._glyphs = glyphs
        self._on_text = on_text
        self._on_cancel = on_cancel
        self._choices = tuple(choices)
        self._more = more
        self._text = text
        self._marked = 0

    def compose(self) -> ComposeResult:
        yield StyledLines(glyphs=self._glyphs, id="matches")
        field = Input(self._text, placeholder=self._label, id="prompt-text", select_on_focus=False)
        field.cursor_blink = False
        yield field

    def on_mount(self) -> None:
        self._draw()
        if self._more is not None:
            self.set_interval(_MORE_SECONDS, self._take_more)
        # At once, not by and by: the next key is meant for it.
        self.screen.set_focus(self.query_one(Input))
        self.post_message(self.Opened(self._key_line()))

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._text = message.value
        self._marked = 0
        self._draw()
        if self._on_text is not None:
            self._on_text(safe_text(message.value))

    def action_mark(self, by: int) -> None:
        """Mark another match."""
        found = self._matching()
        if found:
            self._marked = (self._marked + by) % len(found)
            self._draw()

    def action_accept(self) -> None:
        """Take the marked match, or the text as it stands."""
        found = self._matching()
        if (self._choices or self._more) and not found:
            return
        self._close()
        if found:
            found[self._marked].choose()
        elif self._on_accept is not None:
            self._on_accept(safe_text(self._text))

    def action_cancel(self) -> None:
        """Close without choosing."""
        self._close()
        if self._on_cancel is not None:
            self._on_cancel()

    def _close(self) -> None:
        screen = self.screen
        screen.post_message(self.Closed())
        # At once, and before what is chosen opens: asked for by and by, the focus would be taken from it again.
        screen.set_focus(next(iter(screen.query("#grid, #text")), None))
        self.remove()

    def _take_more(self) -> None:
        """Add what can be chosen by now at the end: the mark stays on what it is on."""
        known = {choice.text for choice in self._choices}
        fresh = [choice for choice in (self._more() if self._more else ()) if choice.text not in known]
        if not fresh:
            return
        before = self._matching()
        self._choices = (*self._choices, *fresh)
        self._marked = self._matching().index(before[self._marked]) if before else 0
        self._draw()

    def _matching(self) -> list[Choice]:
        words = self._text.lower().split()
        found = [choice for choice in self._choices if all(word in choice.searched for word in words)]

        def rank(choice: Choice) -> tuple[int, int]:
            # Whole words before parts of words, names before what is said of them; else in their order.
            whole, text = choice.searched.split(), choice.text.lower()
            return -sum(word in whole for word in words), -sum(word in text for word in words)

        return sorted(found, key=rank)

    def _key_line(self) -> Line:
        accept, cancel = self._words
        keys = [("enter", accept), ("esc", cancel), *([("up down", "choose")] if self._choices else [])]
        return (Span(" "), *(span for key, does in keys for span in key_spans(key, does)))

    def on_resize(self) -> None:
        """Show as many matches as there is room for."""
        self._draw()

    def _draw(self) -> None:
        found = self._matching()
        # Row 1, the field and the keys stay; what is chosen from takes the rest.
        most = max(min(MOST_SHOWN, self.screen.size.height - 3), 0)
        first = max(0, self._marked - most + 1)
        lines: list[Line] = []
        shown = found[first : first + most]
        widest = min(max((cell_width(choice.text) for choice in shown), default=0), _MOST_TEXT)
        for place, choice in enumerate(shown, first):
            marked = place == self._marked
            lines.append(
                (
                    Span(f" {self._glyphs.cursor if marked else ' '} ", Tone.ACCENT),
                    Span(f"{choice.text:<{widest}}", Tone.STRONG if marked else Tone.PLAIN),
                    Span(f"  {choice.note}", Tone.MUTED),
                )
            )
        if self._choices and not found:
            lines.append((Span("   nothing matches", Tone.UNKNOWN),))
        self.query_one("#matches", StyledLines).update(lines)
