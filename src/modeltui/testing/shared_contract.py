"""What every store of leases, approvals and records promises, as checks that any of them can be run through.

Each check gets two handles on one empty store, as two operators have them, and the clock by which both tell the time.
They need no test framework; a broken promise is a `BrokenPromise` that says which. With pytest:

    @pytest.mark.parametrize("check", shared_contract.LEASE_CHECKS, ids=shared_contract.name_of)
    async def test_contract(check, my_leases, their_leases, clock):
        \"\"\"My leases keep the promises that every store of leases gives.\"\"\"
        await check(my_leases, their_leases, clock)

What they promise together: of two operators one has the target, and both see who; the fence only grows; what has run
out is free; nothing is given back that is another's. A plan comes back exactly as it was asked about, or not at all;
decisions only come, and never go. Records come back in their order, once, with what was said; the chain is whole.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol

from modeltui.domain.acting.action import (
    ActionKind,
    Blast,
    Check,
    CheckResult,
    Desired,
    Expectation,
    Guarantee,
    GuardLevel,
    Plan,
    PlanHash,
    PlanId,
    Premise,
    Reason,
    Step,
    WritingPromise,
)
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.plan_document import sealed
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.approvals import Approvals
from modeltui.ports.journal import Journal, Query
from modeltui.ports.leases import Leases


class MovableClock(Protocol):
    """A clock that moves when told to."""

    def now(self) -> Instant:
        """Return the wall time."""
        ...

    def step_wall_time(self, seconds: float) -> None:
        """Move the wall time."""
        ...


LeaseCheck = Callable[[Leases, Leases, MovableClock], Awaitable[None]]
ApprovalCheck = Callable[[Approvals, Approvals, MovableClock], Awaitable[None]]
JournalCheck = Callable[[Journal, Journal, MovableClock], Awaitable[None]]

ALICE: Final = Actor(SafeText("alice"), Assurance.OS_USER, SafeText("alice"), SafeText("ops1"))
BOB: Final = Actor(
    SafeText("bob"), Assurance.SSH_KEY, SafeText("bob"), SafeText("ops2"), SafeText("SHA256:abc"), SafeText("10.0.0.7")
)
FRAUD: Final = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))
CHURN: Final = TargetKey(ModelName(SafeText("churn")), Environment(SafeText("prod-eu")))
LEASE_SECONDS: Final = 120.0
_PLANS: Final = tuple(PlanId(SafeText(f"00000000-0000-4000-8000-{number:012d}")) for number in range(10))


class BrokenPromise(AssertionError):  # noqa: N818 - it says what happened
    """A store does not do what every store promises."""


def name_of(check: Callable[..., object]) -> str:
    """Return what a test of this check is called."""
    return check.__name__


# Leases


async def one_of_two_has_the_target(ours: Leases, theirs: Leases, _clock: MovableClock) -> None:
    """Who comes second is given the lease of who came first, with its name and what it does."""
    mine = await _take(ours, ALICE, 0)
    seen = await _take(theirs, BOB, 1, ActionKind.PROMOTE)
    _expect(mine.plan_id == _PLANS[0] and mine.holder == ALICE, "the first did not get its own lease")
    _expect(seen == mine, f"the second was not given the first's lease, but {seen}")
    _expect(await theirs.held() == (mine,), "the second does not see it held")


async def targets_are_apart(ours: Leases, theirs: Leases, _clock: MovableClock) -> None:
    """A lease on one target says nothing about another."""
    await _take(ours, ALICE, 0)
    other = await theirs.take(CHURN, BOB, _PLANS[1], ActionKind.ROLLBACK, breaks_others=False)
    _expect(other.plan_id == _PLANS[1], "a lease on one target held up another target")
    _expect({lease.target for lease in await ours.held()} == {FRAUD, CHURN}, "both should be held")


async def an_abort_breaks_the_others_lease(ours: Leases, theirs: Leases, _clock: MovableClock) -> None:
    """An abort waits for nobody, and whom it breaks is told at the next renewal."""
    broken = await _take(ours, ALICE, 0, ActionKind.PROMOTE)
    breaking = await theirs.take(FRAUD, BOB, _PLANS[1], ActionKind.ABORT, breaks_others=True)
    _expect(breaking.plan_id == _PLANS[1] and breaking.fence > broken.fence, "the abort did not get the target")
    _expect(await ours.renew(broken, "sending") is None, "a broken lease was renewed")
    await ours.release(broken)
    _expect(await ours.held() == (breaking,), "whose lease was broken gave back another's")


async def asking_twice_gives_the_same_lease(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """An answer that was lost is asked for again: the same lease, with a later end."""
    first = await _take(ours, ALICE, 0)
    clock.step_wall_time(10.0)
    again = await _take(ours, ALICE, 0)
    _expect(again.fence == first.fence and again.expires_at > first.expires_at, "the second answer is another lease")
    _expect((await _take(theirs, BOB, 1)) == again, "the other does not see the later end")


async def what_has_run_out_is_free(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """Who died with a lease frees its target after its time, and a late write of it is known by its fence."""
    dead = await _take(ours, ALICE, 0)
    clock.step_wall_time(LEASE_SECONDS + 30.0)
    _expect(await theirs.held() == (), "a lease that has run out is still held")
    heir = await _take(theirs, BOB, 1)
    _expect(heir.plan_id == _PLANS[1] and heir.fence > dead.fence, "what has run out was not free")
    _expect(await ours.renew(dead, "sending") is None, "who came back took the target from its heir")


async def renewal_keeps_it(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """Who renews keeps the target for as long as it takes, and others read where it is."""
    lease = await _take(ours, ALICE, 0)
    for number in range(4):
        clock.step_wall_time(LEASE_SECONDS * 0.75)
        renewed = await ours.renew(lease, f"verifying {number}")
        if renewed is None:
            raise BrokenPromise("a lease in force was not renewed")
        lease = renewed
    (seen,) = await theirs.held()
    _expect(seen.says == "verifying 3" and seen == lease, "the others do not read where it is")


async def late_renewal_works_while_nobody_came(ours: Leases, _theirs: Leases, clock: MovableClock) -> None:
    """A laptop that slept too long goes on when nobody took the target meanwhile."""
    lease = await _take(ours, ALICE, 0)
    clock.step_wall_time(LEASE_SECONDS * 3)
    renewed = await ours.renew(lease, "back")
    _expect(renewed is not None and renewed.fence == lease.fence, "nobody took it, and it was not renewed")


async def only_ours_is_given_back(ours: Leases, theirs: Leases, _clock: MovableClock) -> None:
    """A lease is given back by its owner alone, once, and then it is free."""
    lease = await _take(ours, ALICE, 0)
    await theirs.release(replace(lease, plan_id=_PLANS[5]))
    await theirs.release(replace(lease, fence=lease.fence + 1))
    _expect(len(await ours.held()) == 1, "somebody else gave it back")
    await ours.release(lease)
    await ours.release(lease)
    _expect(await theirs.held() == (), "it was given back and is still held")
    _expect((await _take(theirs, BOB, 1)).plan_id == _PLANS[1], "it was given back and is not free")


async def fences_only_grow(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """No fence comes twice on a target: not after a release, an expiry, an abort."""
    fences: list[int] = []
    for number, leases in enumerate((ours, theirs, ours, theirs)):
        lease = await leases.take(FRAUD, ALICE, _PLANS[number], ActionKind.ABORT, breaks_others=True)
        fences.append(lease.fence)
        if number == 0:
            await leases.release(lease)
        if number == 1:
            clock.step_wall_time(LEASE_SECONDS * 2)
    _expect(fences == sorted(set(fences)), f"the fences are {fences}")


async def a_step_of_the_clock_blocks_nobody(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """A lease that was written by a clock an hour ahead does not hold the target for an hour."""
    clock.step_wall_time(3_600.0)
    ahead = await _take(ours, ALICE, 0)
    clock.step_wall_time(-3_600.0)
    lease = await _take(theirs, BOB, 1)
    _expect(lease.plan_id == _PLANS[1] and lease.fence > ahead.fence, "a clock that was off blocks the target")


async def a_second_apart_changes_nothing(ours: Leases, theirs: Leases, clock: MovableClock) -> None:
    """Clocks of two machines differ by a second or two: nobody loses or gains a lease by that."""
    lease = await _take(ours, ALICE, 0)
    clock.step_wall_time(-2.0)
    _expect((await _take(theirs, BOB, 1)).plan_id == lease.plan_id, "a clock two seconds behind took the target")
    clock.step_wall_time(LEASE_SECONDS + 4.0)
    _expect((await _take(theirs, BOB, 1)).plan_id == lease.plan_id, "a clock two seconds ahead took the target")


async def many_at_once_one_winner(ours: Leases, theirs: Leases, _clock: MovableClock) -> None:
    """Of many who ask in the same moment one has it, and all others are given that one."""
    given = await asyncio.gather(*(_take((ours, theirs)[n % 2], ALICE, n) for n in range(len(_PLANS))))
    _expect(len({(lease.plan_id, lease.fence) for lease in given}) == 1, "more than one has the target")


LEASE_CHECKS: Final[tuple[LeaseCheck, ...]] = (
    one_of_two_has_the_target,
    targets_are_apart,
    an_abort_breaks_the_others_lease,
    asking_twice_gives_the_same_lease,
    what_has_run_out_is_free,
    renewal_keeps_it,
    late_renewal_works_while_nobody_came,
    only_ours_is_given_back,
    fences_only_grow,
    a_step_of_the_clock_blocks_nobody,
    a_second_apart_changes_nothing,
    many_at_once_one_winner,
)


# Approvals


async def a_plan_comes_back_as_it_was(ours: Approvals, theirs: Approvals, clock: MovableClock) -> None:
    """The approver reads exactly the plan that was asked about."""
    request = request_at(clock.now(), 0)
    await ours.ask(request)
    _expect(await theirs.pending() == (request,), "the plan came back different, or not at all")


async def asking_again_changes_nothing(ours: Approvals, theirs: Approvals, clock: MovableClock) -> None:
    """A question asked twice, also with another reason or a later end, stays the first one."""
    request = request_at(clock.now(), 0)
    await ours.ask(request)
    await theirs.ask(replace(request, reason=SafeText("other"), expires_at=Instant(request.expires_at + 600)))
    _expect(await ours.pending() == (request,), "asking again changed the question")


async def oldest_first_and_nothing_expired(ours: Approvals, theirs: Approvals, clock: MovableClock) -> None:
    """What waits is listed oldest first; what has expired, or has an answer, waits no longer."""
    first, second, third = (request_at(clock.now(), number, seconds=100.0 + 100 * number) for number in range(3))
    for request in (first, second, third):
        await ours.ask(request)
    _expect(await theirs.pending() == (first, second, third), "not all, or not oldest first")
    clock.step_wall_time(150.0)
    _expect(await theirs.pending() == (second, third), "an expired one still waits")
    await theirs.decide(decision_at(clock.now(), second, Decision.DENY))
    _expect(await ours.pending() == (third,), "an answered one still waits")
    _expect(await ours.request(second.plan.id) == second, "an answered one cannot be looked at any more")
    _expect(await ours.request(first.plan.id) == first, "an expired one cannot be looked at any more")


async def a_plan_is_found_by_its_names(ours: Approvals, theirs: Approvals, clock: MovableClock) -> None:
    """A plan is found by its id, its hash, or at least six digits that only its hash begins with."""
    requests = [request_at(clock.now(), number) for number in range(3)]
    for request in requests:
        await ours.ask(request)
    plan = requests[1].plan
    digits = plan.hash.removeprefix("sha256:")
    for name in (plan.id, plan.hash, digits, digits[:6], digits[:6].upper(), f"sha256:{digits[:12]}", f" {plan.id} "):
        _expect(await theirs.request(name) == requests[1], f"{name!r} does not find it")
    for name in ("", "sha256:", digits[:5], "zzzzzz", "%", "sha256:______", digits + "0", str(plan.id)[:-1]):
        _expect(await theirs.request(name) is None, f"{name!r} finds something")


async def decisions_only_come(ours: Approvals, theirs: Approvals, clock: MovableClock) -> None:
    """Every decision is kept as it was given, in its order; a no after a yes stands beside it."""
    request = request_at(clock.now(), 0)
    await ours.ask(request)
    granted = decision_at(clock.now(), request, Decision.GRANT)
    denied = replace(granted, by=ALICE, decision=Decision.DENY, signature=UNKNOWN, at=Instant(granted.at + 1))
    await theirs.decide(granted)
    await ours.decide(denied)
    _expect(await ours.decisions(request.plan.hash) == (granted, denied), "the decisions are not those that were given")
    _expect(await theirs.decisions(_hash(7)) == (), "another plan has decisions")


async def nobody_decides_what_nobody_asked(ours: Approvals, _theirs: Approvals, clock: MovableClock) -> None:
    """A decision on a plan that does not wait here is refused, and not kept."""
    unasked = request_at(clock.now(), 3)
    try:
        await ours.decide(decision_at(clock.now(), unasked, Decision.GRANT))
    except JournalUnavailable:
        _expect(await ours.decisions(unasked.plan.hash) == (), "it was refused, and kept all the same")
        return
    raise BrokenPromise("a plan that nobody asked about was approved")


APPROVAL_CHECKS: Final[tuple[ApprovalCheck, ...]] = (
    a_plan_comes_back_as_it_was,
    asking_again_changes_nothing,
    oldest_first_and_nothing_expired,
    a_plan_is_found_by_its_names,
    decisions_only_come,
    nobody_decides_what_nobody_asked,
)


# Journal


async def records_follow_each_other(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """Whoever writes, each record follows the one before it, and everybody reads the same."""
    _expect(await ours.head() == (0, UNKNOWN), "the journal under test must be empty")
    appended = [await (ours, theirs)[n % 2].append(entry_at(clock.now(), n)) for n in range(6)]
    for before, after in itertools.pairwise(appended):
        _expect(
            after.seq == before.seq + 1 and after.previous == before.hash, "a record does not follow its forerunner"
        )
    last = appended[-1]
    _expect(await theirs.head() == (last.seq, last.hash), "the head is not the last record")
    read = await theirs.read(Query(after_seq=appended[0].seq - 1))
    _expect(list(read) == appended, "what is read is not what was written")


async def the_chain_is_whole(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """Who verifies finds every record fitting, from the first that opens the journal."""
    for number in range(5):
        await ours.append(entry_at(clock.now(), number))
    state = await theirs.verify()
    _expect(state.is_whole, f"the chain is broken: {state.says}")
    _expect((state.records, state.head) == await ours.head(), "verifying did not see all records")
    (first,) = await theirs.read(Query(most=1))
    _expect(first.seq == 1 and first.entry.kind is RecordKind.LOG_OPENED, "the journal was not opened by a record")


async def many_writers_one_chain(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """Records that are written in the same moment all get a place, each its own."""
    entries = [entry_at(clock.now(), number) for number in range(12)]
    records = await asyncio.gather(*((ours, theirs)[n % 2].append(entry) for n, entry in enumerate(entries)))
    _expect(len({record.seq for record in records}) == len(entries), "two records have one place")
    _expect((await ours.verify()).is_whole, "the chain is broken")


async def queries_find_what_they_say(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """A query finds by target, model, kind, person, plan and time, both ends included, and nothing else."""
    start = clock.now()
    plan = await ours.append(replace(entry_at(start, 0), plan_id=_PLANS[2]))
    other = await ours.append(replace(entry_at(Instant(start + 10), 1), target=CHURN, actor=BOB))
    seen = await ours.append(replace(entry_at(Instant(start + 20), 2), kind=RecordKind.SERVING_OBSERVED))
    after = plan.seq - 1
    wanted = (
        (Query(target=FRAUD, after_seq=after), (plan, seen)),
        (Query(model=CHURN.model), (other,)),
        (Query(kinds=frozenset({RecordKind.SERVING_OBSERVED})), (seen,)),
        (Query(principal=BOB.principal), (other,)),
        (Query(plan_id=_PLANS[2]), (plan,)),
        (Query(since=Instant(start + 10), after_seq=after), (other, seen)),
        (Query(until=Instant(start + 10), after_seq=after), (plan, other)),
        (Query(after_seq=plan.seq), (other, seen)),
        (Query(after_seq=after, newest_first=True, most=2), (seen, other)),
        (Query(after_seq=after, most=1), (plan,)),
        (Query(target=CHURN, principal=ALICE.principal), ()),
        (Query(plan_id=SafeText("no such plan")), ()),
        (Query(after_seq=after, most=0), ()),
    )
    for query, expected in wanted:
        found = await theirs.read(query)
        _expect(found == expected, f"{query} finds {[record.seq for record in found]}")


async def an_intent_is_open_until_its_outcome(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """An intent without outcome is told until an outcome, or a later finding, ends it."""
    intents = [
        await ours.append(replace(entry_at(clock.now(), n), kind=RecordKind.ACTION_INTENT, plan_id=_PLANS[n]))
        for n in range(3)
    ]
    _expect(await theirs.open_intents() == tuple(intents), "not every open intent is told, oldest first")
    ends = ((1, RecordKind.ACTION_OUTCOME), (0, RecordKind.ACTION_STEP), (2, RecordKind.ACTION_RECONCILED))
    for number, kind in ends:
        await theirs.append(replace(entry_at(clock.now(), number), kind=kind, plan_id=_PLANS[number]))
    _expect(await ours.open_intents() == (intents[0],), "the wrong intents are open")
    late = await theirs.append(replace(entry_at(clock.now(), 3), kind=RecordKind.ACTION_INTENT, plan_id=_PLANS[1]))
    _expect(late not in await ours.open_intents(), "an intent is open whose outcome came into the journal before it")


async def all_that_is_said_comes_back(ours: Journal, theirs: Journal, clock: MovableClock) -> None:
    """Who, where, why and every detail come back as they were said."""
    entry = replace(
        entry_at(clock.now(), 0),
        actor=BOB,
        plan_id=_PLANS[0],
        plan_hash=_hash(0),
        reason=Reason(text=SafeText("Fehler über 20 % – 事故"), incident=SafeText("INC-7")),
        details={
            "calls": (SafeText("PUT /alias"),),
            "guard": 3,
            "break_glass": True,
            "none": None,
            "in": {"x": SafeText("y")},
        },
    )
    record = await ours.append(entry)
    (read,) = await theirs.read(Query(plan_id=_PLANS[0]))
    _expect(read == record and read.entry == entry, "what comes back is not what was said")


JOURNAL_CHECKS: Final[tuple[JournalCheck, ...]] = (
    records_follow_each_other,
    the_chain_is_whole,
    many_writers_one_chain,
    queries_find_what_they_say,
    an_intent_is_open_until_its_outcome,
    all_that_is_said_comes_back,
)


# What the checks are made of


def plan_at(at: Instant, number: int = 0) -> Plan:
    """Return a plan with its hash, made at that moment; another number is another plan."""
    stable, candidate = VersionId(SafeText("4.2.1")), VersionId(SafeText(f"4.3.{number}"))
    before = Desired(((stable, 0.95), (candidate, 0.05)), stable, candidate)
    after = Desired(((stable, 1.0),), stable)
    source = SourceName(SafeText("rollouts"))
    made_at = Instant(round(at, 3))
    plan = Plan(
        id=_PLANS[number],
        kind=ActionKind.ROLLBACK,
        context=SafeText("production"),
        target=FRAUD,
        made_at=made_at,
        expires_at=Instant(made_at + 900),
        actor=ALICE,
        writes_through=WritingPromise(source, SafeText("embedded"), Guarantee.NATIVE, SafeText("–"), True, True),
        writes_to=SafeText("fraud-detector@production in /srv/world.sqlite"),
        leaving=before.weights,
        to=after,
        because=SafeText("served 6 d within its limits"),
        premise=Premise(before, SafeText("r7"), UNKNOWN, stable, stable, UNKNOWN, made_at),
        checks=(Check(SafeText("artifact"), CheckResult.WARN, SafeText("seen 3 h ago – ‘gold’")),),
        steps=(Step(after, 0.0, SafeText("PUT /rollouts/fraud-detector")),),
        blast=Blast(0.05, 12.5, (SafeText("region=hk"),)),
        jobs=(),
        not_changed=(SafeText("prod-eu stays as it is"),),
        expected=Expectation(10.0, 60.0, 300.0),
        inverse=before,
        guard=GuardLevel.SECOND_PERSON,
        hash=PlanHash(SafeText("")),
    )
    return sealed(plan)


def request_at(at: Instant, number: int = 0, seconds: float = 900.0) -> ApprovalRequest:
    """Return a question for a second person that expires so much later."""
    return ApprovalRequest(plan_at(at, number), at, Instant(at + seconds), SafeText("errors in region=hk"))


def decision_at(at: Instant, request: ApprovalRequest, decision: Decision) -> GivenApproval:
    """Return somebody's signed answer to a question."""
    signature = SafeText("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
    reason = safe_text("looked at it: “fine”")
    return GivenApproval(request.plan.hash, BOB, decision, reason, at, Instant(at + 900), signature)


def entry_at(at: Instant, number: int = 0) -> Entry:
    """Return something to write down."""
    when = Instant(round(at, 3))
    return Entry(
        RecordKind.PLAN_REFUSED, when, ALICE, SafeText("production"), FRAUD, details={"number": SafeText(str(number))}
    )


async def _take(leases: Leases, holder: Actor, number: int, kind: ActionKind = ActionKind.ROLLBACK) -> Lease:
    return await leases.take(FRAUD, holder, _PLANS[number], kind, breaks_others=False)


def _hash(number: int) -> PlanHash:
    return plan_at(Instant(1_767_268_800.0), number).hash


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenPromise(otherwise)
