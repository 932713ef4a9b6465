"""What the program may do besides looking: keys that ask for a plan, the one guard, trackers that go on, the lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App

from modeltui.domain.acting.action import ActionKind, Refusal
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.names import UNKNOWN, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.banner import lost_count, writes_words
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import ACTIONS, ALL_KEYS, Action
from modeltui.tui.recalling import Recalling
from modeltui.tui.widgets.prompt import Choice, Prompt

if TYPE_CHECKING:
    from random import Random

    from modeltui.domain.acting.action import Weights
    from modeltui.domain.fleet import Fleet
    from modeltui.engine.observer import Observer
    from modeltui.ports.acting import Acting
    from modeltui.ports.clock import Clock
    from modeltui.present.glyphs import Glyphs
    from modeltui.tui.guarding import Guarding
    from modeltui.tui.widgets.guard import GuardPanel

    _Base = App[Any]

    Follow = Callable[[str, "Observer"], Awaitable[None]]
    """Reads what is new in the record of a context, until cancelled."""
    OpenActing = Callable[[str, "Observer"], AbstractAsyncContextManager["Acting | Refusal"]]
    """Opens what may be done in a context, or says why nothing may."""
else:
    _Base = object

LEAST_UNLOCK_REASON = 10
RULES_SECONDS = 5.0
"""So often the rules are read again for what stands beside a key; whoever presses it has them read at once."""
ONLY_LOOKS = Refusal(
    SafeText("READ-ONLY: this session cannot write"),
    SafeText("open a context that may write, without --read-only"),
)


class Acts(Recalling):
    """Mixin for the app: a session without a way to act has none of these keys, and loads nothing of acting."""

    fleet: Fleet
    glyphs: Glyphs
    acting: Acting | Refusal = ONLY_LOOKS
    """The way to act in the context that is looked at, or why there is none."""

    _open_acting: OpenActing | None = None
    _clock: Clock | None = None
    _panel: GuardPanel | None = None
    chance: Random | None = None
    """Draws the letters that guards ask for; None for the machine's own."""
    _trackers: tuple[Guarding, ...] = ()
    """Actions that were told GO and whose tracker was left, oldest first."""

    if TYPE_CHECKING:

        def ask(self, prompt: Prompt) -> None: ...
        def say(self, text: str, tone: Tone) -> None: ...
        def expect(self, opening: Any) -> None: ...
        def want_versions(self, model: ModelName) -> None: ...
        def request_paint_receipt(self) -> tuple[int, int]: ...
        def show_text(self, make: Callable[[int], list[Line]]) -> None: ...

    # Life

    def bind_acts(self, open_acting: OpenActing | None, clock: Clock | None) -> None:
        """Give this session its keys for acting; without an opener there are none."""
        self._open_acting, self._clock = open_acting, clock
        if open_acting is None:
            return
        self.acting = _opening()
        for action in ACTIONS:
            if action.acts and action.keys:
                self.bind(",".join(action.keys), action.id, description=action.words, show=False)

    async def keep_acting(self, name: str, observer: Observer) -> None:
        """Hold the way to act in a context open until cancelled; the screens do not wait for it."""
        if self._open_acting is None:
            return
        mine: Acting | Refusal = _opening()
        self.acting = mine
        self._clock = self._clock or observer.clock
        try:
            async with self._open_acting(name, observer) as acting:
                mine = self.acting = acting
                if not isinstance(acting, Refusal):
                    await acting.actor()  # who sits here is asked for before any key needs it
                self.redraw_frame()
                await self._follow_rules(acting, self._clock)
        except (
            Exception
        ) as error:  # the top of a background task: whatever it was, the keys say so and the looking goes on
            # Closing one context takes its time, and another may have been opened meanwhile: that one's keys stay.
            if self.acting is mine:
                self.acting = _refusal_for(error)
                self.redraw_frame()
        finally:
            if self.acting is mine and not isinstance(mine, Refusal):
                self.acting = _opening()

    async def _follow_rules(self, acting: Acting | Refusal, clock: Clock) -> None:
        """Keep what the keys are listed with true to the platform's rules, until cancelled."""
        if isinstance(acting, Refusal):
            await asyncio.Event().wait()
            return
        while True:
            await clock.sleep(RULES_SECONDS)
            await acting.read_rules()

    def redraw_frame(self) -> None:
        """Draw row 1, the line above the keys, and the keys."""
        from modeltui.tui.screens.board import Board

        if self.screen_stack and isinstance(self.screen, Board) and self.screen.can_draw:
            self.screen.draw_frame()

    # What the screens show

    @property
    def mode(self) -> tuple[str, Tone] | None:
        """What row 1 says of writing; None for what the configuration says."""
        if isinstance(self.acting, Refusal):
            return None
        writes = self.acting.writes
        return (writes_words(writes.left_seconds), Tone.WARN) if writes.are_on else ("WRITES OFF", Tone.PLAIN)

    def disabled(self, action: Action) -> str:
        """Return why an action cannot be taken here and who can; empty when it can."""
        if not action.acts:
            return ""
        if isinstance(self.acting, Refusal):
            return _sentence(self.acting)
        if action.acts == "writes":
            writes = self.acting.writes
            return "" if writes.are_on or writes.can_unlock else str(writes.says)
        target = self._target()
        if target is None:
            return "no target is chosen here"
        return self._why_not(ActionKind(action.acts), target)

    def sticky(self) -> Line:
        """Return the line that stays until it is looked at: an action under way, or one whose end nobody knows."""
        if self._trackers and self._clock is not None:
            from modeltui.present.outcome_text import sticky_line

            newest = self._trackers[-1]
            if newest.plan is not None:
                more = f"  and {len(self._trackers) - 1} more" if len(self._trackers) > 1 else ""
                silent = newest.is_lost
                line = sticky_line(newest.plan, newest.progress, self._clock.now(), self.glyphs, is_lost=silent)
                return (*line, Span(f"{more}  5 shows all", Tone.MUTED))
        lost = lost_count(self.fleet)
        if not lost:
            return ()
        from modeltui.present.journal_text import open_words

        return (
            Span(f" {self.glyphs.breach} {open_words(lost)}", Tone.BREACH),
            Span("  5 shows it; look before anything else", Tone.STRONG),
        )

    def seen_sticky(self) -> None:
        """Take what has ended off the line: the journal shows it."""
        self._trackers = tuple(one for one in self._trackers if not one.is_over)

    # The actions

    def action_abort(self) -> None:
        self._act(ActionKind.ABORT, "A", "abort")

    def action_rollback(self) -> None:
        self._act(ActionKind.ROLLBACK, "R", "rollback")

    def action_promote(self) -> None:
        self._act(ActionKind.PROMOTE, "enter", "promote")

    def action_rollback_to(self) -> None:
        target = self._allowed(ActionKind.ROLLBACK, "rollback_to")
        if target is None:
            return

        def choices() -> list[Choice]:
            return [
                Choice(str(version), note, partial(self._act, ActionKind.ROLLBACK, "enter", "rollback_to", version))
                for version, note in versions_of(self.fleet, target)
            ]

        self.want_versions(target.model)  # what the registry lists comes while the first ones are read
        label = f"roll {target} back to which version"
        self.ask(Prompt(label, self.glyphs, choices=choices(), more=choices))

    def action_weights(self) -> None:
        target = self._allowed(ActionKind.WEIGHTS, "weights")
        known = self.fleet.targets.get(target) if target is not None else None
        if known is None:
            return
        stable, candidate = known.stable, known.candidate
        if isinstance(stable, Missing) or isinstance(candidate, Missing):
            self.say("there is no candidate to give a share to", Tone.WARN)
            return

        def choose(text: str) -> None:
            share = _share(text)
            if share is None:
                self.say("a share is a number from 0 to 100, in percent", Tone.WARN)
                return
            pair = sorted(((stable, 1.0 - share), (candidate, share)), key=lambda one: (-one[1], one[0]))
            self._act(ActionKind.WEIGHTS, "enter", "weights", weights=tuple(pair))

        label = f"share of {candidate} in percent; {stable} gets the rest"
        self.ask(Prompt(label, self.glyphs, on_accept=choose, accept_words="make a plan", cancel_words="keep as it is"))

    def action_unlock(self) -> None:
        acting = self.acting
        if isinstance(acting, Refusal):
            self.say(_sentence(acting), Tone.WARN)
            return
        if acting.writes.are_on:
            self.run_worker(self._lock(acting), group="unlock", exclusive=True, exit_on_error=False)
        elif not acting.writes.can_unlock:
            self.say(str(acting.writes.says), Tone.WARN)
        else:

            def unlock(text: str) -> None:
                self.run_worker(self._unlock(acting, text), group="unlock", exclusive=True, exit_on_error=False)

            label = "why do you need to write? Ten characters at least; it locks itself again"
            self.ask(
                Prompt(label, self.glyphs, on_accept=unlock, accept_words="writes on", cancel_words="writes stay off")
            )

    async def _unlock(self, acting: Acting, text: str) -> None:
        reason = " ".join(text.split())
        if len(reason) < LEAST_UNLOCK_REASON:
            self.say("writes stay off: say in a few words why you need them", Tone.WARN)
            return
        found = await acting.unlock(safe_text(reason))
        if isinstance(found, Refusal):
            self.say(_sentence(found), Tone.WARN)
        self.redraw_frame()

    async def _lock(self, acting: Acting) -> None:
        await acting.lock()
        self.redraw_frame()

    # The guard

    def _act(
        self,
        kind: ActionKind,
        opened_by: str,
        action_id: str,
        version: VersionId | Unknown = UNKNOWN,
        weights: Weights = (),
    ) -> None:
        """Open the guard on the target of this moment: wherever the cursor goes afterwards, it stays this one."""
        from modeltui.domain.acting.request import ActionRequest
        from modeltui.tui.guarding import Guarding, letters_without
        from modeltui.tui.widgets.guard import LEAST_SIZE, GuardPanel

        target = self._allowed(kind, action_id)
        if target is None or isinstance(self.acting, Refusal) or self._clock is None:
            return
        if self.size.width < LEAST_SIZE[0] or self.size.height < LEAST_SIZE[1]:
            self.say(f"the window is too small to read a plan: {LEAST_SIZE[0]}x{LEAST_SIZE[1]} at least", Tone.WARN)
            return
        guarding = Guarding(
            self.acting,
            ActionRequest(kind, target, version, weights),
            self._clock,
            letters=letters_without("".join(key for key in ALL_KEYS if len(key) == 1)),
            opened_by=opened_by,
            changed=lambda: self._guard_changed(guarding),
            chance=self.chance,
        )
        self._panel = GuardPanel(guarding, self.glyphs, partial(self._guard_left, guarding))
        self.expect(self.screen.mount(self._panel))
        self.run_worker(guarding.run(), name=f"{kind} {target}", group="guards", exit_on_error=False)

    def _allowed(self, kind: ActionKind, action_id: str) -> TargetKey | None:
        """Return the target under the cursor where such an action may be asked for; else say why not."""
        action = next(action for action in ACTIONS if action.id == action_id)
        if self._panel is not None or self.board.NAME not in action.screens:
            return None
        target = self._target()
        why_not = self.disabled(action)
        if target is None or (why_not and not self._is_told_at_length(kind, target)):
            self.say(f"{action.words}: {why_not or 'no target is chosen here'}", Tone.WARN)
            return None
        return target

    def _is_told_at_length(self, kind: ActionKind, target: TargetKey) -> bool:
        """Tell whether a no is told with a command that no single line holds: how a freeze window is overruled."""
        if isinstance(self.acting, Refusal):
            return False
        permission = self.acting.permission(kind, target)
        return (
            not isinstance(permission, Refusal)
            and permission.break_glass
            and not isinstance(permission.frozen, Missing)
        )

    def _why_not(self, kind: ActionKind, target: TargetKey) -> str:
        if isinstance(self.acting, Refusal):
            return _sentence(self.acting)
        permission = self.acting.permission(kind, target)
        if isinstance(permission, Refusal):
            return _sentence(permission)
        return "" if permission.is_allowed else str(permission.says)

    def _target(self) -> TargetKey | None:
        return getattr(self.screen, "acting_target", None)

    def _guard_changed(self, guarding: Guarding) -> None:
        panel = self._panel
        if panel is not None and panel.guarding is guarding:
            panel.draw()
        else:
            self.redraw_frame()

    def _guard_left(self, guarding: Guarding) -> None:
        self._panel = None
        if guarding.has_gone and guarding not in self._trackers:
            self._trackers = (*self._trackers, guarding)
        self.redraw_frame()

    def reopen(self, plan_id: object) -> bool:
        """Show the tracker of an action of this session again; tell whether there is one."""
        from modeltui.tui.widgets.guard import GuardPanel

        for guarding in self._trackers:
            if guarding.plan is not None and guarding.plan.id == plan_id and self._panel is None:
                self._panel = GuardPanel(guarding, self.glyphs, partial(self._guard_left, guarding))
                self.expect(self.screen.mount(self._panel))
                return True
        return False

    def upset_guard(self, why: str) -> None:
        """Disarm the guard, where one is open."""
        if self._panel is not None:
            self._panel.guarding.upset(why)

    def close_guard(self, why: str) -> None:
        """Disarm and close the guard, where one is open: its screen goes."""
        if self._panel is not None:
            self._panel.guarding.upset(why)
            self._panel.leave()

    def leave_terminal(self) -> None:
        """Disarm: nobody sees what is shown."""
        self.upset_guard("the terminal was left meanwhile")
        super().leave_terminal()  # type: ignore[misc]  # the output layer's, next in line

    def on_app_blur(self) -> None:
        self.upset_guard("the window lost the focus")

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """Take the terminal's word that it has drawn."""
        if self._panel is not None:
            self._panel.painted((event.x, event.y), event)


def versions_of(fleet: Fleet, key: TargetKey) -> list[tuple[VersionId, str]]:
    """Return the versions to go back to, each with what is known of it: the known good ones first, the newest of them
    before all. Without the one that has all the traffic already: nobody goes back to that.
    """
    from modeltui.domain.acting.action import Desired
    from modeltui.domain.acting.desired import is_as_desired, whole_traffic
    from modeltui.domain.acting.situation import trusted_versions

    target = fleet.targets.get(key)
    if target is None:
        return []
    found: dict[VersionId, str] = {}
    if not isinstance(target.known_good, Missing):
        found[target.known_good.version] = "last known good"
    for good in trusted_versions(fleet, target, fleet.at):
        found.setdefault(good.version, "known good")
    for version in target.versions:
        found.setdefault(version.version, version.role.value)
    for span in reversed(target.spans):
        found.setdefault(span.version, "served here before")
    for listed in fleet.versions.get(key.model, ()):
        found.setdefault(listed.id, "in the registry")
    return [
        (version, note)
        for version, note in found.items()
        if not is_as_desired(target.rollout, Desired(whole_traffic(version), version))
    ]


def _opening() -> Refusal:
    """Return why nothing can be done yet: one of its own for each that is opened."""
    return Refusal(SafeText("the way to act is still being opened"), SafeText("try again in a moment"))


def _refusal_for(error: Exception) -> Refusal:
    if isinstance(error, ModeltuiError):
        return Refusal(safe_text(error.title), safe_text(error.remedy))
    says = f"the way to act failed: {type(error).__name__}"
    return Refusal(safe_text(says), SafeText("open the context again with c, or act from the command line"))


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.reason}: {refusal.remedy}" if refusal.remedy else str(refusal.reason)


def _share(text: str) -> float | None:
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        return None
    return percent / 100 if 0 <= percent <= 100 else None
