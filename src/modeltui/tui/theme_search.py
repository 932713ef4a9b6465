"""Where themes are, and which there are; imports no screen library, so that a command may check a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from modeltui.config import paths
from modeltui.config.problems import did_you_mean
from modeltui.domain.text import safe_text
from modeltui.tui.theme_file import ThemeError, ThemeSpec, read_theme

DEFAULT_THEME: Final = "modeltui-dark"


def shipped_directory() -> Path:
    """Return where the themes are that come with the program: in the wheel, or beside `src` in a checkout."""
    return Path(paths.shipped("themes"))


def theme_directories(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where themes are looked for, the operator's own first, so that one may replace ours."""
    return (Path(paths.user_themes_dir(environment)), shipped_directory())


def theme_names(directories: Sequence[Path]) -> tuple[str, ...]:
    """Return the name of every theme there is, without reading any: ours first, in the order of the manual."""
    order = {name: place for place, name in enumerate((DEFAULT_THEME, "modeltui-light"))}
    names = {path.stem for directory in directories if directory.is_dir() for path in directory.glob("*.yaml")}
    return tuple(sorted(names, key=lambda name: (order.get(name, len(order)), name)))


def find_theme(name: str, directories: Sequence[Path]) -> ThemeSpec:
    """Return the theme called `name` from the first directory that has it. Raises `ThemeError`."""
    known = theme_names(directories)
    if name in known:
        for directory in directories:
            path = directory / f"{name}.yaml"
            if path.is_file():
                return read_theme(path)
    title = f"there is no theme called {safe_text(name, 60)!r}{did_you_mean(name, known)}"
    raise ThemeError(title, f"Themes: {', '.join(known)}.")
