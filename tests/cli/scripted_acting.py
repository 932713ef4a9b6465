"""Commands run in this process over a way to act that is the test's: what it plans, refuses and says is scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.present import plans
from tests.tui.fake_acting import FakeActing, FakeRunning

from modeltui.cli.app import run
from modeltui.domain.acting.action import Consent, Plan, Refusal
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.outcome import Outcome, Phase, Progress
from modeltui.domain.acting.plan_document import canonical_text, plan_document, sealed
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.ports.journal import Query
from modeltui.wiring import acting as wiring
from modeltui.wiring.observing import now

CONFIG = """\
modeltui: 1
contexts:
  prod:
    mode: {mode}
    sources:
      metrics: {{kind: prometheus, url: "http://127.0.0.1:9/"}}
"""


def fresh(plan: Plan, **changes: Any) -> Plan:
    """The plan as if it had been made now, with its own hash."""
    made = now()
    return sealed(replace(plan, made_at=made, expires_at=Instant(made + 300), **changes))


def ended(plan: Plan, outcome: Outcome = Outcome.VERIFIED) -> tuple[Progress, ...]:
    """What a runner says from GO to its end."""
    report = replace(plans.report(outcome), plan_hash=plan.hash, plan_id=plan.id)
    return (*plans.UNDER_WAY[1:], Progress(Phase.DONE, plans.NOW, report=report))


class ScriptedRunning(FakeRunning):
    """A runner that goes on by its script once it is told GO."""

    then: tuple[Progress | None, ...] = ()

    async def go(self, consent: Consent) -> None:
        await super().go(consent)
        self.say(*self.then, None)


class ScriptedJournal:
    """A journal with these records in it."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return those of the kinds that are asked for."""
        return tuple(one for one in self.records if not query.kinds or one.entry.kind in query.kinds)


class ScriptedActing(FakeActing):
    """Plans as given, runs as given."""

    def __init__(self, plan: Plan | Refusal | None = None, *, on: bool = True) -> None:
        super().__init__(fresh(plans.rollback()) if plan is None else plan, on=on)
        self.first: tuple[Progress | None, ...] = (plans.UNDER_WAY[0],)
        """What a runner says before GO."""
        self.then: tuple[Progress | None, ...] | None = None
        """What it says after GO; else it ends verified."""
        self.cannot: ModeltuiError | None = None
        """Why its runner cannot be told GO."""
        self.known: list[Plan] = []
        """Plans that the journal has."""
        self.decided: list[tuple[str, Decision, str]] = []
        self.review: tuple[Plan, tuple[SafeText, ...]] | Refusal | None = None

    @property
    def journal(self) -> Any:
        return ScriptedJournal([_made(plan, number) for number, plan in enumerate(self.known, 1)])

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[FakeRunning]:
        running = ScriptedRunning(plan)
        running.then = ended(plan) if self.then is None else self.then
        running.cannot = self.cannot
        self.runners.append(running)
        running.say(*self.first)
        try:
            yield running
        finally:
            self.left.append(bool(running.told))

    async def decide(self, plan_hash_or_id: str, decision: Decision, reason: SafeText) -> GivenApproval | Refusal:
        self.decided.append((plan_hash_or_id, decision, str(reason)))
        plan = self.answer if isinstance(self.answer, Plan) else fresh(plans.promotion())
        return GivenApproval(plan.hash, plans.BOB, decision, reason, plans.NOW, Instant(plans.NOW + 900))

    async def reviewed(self, plan_hash_or_id: str) -> Any:
        assert self.review is not None
        return self.review


def _made(plan: Plan, seq: int) -> Record:
    details = {"kind": plan.kind.value, "document": canonical_text(plan_document(plan))}
    entry = Entry(
        RecordKind.PLAN_MADE, plan.made_at, plan.actor, plan.context, plan.target, plan.id, plan.hash, details=details
    )
    return Record(entry, seq, SafeText("0" * 64), SafeText(f"{seq:064x}"))


class Commands:
    """Runs commands over one scripted way to act."""

    def __init__(self, acting: ScriptedActing | Refusal, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.acting, self.config, self._capsys = acting, config, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of one command."""
        with pytest.raises(SystemExit) as left:
            run(["--config", str(self.config), *arguments])
        said = self._capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err


MakeCommands = Callable[..., Commands]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> MakeCommands:
    """Makes commands over a scripted way to act."""

    def make(acting: ScriptedActing | Refusal | None = None, *, mode: str = "writes-on") -> Commands:
        chosen = ScriptedActing() if acting is None else acting

        @asynccontextmanager
        async def open_acting(*_: object) -> AsyncIterator[ScriptedActing | Refusal]:
            yield chosen

        monkeypatch.setattr(wiring, "open_acting", open_acting)
        config = tmp_path / "modeltui.yaml"
        config.write_text(CONFIG.format(mode=mode), encoding="utf-8")
        return Commands(chosen, config, capsys)

    return make
