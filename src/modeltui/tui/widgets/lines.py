"""`StyledLines`: a pane of ready lines, each a row of (text, tone) spans; only cells that changed are painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from modeltui.present.cells import cell_width, fit
from modeltui.present.glyphs import UNICODE, Glyphs, drawable_text
from modeltui.present.span import Span
from modeltui.present.tone import Tone
from modeltui.tui.widgets.toned import TonedWidget

Line: TypeAlias = Sequence[tuple[str, Tone]]
"""One row of a pane."""


def plain_text(lines: Sequence[Line]) -> str:
    """Return lines as text without tones: for copying, for `--plain`, for tests."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def fit_line(line: Line, width: int, glyphs: Glyphs, fill: Tone = Tone.PLAIN) -> tuple[Span, ...]:
    """Return `line` in exactly `width` cells: its end filled with `fill`, or cut with an ellipsis."""
    fitted: list[Span] = []
    left = width
    last = len(line) - 1
    for place, (text, tone) in enumerate(line):
        text = drawable_text(text, glyphs)
        taken = cell_width(text)
        # The last cells are kept for the ellipsis when anything visible follows.
        if taken > left or (taken == left and any(more.strip() for more, _ in line[place + 1 :])):
            cut = text if taken > left else text + " "
            fitted.append(Span(fit(cut, left, glyphs.ellipsis), tone))
            return tuple(fitted)
        if text:
            fitted.append(Span(text, tone))
        left -= taken
        if place == last and left:
            break
    if left > 0:
        fitted.append(Span(" " * left, fill))
    return tuple(fitted)


class StyledLines(TonedWidget):
    """Shows lines as they are given: never as markup, never beyond its edge; what did not change is not sent."""

    DEFAULT_CSS = """
    StyledLines { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        lines: Sequence[Line] = (),
        glyphs: Glyphs = UNICODE,
        *,
        fill: Tone = Tone.PLAIN,
        id: str | None = None,  # noqa: A002 - the screen library's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs, id=id, classes=classes)
        self._lines: tuple[Line, ...] = tuple(lines)
        self._fill = fill
        self._top = 0
        self._painted: list[tuple[Span, ...]] = []

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown, before it was cut to the width."""
        return self._lines

    @property
    def plain_text(self) -> str:
        """What is shown, as text."""
        return plain_text(self._lines)

    @property
    def is_painted(self) -> bool:
        """Whether there is room for all that is to be shown, and it was given to the screen."""
        return bool(self._painted) and len(self._painted) == len(self._lines) == self.size.height

    def update(self, lines: Sequence[Line], fill: Tone | None = None) -> None:
        """Show `lines` instead; `fill` colours the rest of each row (a banner's background)."""
        grown = len(lines) != len(self._lines)
        self._lines = tuple(lines)
        if fill is not None:
            self._fill = fill
        self._top = min(self._top, self._last_top)
        auto_height = self.styles.height is not None and self.styles.height.is_auto
        if grown and auto_height:
            self.refresh(layout=True)
        self._paint()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One row for each line."""
        return len(self._lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as the longest line."""
        return max((sum(cell_width(text) for text, _ in line) for line in self._lines), default=0)

    def on_resize(self) -> None:
        """Cut the lines anew."""
        self._top = min(self._top, self._last_top)
        self._painted.clear()
        self._paint()

    def repaint_all(self) -> None:
        """Paint everything again, with the styles of now."""
        self._painted.clear()
        super().repaint_all()

    @property
    def _last_top(self) -> int:
        return max(0, len(self._lines) - self.size.height)

    def _wanted(self) -> list[tuple[Span, ...]]:
        width, height = self.size
        shown = self._lines[self._top : self._top + height]
        fitted = [fit_line(line, width, self._glyphs, self._fill) for line in shown]
        blank = (Span(" " * width, self._fill),)
        return fitted + [blank] * (height - len(fitted))

    def _paint(self) -> None:
        if not self.size:
            return
        wanted = self._wanted()
        if len(wanted) != len(self._painted):
            self._painted = wanted
            self.refresh()
            return
        regions = [
            Region(start, row, end - start, 1)
            for row, (old, new) in enumerate(zip(self._painted, wanted, strict=True))
            if old != new
            for start, end in (changed_columns(old, new),)
        ]
        self._painted = wanted
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return one painted row."""
        if not self._painted:
            self._painted = self._wanted()
        if y >= len(self._painted):
            return Strip.blank(self.size.width, self.base_style)
        styles, base = self.tone_styles, self.base_style
        segments = [Segment(text, base + styles.style(tone)) for text, tone in self._painted[y]]
        return Strip(segments, self.size.width)


def changed_columns(old: Sequence[tuple[str, Tone]], new: Sequence[tuple[str, Tone]]) -> tuple[int, int]:
    """Return the cells from the first to after the last that differ between two fitted lines of one width."""
    start = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        start += cell_width(before[0])
    end = sum(cell_width(text) for text, _ in new)
    for before, after in zip(reversed(old), reversed(new), strict=False):
        if before != after:
            break
        end -= cell_width(before[0])
    return (start, end) if start < end else (0, sum(cell_width(text) for text, _ in new))


class ScrollingLines(StyledLines, can_focus=True):
    """Lines with keys to move through them, for texts longer than the screen."""

    DEFAULT_CSS = """
    ScrollingLines { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "up", show=False),
        Binding("down,j", "scroll_lines(1)", "down", show=False),
        Binding("pageup", "scroll_pages(-1)", "page up", show=False),
        Binding("pagedown,space", "scroll_pages(1)", "page down", show=False),
        Binding("home,g", "scroll_lines(-1000000)", "top", show=False),
        Binding("end,G", "scroll_lines(1000000)", "bottom", show=False),
    ]

    class Scrolled(Message):
        """The visible part has moved."""

        def __init__(self, lines: ScrollingLines) -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> ScrollingLines:
            """The pane that moved."""
            return self.lines

    @property
    def position(self) -> tuple[int, int, int]:
        """The first and last visible line, counted from 1, and how many there are."""
        count = len(self._lines)
        return min(self._top + 1, count), min(self._top + self.size.height, count), count

    def action_scroll_lines(self, by: int) -> None:
        """Move by so many lines."""
        top = max(0, min(self._top + by, self._last_top))
        if top != self._top:
            self._top = top
            self._paint()
            self.post_message(self.Scrolled(self))

    def action_scroll_pages(self, by: int) -> None:
        """Move by so many screens."""
        self.action_scroll_lines(by * max(1, self.size.height - 1))
