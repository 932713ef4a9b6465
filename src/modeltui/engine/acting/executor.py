"""Executes a plan exactly as it was shown, or not at all; finds out what became of it, and writes that down.

read afresh → compare → PREPARED → GO → check again → lease → intent on disk → each step: compare, send → read back →
verify → outcome → look again later. Only this process, and only here, makes a `RolloutWriter` write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from modeltui.domain.acting.action import NO_REASON, ActionKind, Check, Consent, Plan, Reason, Refusal
from modeltui.domain.acting.desired import desired_of
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.acting.verification import Seen, before_acting, conclude, control, serving_window
from modeltui.domain.errors import BackendError, JournalUnavailable
from modeltui.domain.journal.details import (
    StepResult,
    break_glass_details,
    intent_details,
    lease_details,
    outcome_details,
    plan_ended_details,
    plan_moved_details,
    plan_refused_details,
)
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.aftermath import Aftermath
from modeltui.engine.acting.deadlines import within
from modeltui.engine.acting.holding import Hold
from modeltui.engine.acting.means import Means, WaitForGo, title_of
from modeltui.engine.acting.notices import Notices
from modeltui.engine.acting.preparing import End, Preparation
from modeltui.engine.acting.recording import PlanRecord
from modeltui.engine.acting.sending import MustNot, Sender
from modeltui.engine.acting.verifier import Goal, Verified, Verifier

_JUST_NOW_SECONDS = 600.0
_OUTCOME_TRIES = 3
"""An outcome that cannot be written is tried again; then the next start finds it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor(Means):
    """Executes plans, one at a time each."""

    async def run(self, plan: Plan, wait_for_go: WaitForGo, tell: Callable[[Progress], None]) -> Report:
        """Return how it went. DONE is told before; after it the target is looked at again, for half an hour.

        Nothing is sent before `wait_for_go` returned a consent to this very plan and the intent is on disk. Raises
        nothing that a backend or the journal causes. When it is cancelled after that, the outcome is written down as
        far as it is known, and the cancellation goes on.
        """
        action = _Action(self, plan, tell)
        report = await action.act(wait_for_go)
        await action.watch(report)
        return report

    async def add_reason(self, plan: Plan, reason: Reason) -> None:
        """Write down why, said after GO."""
        record = PlanRecord(self.journal, plan, self.actor, self.clock, self.deadlines)
        await record.note(RecordKind.ACTION_REASON, {}, reason)


class _Action:
    """One plan on its way."""

    def __init__(self, means: Means, plan: Plan, tell: Callable[[Progress], None]) -> None:
        clock, deadlines, actor = means.clock, means.deadlines, means.actor
        self._means = means
        self._plan = plan
        self._listener = tell
        self._clock = clock
        self._deadlines = deadlines
        self._record = PlanRecord(means.journal, plan, actor, clock, deadlines)
        self._preparation = Preparation(means, plan, self._tell)
        self._hold = Hold(means.leases, self._record, plan, actor, clock, deadlines, means.process)
        self._sender = Sender(means.writer, plan, self._record, clock, deadlines, self._tell)
        self._verifier = Verifier(means.writer.read, means.reader, clock, deadlines)
        self._notices = Notices(means.notifier, means.journal, actor, clock, deadlines)
        self._requested_at: Instant | Unknown = UNKNOWN
        self._says = SafeText("")
        """Why it did not go on."""
        self._verified = Verified()

    async def act(self, wait_for_go: WaitForGo) -> Report:
        """Return how it went, once that is written down."""
        preparation = self._preparation
        self._tell(Phase.PREPARING, "reading the target afresh")
        end = await preparation.prepare()
        if end is not None:
            return await self._refused(end)
        self._tell(Phase.PREPARED, str(self._plan.hash), checks=preparation.checks)
        consent = await preparation.wait(wait_for_go)
        if isinstance(consent, End):
            return await self._refused(consent)
        self._requested_at = self._clock.now()
        objection = await preparation.objection(consent)
        if objection is not None:
            return await self._refused(End(objection), consent.reason)
        try:
            seen = await self._claimed()
            if isinstance(seen, End):
                return await self._refused(seen, consent.reason)
            if await self._record.was_begun():
                says = SafeText("this plan was carried out before, and a plan is carried out once")
                return await self._refused(End(Refusal(says, SafeText("plan again"))), consent.reason)
            unwritten = await self._write_intent(consent, seen)
            if unwritten is not None:
                return await self._refused(End(unwritten), consent.reason)
            return await self._execute(consent, seen)
        finally:
            await self._hold.release()

    async def _claimed(self) -> Rollout | End:
        """Return the target once it is ours to act on, or why nothing is sent.

        An abort looks before it ends another's lease: one that comes too late must not stop whoever does the same.
        """
        if self._plan.kind is ActionKind.ABORT:
            seen = await self._preparation.look()
            if isinstance(seen, End):
                return seen
        busy = await self._hold.take()
        return await self._preparation.look() if busy is None else End(busy)

    async def watch(self, report: Report) -> None:
        """Look again later: whether it was undone, or happened after all."""
        doubtful = self._sender.doubtful
        trace = None if doubtful is None else lambda: self._sender.trace(doubtful)
        await Aftermath(self._means, self._plan, self._record, self._notices, self._tell).watch(report, trace)

    async def _refused(self, end: End, reason: Reason = NO_REASON) -> Report:
        """Return the report of a plan of which nothing was sent, once that is written down as far as it can be."""
        plan, refusal = self._plan, end.refusal
        await self._note_broken_lease()
        if end.kind is RecordKind.PLAN_MOVED:
            refusal = replace(refusal, reason=safe_text(f"{refusal.reason}{await self._who_else()}", 500))
            details = plan_moved_details(plan.kind, end.moved)
        elif end.kind is RecordKind.PLAN_REFUSED:
            details = plan_refused_details(plan.kind, refusal)
        else:
            details = plan_ended_details(plan.kind, refusal.reason)
        if end.moved:
            self._tell(Phase.MOVED, "; ".join(end.moved))
        report = Report(
            plan.id,
            plan.hash,
            plan.target,
            Outcome.REFUSED,
            refusal.reason,
            refusal.remedy,
            self._requested_at,
            seq=await self._record.note(end.kind, details, reason),
            checks=refusal.checks or self._preparation.checks,
            reason=reason,
        )
        self._tell(Phase.DONE, str(report.because), report)
        return report

    async def _write_intent(self, consent: Consent, seen: Rollout) -> Refusal | None:
        """Return why the intent is not on disk; `None` when it is."""
        plan = self._plan
        waits_seconds = sum(step.after_seconds for step in plan.steps)
        window_seconds = serving_window(self._means.reader.fleet.targets.get(plan.target, UNKNOWN))
        longest_seconds = self._deadlines.longest(len(plan.steps), waits_seconds, window_seconds)
        details = intent_details(
            plan,
            consent,
            self._preparation.approvals,
            before=seen,
            lease=self._hold.lease,
            process=self._means.process,
            gone_after=Instant(self._clock.now() + longest_seconds),
            overruled=self._preparation.overruled,
        )
        try:
            await self._record.must(RecordKind.ACTION_INTENT, details, consent.reason)
        except JournalUnavailable as error:
            says = safe_text(f"the intent cannot be written down, so nothing was sent: {error.title}")
            return Refusal(says, safe_text(error.remedy or "repair the journal first"))
        self._tell(Phase.INTENT, f"the intent is on disk{self._beside()}")
        return None

    async def _execute(self, consent: Consent, seen: Rollout) -> Report:
        """Send the steps, find out what became of them, and write the outcome, whatever happens in between."""
        plan = self._plan
        target = self._means.reader.fleet.targets.get(plan.target, UNKNOWN)
        before = before_acting(target, plan.leaving, plan.to)
        try:
            await self._send_steps(consent)
            await self._note_what_could_wait(consent)
            if any(result.took or result is StepResult.UNKNOWN for result in self._sender.results):
                since = self._sender.last_sent_at
                moment = self._clock.now() if isinstance(since, Missing) else since
                goal = Goal(plan.target, plan.to, before, desired_of(seen), moment)
                await self._verify(goal)
        except (asyncio.CancelledError, Exception) as error:
            if self._sender.in_flight is not None:
                self._sender.results.append(StepResult.UNKNOWN)
            self._says = self._says or safe_text(f"stopped by {type(error).__name__}")
            await self._conclude(consent)
            raise
        return await self._conclude(consent)

    async def _verify(self, goal: Goal) -> None:
        """Look until it is known; where not every step took, once, to say what is in force."""
        is_whole = len(self._sender.results) == len(self._plan.steps) and self._sender.results[-1].took
        if is_whole:
            await self._verifier.verify(goal, self._verified, self._tell, self._keep)
        else:
            await self._verifier.look(goal, self._verified)

    async def _send_steps(self, consent: Consent) -> None:
        plan = self._plan
        says = safe_text(f"{plan.kind.value} by {self._means.actor.principal}: {consent.reason.text or plan.because}")
        for step in range(len(plan.steps)):
            if step > 0 and not await self._pause(step):
                return

            async def look(step: int = step) -> Rollout | MustNot:
                if not await self._hold.keep("sending", before_write=True):
                    return MustNot(SafeText("the lease on the target is no longer ours"))
                return await self._look_for(step)

            sent = await self._sender.send(step, says, look, self._keep)
            if isinstance(sent, MustNot):
                self._says = sent.says
                return
            if not sent.result.took:
                self._says = sent.says
                return

    async def _look_for(self, step: int) -> Rollout | MustNot:
        """Return the target when it is as it should be before this step."""
        if step == 0:
            seen = await self._preparation.look()
            return MustNot(seen.refusal.reason) if isinstance(seen, End) else seen
        try:
            reading = self._means.writer.read(self._plan.target)
            rollout = await within(self._clock, self._deadlines.read_seconds, reading)
        except (BackendError, TimeoutError) as error:
            return MustNot(safe_text(f"the target cannot be read: {title_of(error)}"))
        left = control(self._plan.steps[step - 1].desired, rollout)
        says = safe_text(f"it moved since step {step}: {left.says}")
        return rollout if left.is_yes else MustNot(says, is_moved=True)

    async def _pause(self, step: int) -> bool:
        """Return whether the step before took effect and its time has passed, with nothing moved."""
        began = self._clock.boottime()
        effect_at: float | None = None
        pause_seconds = self._plan.steps[step].after_seconds
        self._tell(Phase.WAITING, f"step {step} was accepted; the next {pause_seconds:g} s after it took effect")
        while True:
            looked = await self._look_for(step)
            now = self._clock.boottime()
            if not isinstance(looked, MustNot):
                effect_at = now if effect_at is None else effect_at
                if now - effect_at >= pause_seconds:
                    return True
            elif looked.is_moved if effect_at is not None else now - began >= self._deadlines.accepted_seconds:
                self._says = looked.says
                return False
            if not await self._hold.keep("between two steps"):
                self._says = SafeText("the lease on the target is no longer ours")
                return False
            await self._clock.sleep(self._deadlines.verify_every_seconds)

    async def _keep(self) -> bool:
        return await self._hold.keep("verifying")

    async def _note_what_could_wait(self, consent: Consent) -> None:
        """Write down what the write did not have to wait for."""
        overruled = self._preparation.overruled
        await self._note_broken_lease()
        if overruled:
            details = break_glass_details(consent, overruled)
            await self._record.note(RecordKind.BREAK_GLASS, details, consent.reason)
            await self._notices.tell(self._record.newest, self._record.intent)

    async def _note_broken_lease(self) -> None:
        broke, self._hold.broke = self._hold.broke, None
        if broke is not None:
            await self._record.note(RecordKind.LEASE_BROKEN, lease_details(broke, "an abort waits for nobody"))

    async def _conclude(self, consent: Consent) -> Report:
        """Return the report of what was sent, once it is written down as far as it can be."""
        plan, found = self._plan, self._verified
        conclusion = conclude(
            Seen(
                len(plan.steps),
                tuple(self._sender.results),
                self._says,
                found.control,
                not isinstance(found.accepted_at, Missing),
                found.is_as_before,
                found.serving,
                found.health,
                found.in_force,
                found.has_served,
            )
        )
        was_late = conclusion.outcome is Outcome.REFUSED or self._hold.is_lost
        who = await self._who_else() if was_late else ""
        report = Report(
            plan.id,
            plan.hash,
            plan.target,
            conclusion.outcome,
            safe_text(f"{conclusion.because}{who}{self._beside()}", 500),
            conclusion.remedy,
            self._requested_at,
            self._sender.sent_at,
            found.accepted_at,
            found.serving_at,
            found.healthy_at,
            found.observed,
            reason=consent.reason,
        )
        report = await self._write_outcome(report)
        outcome = self._record.newest
        self._tell(Phase.DONE, str(report.because), report)
        await self._hold.release()
        await self._notices.tell(outcome, self._record.intent)
        return report

    async def _write_outcome(self, report: Report) -> Report:
        """Return the report with its place in the journal, or saying that it is not there."""
        for pause_seconds in range(_OUTCOME_TRIES):
            await self._clock.sleep(pause_seconds)
            seq = await self._record.note(RecordKind.ACTION_OUTCOME, outcome_details(report), report.reason)
            if RecordKind.ACTION_OUTCOME not in self._record.unwritten:
                return replace(report, seq=seq)
            self._record.unwritten.remove(RecordKind.ACTION_OUTCOME)
        return replace(report, because=safe_text(f"{report.because}; THIS OUTCOME COULD NOT BE WRITTEN DOWN", 500))

    async def _who_else(self) -> str:
        """Return who began to act here just now, as a part of a sentence; nothing where the journal names nobody."""
        others = await self._record.others_since(Instant(self._clock.now() - _JUST_NOW_SECONDS))
        if not others:
            return ""
        newest = others[-1].entry
        ago = max(0.0, self._clock.now() - newest.at)
        return f"; {newest.actor} began an action here {ago:.0f} s ago"

    def _beside(self) -> str:
        return "; the journal cannot be written: recorded beside it" if self._record.is_spooled else ""

    def _tell(
        self, phase: Phase, says: str, report: Report | Unknown = UNKNOWN, checks: tuple[Check, ...] = ()
    ) -> None:
        # Whoever listens may be gone; the action is not.
        with suppress(OSError, ValueError, RuntimeError):
            self._listener(Progress(phase, self._clock.now(), safe_text(says, 500), report, checks))
