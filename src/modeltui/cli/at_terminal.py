"""A plan at the terminal: shown whole, guarded as on the screens, followed to its end."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from modeltui.cli.acting_session import REFUSED, glyphs_of, say_refusal
from modeltui.cli.output import note
from modeltui.cli.telling import end, interrupted_words, say_progress, with_words_of
from modeltui.cli.tty import Tty, open_tty
from modeltui.cli.tty_keys import Acknowledged, Arrival, PastedText
from modeltui.cli.wishes import Wish
from modeltui.config.load import Loaded
from modeltui.domain.acting.action import ActionKind, Consent, Plan, Reason, ReasonCode, Refusal
from modeltui.domain.acting.approval import ApprovalRequest
from modeltui.domain.acting.challenge import Challenge, Key, Painted, Pasted, Stage, Ticked
from modeltui.domain.acting.outcome import Phase, Progress
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.acting import Acting
from modeltui.ports.action_runner import RunningAction
from modeltui.ports.clock import Clock
from modeltui.present.guard_text import challenge_lines, reason_lines
from modeltui.present.plan_text import LABEL_WIDTH, plan_lines
from modeltui.present.span import plain
from modeltui.present.wrap import wrapped
from modeltui.tui.guarding import Guarding, Step, letters_without

_TICK_SECONDS = 0.1
_DEAF_SECONDS = 3.0
"""A terminal that has not answered by then never will."""


async def carry_out_at_terminal(acting: Acting, loaded: Loaded, plan: Plan, wish: Wish) -> int:
    """Show a plan, ask, and follow it; return the exit code."""
    from modeltui.wiring.observing import system_clock

    width = shutil.get_terminal_size().columns
    for line in plan_lines(plan, glyphs_of(loaded)):
        for row in wrapped(line, width, LABEL_WIDTH):
            note(plain(row).rstrip())
    note("")
    with open_tty() as tty:
        if tty is None:
            refusal = Refusal(SafeText("there is no terminal to ask on"), safe_text(_by_hash(plan, wish), 400))
            return say_refusal(refusal, as_json=wish.as_json)
        session = _Session(acting, loaded, plan, wish, tty, system_clock())
        try:
            await session.run()
        except asyncio.CancelledError:
            tty.leave_shown()
            note(interrupted_words(plan, wish, has_gone=session.guarding.has_gone))
            raise
    return session.code()


class _Session:
    """One guard at one terminal."""

    def __init__(self, acting: Acting, loaded: Loaded, plan: Plan, wish: Wish, tty: Tty, clock: Clock) -> None:
        self._loaded, self._plan, self._wish, self._tty, self._clock = loaded, plan, wish, tty, clock
        self._glyphs = glyphs_of(loaded)
        self._heard: list[Progress] = []
        self._asked_prompt = 0
        self._asked_at = clock.boottime()
        self._deaf = False
        self._why: set[asyncio.Task[None]] = set()
        self._drawn: list[str] = []
        self._ended = asyncio.Event()
        request = ActionRequest(plan.kind, plan.target, plan.version, reason=wish.reason)
        self.guarding = Guarding(
            cast(Acting, _Agreed(acting, plan, wish)),
            request,
            clock,
            letters=letters_without(""),
            opened_by="",
            changed=self._changed,
        )

    async def run(self) -> None:
        with self._tty.listening(self._take):
            async with asyncio.TaskGroup() as tasks:
                ticking = tasks.create_task(self._tick())
                running = tasks.create_task(self.guarding.run())
                ended = tasks.create_task(self._ended.wait())
                try:
                    await asyncio.wait((running, ended), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    ticking.cancel()
                    ended.cancel()
                    running.cancel()  # after GO the runner goes on, and watches for a while what becomes of it
        self._changed()

    def code(self) -> int:
        """Say how it ended and return the exit code."""
        guarding = self.guarding
        if guarding.has_gone:
            return end(self._loaded, self._plan, self._heard, self._wish, has_gone=True)
        if guarding.refusal is not None:
            return say_refusal(guarding.refusal, as_json=self._wish.as_json)
        if self._deaf:
            remedy = safe_text(_by_hash(self._plan, self._wish), 400)
            return say_refusal(Refusal(SafeText("this terminal does not say what it shows"), remedy))
        challenge = guarding.challenge
        says = challenge.why if challenge is not None and challenge.why else "left: nothing happened"
        if self._wish.as_json:
            return say_refusal(Refusal(safe_text(says, 300), SafeText("nothing was sent; plan again")), as_json=True)
        note(f"modeltui: not done: {says}. Nothing was sent.")
        return REFUSED

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(_TICK_SECONDS)
            now = self._clock.boottime()
            if self.guarding.step is not Step.GUARDED:
                continue
            if self._asked_prompt and self._is_unacknowledged() and now - self._asked_at > _DEAF_SECONDS:
                self._deaf = True
                self.guarding.upset("this terminal does not say what it shows")
            if self._clock.now() >= self._plan.expires_at:
                self.guarding.upset("the plan is too old: it was made from what is no longer fresh")
            self.guarding.take(Ticked(now, float(self._clock.now())))
            self._changed()

    def _is_unacknowledged(self) -> bool:
        challenge = self.guarding.challenge
        return challenge is not None and challenge.painted_at is None and challenge.stage is not Stage.APPROVAL

    def _take(self, arrival: Arrival, prompt: int) -> None:
        at = self._clock.boottime()
        match arrival:
            case Acknowledged():
                self.guarding.take(Painted(at, prompt))
            case PastedText():
                self.guarding.take(Pasted(at))
            case pressed:
                self.guarding.take(Key(at, pressed.name, pressed.character))
                self._maybe_why(pressed.character)

    def _maybe_why(self, character: str) -> None:
        codes = list(ReasonCode)
        if self.guarding.wants_reason and character.isdecimal() and 1 <= int(character) <= len(codes):
            task = asyncio.ensure_future(self.guarding.add_reason(codes[int(character) - 1]))  # noqa: TID251
            self._why.add(task)
            task.add_done_callback(self._why.discard)

    def _changed(self) -> None:
        guarding = self.guarding
        for progress in guarding.progress[len(self._heard) :]:
            if guarding.has_gone:
                self._tty.leave_shown()
                say_progress(progress, self._heard)
            else:
                self._heard.append(progress)
            if progress.phase is Phase.DONE and guarding.has_gone:
                self._ended.set()
        challenge = guarding.challenge
        if guarding.step is Step.GUARDED and challenge is not None:
            self._draw(challenge)
        elif guarding.step is Step.RUNNING and self._asked_prompt:
            self._asked_prompt = 0
            self._tty.leave_shown()
            if guarding.wants_reason and self._plan.kind is not ActionKind.ABORT and not self._wish.reason.text:
                self._tty.write("".join(f"{plain(line)}\n" for line in reason_lines(self._tty.width)))

    def _draw(self, challenge: Challenge) -> None:
        at = self._clock.boottime()
        drawn = challenge_lines(
            self._plan, challenge, at, self._tty.width - 1, self._glyphs, waits_for=self.guarding.waits_for
        )
        lines = [plain(line).rstrip() for line in drawn]
        if challenge.is_open and challenge.prompt != self._asked_prompt:
            self._asked_prompt, self._asked_at = challenge.prompt, at
            self._tty.ask(lines, challenge.prompt)
        elif lines != self._drawn:
            self._tty.show(lines)
        self._drawn = lines


def _by_hash(plan: Plan, wish: Wish) -> str:
    return f"agree by the plan's hash: {wish.again} --plan-hash {plan.hash}"


class _Agreed:
    """What a guard asks of an `Acting`: the plan is made already, and consents say how and why they were given."""

    def __init__(self, acting: Acting, plan: Plan, wish: Wish) -> None:
        self._acting, self._plan, self._wish = acting, plan, wish

    async def plan(self, request: ActionRequest) -> Plan | Refusal:
        del request
        return self._plan

    async def may_go(self, plan: Plan, consent: Consent) -> Refusal | None:
        return await self._acting.may_go(plan, with_words_of(consent, self._wish))

    async def ask_approval(self, plan: Plan, reason: Reason) -> ApprovalRequest | Refusal:
        return await self._acting.ask_approval(plan, reason)

    def start(self, plan: Plan) -> AbstractAsyncContextManager[RunningAction]:
        return self._start(plan)

    @asynccontextmanager
    async def _start(self, plan: Plan) -> AsyncIterator[RunningAction]:
        async with self._acting.start(plan) as running:
            yield _AgreedRunning(running, self._wish)


class _AgreedRunning:
    """A started runner that is told how the consent was given."""

    def __init__(self, running: RunningAction, wish: Wish) -> None:
        self._running, self._wish = running, wish

    def progress(self) -> AsyncIterator[Progress]:
        return self._running.progress()

    async def go(self, consent: Consent) -> None:
        await self._running.go(with_words_of(consent, self._wish))

    async def add_reason(self, reason: Reason) -> None:
        await self._running.add_reason(reason)
