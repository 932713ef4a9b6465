"""`Chart`: a live chart that paints only what changed; its picture is made by `render_chart`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.present.span import Line
from modeltui.present.tone import Tone
from modeltui.tui.widgets.chart_lines import Limit, Marker, Series, age_label, render_chart
from modeltui.tui.widgets.explore import full_screen_chart
from modeltui.tui.widgets.lines import StyledLines

__all__ = ["Chart", "Draw", "Limit", "Marker", "Series", "age_label", "full_screen_chart", "render_chart"]

Draw: TypeAlias = Callable[[int, int, Glyphs], tuple[Line, ...]]
"""Makes the picture for a width and a height: usually `render_chart` with all else bound."""


class Chart(StyledLines):
    """Draws a chart in whatever room it has, again when that changes."""

    DEFAULT_CSS = """
    Chart { height: 1fr; width: 1fr; }
    """

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - the screen library's own name
        classes: str | None = None,
    ) -> None:
        super().__init__((), glyphs, fill=Tone.PLAIN, id=id, classes=classes)
        self._draw: Draw = _nothing

    def show(self, draw: Draw) -> None:
        """Draw this from now on. Call it at the pace of the data: each call costs about half a millisecond."""
        self._draw = draw
        self._redraw()

    def on_resize(self) -> None:
        """Draw for the new room."""
        super().on_resize()
        self._redraw()

    def repaint_all(self) -> None:
        """Draw again, with the glyphs and styles of now."""
        super().repaint_all()
        self._redraw()

    def _redraw(self) -> None:
        if self.size:
            self.update(self._draw(self.size.width, self.size.height, self.glyphs))


def _nothing(width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    return ()
