"""What a screen asks of the program around it; the program knows the screens, they know only this."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import ModelName, TargetKey, VersionId
from modeltui.domain.signal import Signal
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line
from modeltui.present.tone import Tone
from modeltui.tui.actions import Action
from modeltui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:  # loaded when the first two versions are compared
    from modeltui.domain.suspects.suspect import Suspect
    from modeltui.tui.comparer import Comparer


class Program(Protocol):
    """The newest snapshot, what it is drawn with, and where one can go from a screen."""

    fleet: Fleet
    glyphs: Glyphs
    said: Line
    """What stands in the last row for a while, instead of the keys."""
    started_with: tuple[str, ...]
    """The options by which a command of ours finds the same configuration."""

    @property
    def behind(self) -> bool:
        """Whether the terminal takes frames more slowly than they are made."""
        ...

    @property
    def mode(self) -> tuple[str, Tone] | None:
        """What row 1 says of writing; None for what the configuration says."""
        ...

    def disabled(self, action: Action) -> str:
        """Return why an action cannot be taken here and who can; empty when it can."""
        ...

    def sticky(self) -> Line:
        """Return the line that stays until it is looked at; empty for none."""
        ...

    def seen_sticky(self) -> None:
        """Take what has ended off that line."""
        ...

    def close_guard(self, why: str) -> None:
        """Disarm and close the guard, where one is open."""
        ...

    def waiting_approvals(self) -> list[Line]:
        """Return what waits for a second person here, with the command to run."""
        ...

    def ask_waiting(self) -> None:
        """Look for plans that wait for a second person."""
        ...

    def ask_as_of(self) -> None:
        """Ask for a time, and show what served then."""
        ...

    def reopen(self, plan_id: object) -> bool:
        """Show the tracker of an action of this session again; tell whether there is one."""
        ...

    def request_paint_receipt(self) -> tuple[int, int]:
        """Have the terminal say when it has drawn all so far; return what it will answer."""
        ...

    def show_text(self, make: Callable[[int], list[Line]]) -> None:
        """Show a page of lines."""
        ...

    def say(self, text: str, tone: Tone) -> None:
        """Say something in the last row for a while."""
        ...

    def watch_targets(self, targets: Iterable[TargetKey]) -> None:
        """Keep points of what is on screen."""
        ...

    def want_provenance(self, model: ModelName, version: VersionId, *, again: bool = False) -> None:
        """Ask where a version comes from, unless that is known; `again`, also then."""
        ...

    def want_comparison(self, model: ModelName, a: VersionId, b: VersionId, *, again: bool = False) -> None:
        """Ask for all that two versions can be compared by, as far as it is not known; `again`, for all of it."""
        ...

    @property
    def comparer(self) -> Comparer:
        """What compares versions, and keeps what it found."""
        ...

    def want_suspect(self, key: TargetKey) -> None:
        """Ask for what a target's versions can be compared by, where something is wrong with it."""
        ...

    def top_suspect(self, key: TargetKey, then: Callable[[], None]) -> Suspect | None:
        """Return what most likely is behind what is wrong on a target, where that is known; it asks nobody."""
        ...

    def want_versions(self, model: ModelName) -> None:
        """Ask which versions a model has."""
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
