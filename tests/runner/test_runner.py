"""The actor process by itself: what it takes for GO, what it takes for nothing, and what stops it when."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.config.load import Options, load
from modeltui.domain.acting.action import ActionKind, Consent, GuardLevel, Plan, PlanHash, Reason, ReasonCode, Refusal
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.acting.plan_document import plan_document, sealed
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.runner_lines import order_line, read_progress
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.wiring.acting import open_acting
from modeltui.wiring.observing import open_observer
from tests.runner.stage import Stage, make_stage, wait_for
from tests.runner.staged.world import TARGET


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A canary that can be aborted."""
    made = make_stage(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "plugin")
    monkeypatch.setenv("XDG_STATE_HOME", made.environment["XDG_STATE_HOME"])
    yield made
    made.end()


def plan_of(stage: Stage) -> Plan:
    """Return the plan of an abort, as a face makes it."""

    async def made() -> Plan | Refusal:
        loaded = load(Options(config=str(stage.config)))
        async with open_observer(loaded) as observer, open_acting(loaded, observer) as acting:
            assert not isinstance(acting, Refusal), acting
            await observer.look_once()
            return await acting.plan(ActionRequest(ActionKind.ABORT, TARGET))

    plan = asyncio.run(made())
    assert isinstance(plan, Plan), plan
    return plan


class Spoken:
    """An actor process, spoken to line by line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.heard: list[Progress] = []

    def say(self, line: str | bytes) -> None:
        """Write to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() if isinstance(line, str) else line)
        self.process.stdin.flush()

    def say_no_more(self) -> None:
        """Close the pipe."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def hear(self, phase: Phase) -> Progress:
        """Return the next message of a phase."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(read_progress(line.decode()))
            if self.heard[-1].phase is phase:
                return self.heard[-1]
        raise AssertionError(f"it ended without {phase}: {self.heard}")

    def end(self) -> int:
        """Return its exit code, once it has ended by itself."""
        return self.process.wait(20)


@contextmanager
def runner(stage: Stage) -> Iterator[Spoken]:
    """Run an actor process as faces do."""
    process = subprocess.Popen(
        stage.runner(),
        env=stage.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )
    try:
        yield Spoken(process)
    finally:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


def line_of(plan: Plan) -> str:
    """Return a plan as the first line."""
    return json.dumps(plan_document(plan)) + "\n"


def consent_to(plan: Plan) -> Consent:
    """Return GO for a plan."""
    return Consent(plan.hash, Reason(), guard=plan.guard)


def untouched(stage: Stage) -> bool:
    """Tell whether nothing was ever sent."""
    return stage.world.noted("sent") == [] and bool(stage.world.state()["revision"] == 1)


def test_an_abort_goes_through_the_pipe_to_its_outcome(stage: Stage) -> None:
    """Plan in, PREPARED out, GO in: the traffic moves, it is verified, and a reason said afterwards is written down."""
    plan = plan_of(stage)
    stage.world.hold("serving")
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        assert spoken.hear(Phase.PREPARED).says == plan.hash
        assert untouched(stage)
        spoken.say(order_line(consent_to(plan)))
        spoken.hear(Phase.ACCEPTED)
        spoken.say(order_line(Reason(ReasonCode.ERROR, SafeText("errors doubled"))))
        wait_for(lambda: bool(stage.records(RecordKind.ACTION_REASON)), stage.log)
        stage.world.open("serving")
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 0
    assert isinstance(done.report, Report)
    assert done.report.outcome is Outcome.VERIFIED
    phases = [one.phase for one in spoken.heard if one.phase is not Phase.WAITING]
    assert phases == [
        Phase.PREPARING,
        Phase.PREPARED,
        Phase.INTENT,
        Phase.SENDING,
        Phase.ACCEPTED,
        Phase.SERVING,
        Phase.HEALTHY,
        Phase.DONE,
    ]
    assert stage.world.state()["weights"] == {"1": 1.0}
    assert stage.kinds() == ["plan.made", "action.intent", "action.step", "action.reason", "action.outcome"]
    assert stage.records(RecordKind.ACTION_REASON)[0].entry.reason.text == "errors doubled"


@pytest.mark.broad
@pytest.mark.parametrize("said", ["", "half", "garbage", "another hash", "weaker guard"])
def test_what_is_not_exactly_go_sends_nothing(stage: Stage, said: str) -> None:
    """A closed pipe, half a GO, noise, GO for another plan and GO past a lighter guard all mean: nothing is done."""
    plan = plan_of(stage)
    go = order_line(consent_to(plan))
    wrong = {
        "": "",
        "half": go[:-1],
        "garbage": "go\nGO!\n{}\n\x00\xff\n",
        "another hash": order_line(replace(consent_to(plan), plan_hash=PlanHash(SafeText("sha256:" + "0" * 64)))),
        "weaker guard": order_line(replace(consent_to(plan), guard=GuardLevel.LETTER)),
    }
    if said == "weaker guard":
        plan = sealed(replace(plan, guard=GuardLevel.VERSION))
        wrong[said] = order_line(Consent(plan.hash, Reason(), guard=GuardLevel.LETTER))
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        spoken.say(wrong[said].encode("latin-1"))
        spoken.say_no_more()
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 3
    assert isinstance(done.report, Report)
    assert done.report.outcome is Outcome.REFUSED
    assert untouched(stage)
    assert stage.kinds()[1:] == ["plan.refused" if said in ("another hash", "weaker guard") else "plan.abandoned"]


def changed(plan: Plan) -> dict[str, object]:
    """Return the document of a plan in which somebody has changed a version, and not the hash."""
    document = plan_document(plan)
    text = json.dumps(document).replace('"desired": {"weights": {"1": 1.0}', '"desired": {"weights": {"2": 1.0}')
    assert text != json.dumps(document)
    found: dict[str, object] = json.loads(text)
    return found


@pytest.mark.broad
@pytest.mark.parametrize("what", ["nothing", "noise", "no text", "no plan", "changed", "too long", "another context"])
def test_what_is_no_plan_is_refused_unread(stage: Stage, what: str) -> None:
    """Noise, a changed plan, a plan for elsewhere: refused in a sentence, and no writer is opened."""
    plan = plan_of(stage)
    elsewhere = sealed(replace(plan, context=SafeText("elsewhere")))
    lines = {
        "nothing": b"",
        "noise": b"hello\n",
        "no text": b"\xff\xfe\n",
        "no plan": b'{"schema": "modeltui.plan/1"}\n',
        "changed": json.dumps(changed(plan)).encode() + b"\n",
        "too long": b"[" * (3 << 20) + b"\n",
        "another context": line_of(elsewhere).encode(),
    }
    with runner(stage) as spoken:
        try:
            spoken.say(lines[what])
            spoken.say_no_more()
        except BrokenPipeError:
            assert what == "too long"
        if what != "nothing":
            done = spoken.hear(Phase.DONE)
            assert done.says
            assert not isinstance(done.report, Report)
        assert spoken.end() == (0 if what == "nothing" else 2)
    assert untouched(stage)
    assert stage.world.reached("read") == 0


@pytest.mark.broad
def test_an_expired_plan_is_not_executed(stage: Stage) -> None:
    """A plan from before the coffee is refused, and that is written down."""
    plan = plan_of(stage)
    old = sealed(replace(plan, made_at=Instant(plan.made_at - 900), expires_at=Instant(plan.made_at - 600)))
    with runner(stage) as spoken:
        spoken.say(line_of(old))
        spoken.say(order_line(consent_to(old)))
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 3
    assert isinstance(done.report, Report)
    assert "expired" in done.report.because
    assert untouched(stage)
    assert stage.kinds()[1:] == ["plan.expired"]


@pytest.mark.broad
def test_a_world_that_moved_is_not_acted_on(stage: Stage) -> None:
    """Somebody else was quicker: what moved is said, and nothing is sent."""
    plan = plan_of(stage)
    stage.world.change("by hand", {"revision": 2, "weights": {"3": 1.0}, "stable": "3", "candidate": None})
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        assert "3" in spoken.hear(Phase.MOVED).says
        assert spoken.end() == 3
    assert stage.world.noted("sent") == []
    assert stage.kinds()[1:] == ["plan.moved"]


SIGNALS = (signal.SIGHUP, signal.SIGPIPE, signal.SIGTSTP, signal.SIGQUIT)


@pytest.mark.broad
@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_no_signal_stops_what_has_go(stage: Stage, number: signal.Signals) -> None:
    """A closed terminal, Ctrl-C, Ctrl-Z and a shutdown that has begun do not leave an action half done."""
    plan = plan_of(stage)
    stage.world.hold("answer")
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        spoken.say(order_line(consent_to(plan)))
        wait_for(lambda: stage.world.reached("answer") == 1, stage.log)
        spoken.process.send_signal(number)
        spoken.say_no_more()
        stage.world.open("answer")
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 0
    assert isinstance(done.report, Report)
    assert done.report.outcome is Outcome.VERIFIED


@pytest.mark.broad
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_before_go_it_can_be_ended(stage: Stage, number: signal.Signals) -> None:
    """Asked to end before GO, it ends at once, sends nothing and says so."""
    plan = plan_of(stage)
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        spoken.process.send_signal(number)
        spoken.hear(Phase.DONE)
        assert spoken.end() == 3
    assert untouched(stage)
    assert stage.kinds()[1:] == ["plan.abandoned"]


@pytest.mark.broad
def test_a_reader_that_stalls_or_leaves_holds_nothing_up(stage: Stage) -> None:
    """A terminal that no longer drains, and one that is gone, cost the messages and not the action."""
    plan = plan_of(stage)
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        assert spoken.process.stdout is not None
        spoken.process.stdout.close()
        spoken.say(order_line(consent_to(plan)))
        assert spoken.end() == 0
    assert stage.outcomes() == [Outcome.VERIFIED]


@pytest.mark.broad
def test_it_leaves_nothing_that_others_can_read(stage: Stage) -> None:
    """It leads a session of its own, leaves no core, and every file that it makes is its user's alone."""
    plan = plan_of(stage)
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        pid = spoken.process.pid
        assert os.getsid(pid) == pid
        assert resource.prlimit(pid, resource.RLIMIT_CORE)[0] == 0
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert plan.id.encode() not in words
        spoken.say(order_line(consent_to(plan)))
        spoken.hear(Phase.DONE)
        spoken.end()
    ours = [path for path in (stage.directory / "state").rglob("*") if path.is_file()]
    ours += [path for path in (stage.directory / "journal").rglob("*") if path.is_file()]
    assert ours
    assert [str(path) for path in ours if path.stat().st_mode & 0o077] == []


@pytest.mark.broad
def test_a_read_only_context_has_no_actor_process(stage: Stage) -> None:
    """Started by hand on a read-only context, it refuses before it opens anything."""
    plan = plan_of(stage)
    stage.config.write_text(stage.config.read_text().replace('"writes-on"', '"read-only"'))
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        assert "read-only" in spoken.hear(Phase.DONE).says
        assert spoken.end() == 2
    assert untouched(stage)


@pytest.mark.broad
def test_a_fault_of_our_own_is_reported_without_secrets_and_found_out_later(stage: Stage) -> None:
    """An adapter that breaks in the middle: unknown, not failed, until a look tells; the report holds no secret."""
    plan = plan_of(stage)
    stage.world.hold("apply")
    stage.world.note("breaks", "Authorization: Bearer abcdefghijklmnop0123456789")
    with runner(stage) as spoken:
        spoken.say(line_of(plan))
        spoken.hear(Phase.PREPARED)
        spoken.say(order_line(consent_to(plan)))
        wait_for(lambda: stage.world.reached("apply") == 1, stage.log)
        stage.world.open("apply")
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 4
    assert isinstance(done.report, Report)
    assert done.report.outcome is Outcome.UNKNOWN
    (stage.world.directory / "breaks").unlink()
    (report,) = (stage.directory / "state" / "modeltui" / "crash").iterdir()
    assert "RuntimeError" in report.read_text()
    assert "abcdefghijklmnop0123456789" not in report.read_text() + stage.log()
    stage.reconcile()
    assert stage.outcomes() == [Outcome.UNKNOWN, Outcome.FAILED]
    assert len(stage.world.noted("sent")) == 1
    assert untouched_weights(stage)


def untouched_weights(stage: Stage) -> bool:
    """Tell whether the traffic is as it was."""
    return bool(stage.world.state()["weights"] == {"1": 0.75, "2": 0.25})
