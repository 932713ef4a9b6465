"""A session that may act: plans from a fresh look, the switch for writes, and the second person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.domain.situations import ANN, BOB, KEY, PLACE, SERVED, asks, listed, origin, planned, promise, refused

from modeltui.domain.acting.access import DEFAULT_RULES, AccessPolicy, Role, nobody
from modeltui.domain.acting.action import (
    ActionKind,
    CheckResult,
    Consent,
    GuardLevel,
    Plan,
    PlanHash,
    Reason,
    Refusal,
)
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.approval_message import APPROVAL_NAMESPACE, approval_message
from modeltui.domain.acting.outcome import Progress
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.plan_document import plan_from_text, sealed
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.errors import BackendUnavailable, JournalUnavailable, ModeltuiError
from modeltui.domain.identity import Actor, Assurance, SignedBy
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, ModelName, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.session import LiveActing
from modeltui.engine.acting.situating import Writing
from modeltui.ports.acting import UNLOCKED_SECONDS, WritesState
from modeltui.ports.action_runner import RunningAction
from modeltui.ports.notifier import Occasion
from modeltui.testing.acting_fakes import WRITES_TO, FakeNotifier
from modeltui.testing.clock import VirtualClock
from modeltui.testing.fakes import FakeMetrics, FakeRegistry, FakeRollouts, fake_observer, fake_source
from modeltui.testing.record_fakes import Disk, FakeJournal, FakeLeases, LeaseStore, Life
from modeltui.testing.worlds import rollout, seen, source_name, version_id

ABORT = asks(ActionKind.ABORT)
ROLLBACK = asks(ActionKind.ROLLBACK)
OTHER = asks(ActionKind.ROLLBACK, "2.2.0")
WHY = safe_text("micro merchants are declined")
CHAMPION = rollout(PLACE, "3.0.0", served=SERVED)
CANARY = rollout(PLACE, "2.3.1", "3.0.0", 0.05, served=SERVED)


@dataclass
class FakeApprovals:
    """Approvals in memory."""

    requests: dict[str, ApprovalRequest] = field(default_factory=dict)
    given: list[GivenApproval] = field(default_factory=list)
    is_down: bool = False

    def _usable(self) -> None:
        if self.is_down:
            raise JournalUnavailable("the shared store is away", "look at it")

    async def ask(self, request: ApprovalRequest) -> None:
        """Keep a request."""
        self._usable()
        self.requests[request.plan.hash] = request

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return all."""
        self._usable()
        return tuple(self.requests.values())

    async def request(self, plan_hash_or_id: str) -> ApprovalRequest | None:
        """Return one."""
        self._usable()
        found = [one for one in self.requests.values() if plan_hash_or_id in (one.plan.hash, one.plan.id)]
        return found[0] if found else None

    async def decide(self, approval: GivenApproval) -> None:
        """Keep a decision."""
        self._usable()
        self.given.append(approval)

    async def decisions(self, plan_hash: PlanHash) -> tuple[GivenApproval, ...]:
        """Return the decisions on one plan."""
        self._usable()
        return tuple(one for one in self.given if one.plan_hash == plan_hash)


@dataclass
class FakeIdentity:
    """Whoever the test says; signs with a key that is its name."""

    who: Actor = ANN
    has_key: bool = True
    signs_as: Actor | None = None
    """Whose key the agent takes to sign, where that is another than the one that says who it is."""

    async def actor(self) -> Actor:
        """Return who it is."""
        return self.who

    async def sign(self, message: bytes, namespace: str) -> SafeText | Unknown:
        """Return the message itself with the name."""
        return signed(self.signs_as or self.who, namespace, message) if self.has_key else UNKNOWN

    async def signer(self, message: bytes, namespace: str, signature: str) -> SignedBy | Unknown:
        """Return whose it is when it is over this message."""
        name, key, rest = signature.split("|", 2)
        return SignedBy(safe_text(name), safe_text(key)) if rest == f"{namespace}:{message!r}" else UNKNOWN


def signed(who: Actor, namespace: str, message: bytes) -> SafeText:
    """Return what somebody's key makes of a message: the message itself, with the name and the key."""
    return safe_text(f"{who.principal}|{who.ssh_key}|{namespace}:{message!r}", 500)


class FakeRunner:
    """Keeps the consents that reached it."""

    def __init__(self) -> None:
        self.gone: list[Consent] = []

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[RunningAction]:
        """Start nothing."""
        yield self

    async def progress(self) -> AsyncIterator[Progress]:
        """Say nothing."""
        for one in tuple[Progress]():
            yield one

    async def go(self, consent: Consent) -> None:
        """Keep it."""
        self.gone.append(consent)

    async def add_reason(self, reason: Reason) -> None:
        """Do nothing."""


class FakeRules:
    """Rules that say what `written` holds once they are read anew."""

    def __init__(self, policy: AccessPolicy) -> None:
        self.policy = policy
        self.written = policy

    async def read_anew(self) -> None:
        """Take what is written now."""
        self.policy = self.written


class Stage:
    """A session over fakes, and the fakes."""

    def __init__(self, told: Rollout = CHAMPION, **changes: Any) -> None:
        self.clock = VirtualClock(autojump=True)
        self.rollouts = FakeRollouts(clock=self.clock, rollouts=(told,))
        self.metrics = FakeMetrics(clock=self.clock, world=self._seen, keeps_history=False)
        self.error_rate = 9
        model = ModelName(safe_text("fraud"))
        self.registry = FakeRegistry(
            clock=self.clock,
            versions={model: listed("3.0.0", "2.3.1", "2.2.0")},
            provenance={(model, version_id(one)): origin() for one in ("3.0.0", "2.3.1", "2.2.0")},
        )
        self.observer = fake_observer(
            self.clock, fake_source(self.rollouts), fake_source(self.metrics), fake_source(self.registry)
        )
        self.disk = Disk()
        self.journal = FakeJournal(self.disk, Life())
        self.leases = FakeLeases(LeaseStore(), Life(), self.clock)
        self.approvals = FakeApprovals()
        self.identity = FakeIdentity()
        self.runner = FakeRunner()
        self.rules = FakeRules(AccessPolicy(rules=DEFAULT_RULES[:1]))  # no four eyes, though it serves people
        self.acting = self.session(**changes)

    def session(self, **changes: Any) -> LiveActing:
        """Return another session over the same world."""
        usual: dict[str, Any] = {
            "observer": self.observer,
            "journal": self.journal,
            "approvals": self.approvals,
            "leases": self.leases,
            "identity": self.identity,
            "rules": self.rules,
            "promises": {
                source_name("rollouts"): Writing(promise(), lambda *_: safe_text("set weights"), lambda _: WRITES_TO)
            },
            "runner": self.runner,
            "clock": self.clock,
            "writes_on": True,
        }
        return LiveActing(**{**usual, **changes})

    def _seen(self, at: Instant) -> tuple[Any, ...]:
        versions = ("3.0.0",) if self.rollouts.rollouts == (CHAMPION,) else ("2.3.1", "3.0.0")
        return tuple(
            sample
            for version in versions
            for sample in seen(PLACE, version, at, error_rate=(self.error_rate, 900), throughput=9.0)
        )

    async def plan(self, request: ActionRequest = ROLLBACK) -> Plan:
        """Return a plan of the session."""
        return planned(await self.acting.plan(request))

    def colleague(self, **changes: Any) -> LiveActing:
        """Return the session of somebody else over the same stores."""
        return self.session(identity=FakeIdentity(BOB), **changes)

    def records(self, kind: RecordKind) -> list[Any]:
        """Return what was written down of one kind."""
        return [record.entry for record in self.disk.of(kind)]


def is_on(stage: Stage) -> bool:
    """Tell whether writes are on."""
    return stage.acting.writes.are_on


def consents(plan: Plan, **changes: Any) -> Consent:
    """Return the consent of an operator who passed the guard."""
    flags = tuple(check.name for check in plan.flags)
    return replace(Consent(plan.hash, Reason(text=WHY), flags, plan.guard), **changes)


def reason_of(found: object) -> str:
    """Return the reason of a refusal."""
    assert isinstance(found, Refusal)
    return found.reason


async def test_a_plan_is_made_from_a_fresh_look() -> None:
    """Whoever asks for a plan gets one from what every source says now, and what it was made from is asked once."""
    stage = Stage()
    found = await stage.plan()
    assert found.version == "2.3.1"
    assert found.checks[0].says == "2.3.1 is in the registry as READY"
    assert [question.about[1] for question in stage.registry.asked("provenance")] == ["2.3.1", "3.0.0"]
    await stage.plan()
    assert len(stage.registry.asked("provenance")) == 2
    assert len(stage.rollouts.asked("rollouts")) == 2
    assert found.steps[0].call == "set weights"


async def test_the_past_is_looked_at_once() -> None:
    """A command that begins with nothing reads the past first: who was good before, and since when something is bad."""
    stage = Stage(rollout(PLACE, "3.0.0"))
    half_an_hour = 1_800.0
    began = stage.clock.now()

    def world(at: Instant) -> tuple[Any, ...]:
        is_old = at < began - half_an_hour
        version, errors = ("2.3.1", 9) if is_old else ("3.0.0", 600)
        return seen(PLACE, version, at, error_rate=(errors, 900), throughput=9.0)

    stage.metrics.world, stage.metrics.keeps_history = world, True
    found = await stage.plan()
    assert found.version == "2.3.1"
    assert "30 min of it seen within all limits; 3.0.0 serves, in breach: error_rate" in found.because
    await stage.plan()
    assert len(stage.metrics.asked("history")) == 1


async def test_a_past_that_nobody_tells_is_not_waited_for_again() -> None:
    """A backend that does not tell the past costs its seconds once, not at every key, and the present stays fresh."""
    stage = Stage()
    stage.metrics.keeps_history = True
    stage.metrics.failing, stage.metrics.fault = frozenset({"history"}), BackendUnavailable("too heavy")
    found = await stage.plan()
    assert next(check for check in found.checks if check.name == "fresh").result is CheckResult.PASS
    await stage.plan()
    assert len(stage.metrics.asked("history")) == 1


async def test_an_abort_does_not_wait_for_the_past() -> None:
    """Stopping a rollout needs no past: it is planned from the present alone."""
    stage = Stage(CANARY)
    await stage.plan(ABORT)
    assert stage.metrics.asked("history") == []


async def test_both_answers_are_written_down() -> None:
    """A plan stands in the journal to the last digit, and so does a refusal with what was looked at."""
    stage = Stage()
    made = await stage.plan()
    entry = stage.records(RecordKind.PLAN_MADE)[0]
    assert (entry.plan_id, entry.plan_hash, entry.target, entry.actor) == (made.id, made.hash, KEY, ANN)
    document = entry.details["document"]
    assert isinstance(document, str)
    assert plan_from_text(f'{document[:-1]},"hash":"{made.hash}"}}') == made
    refused(await stage.acting.plan(ABORT))
    assert stage.records(RecordKind.PLAN_REFUSED)[0].details["reason"].startswith("nothing is being rolled out")


async def test_a_source_that_does_not_answer_costs_seconds_and_a_flag() -> None:
    """When the controller hangs, the plan comes from what is known within seconds, and says that it is old."""
    stage = Stage()
    await stage.observer.look_once()
    await stage.clock.advance(120.0)
    stage.rollouts.never_answers = True
    stage.registry.never_answers = True
    before = stage.clock.boottime()
    found = await stage.plan()
    assert stage.clock.boottime() - before <= 6.0
    fresh = next(check for check in found.checks if check.name == "fresh")
    assert (fresh.result, fresh.says) == (CheckResult.WARN, "rollouts is stale: what it said of the target is old")
    exists = next(check for check in found.checks if check.name == "exists")
    assert exists.result is CheckResult.UNKNOWN


async def test_a_source_that_fails_is_flagged() -> None:
    """A controller that answers with an error leaves a plan with that on it."""
    stage = Stage()
    await stage.observer.look_once()
    stage.rollouts.fault = BackendUnavailable("refused")
    found = await stage.plan()
    assert "rollouts is down" in next(check for check in found.checks if check.name == "fresh").says


async def test_somebody_else_at_work_is_seen() -> None:
    """A lease of a colleague on the target stands on the plan."""
    stage = Stage()
    plan_id = (await stage.plan()).id
    await stage.leases.take(KEY, BOB, plan_id, ActionKind.PROMOTE, breaks_others=False)
    found = await stage.plan()
    assert "bob@ops2 is busy here: promote" in next(check for check in found.checks if check.name == "busy").says
    assert found.guard is GuardLevel.IDENTITY


@pytest.mark.parametrize("request_", [ABORT, ROLLBACK], ids=["abort", "rollback"])
@pytest.mark.parametrize("silent", [False, True], ids=["down", "silent"])
async def test_a_journal_that_is_away_does_not_hold_up_a_rescue(request_: ActionRequest, silent: bool) -> None:
    """Abort and the last known good go on without a journal, and the plan says that its record is kept aside."""
    stage = Stage(CANARY if request_ is ABORT else CHAMPION)
    await stage.observer.look_once()
    stage.journal.is_down, stage.journal.is_silent = not silent, silent
    found = await stage.plan(request_)
    assert found.checks[-1].name == "journal"
    assert found.checks[-1].result is CheckResult.WARN
    assert await stage.acting.may_go(found, consents(found)) is None


async def test_without_a_journal_nothing_else_is_planned() -> None:
    """Any other version is refused while it cannot be written down."""
    stage = Stage()
    stage.journal.is_down = True
    assert "the journal cannot be written" in refused(await stage.acting.plan(OTHER)).reason


async def test_writes_are_off_until_they_are_unlocked() -> None:
    """In a context that starts locked a plan is made, and nothing goes until writes are unlocked with a reason."""
    stage = Stage(writes_on=False)
    found = await stage.plan()
    assert not stage.acting.writes.are_on
    assert "writes are off" in reason_of(await stage.acting.may_go(found, consents(found)))
    assert "writes are off" in reason_of(stage.acting.permission(ActionKind.ROLLBACK, KEY))
    assert isinstance(await stage.acting.unlock(safe_text("short")), Refusal)
    state = await stage.acting.unlock(WHY)
    assert isinstance(state, WritesState)
    assert (state.are_on, state.left_seconds) == (True, UNLOCKED_SECONDS)
    assert await stage.acting.may_go(found, consents(found)) is None
    assert stage.records(RecordKind.WRITES_UNLOCKED)[0].reason.text == WHY


async def test_writes_lock_themselves() -> None:
    """After a quarter of an hour by boot time writes are off again, also when the wall clock was set back."""
    stage = Stage(writes_on=False)
    await stage.acting.unlock(WHY)
    stage.clock.step_wall_time(-3_600.0)
    await stage.clock.advance(UNLOCKED_SECONDS - 1)
    assert is_on(stage)
    await stage.clock.advance(1)
    assert not is_on(stage)
    await stage.acting.plan(ROLLBACK)
    assert len(stage.records(RecordKind.WRITES_LOCKED)) == 1


async def test_writes_can_be_locked_at_once() -> None:
    """Locking by hand works at once, also where the context starts unlocked, and is written down once."""
    stage = Stage()
    await stage.acting.lock()
    await stage.acting.lock()
    assert not stage.acting.writes.are_on
    assert len(stage.records(RecordKind.WRITES_LOCKED)) == 1


async def test_no_go_reaches_the_actor_process_while_writes_are_off() -> None:
    """Whatever a screen forgets to ask: with writes off, or with the consent to another plan, GO goes nowhere."""
    stage = Stage(writes_on=False)
    found = await stage.plan()
    async with stage.acting.start(found) as running:
        with pytest.raises(ModeltuiError, match="writes are off"):
            await running.go(consents(found))
        await stage.acting.unlock(WHY)
        with pytest.raises(ModeltuiError, match="another plan"):
            await running.go(consents(found, plan_hash=PlanHash(safe_text("sha256:0"))))
        assert stage.runner.gone == []
        await running.go(consents(found))
    assert stage.runner.gone == [consents(found)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reason": Reason(text=safe_text("because"))}, "a reason has at least 10 characters"),
        ({"acknowledged": ()}, "not acknowledged: environment, reconciler"),
        ({"plan_hash": PlanHash(safe_text("sha256:0"))}, "the consent is for another plan"),
        ({"guard": GuardLevel.VERSION}, "the plan needs guard 4, and guard 3 was passed"),
        ({"break_glass": True}, "break-glass without an incident"),
    ],
)
async def test_what_is_missing_is_said(changes: dict[str, Any], says: str) -> None:
    """Another version goes only with a reason, with each flag acknowledged, for this very plan and by its guard."""
    stage = Stage()
    found = await stage.plan(OTHER)
    assert found.guard is GuardLevel.IDENTITY
    assert await stage.acting.may_go(found, consents(found)) is None
    assert reason_of(await stage.acting.may_go(found, consents(found, **changes))) == says
    await stage.acting.may_go(found, consents(found, **changes))
    assert [entry.details["reason"] for entry in stage.records(RecordKind.PLAN_REFUSED)] == [says]


async def test_an_old_plan_does_not_go() -> None:
    """A plan is too old after its time by the wall clock, and by boot time even when the wall clock was set back."""
    stage = Stage()
    found = await stage.plan()
    stage.clock.step_wall_time(-600.0)
    await stage.clock.advance(299.0)
    assert await stage.acting.may_go(found, consents(found)) is None
    await stage.clock.advance(1.0)
    assert reason_of(await stage.acting.may_go(found, consents(found))) == "the plan has expired"
    assert len(stage.records(RecordKind.PLAN_EXPIRED)) == 1
    later = await stage.plan()
    stage.clock.step_wall_time(10_000.0)
    assert reason_of(await stage.acting.may_go(later, consents(later))) == "the plan has expired"


async def test_a_forged_plan_does_not_go() -> None:
    """A plan that says another hash than its own is nobody's plan."""
    stage = Stage()
    found = await stage.plan()
    forged = replace(found, to=replace(found.to, stable=version_id("6.6.6")))
    assert "its hash" in reason_of(await stage.acting.may_go(forged, consents(forged)))


async def test_a_plan_of_another_context_does_not_go() -> None:
    """A plan that was made in one context is not carried out in another, whatever it says of targets there."""
    stage = Stage()
    found = sealed(replace(await stage.plan(), context=safe_text("staging")))
    assert reason_of(await stage.acting.may_go(found, consents(found))) == "the plan is for context staging"


async def test_keys_are_listed_with_their_reason() -> None:
    """Whether an action could be asked for is answered at once, without asking anybody, with the reason where not."""
    stage = Stage()
    await stage.observer.look_once()
    assert "not known yet" in reason_of(stage.acting.permission(ActionKind.ROLLBACK, KEY))
    await stage.acting.actor()
    asked = len(stage.rollouts.questions)
    allowed = stage.acting.permission(ActionKind.ROLLBACK, KEY)
    assert isinstance(allowed, Permission)
    assert allowed.is_allowed
    assert "nothing is being rolled out" in reason_of(stage.acting.permission(ActionKind.ABORT, KEY))
    assert len(stage.rollouts.questions) == asked
    unwritable = stage.session(promises={})
    assert "not written to" in reason_of(unwritable.permission(ActionKind.ROLLBACK, KEY))


async def waiting(stage: Stage) -> Plan:
    """Return a promotion that was asked for and waits for somebody else."""
    found = await stage.plan(asks(ActionKind.PROMOTE))
    assert found.guard is GuardLevel.SECOND_PERSON
    asked = await stage.acting.ask_approval(found, Reason(text=WHY))
    assert isinstance(asked, ApprovalRequest)
    return found


async def test_a_promotion_waits_for_a_colleague() -> None:
    """A promotion goes once somebody else has approved this very plan, and everything of it is written down."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    assert "second person" in reason_of(await stage.acting.may_go(found, consents(found)))
    assert stage.records(RecordKind.PLAN_REFUSED) == []
    colleague = stage.colleague()
    reviewed = await colleague.reviewed(found.id)
    assert reviewed == (found, ())
    given = await colleague.decide(found.hash, Decision.GRANT, safe_text("gates looked at"))
    assert isinstance(given, GivenApproval)
    assert await stage.acting.may_go(found, consents(found)) is None
    assert [entry.actor for entry in stage.records(RecordKind.APPROVAL_GRANTED)] == [BOB]
    assert len(stage.records(RecordKind.APPROVAL_ASKED)) == 1


async def test_a_second_person_is_told() -> None:
    """Asking for an approval tells people elsewhere which plan waits, for whom and until when."""
    stage = Stage(CANARY)
    notifier = FakeNotifier(Life())
    found = await stage.plan(asks(ActionKind.PROMOTE))
    await stage.session(notifier=notifier).ask_approval(found, Reason(text=WHY))
    notice = notifier.notices[0]
    assert notice.occasion is Occasion.APPROVAL_ASKED
    assert notice.headline == "promote of fraud@prod to 3.0.0: waits for a second person"
    assert (notice.facts[safe_text("why")], notice.plan_hash) == (WHY, found.hash)


async def test_nobody_approves_their_own_plan() -> None:
    """Who asked cannot decide, not in another session either."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    assert "ann asked for it" in reason_of(await stage.acting.decide(found.id, Decision.GRANT, WHY))
    assert stage.approvals.given == []


async def test_breaking_the_glass_takes_an_incident() -> None:
    """Where the rules want two for another version, one goes alone with an incident's id, and only there."""
    stage = Stage(rules=FakeRules(AccessPolicy()))
    found = await stage.plan(OTHER)
    assert found.guard is GuardLevel.SECOND_PERSON
    assert "second person" in reason_of(await stage.acting.may_go(found, consents(found)))
    loud = consents(found, break_glass=True, reason=Reason(text=WHY, incident=safe_text("INC-7")))
    assert await stage.acting.may_go(found, loud) is None
    canary = Stage(CANARY, rules=FakeRules(AccessPolicy()))
    promotion = await canary.plan(asks(ActionKind.PROMOTE))
    loud = consents(promotion, break_glass=True, reason=Reason(text=WHY, incident=safe_text("INC-7")))
    assert "second person" in reason_of(await canary.acting.may_go(promotion, loud))


async def test_whoever_made_the_version_is_not_the_second_person() -> None:
    """The registry says that bob made 3.0.0: his yes is refused, and one that got into the store counts for nothing."""
    stage = Stage(CANARY)
    model = ModelName(safe_text("fraud"))
    made = tuple(replace(one, created_by=safe_text("bob")) for one in stage.registry.versions[model])
    stage.registry.versions = {model: made}
    found = await waiting(stage)
    assert "bob made the version" in reason_of(await stage.colleague().decide(found.id, Decision.GRANT, WHY))
    now = stage.clock.now()
    stage.approvals.given.append(GivenApproval(found.hash, BOB, Decision.GRANT, WHY, now, Instant(now + 900.0)))
    assert "second person" in reason_of(await stage.acting.may_go(found, consents(found)))


async def test_commands_that_are_told_lead_to_this_context() -> None:
    """What a refusal tells me to run names file and context, and the journal keeps it short."""
    stage = Stage(program="modeltui --context eu")
    refused = await stage.acting.plan(asks(ActionKind.ABORT))
    assert isinstance(refused, Refusal)
    assert "modeltui --context eu plan rollback fraud@prod" in refused.remedy
    (written,) = stage.records(RecordKind.PLAN_REFUSED)
    assert "--context" not in str(written.details)
    loud = Stage(program="modeltui --context eu", rules=FakeRules(AccessPolicy()))
    found = await loud.plan(OTHER)
    alone = await loud.acting.may_go(found, consents(found))
    assert alone is not None
    assert "modeltui --context eu rollback fraud@prod --to" in alone.remedy


async def test_a_permission_that_was_taken_away_is_gone() -> None:
    """Whoever loses a permission while the screens are open gets no plan, no GO for the plan in hand, and no vote."""
    stage = Stage(CANARY)
    found = await stage.plan(ROLLBACK)
    stage.rules.written = nobody("the platform says no")
    assert "the platform says no" in reason_of(await stage.acting.may_go(found, consents(found)))
    planning = Stage(CANARY)
    planning.rules.written = nobody("the platform says no")
    assert "the platform says no" in reason_of(await planning.acting.plan(ROLLBACK))
    voting = Stage(CANARY)
    asked = await waiting(voting)
    voting.rules.written = nobody("the platform says no")
    assert "may not approve" in reason_of(await voting.colleague().decide(asked.id, Decision.GRANT, WHY))
    assert voting.approvals.given == []


async def test_keys_are_listed_with_what_the_rules_say_now() -> None:
    """What stands beside a key follows the rules while the screens are open, both ways."""
    stage = Stage(CANARY)
    await stage.plan(ROLLBACK)
    stage.rules.written = nobody("the platform says no")
    await stage.acting.read_rules()
    said = stage.acting.permission(ActionKind.ABORT, KEY)
    assert isinstance(said, Permission)
    assert not said.is_allowed
    stage.rules.written = AccessPolicy()
    await stage.acting.read_rules()
    said = stage.acting.permission(ActionKind.ABORT, KEY)
    assert isinstance(said, Permission)
    assert said.is_allowed


async def test_one_no_ends_it() -> None:
    """One denial stops a plan, also after an approval."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    await stage.colleague().decide(found.id, Decision.GRANT, WHY)
    carol = stage.session(identity=FakeIdentity(Actor(safe_text("carol"), Assurance.OS_USER)))
    await carol.decide(found.id, Decision.DENY, safe_text("not before the audit"))
    assert "denied by carol: not before the audit" in reason_of(await stage.acting.may_go(found, consents(found)))


async def test_an_approval_runs_out() -> None:
    """An approval counts for a quarter of an hour, and a request cannot be granted later either."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    await stage.colleague().decide(found.id, Decision.GRANT, WHY)
    await stage.clock.advance(901.0)
    assert "has expired" in reason_of(await stage.acting.may_go(found, consents(found)))
    assert "waited until" in reason_of(await stage.colleague().decide(found.id, Decision.GRANT, WHY))


async def test_a_plan_whose_world_has_moved_is_not_approved() -> None:
    """An approver sees what moved since, and cannot approve what is void."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    stage.rollouts.rollouts = (replace(CANARY, candidate=version_id("3.1.0")),)
    reviewed = await stage.colleague().reviewed(found.id)
    assert not isinstance(reviewed, Refusal)
    assert reviewed[1] == ("candidate 3.0.0 is now 3.1.0",)
    says = reason_of(await stage.colleague().decide(found.id, Decision.GRANT, WHY))
    assert says == "the world has moved: candidate 3.0.0 is now 3.1.0"


async def test_an_approval_by_key_needs_that_key() -> None:
    """An approval by somebody who is known by a key counts only with that key's signature over this very plan."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    by_key = replace(BOB, assurance=Assurance.SSH_KEY, ssh_key=safe_text("SHA256:bob"))
    at = stage.clock.now()

    def forged(signature: SafeText | Unknown) -> GivenApproval:
        return GivenApproval(found.hash, by_key, Decision.GRANT, WHY, at, Instant(at + 900), signature)

    other = approval_message(PlanHash(safe_text("sha256:0")), Decision.GRANT, at)
    stage.approvals.given = [forged(UNKNOWN), forged(signed(by_key, APPROVAL_NAMESPACE, other))]
    assert "second person" in reason_of(await stage.acting.may_go(found, consents(found)))
    silent = stage.session(identity=FakeIdentity(by_key, has_key=False))
    assert "signed nothing" in reason_of(await silent.decide(found.id, Decision.GRANT, WHY))
    given = await stage.session(identity=FakeIdentity(by_key)).decide(found.id, Decision.GRANT, WHY)
    assert isinstance(given, GivenApproval)
    assert not isinstance(given.signature, Missing)
    assert await stage.acting.may_go(found, consents(found)) is None


async def test_an_approval_that_names_a_key_needs_that_very_key() -> None:
    """Mallory signs with her own key and writes the approver's fingerprint beside her name: that approves nothing."""
    boss = Actor(safe_text("boss"), Assurance.SSH_KEY, ssh_key=safe_text("SHA256:boss"))
    mallory = Actor(safe_text("mallory"), Assurance.SSH_KEY, ssh_key=safe_text("SHA256:mallory"))
    approvers = {safe_text("approvers"): Role(keys=frozenset({safe_text("SHA256:boss")}))}
    policy = AccessPolicy(roles=approvers, approvers=frozenset(approvers), rules=DEFAULT_RULES[:1])
    stage = Stage(CANARY, rules=FakeRules(policy))
    found = await waiting(stage)
    at = stage.clock.now()
    message = approval_message(found.hash, Decision.GRANT, at)

    async def objection(by: Actor, signer: Actor) -> str:
        signature = signed(signer, APPROVAL_NAMESPACE, message)
        stage.approvals.given = [
            GivenApproval(found.hash, by, Decision.GRANT, WHY, at, Instant(at + 900), signature),
        ]
        refused = await stage.acting.may_go(found, consents(found))
        return "" if refused is None else str(refused.reason)

    assert "second person" in await objection(mallory, mallory)
    assert "second person" in await objection(replace(mallory, ssh_key=boss.ssh_key), mallory)
    assert "second person" in await objection(replace(boss, ssh_key=mallory.ssh_key), boss)
    assert "second person" in await objection(replace(boss, principal=safe_text("the other boss")), boss)
    assert await objection(boss, boss) == ""


async def test_an_approval_that_another_key_signed_is_not_given() -> None:
    """My agent takes another of my keys to sign: I am told at once, and no approval that counts nothing is kept."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    by_key = replace(BOB, assurance=Assurance.SSH_KEY, ssh_key=safe_text("SHA256:bob"))
    other = FakeIdentity(by_key, signs_as=replace(by_key, ssh_key=safe_text("SHA256:other")))
    says = reason_of(await stage.session(identity=other).decide(found.id, Decision.GRANT, WHY))
    assert "did not sign with the key by which bob is known here, SHA256:bob" in says
    assert stage.approvals.given == []


async def test_an_approval_counts_no_longer_than_the_rules_say() -> None:
    """Whoever can write to the store cannot make an approval last: how long it counts is not for the record to say."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    at = stage.clock.now()
    stage.approvals.given = [GivenApproval(found.hash, BOB, Decision.GRANT, WHY, at, Instant(at + 86_400.0))]
    assert await stage.acting.may_go(found, consents(found)) is None
    await stage.clock.advance(901.0)
    assert "has expired" in reason_of(await stage.acting.may_go(found, consents(found)))


async def test_an_unsure_name_does_not_approve() -> None:
    """A name that stands on nothing approves nothing, whoever wrote it into the store."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    nobody = replace(BOB, assurance=Assurance.NONE)
    at = stage.clock.now()
    stage.approvals.given = [GivenApproval(found.hash, nobody, Decision.GRANT, WHY, at, Instant(at + 900))]
    assert "second person" in reason_of(await stage.acting.may_go(found, consents(found)))


async def test_a_store_that_is_away_holds_up_only_what_needs_it() -> None:
    """Without the shared store no promotion goes, and a rescue goes on."""
    stage = Stage(CANARY)
    found = await waiting(stage)
    aborting = await stage.plan(ABORT)
    stage.approvals.is_down = True
    assert "approvals cannot be read" in reason_of(await stage.acting.may_go(found, consents(found)))
    assert await stage.acting.may_go(aborting, consents(aborting)) is None
    assert "cannot be kept now" in reason_of(await stage.acting.ask_approval(found, Reason(text=WHY)))
    assert "cannot be kept now" in reason_of(await stage.acting.reviewed(found.id))


async def test_a_plan_that_nobody_asked_about_is_not_found() -> None:
    """A hash that names nothing is said to name nothing."""
    assert "waits for a second person" in reason_of(await Stage().acting.reviewed("sha256:123456"))


async def test_a_plan_goes_only_where_the_configuration_writes() -> None:
    """A plan that says it writes elsewhere is refused before anything is typed or started."""
    stage = Stage()
    plan = await stage.plan()
    assert plan.writes_to == WRITES_TO
    assert await stage.acting.may_go(plan, consents(plan)) is None
    elsewhere = sealed(replace(plan, writes_to=safe_text("another server")))
    says = reason_of(await stage.acting.may_go(elsewhere, consents(elsewhere)))
    assert says == f"the plan writes to another server; the configuration now says {WRITES_TO}"
