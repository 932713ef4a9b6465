"""What a screen asks of the program around it; the program knows the screens, they know only this."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import ModelName, TargetKey, VersionId
from modeltui.domain.signal import Signal
from modeltui.present.glyphs import Glyphs
from modeltui.tui.widgets.prompt import Prompt


class Program(Protocol):
    """The newest snapshot, what it is drawn with, and where one can go from a screen."""

    fleet: Fleet
    glyphs: Glyphs

    @property
    def behind(self) -> bool:
        """Whether the terminal takes frames more slowly than they are made."""
        ...

    def watch_targets(self, targets: Iterable[TargetKey]) -> None:
        """Keep points of what is on screen."""
        ...

    def want_provenance(self, model: ModelName, version: VersionId) -> None:
        """Ask where a version comes from, unless that is known."""
        ...

    def open_target(self, key: TargetKey) -> None:
        """Show one target."""
        ...

    def open_why(self, key: TargetKey) -> None:
        """Show the evidence on a target."""
        ...

    def open_help(self, screen: str) -> None:
        """Show the keys of a screen."""
        ...

    def open_chart(self, key: TargetKey, signal: Signal) -> None:
        """Show one chart over the whole screen."""
        ...

    def ask(self, prompt: Prompt) -> None:
        """Open a prompt on the screen; keys that come before it is there wait for it."""
        ...

    def copy(self, text: str) -> None:
        """Copy to the terminal's clipboard, and say so or say why not."""
        ...

    def go_back(self) -> None:
        """Show the screen below, unless this is the first."""
        ...
