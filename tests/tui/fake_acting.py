"""A way to act whose world is the test: plans as given, runners that say what they are told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.present import plans

from modeltui.domain.acting.action import ActionKind, Consent, Plan, Reason, Refusal
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.outcome import Phase, Progress
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.identity import Actor
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, NoData, TargetKey
from modeltui.domain.suspects.suspect import Suspect
from modeltui.domain.text import SafeText
from modeltui.ports.acting import WritesState
from modeltui.ports.journal import JournalReader

YES = Permission(is_allowed=True, says=SafeText("operators may act in prod"))


class FakeRunning:
    """A runner that says what the test puts into it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.told: list[Consent] = []
        self.cannot: ModeltuiError | None = None
        """Why it cannot be told GO."""
        self.reasons: list[Reason] = []
        self._queue: asyncio.Queue[Progress | None] = asyncio.Queue()

    def say(self, *said: Progress | None) -> None:
        """Have it say something; None ends it."""
        for one in said:
            self._queue.put_nowait(one)

    async def progress(self) -> AsyncIterator[Progress]:
        """Yield what it was told to say."""
        while (one := await self._queue.get()) is not None:
            yield one

    async def go(self, consent: Consent) -> None:
        """Note it."""
        if self.cannot is not None:
            raise self.cannot
        self.told.append(consent)

    async def add_reason(self, reason: Reason) -> None:
        """Note it."""
        self.reasons.append(reason)


class FakeActing:
    """A way to act without anything behind it."""

    def __init__(self, plan: Plan | Refusal | None = None, *, on: bool = True, prepares: bool = True) -> None:
        self.suspected: Suspect | NoData = NO_DATA
        self.answer: Plan | Refusal = plan if plan is not None else plans.rollback()
        self.on = on
        self.prepares = prepares
        self.allowed: Permission | Refusal = YES
        self.refuses: Refusal | None = None
        """What `may_go` answers."""
        self.asked: list[ActionRequest] = []
        self.runners: list[FakeRunning] = []
        self.left: list[bool] = []
        """For each runner that was left: whether it had been told GO."""
        self.unlocks: list[str] = []
        self.waiting: tuple[ApprovalRequest, ...] = ()
        self.approvals: list[Plan] = []
        self.approvable_until: Instant | None = None

    @property
    def journal(self) -> JournalReader:
        """There is none."""
        raise NotImplementedError

    @property
    def writes(self) -> WritesState:
        """As the test says."""
        left = 899.0 if self.on else UNKNOWN
        return WritesState(self.on, left, SafeText("writes are off: u unlocks them"), can_unlock=True)

    async def read_rules(self) -> None:
        """There are none."""

    async def actor(self) -> Actor:
        """Bob."""
        return plans.BOB

    async def unlock(self, reason: SafeText) -> Refusal | WritesState:
        """Switch on."""
        self.unlocks.append(str(reason))
        self.on = True
        return self.writes

    async def lock(self) -> None:
        """Switch off."""
        self.on = False

    def permission(self, kind: ActionKind, target: TargetKey) -> Permission | Refusal:
        """As the test says."""
        if not self.on:
            return Refusal(SafeText("writes are off"), SafeText("u unlocks them"))
        return self.allowed

    async def suspect(self, target: TargetKey) -> Suspect | NoData:
        return self.suspected

    async def plan(self, request: ActionRequest) -> Plan | Refusal:
        """Answer as given."""
        self.asked.append(request)
        return self.answer

    async def may_go(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Answer as given."""
        return self.refuses

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[FakeRunning]:
        """Start a runner that is prepared at once, unless the test says otherwise."""
        running = FakeRunning(plan)
        self.runners.append(running)
        if self.prepares:
            running.say(Progress(Phase.PREPARED, Instant(plan.made_at)))
        try:
            yield running
        finally:
            self.left.append(bool(running.told))

    async def ask_approval(self, plan: Plan, reason: Reason) -> ApprovalRequest | Refusal:
        """Put it on the list."""
        self.approvals.append(plan)
        return ApprovalRequest(plan, plan.made_at, self.approvable_until or plan.expires_at, reason.text)

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return the list."""
        return self.waiting

    async def decide(self, plan_hash_or_id: str, decision: Decision, reason: SafeText) -> GivenApproval | Refusal:
        """Not here."""
        raise NotImplementedError

    async def reviewed(self, plan_hash_or_id: str) -> Any:
        """Not here."""
        raise NotImplementedError

    @property
    def gone(self) -> list[Consent]:
        """Every GO that was said."""
        return [consent for runner in self.runners for consent in runner.told]


class HandClock:
    """A clock that the test moves."""

    def __init__(self, at: float = float(plans.NOW)) -> None:
        self.wall = at
        self.boot = 1_000.0

    def now(self) -> Instant:
        """Return the wall time."""
        return Instant(self.wall)

    def boottime(self) -> float:
        """Return seconds since boot."""
        return self.boot

    async def sleep(self, seconds: float) -> None:
        """Let others run."""
        del seconds
        await asyncio.sleep(0.001)

    def passes(self, seconds: float) -> None:
        """Let time pass on both."""
        self.wall += seconds
        self.boot += seconds


class Chosen(random.Random):
    """Chance that draws the letters in the order given."""

    def __init__(self, letters: str) -> None:
        super().__init__(0)
        self._letters = iter(letters * 40)

    def choice(self, seq: Any) -> Any:
        """Return the next one."""
        del seq
        return next(self._letters)
