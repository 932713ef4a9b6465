"""What every widget of ours shares: tones instead of colours, glyphs with ASCII twins, no markup."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.tui.themes import ToneStyles, tone_styles


class TonedWidget(Widget):
    """A widget that draws tones: knows the current theme's styles, and repaints all when the theme changes."""

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - the screen library's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._glyphs = glyphs
        self._styles_of_theme: ToneStyles | None = None
        self._base: Style | None = None

    @property
    def glyphs(self) -> Glyphs:
        """The glyphs that are drawn with."""
        return self._glyphs

    @glyphs.setter
    def glyphs(self, glyphs: Glyphs) -> None:
        if glyphs is not self._glyphs:
            self._glyphs = glyphs
            self.repaint_all()

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.repaint_all())

    def notify_style_update(self) -> None:
        """Forget styles: the pane's own colours may have changed."""
        super().notify_style_update()
        self._styles_of_theme = None
        self._base = None

    def repaint_all(self) -> None:
        """Paint everything again, with the styles of now."""
        self._styles_of_theme = None
        self._base = None
        self.refresh()

    @property
    def tone_styles(self) -> ToneStyles:
        """The style of each tone under the current theme."""
        if self._styles_of_theme is None:
            self._styles_of_theme = tone_styles(self.app)
        return self._styles_of_theme

    @property
    def base_style(self) -> Style:
        """The pane's own colours, beneath every tone."""
        if self._base is None:
            self._base = self.rich_style
        return self._base
