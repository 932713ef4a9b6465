"""One guarded action from the key to its outcome: the plan, the runner, the challenge, GO, the tracker.

Nothing here draws and nothing here knows the screen library: the panel shows what is here, and hands on what is typed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from enum import Enum

from modeltui.domain.acting.action import ActionKind, Consent, GuardLevel, Plan, Reason, ReasonCode, Refusal
from modeltui.domain.acting.challenge import Approved, Challenge, Input, Stage, Ticked, Upset, Verdict
from modeltui.domain.acting.challenging import new_challenge, take
from modeltui.domain.acting.outcome import Outcome, Phase, Progress
from modeltui.domain.acting.premise import what_moved_in
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing
from modeltui.domain.text import safe_text
from modeltui.ports.acting import Acting
from modeltui.ports.action_runner import RunningAction
from modeltui.ports.clock import Clock
from modeltui.present import format as form
from modeltui.present.outcome_text import final_report

LETTERS = "abdhmnpvxz"
"""Told apart at a glance and by ear, and never a key that moves or opens; bound ones are taken out besides."""
_SUPPLY = 64
_APPROVAL_SECONDS = 1.0
"""How often it is asked whether the second person has decided."""


class Step(Enum):
    """Where one guarded action is."""

    PLANNING = "planning"
    REFUSED = "refused"
    GUARDED = "guarded"
    VOID = "void"
    """The guard ended without a GO."""
    RUNNING = "running"
    """GO was said: it goes on whatever happens here."""
    ENDED = "ended"
    LOST = "lost"
    """GO was said, and the runner fell silent: the journal has, or will have, the outcome."""


class Guarding:
    """Holds one action; `changed` is called when what it shows may look different."""

    def __init__(
        self,
        acting: Acting,
        request: ActionRequest,
        clock: Clock,
        *,
        letters: str,
        opened_by: str,
        changed: Callable[[], None],
        chance: random.Random | None = None,
    ) -> None:
        self.request = request
        self.clock = clock
        self.step = Step.PLANNING
        self.plan: Plan | None = None
        self.refusal: Refusal | None = None
        self.challenge: Challenge | None = None
        self.prepared: Progress | None = None
        """What the runner said when it had read the world and agreed."""
        self.progress: list[Progress] = []
        self.waits_for = ""
        """While a second person is waited for: what is still in the way."""
        self.reason_given = False
        self._acting = acting
        self._letters = letters
        self._opened_by = opened_by
        self._changed = changed
        self._chance = chance or random.SystemRandom()
        self._running: RunningAction | None = None
        self._decided = asyncio.Event()
        self._ready = asyncio.Event()
        self._closed = asyncio.Event()

    # What the panel asks

    @property
    def has_gone(self) -> bool:
        """Whether GO was said."""
        return self.step in (Step.RUNNING, Step.ENDED, Step.LOST)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.step in (Step.REFUSED, Step.VOID, Step.ENDED, Step.LOST)

    @property
    def is_lost(self) -> bool:
        """Whether the runner fell silent after GO."""
        return self.step is Step.LOST

    @property
    def wants_reason(self) -> bool:
        """Whether it may still be said why."""
        return self._running is not None and self.step is Step.RUNNING and not self.reason_given

    # What happens to it

    def take(self, one: Input) -> None:
        """Hand an input to the challenge."""
        if self.challenge is None or self.step is not Step.GUARDED:
            return
        before, self.challenge = self.challenge, take(self.challenge, one)
        if self.challenge is before:
            return
        if not self.challenge.is_open:
            self._decided.set()
        if self.challenge.verdict not in (Verdict.OPEN, Verdict.PASSED):
            self.step = Step.VOID
        self._changed()

    def upset(self, why: str) -> None:
        """Disarm: something happened that the guard was not meant for."""
        self.take(Upset(self.clock.boottime(), why))

    def tick(self, fleet: Fleet) -> None:
        """Let time pass: expiry, settling, and whether the world that is seen is still the plan's."""
        plan = self.plan
        if self.step is not Step.GUARDED or plan is None:
            return
        moved = (
            what_moved_in(plan.premise, plan.kind, fleet, plan.target, plan.version) if _is_newer(fleet, plan) else ()
        )
        if moved:
            self.upset(f"moved: {'; '.join(moved)}")
        elif self.clock.now() >= plan.expires_at:
            self.upset("the plan is too old: it was made from what is no longer fresh")
        self.take(Ticked(self.clock.boottime(), float(self.clock.now())))

    def close(self) -> None:
        """Leave it: before GO nothing happens, after GO it goes on."""
        self._closed.set()
        self._decided.set()

    async def add_reason(self, code: ReasonCode) -> None:
        """Have it written down why, after GO."""
        if self._running is not None and not self.reason_given:
            self.reason_given = True
            self._changed()
            await self._running.add_reason(Reason(code))

    # Its course

    async def run(self) -> None:
        """Plan, start the runner, wait for the guard, say GO, listen to the end."""
        try:
            await self._run()
        except* ModeltuiError as errors:
            self._failed(_first(errors))
        finally:
            self._running = None
            self._changed()

    async def _run(self) -> None:
        found = await self._acting.plan(self.request)
        if self._closed.is_set():
            return
        if isinstance(found, Refusal):
            self._refuse(found)
            return
        self.plan = found
        self.step = Step.GUARDED
        self.challenge = new_challenge(
            found,
            at=self.clock.boottime(),
            wall=float(self.clock.now()),
            supply=self._drawn(),
            opened_by=self._opened_by,
        )
        self._changed()
        async with self._acting.start(found) as running, asyncio.TaskGroup() as group:
            self._running = running
            listening = group.create_task(self._listen(running), name="runner")
            approving = group.create_task(self._second_person(found), name="second person")
            if await self._guarded(found, running):
                await listening
            listening.cancel()
            approving.cancel()

    async def _guarded(self, plan: Plan, running: RunningAction) -> bool:
        """Return whether GO was said."""
        await self._decided.wait()
        if self._closed.is_set() or self.challenge is None or self.challenge.verdict is not Verdict.PASSED:
            return False
        await self._ready.wait()
        if self._closed.is_set() or self.prepared is None:
            return False
        consent = self._consent(plan, self.challenge)
        refused = await self._acting.may_go(plan, consent)
        if refused is not None:
            self._refuse(refused)
            return False
        if self._closed.is_set():  # left while the last question was asked
            return False
        self.step = Step.RUNNING
        self.reason_given = bool(self.challenge.reason)
        self._changed()
        try:
            await running.go(consent)
        except ModeltuiError as error:  # it was not told: there is nothing to look up
            self.step = Step.GUARDED
            self._refuse(Refusal(safe_text(error.title), safe_text(error.remedy)))
            return False
        return True

    async def _listen(self, running: RunningAction) -> None:
        async for one in running.progress():
            self.progress.append(one)
            if one.phase is Phase.PREPARED:
                self.prepared = one
                self._ready.set()
            elif one.phase is Phase.MOVED:
                self._void(f"moved: {one.says}")
            elif not self.has_gone and not isinstance(one.report, Missing):
                self._void(str(one.report.because))
            self._changed()
        if self.has_gone:
            self.step = Step.LOST if isinstance(final_report(self.progress), Missing) else Step.ENDED
        elif self.step is Step.GUARDED:
            self._void("the runner ended before it was told anything; nothing was sent")
        self._changed()

    def _void(self, why: str) -> None:
        """End the guard also when the letter was right already and GO not yet said."""
        if self.has_gone:
            return
        self.upset(why)
        if self.step is Step.GUARDED:
            self._refuse(Refusal(safe_text(why), safe_text("make a new plan: it is made from a fresh look")))
        self._closed.set()
        self._decided.set()
        self._ready.set()

    async def _second_person(self, plan: Plan) -> None:
        """Ask for the approval once everything of this person is there, and wait for it."""
        if plan.guard is not GuardLevel.SECOND_PERSON:
            return
        while self.challenge is not None and self.challenge.is_open and self.challenge.stage is not Stage.APPROVAL:
            await self.clock.sleep(0.1)
        if self.challenge is None or not self.challenge.is_open:
            return
        consent = self._consent(plan, self.challenge)
        asked = await self._acting.ask_approval(plan, consent.reason)
        if isinstance(asked, Refusal):
            self._void(f"{asked.reason}: {asked.remedy}")
            return
        while True:
            refused = await self._acting.may_go(plan, consent)
            left = asked.expires_at - self.clock.now()
            self.waits_for = "" if refused is None else waiting_words(refused, left)
            self._changed()
            if refused is None:
                self.take(Approved(self.clock.boottime()))
                return
            if left <= 0:
                self._void("nobody approved it in time")
                return
            await self.clock.sleep(_APPROVAL_SECONDS)

    def _consent(self, plan: Plan, challenge: Challenge) -> Consent:
        names = tuple(check.name for check in plan.flags)[: challenge.acknowledged]
        return Consent(
            plan_hash=plan.hash,
            reason=Reason(text=safe_text(challenge.reason)) if challenge.reason else self.request.reason,
            acknowledged=names,
            guard=plan.guard,
        )

    def _refuse(self, refusal: Refusal) -> None:
        if not self.has_gone:
            self.refusal, self.step = refusal, Step.REFUSED

    def _failed(self, error: ModeltuiError) -> None:
        self._refuse(Refusal(safe_text(error.title), safe_text(error.remedy)))
        if self.step is Step.RUNNING:
            self.step = Step.LOST

    def _drawn(self) -> str:
        return "".join(self._chance.choice(self._letters) for _ in range(_SUPPLY)) + self._letters


def _is_newer(fleet: Fleet, plan: Plan) -> bool:
    """Tell whether the snapshot was read after the plan's own look: an older one moved nothing."""
    target = fleet.targets.get(plan.target)
    if target is None or isinstance(target.rollout, Missing):
        return False
    source = fleet.sources.get(target.rollout.source)
    if source is None or isinstance(source.answered_at, Missing):
        return False
    return source.answered_at > plan.premise.observed_at


def _first(errors: BaseExceptionGroup[ModeltuiError]) -> ModeltuiError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ModeltuiError)  # noqa: S101 - `except*` gives nothing else
    return error


def letters_without(bound: str) -> str:
    """Return the letters to draw from, without those that a key binding uses."""
    return "".join(letter for letter in LETTERS if letter not in bound)


def waiting_words(refused: Refusal, left_seconds: float) -> str:
    """Return what is still in the way while a second person is waited for, and how long they may take."""
    _, loudly, command = str(refused.remedy).partition("; or, with an incident: ")
    if "second person" in refused.remedy:  # whom to ask stands beside it already
        return f"{form.duration(max(left_seconds, 0.0))} left; {refused.reason}{loudly}{command}"
    return f"{refused.reason}: {refused.remedy}"


def is_well(guarding: Guarding) -> bool:
    """Tell whether an action ended as it should."""
    report = final_report(guarding.progress)
    return not isinstance(report, Missing) and report.outcome is Outcome.VERIFIED


SAFE_DIRECTION = frozenset({ActionKind.ABORT, ActionKind.ROLLBACK})
"""Actions whose reason is asked afterwards."""
