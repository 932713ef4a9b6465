"""A face and its actor process: before GO they end together, after GO the one no longer needs the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.adapters.system.runner_process import RunnerProcesses
from modeltui.config.load import Options, load
from modeltui.domain.acting.action import Consent, Plan, Reason, Refusal
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.journal.details import intent_details
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.ports.action_runner import RunningAction
from modeltui.wiring.acting import open_acting
from modeltui.wiring.observing import open_observer
from tests.runner.stage import Stage, make_stage, wait_for
from tests.runner.test_runner import plan_of


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A canary that can be aborted."""
    made = make_stage(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "plugin")
    for name in ("XDG_STATE_HOME", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, made.environment[name])
    yield made
    made.end()


def processes(stage: Stage, *arguments: str) -> RunnerProcesses:
    """Return what starts actor processes on this stage."""
    given = arguments or ("--config", str(stage.config), "--context", "c")
    return RunnerProcesses(given, SystemClock(), stage.environment)


async def heard(running: RunningAction, until: Phase) -> Progress:
    """Return the first message of a phase."""
    async for progress in running.progress():
        if progress.phase is until:
            return progress
    raise AssertionError(f"it ended without {until}")


def consent_to(plan: Plan) -> Consent:
    """Return GO for a plan."""
    return Consent(plan.hash, Reason(), guard=plan.guard)


def test_leaving_before_go_ends_it(stage: Stage) -> None:
    """Esc on the guard: nothing was sent, the process is gone, and the journal says that nothing came of the plan."""
    plan = plan_of(stage)

    async def look_and_leave() -> None:
        async with processes(stage).start(plan) as running:
            await heard(running, Phase.PREPARED)

    asyncio.run(look_and_leave())
    assert stage.runners() == []
    assert stage.kinds() == ["plan.made", "plan.abandoned"]
    assert stage.world.noted("sent") == []


def test_leaving_after_go_leaves_it_to_finish(stage: Stage) -> None:
    """Quitting the screens while it verifies: the loop and its pipes are gone, and the action ends as it should."""
    plan = plan_of(stage)
    stage.world.hold("answer")

    async def go_and_leave() -> None:
        async with processes(stage).start(plan) as running:
            await heard(running, Phase.PREPARED)
            await running.go(consent_to(plan))
            await heard(running, Phase.SENDING)

    asyncio.run(go_and_leave())
    assert len(stage.runners()) == 1
    stage.world.open("answer")
    wait_for(lambda: not stage.runners(), stage.log)
    assert stage.outcomes() == [Outcome.VERIFIED]


@pytest.mark.broad
def test_a_process_that_cannot_begin_is_a_refusal_with_its_reason(stage: Stage) -> None:
    """A configuration that is gone by now: nothing was sent, and the operator reads why."""
    plan = plan_of(stage)

    async def report(*arguments: str) -> Report:
        async with processes(stage, *arguments).start(plan) as running:
            done = await heard(running, Phase.DONE)
            assert isinstance(done.report, Report)
            return done.report

    gone = asyncio.run(report("--config", "/nowhere/modeltui.yaml", "--context", "c"))
    assert gone.outcome is Outcome.REFUSED
    assert "there is no configuration" in gone.because
    odd = asyncio.run(report("--no-such-option"))
    assert odd.outcome is Outcome.REFUSED
    assert "ended before GO" in odd.because
    assert odd.plan_hash == plan.hash


@pytest.mark.broad
def test_go_to_a_process_that_is_gone_is_told(stage: Stage) -> None:
    """Killed while the operator was reading: GO fails loudly, and nothing was sent."""
    plan = plan_of(stage)

    async def too_late() -> None:
        async with processes(stage).start(plan) as running:
            await heard(running, Phase.PREPARED)
            os.kill(running.pid, signal.SIGKILL)
            await asyncio.to_thread(wait_for, lambda: running._process.poll() is not None, stage.log)
            with pytest.raises(ModeltuiError, match="ended before GO") as caught:
                await running.go(consent_to(plan))
            assert "Nothing was sent" in caught.value.remedy
            done = await heard(running, Phase.DONE)
            assert isinstance(done.report, Report)
            assert done.report.outcome is Outcome.REFUSED

    asyncio.run(too_late())
    assert stage.world.noted("sent") == []


@pytest.mark.broad
def test_a_session_that_may_only_look_is_told_why(stage: Stage) -> None:
    """Read-only by option or by file: a reason and a remedy, and nothing else."""

    async def refusal(options: Options) -> Refusal:
        async with open_acting(load(options)) as acting:
            assert isinstance(acting, Refusal)
            return acting

    by_option = asyncio.run(refusal(Options(config=str(stage.config), read_only=True)))
    assert "--read-only" in by_option.reason
    stage.config.write_text(stage.config.read_text().replace('"writes-on"', '"read-only"'))
    by_file = asyncio.run(refusal(Options(config=str(stage.config))))
    assert "context c is read-only" in by_file.reason
    assert by_file.remedy


@pytest.mark.broad
@pytest.mark.parametrize("what", ["a policy that anybody can change", "a shared store without its secret"])
def test_what_cannot_be_trusted_stops_acting_and_not_looking(stage: Stage, what: str) -> None:
    """A policy file that everybody can write, a store whose URL is nowhere: a refusal with the reason, no crash."""
    text = stage.config.read_text()
    if what.startswith("a policy"):
        policy = stage.directory / "policy.yaml"
        policy.write_text("{}\n")
        policy.chmod(0o666)
        stage.config.write_text(text.replace('"mode"', '"access": "policy.yaml", "mode"'))
    else:
        stage.config.write_text(text.replace('"directory": "journal"', '"shared": "env:NO_SUCH_VARIABLE"'))

    async def refusal() -> tuple[Refusal, int]:
        loaded = load(Options(config=str(stage.config)))
        async with open_observer(loaded) as observer, open_acting(loaded, observer) as acting:
            assert isinstance(acting, Refusal), acting
            return acting, len((await observer.look_once()).targets)

    found, targets = asyncio.run(refusal())
    assert ("policy" if what.startswith("a policy") else "NO_SUCH_VARIABLE") in found.reason
    assert targets == 1


def test_a_start_looks_after_what_was_left_open(stage: Stage) -> None:
    """An intent without an outcome, from a machine that lost power: opening a session finds out what became of it."""
    plan = plan_of(stage)
    journal = open_journal(stage.directory / "journal", SystemClock())
    then = Instant(plan.made_at - 3600)
    before = stage.world.rollout(SourceName(SafeText("staged")))
    details = intent_details(plan, consent_to(plan), (), before=before, gone_after=Instant(then + 60))
    entry = Entry(
        RecordKind.ACTION_INTENT, then, plan.actor, plan.context, plan.target, plan.id, plan.hash, details=details
    )
    asyncio.run(journal.append(entry))
    assert stage.open_intents() == 1

    async def start() -> None:
        loaded = load(Options(config=str(stage.config)))
        async with open_observer(loaded) as observer, open_acting(loaded, observer) as acting:
            assert not isinstance(acting, Refusal)

    asyncio.run(start())
    wait_for(lambda: stage.outcomes() == [Outcome.FAILED], lambda: f"{stage.kinds()} {stage.log()}")
    assert stage.open_intents() == 0
    assert stage.world.noted("sent") == []
