"""Which theme the screens will have; a name that is none is refused like any other mistake in the configuration."""

from __future__ import annotations

import os

from modeltui.config.document import Mapping
from modeltui.config.load import Loaded
from modeltui.config.problems import InvalidConfigError, Problem
from modeltui.tui.theme_file import ThemeError, ThemeSpec
from modeltui.tui.theme_search import find_theme, theme_directories


def theme_of(loaded: Loaded, asked: str | None = None) -> ThemeSpec:
    """Return a theme that can be drawn with; raise `ConfigError` that says where the wrong one is named.

    `asked` is the one of the command line, which wins.
    """
    name = asked or loaded.ui.theme
    try:
        return find_theme(name, theme_directories(os.environ))
    except ThemeError as error:
        written = loaded.document.items.get("ui")
        node = written.items.get("theme") if isinstance(written, Mapping) else None
        if asked or node is None:
            raise
        raise InvalidConfigError([Problem(node.place, node.path, error.title)], error.remedy) from error
