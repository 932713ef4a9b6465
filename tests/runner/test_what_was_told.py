"""What the actor process and its face make of a failure when GO was said or the outcome is written already."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from modeltui.adapters.system.runner_process import RunnerProcess
from modeltui.domain.acting.action import Plan, Reason, ReasonCode
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report, exit_code
from modeltui.domain.acting.runner_lines import Order, order_line, progress_line, read_progress
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.engine.acting.deadlines import Deadlines
from modeltui.present.outcome_text import final_report
from modeltui.runner import main as runner
from modeltui.runner.pipes import Orders
from modeltui.testing.acting_fakes import abort_plan, consent_to
from tests.engine.acting import SHORT, Stage


class Pipes:
    """Both pipes of an actor process: GO comes as soon as it is prepared, and everything that it says is kept."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.told: list[Progress] = []
        self.has_go = False
        self._prepared = asyncio.Event()

    async def open(self) -> None:
        """Begin to listen."""

    def close(self) -> None:
        """Listen no more."""

    async def order(self) -> Order:
        """Return GO, and nothing after it."""
        if self.has_go:
            await asyncio.Event().wait()
        await self._prepared.wait()
        self.has_go = True
        return consent_to(self.plan)

    def tell(self, progress: Progress) -> None:
        """Keep what is said, as it goes over the pipe."""
        self.told.append(read_progress(progress_line(progress)))
        if progress.phase is Phase.PREPARED:
            self._prepared.set()

    async def drain(self) -> None:
        """Return when everything was said."""

    def has_heard(self, phase: Phase) -> bool:
        """Tell whether a phase was told."""
        return any(one.phase is phase for one in self.told)


class Kept:
    """A log in memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, says: str) -> None:
        """Keep one line."""
        self.lines.append(says)


GONE = ConfigError("the secret file /run/token cannot be read: No such file or directory", "Create it.")


async def acted(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[Pipes], bool],
    *,
    everything: bool = False,
    deadlines: Deadlines = SHORT,
) -> tuple[int, Pipes, Kept]:
    """Run the actor process over an abort; `when` says from when on the target, or the journal too, fails oddly."""
    process = stage.process(deadlines=deadlines)
    plan = abort_plan(stage.world)
    pipes, log = Pipes(plan), Kept()
    read, append = process.writer.read, process.journal.append

    async def failing_read(target: TargetKey) -> Rollout:
        if when(pipes):
            raise GONE
        return await read(target)

    async def failing_append(entry: object) -> object:
        if everything and when(pipes):
            raise GONE
        return await append(entry)  # type: ignore[arg-type]

    async def nothing(**_: object) -> None:
        pass

    @asynccontextmanager
    async def open_running(*_: object) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(
            executor=process.executor,
            observer=SimpleNamespace(poll_now=nothing),
            notifier=SimpleNamespace(deliver=nothing),
        )

    async def plan_read(_: object) -> Plan:
        return plan

    monkeypatch.setattr(process.writer, "read", failing_read)
    monkeypatch.setattr(process.journal, "append", failing_append)
    monkeypatch.setattr("modeltui.wiring.running.open_running", open_running)
    monkeypatch.setattr(runner, "_loaded", lambda _: None)
    monkeypatch.setattr(runner, "_plan", plan_read)
    monkeypatch.setattr(runner, "Orders", lambda: pipes)
    monkeypatch.setattr(runner, "Teller", lambda _: pipes)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(fileno=lambda: 1))
    code = await runner._act(Namespace(), log)  # type: ignore[arg-type]
    return code, pipes, log


async def heard_by_a_face(stage: Stage, plan: Plan, told: list[Progress], *, has_go: bool) -> list[Progress]:
    """Return what a face hears of lines that an actor process has said."""
    process = RunnerProcess(plan, SimpleNamespace(wait=lambda: 2), None, stage.clock)  # type: ignore[arg-type]
    process._has_go = has_go
    process._lines.feed_data("".join(progress_line(one) for one in told).encode())
    process._lines.feed_eof()
    return [one async for one in process.progress()]


def outcomes(told: list[Progress]) -> list[Outcome]:
    """Return every outcome that was told."""
    return [one.report.outcome for one in told if isinstance(one.report, Report)]


async def test_what_fails_after_the_outcome_does_not_take_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """My token expires in the half hour after a verified abort: verified it stays, on the screen and as exit code."""
    stage = Stage()
    code, pipes, log = await acted(stage, monkeypatch, lambda pipes: pipes.has_heard(Phase.DONE), deadlines=Deadlines())
    assert [report.outcome for report in stage.ends()] == [Outcome.VERIFIED]
    assert outcomes(pipes.told) == [Outcome.VERIFIED]
    assert [one.phase for one in pipes.told].count(Phase.DONE) == 1
    assert code == exit_code(Outcome.VERIFIED)
    assert any("/run/token cannot be read" in line for line in log.lines)


async def test_what_fails_while_it_verifies_is_unknown_and_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the target fails oddly after the write: I read 'unknown', never that nothing was sent."""
    stage = Stage()
    code, pipes, _ = await acted(stage, monkeypatch, lambda pipes: pipes.has_heard(Phase.SENDING))
    assert len(stage.world.writes) == 1
    assert [report.outcome for report in stage.ends()] == [Outcome.UNKNOWN]
    assert outcomes(pipes.told) == [Outcome.UNKNOWN]
    assert code == exit_code(Outcome.UNKNOWN)


async def test_after_go_nothing_but_a_report_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write left and no outcome can be made: the actor process says nothing that could be taken for one."""
    stage = Stage()
    code, pipes, _ = await acted(stage, monkeypatch, lambda pipes: pipes.has_heard(Phase.SENDING), everything=True)
    assert len(stage.world.writes) == 1
    assert not pipes.has_heard(Phase.DONE)
    assert code == GONE.exit_code


async def test_before_go_a_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands against a plan before GO is said to whoever listens, who may call it a refusal."""
    stage = Stage()
    code, pipes, _ = await acted(stage, monkeypatch, lambda _: True)
    assert not stage.world.attempts
    assert [one.says for one in pipes.told if one.phase is Phase.DONE] == [str(GONE).replace("\n", ": ")]
    assert code == GONE.exit_code
    heard = await heard_by_a_face(stage, pipes.plan, pipes.told, has_go=False)
    assert outcomes(heard) == [Outcome.REFUSED]


async def test_orders_know_whether_go_was_said() -> None:
    """A reason is no GO, noise is none, and GO stays said whatever comes after it."""
    plan = abort_plan(Stage().world)
    orders = Orders()
    for line, has_go in (
        (order_line(Reason(ReasonCode.ERROR)), False),
        (order_line(consent_to(plan)), True),
        (order_line(Reason(ReasonCode.ERROR)), True),
    ):
        orders._reader.feed_data(line.encode())
        await orders.order()
        assert orders.has_go is has_go


async def test_a_face_makes_no_refusal_of_what_has_go() -> None:
    """GO was said and the actor process ends without a report: nobody tells me that nothing was sent."""
    stage = Stage()
    told = [Progress(Phase.SENDING, Instant(1.0)), Progress(Phase.DONE, Instant(2.0), SafeText("the token is gone"))]
    heard = await heard_by_a_face(stage, abort_plan(stage.world), told, has_go=True)
    assert isinstance(final_report(heard), Missing)
    assert not any(one.phase is Phase.DONE for one in heard)


@pytest.mark.parametrize("has_go", [True, False])
async def test_a_face_keeps_the_report_that_it_has(has_go: bool) -> None:
    """Whatever an actor process says after its report, the report is how it ended."""
    stage = Stage()
    plan = abort_plan(stage.world)
    outcome = Outcome.VERIFIED if has_go else Outcome.REFUSED
    report = Report(plan.id, plan.hash, plan.target, outcome, SafeText("the report"))
    told = [
        Progress(Phase.DONE, Instant(1.0), SafeText("ended"), report),
        Progress(Phase.DONE, Instant(2.0), SafeText("the token is gone")),
    ]
    heard = await heard_by_a_face(stage, plan, told, has_go=has_go)
    assert final_report(heard) == report
    assert outcomes(heard) == [outcome]
