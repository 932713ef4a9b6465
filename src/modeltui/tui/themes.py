"""Themes of the screens, turned into what the screen library draws with.

A tone becomes a style in one place, here; widgets ask `tone_styles(app)` and never name a colour.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from rich.style import Style
from textual.theme import Theme

from modeltui.present.tone import Tone
from modeltui.tui.theme_file import INHERIT, Depth, ThemeSpec, ToneStyle
from modeltui.tui.theme_search import find_theme, shipped_directory

if TYPE_CHECKING:
    from textual.app import App

MONOCHROME: Final = "monochrome"
"""The theme for NO_COLOR. The screen library's own answer to NO_COLOR is grey, which is a colour."""


class ModeltuiTheme(Theme):
    """A theme of the screen library that remembers its tones."""

    styles: ToneStyles


class ToneStyles:
    """The style of every tone under one theme, as segments are drawn with."""

    __slots__ = ("_cursor", "_cursor_blurred", "_plain", "spec")

    def __init__(self, spec: ThemeSpec) -> None:
        self.spec = spec
        plain = {tone: _rich_style(spec.tones[tone]) for tone in Tone}
        self._plain = plain
        self._cursor = {tone: _over(spec.tones[tone], spec.cursor) for tone in Tone}
        self._cursor_blurred = {tone: _over(spec.tones[tone], spec.cursor_blurred) for tone in Tone}

    def style(self, tone: Tone) -> Style:
        """Return the style of ordinary text of this tone."""
        return self._plain[tone]

    def on_cursor(self, tone: Tone, focused: bool) -> Style:
        """Return the style of text of this tone in the row under the cursor."""
        return (self._cursor if focused else self._cursor_blurred)[tone]


def tone_styles(app: App[object]) -> ToneStyles:
    """Return the styles of the app's current theme; for a theme that is not ours, the ones without colour."""
    theme = app.current_theme
    return theme.styles if isinstance(theme, ModeltuiTheme) else _colourless()


def textual_theme(spec: ThemeSpec) -> ModeltuiTheme:
    """Return `spec` as the screen library wants it, with a CSS variable for each tone (`$tone-breach`)."""
    colour = {key: css_colour(value) for key, value in spec.palette.items()}

    def tone(name: Tone) -> str:
        written = spec.tones[name].colour
        return colour["foreground"] if written == INHERIT else css_colour(written)

    theme = ModeltuiTheme(
        name=spec.name,
        primary=colour["primary"],
        secondary=tone(Tone.TITLE),
        warning=tone(Tone.WARN),
        error=tone(Tone.BREACH),
        success=tone(Tone.OK),
        accent=tone(Tone.ACCENT),
        foreground=colour["foreground"],
        background=colour["background"],
        surface=colour["surface"],
        panel=colour["panel"],
        boost=colour["panel"],
        dark=spec.dark,
        ansi=spec.depth is not Depth.RGB,
    )
    theme.styles = ToneStyles(spec)
    theme.variables = _variables(spec, theme)
    return theme


def tone_variable_defaults() -> dict[str, str]:
    """Return a value for each CSS variable of ours: the app's `get_theme_variable_defaults`."""
    return dict.fromkeys((*(f"tone-{tone}" for tone in Tone), "pane-border"), "ansi_default")


def css_colour(colour: str) -> str:
    """Return a colour of a theme file in the spelling of the screen library's CSS."""
    return colour if colour.startswith("#") else "ansi_" + colour.replace("-", "_")


def _rich_style(style: ToneStyle) -> Style:
    return Style(
        color=_rich_colour(style.colour),
        bgcolor=_rich_colour(style.background),
        bold=style.bold or None,
        dim=style.dim or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
    )


def _rich_colour(colour: str) -> str | None:
    return None if colour == INHERIT else colour.replace("-", "_")


def _over(tone: ToneStyle, cursor: ToneStyle) -> Style:
    """Lay the cursor over a tone. What has a background of its own keeps it, so that it still stands out."""
    if tone.background != INHERIT:
        return _rich_style(replace(tone, bold=tone.bold or cursor.bold))
    return _rich_style(
        ToneStyle(
            colour=tone.colour if cursor.colour == INHERIT else cursor.colour,
            background=cursor.background,
            bold=tone.bold or cursor.bold,
            # Dim text on a strong background cannot be read.
            dim=tone.dim and not cursor.reverse and cursor.colour == INHERIT,
            underline=tone.underline or cursor.underline,
            # Reversed twice is turned back, and stands out again.
            reverse=tone.reverse != cursor.reverse,
        )
    )


def _variables(spec: ThemeSpec, theme: Theme) -> dict[str, str]:
    ours = {"pane-border": css_colour(spec.palette["border"])}
    for tone, style in spec.tones.items():
        ours[f"tone-{tone}"] = css_colour(spec.palette["foreground"] if style.colour == INHERIT else style.colour)
    if spec.depth is Depth.RGB:
        return ours
    # The library's own style sheets ask for these two under a theme without RGB colours.
    ours |= dict.fromkeys(("ansi-background", "ansi-foreground"), "ansi_default")
    if spec.depth is Depth.ANSI:
        return ours
    # The library fills a theme without colours with its own magentas and blues: take each of them out.
    generated = theme.to_color_system().generate()
    plain = {name: "ansi_default" for name, value in generated.items() if value.startswith("ansi_")}
    return {**plain, **ours}


@cache
def _colourless() -> ToneStyles:
    return ToneStyles(find_theme(MONOCHROME, [shipped_directory()]))
