"""What every rollout writer promises, as checks that any of them can be run through.

For the author of an adapter: open the writer over a backend of its own, with a target that has a stable version, a
candidate and one more version, and await each check with a fresh `WriterCase`. They need no test framework; a broken
promise is a `BrokenPromise` that says which.

What they promise together: every look is fresh; the revision changes with every change; a write on a state that has
moved is a conflict and writes nothing; one key is one effect; what does not exist is refused; after each write,
taken, refused or cut off, `trace` says what happened, and what it says is so; questions change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from modeltui.domain.acting.action import (
    ActionKind,
    Blast,
    Desired,
    Expectation,
    GuardLevel,
    Plan,
    PlanHash,
    PlanId,
    Premise,
    Step,
)
from modeltui.domain.errors import BackendError, BackendRefused, RevisionConflict
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.rollout_writer import Receipt, RolloutWriter, Trace, Write, WriteKey
from modeltui.testing.hostile import HOSTILE_TEXTS

NO_SUCH_VERSION: Final = VersionId(SafeText("987654321"))
NO_SUCH_MODEL: Final = ModelName(SafeText("modeltui-contract-no-such-model"))
_TURNS: Final = (0, 1, 2, 4, 8, 16, 40, 100)
"""After how many turns of the loop a write is cancelled."""
_MOST_TRACES: Final = 200
_TRACE_SECONDS: Final = 0.05


class BrokenPromise(AssertionError):  # noqa: N818 - it says what happened
    """An adapter does not do what every writer promises."""


@dataclass(frozen=True, slots=True)
class WriterCase:
    """A writer over a backend that is this check's own."""

    writer: RolloutWriter
    clock: Clock
    target: TargetKey
    """Has a stable version and a candidate."""
    way_back: VersionId
    """A version that exists, and is neither of the two."""
    moved_by_others: Callable[[VersionId], Awaitable[None]]
    """Somebody else makes this the stable version, without the writer."""


Check = Callable[[WriterCase], Awaitable[None]]


async def the_promise_is_said(case: WriterCase) -> None:
    """The guarantee is told in a sentence, before anything is written."""
    promise = case.writer.promise
    _expect(bool(promise.says and promise.source and promise.backend), "a promise without words")
    _expect(safe_text(promise.says, 1000) == promise.says, "the promise is not safe to show")


async def every_look_is_fresh(case: WriterCase) -> None:
    """What somebody else changes is seen at the next look, under another revision."""
    before = await case.writer.read(case.target)
    _expect(before == await case.writer.read(case.target), "two looks at one state differ")
    _expect(not isinstance(before.revision, Missing), "a look without a revision")
    await case.moved_by_others(case.way_back)
    after = await case.writer.read(case.target)
    _expect(after.stable == case.way_back, f"somebody else moved it to {case.way_back}, seen was {after.stable}")
    _expect(after.revision != before.revision, "it moved, and the revision did not")


async def a_rollback_takes(case: WriterCase) -> None:
    """The version that is asked for becomes stable, alone, and nothing else is under way."""
    before = await case.writer.read(case.target)
    await _takes(case, before, rollback_to(case.way_back))


async def an_abort_takes(case: WriterCase) -> None:
    """The candidate goes, stable stays."""
    before = await case.writer.read(case.target)
    _expect(not isinstance(before.candidate, Missing), "the backend under test must have a candidate")
    await _takes(case, before, abort_of(before))


async def a_promotion_takes(case: WriterCase) -> None:
    """The candidate becomes stable, and there is no candidate any more."""
    before = await case.writer.read(case.target)
    await _takes(case, before, promotion_of(before))


async def every_change_has_its_revision(case: WriterCase) -> None:
    """Changes in a row have revisions in a row, each another one than the one before."""
    seen = [(await case.writer.read(case.target)).revision]
    stable = _stable(await case.writer.read(case.target))
    for version in (case.way_back, stable, case.way_back):
        await _applied(case, await case.writer.read(case.target), rollback_to(version))
        seen.append((await case.writer.read(case.target)).revision)
        _expect(seen[-1] != seen[-2], f"the revision is still {seen[-1]}")


async def a_stale_look_is_a_conflict(case: WriterCase) -> None:
    """Written on what has moved meanwhile: a conflict, and nothing is written."""
    stale = await case.writer.read(case.target)
    await case.moved_by_others(case.way_back)
    now = await case.writer.read(case.target)
    write = write_of(case, stale, rollback_to(_stable(stale)))
    await _raises(case, write, RevisionConflict)
    _expect(await case.writer.read(case.target) == now, "a conflict, and something was written")


async def one_key_is_one_effect(case: WriterCase) -> None:
    """Sent again under its key, a write is recognised, and nothing happens a second time."""
    before = await case.writer.read(case.target)
    write = write_of(case, before, rollback_to(case.way_back))
    first = await case.writer.apply(write)
    _expect(not first.was_done_before, "the first time was taken for the second")
    after = await case.writer.read(case.target)
    second = await case.writer.apply(write)
    _expect(second.was_done_before, "the second time was not recognised")
    _expect(await case.writer.read(case.target) == after, "one key, and two effects")


async def a_key_is_not_reused(case: WriterCase) -> None:
    """A key that stands for another write is refused, and nothing is written."""
    before = await case.writer.read(case.target)
    write = write_of(case, before, rollback_to(case.way_back))
    await case.writer.apply(write)
    after = await case.writer.read(case.target)
    other = replace(write, desired=rollback_to(_stable(before)), expected=after)
    try:
        await case.writer.apply(other)
    except (BackendRefused, RevisionConflict):
        _expect(await case.writer.read(case.target) == after, "refused, and something was written")
    else:
        raise BrokenPromise("one key was taken for two different writes")


async def a_version_that_is_not_there_is_refused(case: WriterCase) -> None:
    """Nothing is ever made to serve that the backend does not have."""
    before = await case.writer.read(case.target)
    await _raises(case, write_of(case, before, rollback_to(NO_SUCH_VERSION)), BackendRefused)
    _expect(await case.writer.read(case.target) == before, "refused, and something was written")


async def a_target_that_is_not_there_is_refused(case: WriterCase) -> None:
    """Neither a look nor a write finds a target that does not exist."""
    before = await case.writer.read(case.target)
    for target in (
        TargetKey(NO_SUCH_MODEL, case.target.environment),
        TargetKey(case.target.model, Environment(SafeText("no-such-environment"))),
    ):
        try:
            await case.writer.read(target)
        except BackendRefused as error:
            _expect(bool(error.title and error.remedy), "a refusal must say what happened and what to do")
        else:
            raise BrokenPromise(f"{target} does not exist and was read")
        write = replace(write_of(case, before, rollback_to(case.way_back)), target=target)
        try:
            await case.writer.apply(write)
        except BackendRefused:
            continue
        raise BrokenPromise(f"{target} does not exist and was written")
    _expect(await case.writer.read(case.target) == before, "refused, and something was written")


async def shares_are_taken_or_refused(case: WriterCase) -> None:
    """Shares are set where the promise says so, refused where not, and never taken when they do not add up."""
    before = await case.writer.read(case.target)
    candidate = before.candidate
    if isinstance(candidate, Missing):
        raise BrokenPromise("the backend under test must have a candidate")
    stable = _stable(before)
    for shares in (((stable, 0.5), (candidate, 0.6)), ((stable, 1.5), (candidate, -0.5)), ((stable, float("nan")),)):
        await _raises(case, write_of(case, before, Desired(shares, stable, candidate)), BackendRefused)
    split = Desired(((stable, 0.75), (candidate, 0.25)), stable, candidate)
    if not case.writer.promise.splits_traffic:
        await _raises(case, write_of(case, before, split), BackendRefused)
        _expect(await case.writer.read(case.target) == before, "refused, and something was written")
        return
    await _applied(case, before, split)
    after = await case.writer.read(case.target)
    _expect(dict(after.weights) == dict(split.weights), f"asked for {split.weights}, got {after.weights}")


async def what_was_never_sent_is_not_found(case: WriterCase) -> None:
    """Nobody has sent it: it did not happen."""
    before = await case.writer.read(case.target)
    write = write_of(case, before, rollback_to(case.way_back))
    told = await case.writer.trace(write)
    _expect(told in (Trace.NOT_APPLIED, Trace.AS_BEFORE), "a write that was never sent has left a trace")


async def a_write_cut_off_is_traced(case: WriterCase) -> None:
    """Cancelled at any moment, a write has happened or has not, and `trace` tells which."""
    versions = (case.way_back, _stable(await case.writer.read(case.target)))
    for turn, turns in enumerate(_TURNS):
        before = await case.writer.read(case.target)
        wanted = next(version for version in versions if version != before.stable)
        write = write_of(case, before, rollback_to(wanted))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_applying(case, write))
            for _ in range(turns):
                await asyncio.sleep(0)  # noqa: TID251 - a turn, not time
            task.cancel()
        told = await _traced(case, write)
        now = await case.writer.read(case.target)
        happened = now.stable == wanted
        _expect(happened == (told is Trace.APPLIED), f"cut off at {turn}: {told.value}, and it serves {now.stable}")
        _expect(happened or now == before, f"cut off at {turn}: something else was written")


async def hostile_names_are_only_names(case: WriterCase) -> None:
    """A name with escape sequences, markup or quotes is not found, in safe words; nothing is written."""
    before = await case.writer.read(case.target)
    for text in HOSTILE_TEXTS.values():
        target = TargetKey(ModelName(safe_text(text)), case.target.environment)
        for action in (case.writer.read(target), case.writer.trace(_aimed(case, before, target))):
            try:
                found = await action
            except BackendError as error:
                _expect(safe_text(error.title, 2000) == error.title, f"not safe to show: {error.title[:80]!r}")
            else:
                _expect(found is not Trace.APPLIED and not isinstance(found, Rollout), f"{text[:40]!r} was found")
        write = write_of(case, before, rollback_to(VersionId(safe_text(text))))
        await _raises(case, write, BackendRefused)
    await _applied(case, before, rollback_to(case.way_back), says=safe_text("".join(HOSTILE_TEXTS.values()), 2000))


async def questions_change_nothing(case: WriterCase) -> None:
    """Looking, preparing and tracing leave the target as it is."""
    before = await case.writer.read(case.target)
    desired = rollback_to(case.way_back)
    checks = await case.writer.prepare(plan_of(case, before, desired))
    names = [check.name for check in checks]
    _expect(bool(checks) and len(names) == len(set(names)), f"prepared with the checks {names}")
    for check in checks:
        _expect(bool(check.says) and safe_text(check.says, 400) == check.says, f"{check.name} has no safe words")
    await case.writer.trace(write_of(case, before, desired))
    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(_read(case)) for _ in range(5)]
    _expect(all(look.result() == before for look in looks), "a question changed something")


CHECKS: Final[tuple[Check, ...]] = (
    the_promise_is_said,
    every_look_is_fresh,
    a_rollback_takes,
    an_abort_takes,
    a_promotion_takes,
    every_change_has_its_revision,
    a_stale_look_is_a_conflict,
    one_key_is_one_effect,
    a_key_is_not_reused,
    a_version_that_is_not_there_is_refused,
    a_target_that_is_not_there_is_refused,
    shares_are_taken_or_refused,
    what_was_never_sent_is_not_found,
    a_write_cut_off_is_traced,
    hostile_names_are_only_names,
    questions_change_nothing,
)


def name_of(check: Check) -> str:
    """Return the name of a check, for reports."""
    return getattr(check, "__name__", repr(check))


def rollback_to(version: VersionId) -> Desired:
    """Return the state in which only this version serves."""
    return Desired(((version, 1.0),), version)


def abort_of(seen: Rollout) -> Desired:
    """Return the state without a candidate."""
    return rollback_to(_stable(seen))


def promotion_of(seen: Rollout) -> Desired:
    """Return the state in which the candidate is stable."""
    if isinstance(seen.candidate, Missing):
        raise BrokenPromise("the backend under test must have a candidate")
    return rollback_to(seen.candidate)


def write_of(case: WriterCase, expected: Rollout, desired: Desired, says: str = "contract: other") -> Write:
    """Return a write under a key of its own."""
    return Write(WriteKey(safe_text(f"{uuid4()}/0")), case.target, desired, expected, safe_text(says, 2000))


def plan_of(case: WriterCase, seen: Rollout, desired: Desired) -> Plan:
    """Return a plan with one step, as far as a writer looks at it."""
    now = case.clock.now()
    premise = Premise(UNKNOWN, seen.revision, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, now)
    return Plan(
        id=PlanId(safe_text(str(uuid4()))),
        kind=ActionKind.ROLLBACK,
        context=SafeText("contract"),
        target=case.target,
        made_at=now,
        expires_at=Instant(now + 900.0),
        actor=Actor(SafeText("contract")),
        writes_through=case.writer.promise,
        writes_to=SafeText("the backend of this contract"),
        leaving=tuple(seen.weights.items()),
        to=desired,
        because=SafeText("the contract asks for it"),
        premise=premise,
        checks=(),
        steps=(Step(desired, 0.0, SafeText("whatever it takes")),),
        blast=Blast(UNKNOWN, UNKNOWN),
        jobs=(),
        not_changed=(),
        expected=Expectation(10.0, 60.0, 300.0),
        inverse=UNKNOWN,
        guard=GuardLevel.VERSION,
        hash=PlanHash(SafeText(f"sha256:{'0' * 64}")),
    )


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)


def _stable(seen: Rollout) -> VersionId:
    if isinstance(seen.stable, Missing):
        raise BrokenPromise("the backend under test must have a stable version")
    return seen.stable


def _aimed(case: WriterCase, expected: Rollout, target: TargetKey) -> Write:
    return replace(write_of(case, expected, rollback_to(case.way_back)), target=target)


async def _read(case: WriterCase) -> Rollout:
    return await case.writer.read(case.target)


async def _applying(case: WriterCase, write: Write) -> None:
    try:
        await case.writer.apply(write)
    except BackendError:
        return


async def _applied(case: WriterCase, before: Rollout, desired: Desired, says: str = "contract: other") -> Receipt:
    write = write_of(case, before, desired, says)
    receipt = await case.writer.apply(write)
    _expect(await case.writer.trace(write) is Trace.APPLIED, "accepted, and there is no trace of it")
    return receipt


async def _takes(case: WriterCase, before: Rollout, desired: Desired) -> None:
    receipt = await _applied(case, before, desired)
    after = await case.writer.read(case.target)
    _expect(not receipt.was_done_before, "a first time was taken for a second")
    _expect(after.revision != before.revision, "it was changed, and the revision was not")
    _expect(isinstance(receipt.revision, Missing) or receipt.revision == after.revision, "the receipt has another one")
    _expect(after.stable == desired.stable, f"asked for {desired.stable}, got {after.stable}")
    _expect(after.candidate == desired.candidate, f"asked for candidate {desired.candidate}, got {after.candidate}")
    _expect(dict(after.weights) == dict(desired.weights), f"asked for {desired.weights}, got {after.weights}")
    _expect(isinstance(after.shadow, Missing), "a shadow went on after all was over")


async def _raises(case: WriterCase, write: Write, kind: type[BackendError]) -> None:
    try:
        await case.writer.apply(write)
    except kind as error:
        _expect(bool(error.title and error.remedy), "a no must say what happened and what to do")
        _expect(safe_text(error.title, 2000) == error.title, f"not safe to show: {error.title[:80]!r}")
    else:
        raise BrokenPromise(f"{kind.__name__} was expected for {write.desired}")
    _expect(await case.writer.trace(write) is Trace.NOT_APPLIED, "refused, and there is a trace of it")


async def _traced(case: WriterCase, write: Write) -> Trace:
    for _ in range(_MOST_TRACES):
        told = await case.writer.trace(write)
        if told is not Trace.CANNOT_TELL:
            return told
        await case.clock.sleep(_TRACE_SECONDS)
    raise BrokenPromise("nobody can tell, however long one waits")
