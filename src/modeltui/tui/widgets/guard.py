"""The guard: a plan over the live screen, what has to be typed for it, and then how it goes.

It looks unlike every other prompt, and no key but esc means anything in it before the terminal has said that it is
drawn. The mouse may leave it and do nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from modeltui.domain.acting.action import ReasonCode
from modeltui.domain.acting.challenge import Key, Painted, Pasted, Pointed, Stage
from modeltui.present.glyphs import Glyphs
from modeltui.present.guard_text import (
    NOTHING_SENT,
    challenge_lines,
    guard_facts,
    guard_keys,
    guard_title,
    night_line,
    place_span,
    reason_lines,
    status_line,
)
from modeltui.present.outcome_text import tracker_lines, tracker_title
from modeltui.present.plan_text import refusal_lines, verb
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped
from modeltui.tui.guarding import Guarding, Step, is_well
from modeltui.tui.local_zone import LOCAL
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Prompt, key_spans

if TYPE_CHECKING:
    from modeltui.tui.program import Program

LEAST_SIZE = (60, 16)
"""Below this a plan cannot be read, and so not be agreed to."""
_TICK_SECONDS = 0.1
_ASK_AGAIN_SECONDS = 2.0
"""A terminal that was away when it was asked is asked again."""
_REST_ROWS = 4
"""Row 1, the head of the list with one of its rows, and the keys: the live screen stays in sight."""
_SCROLLS = {"up": -1, "down": 1, "pageup": -5, "pagedown": 5}


class GuardPanel(Vertical, can_focus=True):
    """Shows one `Guarding` and hands on what is typed into it."""

    DEFAULT_CSS = """
    GuardPanel {
        layer: over; dock: bottom; height: auto; margin-bottom: 1;
        background: $background; border: heavy $tone-warn; padding: 0 1;
    }
    GuardPanel.-armed { border: heavy $tone-breach; }
    GuardPanel.-quiet { border: heavy $pane-border; }
    .-ascii GuardPanel, .-ascii GuardPanel.-armed, .-ascii GuardPanel.-quiet { border: ascii $tone-breach; }
    GuardPanel StyledLines { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, guarding: Guarding, glyphs: Glyphs, left_behind: Callable[[], None]) -> None:
        super().__init__()
        self.guarding = guarding
        self._glyphs = glyphs
        self._left_behind = left_behind
        self._top = 0
        """How far the facts are scrolled."""
        self._hidden_rows = 0
        self._asked: dict[tuple[int, int], int] = {}
        """What the terminal was asked: the answer to expect, and the question that was painted then."""
        self._asked_for = 0
        """The question that the terminal was last asked about."""
        self._asked_at = float("inf")
        self._left = False
        self._told_keys: Line = ()
        self._is_there = False
        """Whether there is something to draw on."""

    @property
    def program(self) -> Program:
        """Return what this is part of."""
        return cast("Program", self.app)

    def compose(self) -> ComposeResult:
        yield StyledLines(glyphs=self._glyphs, id="guard-lines")

    def on_mount(self) -> None:
        self._is_there = True
        self.screen.set_focus(self)
        self.set_interval(_TICK_SECONDS, self._tick)
        self.draw()

    # What is typed

    def on_key(self, event: events.Key) -> None:
        """Take every key: none goes on to the screen behind."""
        event.stop()
        event.prevent_default()
        guarding = self.guarding
        leaves = event.key == "escape" or event.key.startswith("alt+")
        if leaves and guarding.step is not Step.GUARDED:
            self.leave()
        elif guarding.wants_reason and event.character and event.character in _REASONS:
            self.run_worker(guarding.add_reason(_REASONS[event.character]), exit_on_error=False)
        elif event.key in _SCROLLS:
            self._scroll(_SCROLLS[event.key])
        elif guarding.step is Step.GUARDED:
            if leaves:
                self.leave()
            guarding.take(Key(self._arrived_at(event), event.key, event.character or ""))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.guarding.take(Pasted(self._arrived_at(event)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.guarding.take(Pointed(self._arrived_at(event)))

    def on_click(self, event: events.Click) -> None:
        """Leave when the words that say so are clicked."""
        event.stop()
        if event.screen_y == self.region.bottom - 2:
            self.leave()

    def on_blur(self) -> None:
        """Disarm: keys would go somewhere else."""
        if self._left:
            return
        self.guarding.upset("the focus went elsewhere")
        if self.app.app_focus:
            self.call_later(self._take_focus)

    def _take_focus(self) -> None:
        if not self._left and self.is_attached and self.screen.is_current:
            self.screen.set_focus(self)

    def leave(self) -> None:
        """Close it: before GO nothing happens, after GO the action goes on."""
        if self._left:
            return
        self._left = True
        screen = self.screen
        self.guarding.close()
        screen.post_message(Prompt.Closed())
        self.remove()
        self._left_behind()
        for widget in screen.query("#grid, #text").results():
            screen.set_focus(widget)
            break

    def _arrived_at(self, event: events.Event) -> float:
        """Return the boot time at which an event arrived, however long it waited in queues since."""
        waited = max(asyncio.get_running_loop().time() - event.time, 0.0)
        return self.guarding.clock.boottime() - waited

    # The terminal's answer

    def ask_receipt(self) -> None:
        """Have the terminal say when it has drawn what is asked now."""
        guard = self.guarding.challenge
        if guard is None or self._left or self.guarding.step is not Step.GUARDED or guard.painted_at is not None:
            return
        if not self.query_one(StyledLines).is_painted:  # asked too early it would vouch for nothing
            self.call_after_refresh(self.ask_receipt)
            return
        self._asked_at = self.guarding.clock.boottime()
        self._asked[self.program.request_paint_receipt()] = guard.prompt

    def painted(self, answer: tuple[int, int], event: events.Event) -> None:
        """Take the terminal's answer; one to another question is none."""
        prompt = self._asked.pop(answer, None)
        if prompt is not None:
            self.guarding.take(Painted(self._arrived_at(event), prompt))

    # What is drawn

    def _tick(self) -> None:
        size, guarding = self.app.size, self.guarding
        if guarding.step is Step.GUARDED:
            if size.width < LEAST_SIZE[0] or size.height < LEAST_SIZE[1]:
                guarding.upset(f"the window became too small to read a plan: {size.width}x{size.height}")
            guarding.tick(self.program.fleet)
            guard = guarding.challenge
            again = guarding.clock.boottime() - self._asked_at > _ASK_AGAIN_SECONDS
            if guard is not None and guard.painted_at is None and again:
                self.ask_receipt()
        self.draw()

    def draw(self) -> None:
        """Draw what is so now; a new question is painted before the terminal is asked."""
        if self._left or not self._is_there:
            return
        lines = self._lines(max(self.app.size.width - 4, 20))
        armed = self.guarding.step is Step.GUARDED
        self.set_class(armed, "-armed")
        self.set_class(self.guarding.is_over and (is_well(self.guarding) or not self.guarding.has_gone), "-quiet")
        self.query_one(StyledLines).update(lines)
        self._tell_keys()
        guard = self.guarding.challenge
        if armed and guard is not None and guard.prompt != self._asked_for and guard.stage is not Stage.APPROVAL:
            self._asked_for = guard.prompt
            self.call_after_refresh(self.ask_receipt)

    def _tell_keys(self) -> None:
        guarding = self.guarding
        keys = guard_keys(
            guarding.challenge,
            has_gone=guarding.has_gone,
            is_over=guarding.is_over,
            scrolls=self._hidden_rows > 0,
        )
        line = (Span(" "), *(span for key, does in keys for span in key_spans(key, does)))
        if line != self._told_keys:
            self._told_keys = line
            self.screen.post_message(Prompt.Opened(line))

    def _scroll(self, by: int) -> None:
        self._top = max(0, min(self._top + by, self._hidden_rows))
        self.draw()

    def _lines(self, width: int) -> list[Line]:
        guarding, glyphs = self.guarding, self._glyphs
        plan, now = guarding.plan, guarding.clock.now()
        if plan is None or guarding.step is Step.REFUSED:
            return self._lines_without_plan(width)
        zone = LOCAL
        if guarding.has_gone:
            is_lost = guarding.step is Step.LOST
            place = place_span(self.program.fleet, str(plan.context))
            rows = wrapped((place, Span(" "), *tracker_title(plan, guarding.progress, is_lost=is_lost)), width, 2)
            rows += tracker_lines(plan, guarding.progress, now, width, glyphs, zone, is_lost=is_lost)
            if is_lost:
                rows += wrapped(_LOST, width, 2)
            if guarding.wants_reason:
                rows += reason_lines(width)
            return rows
        guard = guarding.challenge
        assert guard is not None  # noqa: S101 - with a plan there is one
        head = [guard_title(plan, self.program.fleet, width)]
        if guard.is_open and (asleep := night_line(plan, now, zone)):
            head += wrapped(asleep, width, 2)
        status = status_line(plan, guarding.prepared, now, glyphs, zone, is_open=guard.is_open)
        foot = [*wrapped(status, width, 2)]
        foot += challenge_lines(plan, guard, guarding.clock.boottime(), width, glyphs, guarding.waits_for)
        room = max(self.app.size.height - _REST_ROWS - 2 - len(head) - len(foot), 3)
        suspect = self.program.top_suspect(plan.target, self.draw)
        facts = guard_facts(plan, self.program.fleet, width, room, glyphs, suspect)
        return [*head, *self._window(facts, room), *foot]

    def _lines_without_plan(self, width: int) -> list[Line]:
        guarding, request = self.guarding, self.guarding.request
        place = place_span(self.program.fleet, str(self.program.fleet.context.name))
        title: Line = (place, Span(f" {verb(request.kind)}: {request.target}", Tone.TITLE))
        if guarding.refusal is None:
            return [title, (Span("the world is looked at afresh; nothing has been sent", Tone.UNKNOWN),)]
        lines = [title]
        for line in refusal_lines(guarding.refusal, self._glyphs):
            lines += wrapped(line, width, 4)
        return [*lines, (Span(f"{NOTHING_SENT} Esc closes this.", Tone.MUTED),)]

    def _window(self, facts: list[Line], room: int) -> list[Line]:
        """Return the part of the facts that there is room for, and say how much more there is."""
        if len(facts) <= room:
            self._hidden_rows = self._top = 0
            return facts
        self._hidden_rows = len(facts) - room + 1
        self._top = min(self._top, self._hidden_rows)
        shown = facts[self._top : self._top + room - 1]
        left = len(facts) - self._top - len(shown)
        more = f"{left} more rows: up down" if left else "up down: the rows above"
        return [*shown, (Span(f"{self._glyphs.more_below} {more}", Tone.WARN),)]


_LOST: Line = (
    Span("the runner no longer answers. ", Tone.BREACH),
    Span("It may have gone on: the journal (5) has the outcome, or will have it once it has been looked up."),
)
_REASONS = {str(number): code for number, code in enumerate(ReasonCode, 1)}
