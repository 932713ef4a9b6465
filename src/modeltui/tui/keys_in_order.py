"""Keys typed faster than screens open are kept, and each meets what the one before it has opened.

The screen library hands a key to what has the focus at the moment it arrives, while the one before it may still be on
its way to open a prompt: of `/quota`, typed at once or arriving at once over a slow line, `q` would have quit.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key
from textual.message import Message
from textual.timer import Timer

if TYPE_CHECKING:
    _Base = App[int]
else:
    _Base = object

LONGEST_ANSWER_SECONDS = 0.5
"""After this the next key goes its way, whatever holds the one before."""
LOOK_AGAIN_SECONDS = 0.01
"""How often it is looked whether the widget that has the key is still there: one that leaves with it never answers."""


class KeyPassed(Message):
    """Follows a key through every queue: where it arrives, the key has been dealt with."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.turn = turn


class _Looks:
    """How often one key was looked after."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class KeysInOrder(_Base):
    """Mixin: `class ModeltuiApp(KeysInOrder, App[int])` deals with one key after the other."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._typed_ahead: deque[Key] = deque()
        self._turn = 0
        """Counts what is waited for: a key to be dealt with, a screen to find its focus."""
        self._is_busy = False
        self._patience: Timer | None = None

    async def opened(self) -> None:
        """Return when what the last key opened takes keys; nothing unless an app says what that is."""

    async def on_event(self, event: Event) -> None:
        """Take an event; a key waits for the one before it."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._is_busy:
            self._typed_ahead.append(event)
        else:
            await self._deal_with(event)

    async def on_key_passed(self, message: KeyPassed) -> None:
        """Go on with the next key."""
        message.stop()
        await self._dealt_with(message.turn)

    async def _deal_with(self, key: Key) -> None:
        self._is_busy = True
        target = self.focused or self.screen
        await super().on_event(key)
        turn = self._next_turn()
        # A key that was not forwarded was the app's own, and it is done.
        if key.is_forwarded and target.post_message(KeyPassed(turn)):
            self._patience = self.set_interval(LOOK_AGAIN_SECONDS, partial(self._look_again, turn, target, _Looks()))
        else:
            await self._dealt_with(turn)

    async def _look_again(self, turn: int, target: DOMNode, looks: _Looks) -> None:
        looks.count += 1
        if not target.is_attached or looks.count * LOOK_AGAIN_SECONDS >= LONGEST_ANSWER_SECONDS:
            await self._dealt_with(turn)

    async def _dealt_with(self, turn: int) -> None:
        if turn != self._turn:
            return
        turn = self._next_turn()
        await self.opened()
        if not self._typed_ahead:
            self._is_busy = False
            return
        # Behind what is in the screen's queue: a screen that was just opened finds its focus first.
        take_up = partial(self._take_up, turn)
        if self.screen.call_later(self.call_later, take_up):
            self._patience = self.set_timer(LONGEST_ANSWER_SECONDS, take_up)
        else:
            await take_up()

    async def _take_up(self, turn: int) -> None:
        if turn == self._turn:
            self._next_turn()
            await self._deal_with(self._typed_ahead.popleft())

    def _next_turn(self) -> int:
        self._turn += 1
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        return self._turn
