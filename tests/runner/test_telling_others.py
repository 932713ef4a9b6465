"""Who else is told of an action: by the actor process, after it, and never at its cost."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeltui.adapters.journal import open_journal
from modeltui.adapters.notify import Sink, open_notifier
from modeltui.adapters.system.clock import SystemClock
from modeltui.config import paths
from modeltui.config.load import Options, load
from modeltui.domain.acting.action import Refusal
from modeltui.domain.acting.outcome import Outcome, Phase, Report
from modeltui.domain.acting.runner_lines import order_line
from modeltui.domain.journal.details import intent_details, outcome_details
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText
from modeltui.engine.acting.deadlines import DEADLINES
from modeltui.engine.acting.notices import Notices
from modeltui.ports.journal import Query
from modeltui.ports.notifier import Notice, Occasion
from modeltui.testing.acting_fakes import ALICE
from modeltui.testing.faults import FaultServer, json_reply, silence
from modeltui.wiring.acting import open_acting
from modeltui.wiring.observing import open_observer
from tests.runner.stage import Stage, make_stage, wait_for
from tests.runner.staged.world import TARGET
from tests.runner.test_runner import consent_to, line_of, plan_of, runner

pytestmark = pytest.mark.broad


def aborted(stage: Stage, *, to_the_end: bool) -> Outcome:
    """Return the outcome of an abort, once it is told; with `to_the_end` once the process has nothing left to do."""
    plan = plan_of(stage)
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        spoken.say(order_line(consent_to(plan)))
        done = spoken.hear(Phase.DONE)
        if to_the_end:
            spoken.end()
        else:
            wait_for(lambda: bool(outbox(stage)), stage.log)
    assert isinstance(done.report, Report)
    return done.report.outcome


def outbox(stage: Stage) -> list[Path]:
    """Return the notices that wait for somebody to take them."""
    contexts = stage.directory / "state" / "modeltui" / "contexts"
    return [file for file in contexts.glob("*/outbox/**/*.json") if file.is_file()]


def ready(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Return the stage with its plug-in and its home where this process finds them."""
    monkeypatch.syspath_prepend(stage.directory / "plugin")
    monkeypatch.setenv("XDG_STATE_HOME", stage.environment["XDG_STATE_HOME"])
    return stage


async def test_the_outcome_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook hears how the action ended, with the plan's hash and a witness of the journal."""
    async with FaultServer() as server:
        server.answer("/in", json_reply({}))
        sinks = [{"kind": "webhook", "url": f"{server.url}/in"}]
        stage = ready(make_stage(tmp_path, notify=sinks), monkeypatch)
        assert await asyncio.to_thread(aborted, stage, to_the_end=True) is Outcome.VERIFIED
        (told,) = server.requests
    assert (told.method, told.path) == ("POST", "/in")
    assert "sha256:" in told.body.decode()
    assert "verified" in json.dumps(json.loads(told.body))
    assert outbox(stage) == []


async def test_a_sink_that_is_dead_costs_the_action_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, or somebody listens and says nothing: the outcome comes all the same, and the notice is kept."""
    async with FaultServer() as server:
        server.answer("/in", silence())
        sinks = [{"kind": "webhook", "url": "http://127.0.0.1:9/in"}, {"kind": "webhook", "url": f"{server.url}/in"}]
        stage = ready(make_stage(tmp_path, notify=sinks), monkeypatch)
        assert await asyncio.to_thread(aborted, stage, to_the_end=False) is Outcome.VERIFIED
    assert await asyncio.to_thread(stage.outcomes) == [Outcome.VERIFIED]
    assert outbox(stage)


@dataclass
class LaterClock(SystemClock):
    """The machine's clock, two minutes on."""

    def now(self) -> Instant:
        """Return the time in two minutes."""
        return Instant(super().now() + 120.0)


async def test_an_outcome_that_never_reached_the_outbox_is_told_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has the outcome and nobody was told, as after a death in between: whoever looks next tells it."""
    stage = ready(make_stage(tmp_path), monkeypatch)
    assert await asyncio.to_thread(aborted, stage, to_the_end=True) is Outcome.VERIFIED
    async with FaultServer() as server, AsyncExitStack() as stack:
        server.answer("/in", json_reply({}))
        clock, sink = LaterClock(), Sink("webhook", url=f"{server.url}/in")
        notifier = await stack.enter_async_context(open_notifier(tmp_path / "outbox", [sink], clock, resolve=Secret))
        journal = open_journal(tmp_path / "journal", clock)
        notices = Notices(notifier, journal, ALICE, clock, DEADLINES)
        assert await notices.complete(waits=False) == 1
        assert await notices.complete(waits=False) == 0
        assert await notifier.deliver(deadline_seconds=10) == 0
        (told,) = server.requests
    body = json.loads(told.body)
    assert body["id"].endswith("/action.outcome/verified")
    assert body["data"]["headline"].startswith("abort of ")
    marks = await journal.read(Query(kinds=frozenset({RecordKind.NOTICE_QUEUED})))
    assert [record.entry.details["notice"] for record in marks] == [body["id"]]
    assert (await journal.verify()).is_whole


async def test_a_start_sends_what_an_earlier_one_could_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice waits since its sink was down, and no action is open: opening a session has it sent."""
    async with FaultServer() as server:
        server.answer("/in", json_reply({}))
        stage = ready(make_stage(tmp_path, notify=[{"kind": "webhook", "url": f"{server.url}/in"}]), monkeypatch)
        for name in ("PYTHONPATH", "HOME"):
            monkeypatch.setenv(name, stage.environment[name])
        kept, sink = SafeText("kept"), Sink("webhook", url=f"{server.url}/in")
        directory = Path(paths.outbox_dir(str(stage.config), "c"))
        async with open_notifier(directory, [sink], SystemClock(), resolve=Secret) as notifier:
            assert await notifier.put(Notice(kept, Occasion.OUTCOME, SystemClock().now(), kept, TARGET, kept, {}))
        loaded = await asyncio.to_thread(load, Options(config=str(stage.config)))
        try:
            async with open_observer(loaded) as observer, open_acting(loaded, observer) as acting:
                assert not isinstance(acting, Refusal)
            await server.until_asked(1, seconds=20.0)
            await asyncio.to_thread(wait_for, lambda: not stage.runners(), stage.log)
        finally:
            stage.end()
        assert [json.loads(request.body)["id"] for request in server.requests] == ["kept"]
        assert outbox(stage) == []


async def left_untold(stage: Stage) -> str:
    """Write down an action that ended some minutes ago, of which nobody was told; return the plan's id."""
    plan = await asyncio.to_thread(plan_of, stage)
    then = Instant(SystemClock().now() - 300.0)
    report = Report(plan.id, plan.hash, plan.target, Outcome.UNKNOWN, SafeText("the answer is lost"))
    journal = open_journal(stage.directory / "journal", SystemClock())
    for kind, details in (
        (RecordKind.ACTION_INTENT, intent_details(plan, consent_to(plan), ())),
        (RecordKind.ACTION_OUTCOME, outcome_details(report)),
    ):
        entry = Entry(kind, then, ALICE, plan.context, plan.target, plan.id, plan.hash, details=details)
        await journal.append(entry)
    return str(plan.id)


async def test_observing_tells_what_nobody_was_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`observe` from a timer: the unknown outcome of a dead process is told, once; who may only look tells nothing."""
    async with FaultServer() as server:
        server.answer("/in", json_reply({}))
        stage = ready(make_stage(tmp_path, notify=[{"kind": "webhook", "url": f"{server.url}/in"}]), monkeypatch)
        plan_id = await left_untold(stage)

        def observe(*options: str) -> None:
            command = [sys.executable, "-P", "-m", "modeltui", "--config", str(stage.config), *options, "observe"]
            done = subprocess.run(command, env=stage.environment, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr

        await asyncio.to_thread(observe, "--read-only")
        assert server.requests == []
        await asyncio.to_thread(observe)
        await asyncio.to_thread(observe)
        (told,) = server.requests
    assert json.loads(told.body)["id"] == f"{plan_id}/action.outcome/unknown"
    assert json.loads(told.body)["type"] == "dev.modeltui.notice.unknown-outcome.v1"
