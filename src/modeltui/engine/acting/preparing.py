"""Everything before a write: the look at the world, the wait for GO, and the checks once it came. It writes nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from modeltui.domain.acting.action import ActionKind, Check, CheckResult, Consent, Plan, Refusal
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.acting.coherence import incoherence
from modeltui.domain.acting.going import objection_to, overrules
from modeltui.domain.acting.outcome import Phase
from modeltui.domain.acting.plan_document import plan_hash
from modeltui.domain.acting.premise import digest_of, what_moved
from modeltui.domain.errors import BackendError, JournalUnavailable
from modeltui.domain.fleet import Target
from modeltui.domain.journal.details import is_rescue
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import within
from modeltui.engine.acting.means import Means, WaitForGo, title_of
from modeltui.engine.acting.sending import Tell


@dataclass(frozen=True, slots=True)
class End:
    """Why it does not come to a write."""

    refusal: Refusal
    kind: RecordKind = RecordKind.PLAN_REFUSED
    moved: tuple[SafeText, ...] = ()


class Preparation:
    """One plan before its first write."""

    def __init__(self, means: Means, plan: Plan, tell: Tell) -> None:
        self._means = means
        self._plan = plan
        self._tell = tell
        self._clock = means.clock
        self._deadlines = means.deadlines
        self._is_rescue = is_rescue(plan)
        self._began = (means.clock.now(), means.clock.boottime())
        self._lifetime_seconds = min(plan.expires_at - means.clock.now(), plan.expires_at - plan.made_at)
        self.checks: tuple[Check, ...] = ()
        """What was checked from here."""
        self.approvals: tuple[GivenApproval, ...] = ()
        self.overruled = ""
        """What the rules said before break-glass; empty where nothing was overruled."""

    async def prepare(self) -> End | None:
        """Return what stands against the plan after a fresh look; `None` when it may wait for GO."""
        plan = self._plan
        if plan_hash(plan) != plan.hash:
            return End(Refusal(SafeText("the plan is not what its hash says"), SafeText("plan again")))
        if (unlike := incoherence(plan)) is not None:
            return End(unlike)
        if (end := self._expired()) is not None:
            return end
        if plan.kind is not ActionKind.ABORT:
            with suppress(TimeoutError):
                asked = self._means.reader.read_provenance(plan.target.model, plan.version)
                await within(self._clock, self._deadlines.read_seconds, asked)
        seen = await self.look()
        if isinstance(seen, End):
            return seen
        return await self._prepare_writer()

    async def _prepare_writer(self) -> End | None:
        try:
            preparing = self._means.writer.prepare(self._plan)
            self.checks = await within(self._clock, self._deadlines.prepare_seconds, preparing)
        except (BackendError, TimeoutError) as error:
            self.checks = (Check(SafeText("prepared"), CheckResult.UNKNOWN, safe_text(title_of(error))),)
            if self._is_rescue:
                return None
            says = safe_text(f"it could not be checked before acting: {title_of(error)}")
            return End(Refusal(says, SafeText("try again when the backend answers"), self.checks))
        known = {check.name for check in self._plan.checks if check.result is CheckResult.FAIL}
        failed = [check for check in self.checks if check.result is CheckResult.FAIL and check.name not in known]
        if not failed or self._plan.kind is ActionKind.ABORT:
            return None
        return End(Refusal(failed[0].says, SafeText("choose another version, or repair this one"), self.checks))

    async def wait(self, wait_for_go: WaitForGo) -> Consent | End:
        """Return the consent; meanwhile the world is compared with the plan, again and again."""

        async def going() -> Consent | None:
            try:
                return await wait_for_go()
            except (OSError, EOFError, ValueError):  # the other end is gone, or talks nonsense: no consent
                return None

        async with asyncio.TaskGroup() as tasks:
            go = tasks.create_task(going())
            polling = tasks.create_task(self._keep_polling())
            try:
                while True:
                    alarm = tasks.create_task(self._clock.sleep(self._deadlines.reread_every_seconds))
                    await asyncio.wait((go, alarm), return_when=asyncio.FIRST_COMPLETED)
                    alarm.cancel()
                    if go.done():
                        return go.result() or self._abandoned()
                    if (end := self._expired() or await self._still_holds()) is not None:
                        return end
            finally:
                go.cancel()
                polling.cancel()

    async def _keep_polling(self) -> None:
        while True:
            with suppress(TimeoutError):
                await within(self._clock, self._deadlines.poll_seconds, self._means.reader.poll_now())
            await self._clock.sleep(self._deadlines.poll_every_seconds)

    async def _still_holds(self) -> End | None:
        seen = await self.look()
        if not isinstance(seen, End) or seen.moved:
            return seen if isinstance(seen, End) else None
        self._tell(Phase.WAITING, str(seen.refusal.reason))  # it cannot be read now: nothing is known to have moved
        return None

    def _abandoned(self) -> End:
        return End(Refusal(SafeText("nobody said GO"), SafeText("plan again")), RecordKind.PLAN_ABANDONED)

    def _expired(self) -> End | None:
        """Return why the plan is too old: by the wall and by boot time, whichever says so first."""
        wall, boot = self._clock.now() - self._began[0], self._clock.boottime() - self._began[1]
        again = SafeText("plan again")
        if abs(wall - boot) > self._deadlines.longest_clock_step_seconds:
            says = safe_text(f"the clock was set by {wall - boot:+.0f} s while the plan was read")
            return End(Refusal(says, again), RecordKind.PLAN_EXPIRED)
        if max(wall, boot) >= self._lifetime_seconds or self._clock.now() >= self._plan.expires_at:
            return End(Refusal(SafeText("the plan has expired"), again), RecordKind.PLAN_EXPIRED)
        return None

    async def objection(self, consent: Consent) -> Refusal | None:
        """Return what stands against the plan once the operator said GO: age, consent, rules, second person."""
        plan = self._plan
        if (end := self._expired()) is not None:
            return end.refusal
        if self._means.read_rules is not None:  # a second person may take a quarter of an hour: rules change meanwhile
            await self._means.read_rules()
        if plan.kind is not ActionKind.ABORT:
            try:
                self.approvals = await within(self._clock, self._deadlines.lease_seconds, self._decisions())
            except (JournalUnavailable, TimeoutError) as error:
                if not self._is_rescue:
                    says = safe_text(f"nobody can say who approved or denied it: {title_of(error)}")
                    return Refusal(says, SafeText("repair the shared store first"))
        permission = self._means.permission(plan)
        self.overruled = str(permission.says) if overrules(plan, consent, permission) else ""
        return objection_to(plan, consent, permission, self.approvals, self._means.actor, self._clock.now())

    async def look(self) -> Rollout | End:
        """Return the target as it is now, or what stands against acting on it."""
        plan, fleet = self._plan, self._means.reader.fleet
        try:
            rollout = await within(self._clock, self._deadlines.read_seconds, self._means.writer.read(plan.target))
        except (BackendError, TimeoutError) as error:
            says = safe_text(f"{plan.target} cannot be read: {title_of(error)}")
            return End(Refusal(says, SafeText("try again when the backend answers")))
        target = fleet.targets.get(plan.target)
        seen: Target | Rollout = rollout
        # A good version can have changed only where both looks know one: a process that just began knows no past.
        if target is not None and target.known_good and plan.premise.known_good:
            seen = replace(target, rollout=rollout)
        moved = what_moved(plan.premise, plan.kind, seen, digest_of(fleet, plan.target, plan.version))
        if not moved:
            return rollout
        refusal = Refusal(safe_text(f"it moved: {'; '.join(moved)}"), SafeText("look at it, then plan again"))
        return End(refusal, RecordKind.PLAN_MOVED, moved)

    async def _decisions(self) -> tuple[GivenApproval, ...]:
        return await self._means.decisions(self._plan.hash)
