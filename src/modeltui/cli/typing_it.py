"""Something short that has to be typed at the terminal, one key after the other, by the rules of the guard."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from modeltui.cli.tty import Tty, open_tty
from modeltui.cli.tty_keys import Acknowledged, Arrival, PastedText
from modeltui.domain.acting.action import GuardLevel, Plan
from modeltui.domain.acting.challenge import Challenge, Expected, Input, Key, Painted, Pasted, Ticked, Verdict
from modeltui.domain.acting.challenging import new_challenge, take
from modeltui.present.glyphs import Glyphs
from modeltui.present.guard_text import challenge_lines
from modeltui.present.span import plain

_TICK_SECONDS = 0.1
_SUPPLY = "abdhkmnpvxz"


async def typed_at_terminal(plan: Plan, expected: str, question: str, glyphs: Glyphs) -> str:
    """Return why it was not typed; nothing once it was, and the letter after it."""
    with open_tty() as tty:
        if tty is None:
            return "there is no terminal to ask on"
        asked = _Asked(plan, Expected(expected, question), glyphs, tty)
        await asked.run()
        return "" if asked.challenge.verdict is Verdict.PASSED else asked.challenge.why or "left"


class _Asked:
    def __init__(self, plan: Plan, expected: Expected, glyphs: Glyphs, tty: Tty) -> None:
        import random

        from modeltui.wiring.observing import system_clock

        self._plan, self._glyphs, self._tty = plan, glyphs, tty
        self._clock = system_clock()
        self._ended = asyncio.Event()
        self._prompt = 0
        self._drawn: list[str] = []
        chance = random.SystemRandom()
        supply = "".join(chance.choice(_SUPPLY) for _ in range(32)) + _SUPPLY
        light = replace(plan, guard=GuardLevel.VERSION)
        made = new_challenge(light, at=self._clock.boottime(), wall=float(self._clock.now()), supply=supply)
        self.challenge: Challenge = replace(made, expected=replace(expected, what=expected.what.removeprefix("Type ")))

    async def run(self) -> None:
        with self._tty.listening(self._arrived):
            self._draw()
            while self.challenge.is_open:
                await self._clock.sleep(_TICK_SECONDS)
                self._take(Ticked(self._clock.boottime(), float(self._clock.now())))
        self._draw()

    def _arrived(self, arrival: Arrival, prompt: int) -> None:
        at = self._clock.boottime()
        match arrival:
            case Acknowledged():
                self._take(Painted(at, prompt))
            case PastedText():
                self._take(Pasted(at))
            case pressed:
                self._take(Key(at, pressed.name, pressed.character))

    def _take(self, one: Input) -> None:
        self.challenge = take(self.challenge, one)
        self._draw()

    def _draw(self) -> None:
        drawn = challenge_lines(self._plan, self.challenge, self._clock.boottime(), self._tty.width - 1, self._glyphs)
        lines = [plain(line).rstrip() for line in drawn]
        if self.challenge.is_open and self.challenge.prompt != self._prompt:
            self._prompt = self.challenge.prompt
            self._tty.ask(lines, self._prompt)
        elif lines != self._drawn:
            self._tty.show(lines)
        self._drawn = lines
