"""One session's way to act: plans from a fresh look, the switch for writes, what stands between a plan and GO.

No writer is held here, and none is loaded: a plan goes to the actor process, which looks at everything again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from modeltui.domain.acting import planning
from modeltui.domain.acting.action import (
    ActionKind,
    Check,
    CheckResult,
    Consent,
    GuardLevel,
    Plan,
    PlanId,
    Reason,
    Refusal,
)
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.coherence import incoherence
from modeltui.domain.acting.going import objection_to
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.plan_document import canonical_text, plan_document, plan_hash, sealed
from modeltui.domain.acting.premise import what_moved_in
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import Timings
from modeltui.domain.errors import JournalUnavailable, ModeltuiError
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import (
    Details,
    is_rescue,
    is_to_known_good,
    plan_ended_details,
    plan_made_details,
    plan_refused_details,
)
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import UNKNOWN, Missing, NoData, SourceName, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.asking import in_time
from modeltui.engine.acting.deadlines import DEADLINES, within
from modeltui.engine.acting.notices import tell_approval_asked
from modeltui.engine.acting.second_person import SecondPerson
from modeltui.engine.acting.situating import Situating, Writing
from modeltui.engine.acting.unlocking import WritesSwitch
from modeltui.engine.observer import Observer
from modeltui.ports.acting import WritesState
from modeltui.ports.action_runner import ActionRunner, RunningAction
from modeltui.ports.approvals import Approvals
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal, JournalReader
from modeltui.ports.leases import Leases
from modeltui.ports.notifier import Notifier
from modeltui.ports.rules import Rules

TYPE_CHECKING = False
if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.suspects.suspect import Suspect

SHORTEST_REASON = 10
"""Characters: `because` is no reason that anybody can use later."""
_COMMAND = re.compile(r"\bmodeltui (?=[a-z])")
RECORD_SECONDS = 3.0
"""A journal that hangs is taken for one that cannot be written: the safe direction must not wait for it."""


class LiveActing:
    """Implements `ports.acting.Acting` over a live observer.

    `journal` is the record itself and not its spool: what it cannot write is known here, so that everything but the
    safe direction is refused while it is away.
    """

    def __init__(
        self,
        *,
        observer: Observer,
        journal: Journal,
        approvals: Approvals,
        leases: Leases,
        identity: Identity,
        rules: Rules,
        promises: Mapping[SourceName, Writing | Refusal],
        runner: ActionRunner,
        clock: Clock,
        writes_on: bool,
        timings: Timings | None = None,
        notifier: Notifier | None = None,
        program: str = "modeltui",
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._journal = journal
        self._identity = identity
        self._rules = rules
        self._runner = runner
        self._clock = clock
        self._switch = WritesSwitch(clock, starts_on=writes_on)
        self._look = Situating(observer, journal, leases, rules, promises, clock, timings or Timings())
        self._second = SecondPerson(approvals, identity, rules, clock)
        self._notifier = notifier
        self._program = program
        self._new_id = new_id
        self._actor: Actor | Unknown = UNKNOWN
        self._made_at: dict[PlanId, float] = {}
        """Boot time at which each plan of this session was made."""
        self._said: set[tuple[PlanId, str]] = set()
        """What was written down of plans that may not go: once each, however often it is asked."""

    @property
    def journal(self) -> JournalReader:
        """Return the record of this context."""
        return self._journal

    @property
    def writes(self) -> WritesState:
        """Return whether writes are on now."""
        return self._switch.state

    async def actor(self) -> Actor:
        """Return who sits here; asked each time, for a key may have been loaded since."""
        self._actor = await self._identity.actor()
        return self._actor

    async def read_rules(self) -> None:
        """Read the platform's rules anew: a screen is open for days, and a permission may be taken away meanwhile."""
        await self._rules.read_anew()

    async def unlock(self, reason: SafeText) -> Refusal | WritesState:
        """Switch writes on for a while; without a record only the safe direction goes on from there."""
        said = safe_text(reason.strip(), 500)
        if len(said) < SHORTEST_REASON:
            return _no(f"a reason has at least {SHORTEST_REASON} characters", "say why writes are needed")
        self._switch.turn_on()
        missing = await self._append(RecordKind.WRITES_UNLOCKED, reason=Reason(text=said))
        state = self._switch.state
        return replace(state, says=safe_text(f"{state.says}; not written down: {missing}")) if missing else state

    async def lock(self) -> None:
        """Switch writes off now."""
        if self._switch.turn_off():
            await self._append(RecordKind.WRITES_LOCKED)

    def permission(self, kind: ActionKind, target: TargetKey) -> Permission | Refusal:
        """Return at once, from what is known now, whether such an action could be asked for."""
        state = self._switch.state
        if not state.are_on:
            return Refusal(state.says, SafeText("press u"))
        known = self._look.target(target)
        writing = self._look.writing(target)
        if isinstance(writing, Refusal):
            return writing
        if kind is not ActionKind.ROLLBACK and isinstance(known.candidate, Missing):
            return _no(f"nothing is being rolled out on {target}", "R goes back to the last known good version")
        if kind is ActionKind.WEIGHTS and not writing.promise.splits_traffic:
            return _no(f"{writing.promise.source} cannot split traffic", "abort or promote")
        if isinstance(self._actor, Missing):
            return _no("who sits here is not known yet", "try again in a moment")
        return self._look.permission(self._actor, kind, target, is_known_good=kind is ActionKind.ROLLBACK)

    async def plan(self, request: ActionRequest) -> Plan | Refusal:
        """Return what would be done, from a fresh look; both answers are written down."""
        await self.read_rules()
        await self._note_expiry()
        situation = await self._look.situation(request, await self.actor(), PlanId(safe_text(self._new_id())))
        made = planning.plan(situation, request)
        if isinstance(made, Plan):
            made = await self._written_down(made, request)
        if isinstance(made, Refusal):
            details = plan_refused_details(request.kind, made)
            await self._append(RecordKind.PLAN_REFUSED, request.target, details, reason=request.reason)
            return self._from_here(made)
        self._made_at[made.id] = self._clock.boottime()
        return made

    async def suspect(self, target: TargetKey) -> Suspect | NoData:
        """Return what may be behind what is wrong on a target, as far as it can be read within two seconds."""
        return await self._look.suspect(target)

    async def may_go(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Return what still stands between a plan and GO; `None` when nothing does."""
        await self.read_rules()
        await self._note_expiry()
        state = self._switch.state
        if not state.are_on:
            return Refusal(state.says, SafeText("unlock writes, then confirm again"))
        if self._has_expired(plan):
            await self._said_once(plan, RecordKind.PLAN_EXPIRED, plan_ended_details(plan.kind, "too old to execute"))
            return _no("the plan has expired", "plan again and confirm that plan")
        objection = await self._objection(plan, consent)
        if objection is not None and not self._only_waits(objection, plan):
            details = plan_refused_details(plan.kind, objection)
            await self._said_once(plan, RecordKind.PLAN_REFUSED, details, str(objection.reason))
        return None if objection is None else self._from_here(objection)

    def _from_here(self, refusal: Refusal) -> Refusal:
        """Return a refusal whose commands lead to this context, whichever a shell would choose by itself."""
        return replace(refusal, remedy=safe_text(_COMMAND.sub(lambda _: f"{self._program} ", refusal.remedy), 800))

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[RunningAction]:
        """Start the actor process with a plan; its GO is refused here while writes are off."""
        async with self._runner.start(plan) as running:
            yield _Switched(running, plan, self._switch)

    async def ask_approval(self, plan: Plan, reason: Reason) -> ApprovalRequest | Refusal:
        """Put the plan where a second person sees it."""
        asked = await self._second.ask(plan, reason)
        if isinstance(asked, ApprovalRequest):
            await self._append(RecordKind.APPROVAL_ASKED, plan.target, {}, plan, reason)
            await tell_approval_asked(self._notifier, plan, asked, await self.actor(), self._clock, DEADLINES)
        return asked

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what waits for a second person here; raises `JournalUnavailable`."""
        return await self._second.pending()

    async def decide(self, plan_hash_or_id: str, decision: Decision, reason: SafeText) -> GivenApproval | Refusal:
        """Grant or deny somebody else's plan; a plan whose world has moved is no longer granted."""
        await self.read_rules()
        found = await self._second.request(plan_hash_or_id)
        if isinstance(found, Refusal):
            return found
        if decision is Decision.GRANT:
            moved = await self._moved(found.plan)
            if moved:
                return _no(f"the world has moved: {'; '.join(moved)}", "it has to be planned again")
        production = self._look.is_production(found.plan.target)
        given = await self._second.decide(found, await self.actor(), decision, reason, production=production)
        if isinstance(given, GivenApproval):
            kind = RecordKind.APPROVAL_GRANTED if decision is Decision.GRANT else RecordKind.APPROVAL_DENIED
            details: Details = {"requester": str(found.plan.actor), "signed": not isinstance(given.signature, Missing)}
            await self._append(kind, found.plan.target, details, found.plan, Reason(text=given.reason))
        return given

    async def reviewed(self, plan_hash_or_id: str) -> tuple[Plan, tuple[SafeText, ...]] | Refusal:
        """Return a waiting plan and what moved since, from a fresh look."""
        found = await self._second.request(plan_hash_or_id)
        return found if isinstance(found, Refusal) else (found.plan, await self._moved(found.plan))

    async def _moved(self, plan: Plan) -> tuple[SafeText, ...]:
        await self._look.look_afresh()
        return what_moved_in(plan.premise, plan.kind, self._look.fleet, plan.target, plan.version)

    async def _written_down(self, made: Plan, request: ActionRequest) -> Plan | Refusal:
        """Return the plan once it is in the journal; without one the safe direction goes on and says so."""
        missing = await self._append_plan(made, request)
        if not missing:
            return made
        if not is_rescue(made):
            return _no(
                f"the journal cannot be written: {missing}", "only an abort and the last known good go on without"
            )
        flag = Check(
            SafeText("journal"), CheckResult.WARN, safe_text(f"kept aside until the journal is back: {missing}")
        )
        return sealed(replace(made, checks=(*made.checks, flag)))

    async def _append_plan(self, made: Plan, request: ActionRequest) -> str:
        details = plan_made_details(canonical_text(plan_document(made)))
        return await self._append(RecordKind.PLAN_MADE, made.target, details, made, request.reason)

    async def _objection(self, plan: Plan, consent: Consent) -> Refusal | None:
        if plan_hash(plan) != plan.hash:
            return _no("the plan is not the one that its hash names", "plan again and confirm that plan")
        if (unlike := incoherence(plan)) is not None:
            return unlike
        if plan.context != self._look.fleet.context.name:
            return _no(f"the plan is for context {plan.context}", "carry it out there, or plan again here")
        writing = self._look.writing(plan.target)
        if not isinstance(writing, Refusal) and (writes_to := writing.writes_to(plan.target)) != plan.writes_to:
            return _no(f"the plan writes to {plan.writes_to}; the configuration now says {writes_to}", "plan again")
        if plan.guard >= GuardLevel.IDENTITY and len(consent.reason.text.strip()) < SHORTEST_REASON:
            return _no(f"a reason has at least {SHORTEST_REASON} characters", "say why, in a sentence")
        actor = await self.actor()
        known_good = is_to_known_good(plan)
        permission = self._look.permission(actor, plan.kind, plan.target, is_known_good=known_good)
        decisions: tuple[GivenApproval, ...] = ()
        try:
            production = self._look.is_production(plan.target)
            decisions = await within(self._clock, RECORD_SECONDS, self._second.decisions(plan, production=production))
        except (JournalUnavailable, TimeoutError) as error:
            # Somebody may have said no: whoever needs nobody's yes goes on all the same.
            if permission.second_person or plan.guard is GuardLevel.SECOND_PERSON:
                says = error.title if isinstance(error, ModeltuiError) else "no answer in time"
                return _no(f"approvals cannot be read: {says}", "try again when the store is back")
        return objection_to(plan, consent, permission, decisions, actor, self._clock.now())

    def _only_waits(self, objection: Refusal, plan: Plan) -> bool:
        """Tell whether nothing is wrong but that somebody has not decided yet."""
        return plan.guard is GuardLevel.SECOND_PERSON and "second person" in objection.remedy

    def _has_expired(self, plan: Plan) -> bool:
        """Tell whether a plan is too old: by boot time where it was made here, for a laptop sleeps."""
        made_at = self._made_at.get(plan.id)
        lasts = plan.expires_at - plan.made_at
        return self._clock.now() >= plan.expires_at or (
            made_at is not None and self._clock.boottime() - made_at >= lasts
        )

    async def _note_expiry(self) -> None:
        if self._switch.take_expired():
            await self._append(RecordKind.WRITES_LOCKED, details={"says": "by themselves, after a while"})

    async def _said_once(self, plan: Plan, kind: RecordKind, details: Details, says: str = "") -> None:
        if (plan.id, says) not in self._said:
            self._said.add((plan.id, says))
            await self._append(kind, plan.target, details, plan)

    async def _append(
        self,
        kind: RecordKind,
        target: TargetKey | Unknown = UNKNOWN,
        details: Details | None = None,
        plan: Plan | None = None,
        reason: Reason | None = None,
    ) -> str:
        """Write one record; return why it could not be, empty when it was."""
        entry = Entry(
            kind,
            self._clock.now(),
            await self.actor() if isinstance(self._actor, Missing) else self._actor,
            self._look.fleet.context.name,
            target,
            UNKNOWN if plan is None else plan.id,
            UNKNOWN if plan is None else plan.hash,
            reason or Reason(),
            details or {},
        )
        try:
            await in_time(self._clock, RECORD_SECONDS, self._journal.append(entry))
        except JournalUnavailable as error:
            return error.title
        return ""


class _Switched:
    """A running action whose GO needs the switch: whatever a face forgets to ask, nothing goes while writes are off."""

    def __init__(self, running: RunningAction, plan: Plan, switch: WritesSwitch) -> None:
        self._running = running
        self._plan = plan
        self._switch = switch
        self.progress = running.progress
        self.add_reason = running.add_reason

    async def go(self, consent: Consent) -> None:
        """Tell it to act; raise `ModeltuiError` while writes are off or for another plan's consent."""
        if not self._switch.state.are_on:
            raise ModeltuiError("writes are off: nothing was sent", "unlock writes, then plan again")
        if consent.plan_hash != self._plan.hash:
            raise ModeltuiError("the consent is for another plan: nothing was sent", "plan again and confirm that plan")
        await self._running.go(consent)


def _no(reason: str, remedy: str) -> Refusal:
    return Refusal(safe_text(reason, 400), safe_text(remedy, 400))
