"""Who writes to a world writes all of it or nothing, once, and only on what was seen."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.embedded import rollout_reader, rollout_writer, writing_promise
from modeltui.adapters.embedded.file import Options
from modeltui.adapters.embedded.schema import SCHEMA_VERSION
from modeltui.adapters.embedded.world import open_world, set_weights
from modeltui.domain.acting.action import CheckResult, Desired, Guarantee
from modeltui.domain.errors import BackendRefused, BackendUnavailable, RevisionConflict
from modeltui.domain.names import UNKNOWN, Missing, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import safe_text
from modeltui.ports.rollout_writer import RolloutWriter, Trace
from modeltui.testing import writer_contract
from modeltui.testing.clock import VirtualClock
from modeltui.testing.writer_contract import WriterCase, abort_of, plan_of, promotion_of, rollback_to, write_of
from tests.adapters.embedded.story import demo_policy, surroundings, target_key, version

# Writes from several threads and processes.
pytestmark = pytest.mark.broad

HK = target_key("fraud-detector@prod-hk")
SHADOWED = target_key("card-routing@prod-hk")


@asynccontextmanager
async def opened(path: Path, clock: VirtualClock) -> AsyncIterator[RolloutWriter]:
    """The writer, as the actor process opens it."""
    around = surroundings("rollouts", clock)
    async with rollout_writer.connect(Options(path=path), around, demo_policy()) as writer:
        yield writer


@pytest.fixture
async def case(world_path: Path, clock: VirtualClock) -> AsyncIterator[WriterCase]:
    async def others(to: VersionId) -> None:
        with closing(sqlite3.connect(world_path)) as connection, connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            key = [HK.model, HK.environment]
            connection.execute("DELETE FROM weights WHERE model = ? AND environment = ?", key)
            connection.execute("INSERT INTO weights VALUES (?, ?, ?, 1.0)", [*key, to])
            connection.execute(
                "UPDATE targets SET stable = ?, candidate = NULL, stage_name = 'full', revision = revision + 1"
                " WHERE model = ? AND environment = ?",
                [to, *key],
            )

    async with opened(world_path, clock) as writer:
        yield WriterCase(writer, clock, HK, version("2.2.0"), others)


@pytest.mark.parametrize("check", writer_contract.CHECKS, ids=writer_contract.name_of)
async def test_contract(check: writer_contract.Check, case: WriterCase) -> None:
    """A world keeps the promises that every writer gives."""
    await check(case)


async def rollout_of(path: Path, clock: VirtualClock, key: Any = HK) -> Rollout:
    async with rollout_reader.connect(Options(path=path), surroundings("rollouts", clock)) as port:
        answer = await port.read_rollouts()
    return next(rollout for rollout in answer.rollouts if rollout.target == key)


def records(rollout: Rollout) -> dict[tuple[str, bool], tuple[bool, bool]]:
    """Return by version and whether it still serves: how many there are is what tests ask."""
    return {(r.version, isinstance(r.ended_at, Missing)): (r.passed_gates, True) for r in rollout.served}


async def test_an_abort_ends_the_rollout_as_a_controller_would(case: WriterCase, world_path: Path) -> None:
    """The canary leaves without having passed its gates, stable has everything, the stage is over, and it says so."""
    before = await case.writer.read(HK)
    await case.writer.apply(write_of(case, before, abort_of(before), "alice: error"))
    after = await rollout_of(world_path, case.clock)  # type: ignore[arg-type]
    assert after.candidate is UNKNOWN
    assert dict(after.weights) == {"2.3.1": 1.0}
    assert not isinstance(after.stage, Missing)
    assert (after.stage.name, after.stage.since, after.stage.hold_seconds) == ("full", case.clock.now(), UNKNOWN)
    assert after.says == "Aborted: 3.0.0 taken out, all traffic on 2.3.1; alice: error"
    assert records(after)["3.0.0", False] == (False, True)
    assert records(after)["2.3.1", True] == (True, True)


async def test_a_rollback_closes_one_record_and_opens_another(case: WriterCase) -> None:
    """The version that was left has not passed its gates; the one that came back has, for it had them before."""
    before = await case.writer.read(HK)
    await case.writer.apply(write_of(case, before, rollback_to(version("2.2.0"))))
    after = await case.writer.read(HK)
    still = [record for record in after.served if isinstance(record.ended_at, Missing)]
    assert [(record.version, record.passed_gates) for record in still] == [("2.2.0", True)]
    left = [r for r in after.served if r.version == "2.3.1"]
    assert [(r.ended_at, r.passed_gates) for r in left] == [(case.clock.now(), False)]
    assert after.says == "Rolled back: all traffic on 2.2.0; contract: other"


async def test_a_promotion_keeps_the_past_good(case: WriterCase) -> None:
    """The new stable version passed its gates, and so had the one before: it remains the way back."""
    before = await case.writer.read(HK)
    await case.writer.apply(write_of(case, before, promotion_of(before)))
    after = await case.writer.read(HK)
    assert (after.stable, after.candidate) == ("3.0.0", UNKNOWN)
    passed = {(r.version, r.passed_gates) for r in after.served if r.version in ("3.0.0", "2.3.1")}
    assert passed == {("3.0.0", True), ("2.3.1", True)}


async def test_an_abort_ends_a_shadow_too(world_path: Path, clock: VirtualClock) -> None:
    """A shadow is a rollout: aborted, it gets no copies any more."""
    async with opened(world_path, clock) as writer:
        case = WriterCase(writer, clock, SHADOWED, version("5.4.0"), _nobody)
        before = await writer.read(SHADOWED)
        assert before.shadow == "5.6.0"
        await writer.apply(write_of(case, before, abort_of(before)))
        after = await writer.read(SHADOWED)
    assert after.shadow is UNKNOWN
    assert after.says == "Aborted: 5.6.0 taken out, all traffic on 5.5.1; contract: other"


async def checked(case: WriterCase) -> dict[str, CheckResult]:
    """What is found before an abort is written, by name."""
    seen = await case.writer.read(case.target)
    return {str(check.name): check.result for check in await case.writer.prepare(plan_of(case, seen, abort_of(seen)))}


async def _nobody(_: VersionId) -> None:
    raise AssertionError("nobody else moves here")


async def test_a_simulator_at_work_does_not_stop_a_write(world_path: Path, clock: VirtualClock) -> None:
    """Traffic follows what was written, and the revision that was accepted stays."""
    with open_world(world_path) as world:
        async with opened(world_path, clock) as writer:
            case = WriterCase(writer, clock, HK, version("2.2.0"), _nobody)
            before = await writer.read(HK)
            receipt = await writer.apply(write_of(case, before, abort_of(before)))
            for _ in range(20):
                await clock.advance(2)
                world.append(clock.now())
            assert (await writer.read(HK)).revision == receipt.revision
            checks = {
                check.name: check.result for check in await writer.prepare(plan_of(case, before, abort_of(before)))
            }
    assert checks == {
        "may-write": CheckResult.PASS,
        "exists": CheckResult.PASS,
        "artifact": CheckResult.PASS,
        "controller": CheckResult.PASS,
    }


async def test_a_world_that_stands_still_says_that_traffic_will_not_follow(case: WriterCase) -> None:
    """Nobody moves the world any more: that is told before anything is written."""
    await case.clock.advance(60)  # type: ignore[attr-defined]
    assert (await checked(case))["controller"] is CheckResult.WARN


async def test_a_locked_world_is_unavailable_and_unchanged(
    case: WriterCase, world_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file: nothing was sent, and it says who might."""
    monkeypatch.setattr("modeltui.adapters.embedded.writing.LOCK_SECONDS", 0.05)
    before = await case.writer.read(HK)
    write = write_of(case, before, abort_of(before))
    with closing(sqlite3.connect(world_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BackendUnavailable, match="nothing was changed"):
            await case.writer.apply(write)
        other.execute("ROLLBACK")
    assert await case.writer.read(HK) == before
    assert await case.writer.trace(write) is Trace.NOT_APPLIED
    assert not (await case.writer.apply(write)).was_done_before


async def test_a_reader_in_the_middle_leaves_the_write_undone_or_done(
    case: WriterCase, world_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long look at a world without a simulator keeps the commit waiting: then nothing was written, and it is said."""
    monkeypatch.setattr("modeltui.adapters.embedded.writing.LOCK_SECONDS", 0.05)
    before = await case.writer.read(HK)
    write = write_of(case, before, abort_of(before))
    with closing(sqlite3.connect(world_path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM targets").fetchone()
        with pytest.raises(BackendUnavailable, match="nothing was changed"):
            await case.writer.apply(write)
        other.execute("ROLLBACK")
    assert await case.writer.trace(write) is Trace.NOT_APPLIED
    assert await case.writer.read(HK) == before


async def test_an_old_world_is_read_and_becomes_new_when_written(world_path: Path, clock: VirtualClock) -> None:
    """A world from before there were writes is read as it is, and gets its list of writes with the first."""
    with closing(sqlite3.connect(world_path)) as connection, connection:
        connection.execute("DROP TABLE writes")
        connection.execute("PRAGMA user_version = 1")
    async with opened(world_path, clock) as writer:
        case = WriterCase(writer, clock, HK, version("2.2.0"), _nobody)
        before = await writer.read(HK)
        write = write_of(case, before, abort_of(before))
        assert await writer.trace(write) is Trace.NOT_APPLIED
        assert _format(world_path) == 1
        await writer.apply(write)
        assert await writer.trace(write) is Trace.APPLIED
    assert _format(world_path) == SCHEMA_VERSION


async def test_an_old_world_stays_as_it_is_when_a_write_is_refused(world_path: Path, clock: VirtualClock) -> None:
    """A write that comes too late, or asks for what no target can be, leaves a world of the old format untouched."""
    with closing(sqlite3.connect(world_path)) as connection, connection:
        connection.execute("DROP TABLE writes")
        connection.execute("PRAGMA user_version = 1")
    async with opened(world_path, clock) as writer:
        case = WriterCase(writer, clock, HK, version("2.2.0"), _nobody)
        before = await writer.read(HK)
        as_it_was = _bytes(world_path)
        with pytest.raises(RevisionConflict):
            await writer.apply(write_of(case, replace(before, revision=safe_text("0")), abort_of(before)))
        with pytest.raises(BackendRefused):
            await writer.apply(write_of(case, before, rollback_to(version("9.9.9"))))
    assert _bytes(world_path) == as_it_was
    assert _format(world_path) == 1


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _format(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize(
    ("desired", "words"),
    [
        (Desired(((version("2.3.1"), 0.5),), version("2.3.1")), "do not add up"),
        (Desired(((version("2.2.0"), 1.0),), version("2.3.1")), "only stable and candidate"),
        (Desired(((version("2.3.1"), 0.5), (version("2.3.1"), 0.5)), version("2.3.1")), "only stable and candidate"),
        (Desired(((version("2.3.1"), 1.0),), version("2.3.1"), version("2.3.1")), "both 2.3.1"),
        (Desired(((version("2.3.1"), 1.0),), version("2.3.1"), version("9.9.9")), "no version 9.9.9"),
    ],
    ids=["half", "a stranger", "twice", "its own candidate", "not there"],
)
async def test_what_no_target_can_be_is_refused(case: WriterCase, desired: Desired, words: str) -> None:
    """The world has bounds of its own, whatever a plan says."""
    before = await case.writer.read(HK)
    with pytest.raises(BackendRefused, match=words):
        await case.writer.apply(write_of(case, before, desired))
    assert await case.writer.read(HK) == before


async def test_weights_alone_compare_and_swap_too(world_path: Path, clock: VirtualClock) -> None:
    """A story that sets weights on a revision that has gone is told so."""
    revision = set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 1.0})
    split = {"2.3.1": 0.9, "3.0.0": 0.1}
    assert set_weights(world_path, "fraud-detector", "prod-hk", split, expected_revision=revision) == revision + 1
    with pytest.raises(RevisionConflict):
        set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 1.0}, expected_revision=revision)
    assert dict((await rollout_of(world_path, clock)).weights) == split


async def test_the_call_is_told_in_the_worlds_words(case: WriterCase) -> None:
    """The plan shows what the world will be told, and on what."""
    seen = await case.writer.read(HK)
    promise = writing_promise.promise(None, surroundings("rollouts", VirtualClock()), demo_policy())
    assert (promise.guarantee, promise.splits_traffic, promise.finds_own_writes) == (Guarantee.NATIVE, True, True)
    assert writing_promise.call(HK, seen, abort_of(seen), demo_policy()) == (
        f"set fraud-detector@prod-hk: weights 2.3.1 100 %; stable 2.3.1; candidate none; if revision is {seen.revision}"
    )


def test_the_place_is_a_target_in_a_file() -> None:
    """The plan says which world it changes, from the root: the same name beside another configuration is another."""
    options = Options(path=Path("world.sqlite"))
    here, there = (replace(surroundings("rollouts", VirtualClock()), base_directory=Path(one)) for one in ("/a", "/b"))
    assert writing_promise.writes_to(HK, options, here, demo_policy()) == "fraud-detector@prod-hk in /a/world.sqlite"
    assert writing_promise.writes_to(HK, options, there, demo_policy()) == "fraud-detector@prod-hk in /b/world.sqlite"


async def test_stages_go_on_by_themselves_until_an_operator_holds_them(world_path: Path, clock: VirtualClock) -> None:
    """A shadow becomes a canary, a bigger canary, and stable when its holds are over; an operator's split stays."""
    held = target_key("credit-scorer@prod-hk")
    seen: list[tuple[str, float]] = []
    with open_world(world_path) as world:
        async with opened(world_path, clock) as writer:
            case = WriterCase(writer, clock, held, version("4.2.1"), _nobody)
            before = await writer.read(held)
            assert not isinstance(before.candidate, Missing)
            split = Desired(((version("4.2.1"), 0.9), (before.candidate, 0.1)), version("4.2.1"), before.candidate)
            receipt = await writer.apply(write_of(case, before, split))
            for _ in range(30):
                await clock.advance(10)
                world.append(clock.now(), speed=720.0)  # two hours in ten seconds
                rollout = await writer.read(SHADOWED)
                assert not isinstance(rollout.stage, Missing)
                stage = (str(rollout.stage.name), rollout.stage.weight)
                seen += [stage] if not seen or seen[-1] != stage else []
            assert (await writer.read(held)).revision == receipt.revision
            last = await writer.read(SHADOWED)
    assert seen == [("shadow", 0.0), ("canary-5", 0.05), ("canary-25", 0.25), ("full", 1.0)]
    assert (last.stable, last.candidate, last.shadow, last.says) == ("5.6.0", UNKNOWN, UNKNOWN, "Healthy")
