"""What the program shows of versions: what changed between two, where one comes from; loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App

from modeltui.domain.health import Level
from modeltui.domain.names import Missing, ModelName, TargetKey, VersionId
from modeltui.present.tone import Tone
from modeltui.tui.screens.board import Board

if TYPE_CHECKING:
    from modeltui.domain.fleet import Fleet, VersionKey
    from modeltui.domain.suspects.suspect import Suspect
    from modeltui.engine.observer import Observer
    from modeltui.present.glyphs import Glyphs
    from modeltui.tui.comparer import Comparer

    _Base = App[Any]
else:
    _Base = object


class Origins(_Base):
    """Mixin for the app: opens the comparison and the lineage of what is looked at."""

    fleet: Fleet
    glyphs: Glyphs
    _observer: Observer | None

    _comparer: Comparer | None = None

    if TYPE_CHECKING:

        def say(self, text: str, tone: Tone) -> None: ...

    def want_provenance(self, model: ModelName, version: VersionId, *, again: bool = False) -> None:
        """Ask where a version comes from; unless `again`, only where not all that were asked have said it."""
        key = (model, version)
        is_owed = key not in self.fleet.provenance or key in self.fleet.untold
        if self._observer is not None and (again or is_owed):
            self._observer.want_provenance(model, version)

    def want_comparison(self, model: ModelName, a: VersionId, b: VersionId, *, again: bool = False) -> None:
        """Ask for all that two versions can be compared by; unless `again`, only for what nobody has said."""
        if self._observer is not None:
            self._observer.want_comparison(model, a, b, again=again)

    def want_versions(self, model: ModelName) -> None:
        """Ask which versions a model has."""
        if self._observer is not None:
            self._observer.want_versions(model)

    @property
    def comparer(self) -> Comparer:
        """Return what compares versions, and keeps what it found."""
        if self._comparer is None:
            from modeltui.tui.comparer import Comparer

            self._comparer = Comparer(partial(self.run_worker, group="comparing", exit_on_error=True))
        return self._comparer

    def forget_comparisons(self) -> None:
        """Start over: another context has other versions by the same names."""
        self._comparer = None

    def want_suspect(self, key: TargetKey) -> None:
        """Ask for what a target's versions can be compared by, where something is wrong with it."""
        from modeltui.tui.comparer import suspected

        subject = suspected(self.fleet, key) if _is_wrong(self.fleet, key) else None
        if subject is not None and subject.a is not None and subject.b is not None:
            self.want_comparison(subject.model, subject.a, subject.b)

    def top_suspect(self, key: TargetKey, then: Callable[[], None]) -> Suspect | None:
        """Return what most likely is behind what is wrong on a target, where that is known; it asks nobody.

        `then` is called when it is being found out beside the screens.
        """
        if not _is_wrong(self.fleet, key) or not any(model == key.model for model, _ in self.fleet.claims):
            return None
        from modeltui.present.compare_summary import drawable_suspect

        found = self.comparer.top_suspect(self.fleet, key, then)
        return None if found is None else drawable_suspect(found, self.glyphs)

    def action_compare(self) -> None:
        """Show what changed on the target that is looked at."""
        from modeltui.tui.comparing import Subject
        from modeltui.tui.screens.compare import CompareScreen

        if isinstance(self.screen, CompareScreen):
            return
        target, version = self._looked_at()
        if target is None:
            self.say("no target is looked at: choose one in the fleet (1)", Tone.UNKNOWN)
            return
        shown = next((s for s in self.screen_stack if isinstance(s, CompareScreen) and s.looked_at == target), None)
        if shown is not None and (version is None or version == shown.looked_at_version):
            self._back_to(shown)
            return
        chosen = version[1] if version is not None and version[0] == target.model else None
        self.push_screen(CompareScreen(Subject(target.model, target, b=chosen)))

    def action_lineage(self) -> None:
        """Show where the version that is looked at comes from."""
        from modeltui.tui.screens.lineage import LineageScreen

        if isinstance(self.screen, LineageScreen):
            return
        target, version = self._looked_at()
        if version is None and target is not None:
            version = self._worst_version(target)
        if version is None:
            self.say("no version is looked at: choose a target in the fleet (1)", Tone.UNKNOWN)
            return
        shown = next((s for s in self.screen_stack if isinstance(s, LineageScreen) and s.key == version), None)
        if shown is not None:
            self._back_to(shown)
            return
        self.push_screen(LineageScreen(version, target))

    def _looked_at(self) -> tuple[TargetKey | None, VersionKey | None]:
        """Return the target and the version that the uppermost screen with one is about."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Board) and screen.looked_at is not None:
                return screen.looked_at, screen.looked_at_version
        return None, None

    def _worst_version(self, key: TargetKey) -> VersionKey | None:
        from modeltui.present.card import subject_version

        target = self.fleet.targets.get(key)
        subject = subject_version(target) if target else None
        return None if subject is None or isinstance(subject, Missing) else (key.model, subject.version)

    def _back_to(self, shown: Board) -> None:
        while self.screen is not shown and len(self.screen_stack) > 2:
            self.pop_screen()


def _is_wrong(fleet: Fleet, key: TargetKey) -> bool:
    """Tell whether something was or is outside of its limits: a breach that went stale is not over."""
    target = fleet.targets.get(key)
    return target is not None and max(target.level, target.last_judged) >= Level.WARN
