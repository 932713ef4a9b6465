"""A stage to act on: a world, a journal and leases that stay, and processes that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from modeltui.domain.acting.action import Consent, Plan, PlanHash
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import report_from_record
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.names import SourceName, TargetKey, Unknown
from modeltui.domain.text import SafeText
from modeltui.engine.acting.deadlines import Deadlines
from modeltui.engine.acting.executor import Executor
from modeltui.engine.acting.notices import Notices
from modeltui.engine.acting.reconciler import ReadAt, Reconciler
from modeltui.engine.acting.recording import SpoolingJournal
from modeltui.engine.acting.spool import OneAtATime
from modeltui.ports.notifier import Notice
from modeltui.testing.acting_fakes import ALICE, WRITES_TO, FakeNotifier, FakeReader, FakeWorld, FakeWriter, consent_to
from modeltui.testing.clock import VirtualClock
from modeltui.testing.record_fakes import Disk, FakeJournal, FakeLeases, Killed, LeaseStore, Life, MortalClock

_NUMBERS = count(1)
ALLOWED = Permission(True, SafeText("allowed"))
SHORT = Deadlines(snap_back_seconds=())
"""Nobody looks again later: for tests of what comes before."""


class Process:
    """One executor with everything of its own; the world, the journal and the leases are the stage's."""

    def __init__(self, stage: Stage, actor: Actor, dies_at: int | None, deadlines: Deadlines) -> None:
        self.life = life = Life(dies_at)
        clock = MortalClock(stage.clock, life)
        self.writer = FakeWriter(stage.world, life, clock)
        self.journal = FakeJournal(stage.disk, life)
        self.spool = FakeJournal(stage.spool_disk, life)
        self.spooling = SpoolingJournal(self.journal, self.spool, clock, alone=stage.bringing_over)
        self.leases = FakeLeases(stage.leases, life, clock)
        self.reader = FakeReader(stage.world, life, clock)
        self.notifier = FakeNotifier(life, stage.outbox)
        self.permission = ALLOWED
        self.writes_to = WRITES_TO
        """Where the configuration of whoever comes later writes."""
        self.written: Permission | None = None
        """What the rules say once they are read anew."""
        self.given: tuple[GivenApproval, ...] = ()
        self.told: list[Progress] = []
        self.executor = Executor(
            writer=self.writer,
            journal=self.spooling,
            leases=self.leases,
            actor=actor,
            reader=self.reader,
            clock=clock,
            permission=lambda _: self.permission,
            decisions=self._decisions,
            read_rules=self._read_rules,
            deadlines=deadlines,
            notifier=self.notifier,
            process=f"host/{next(_NUMBERS)}/1",
        )
        self.notices = Notices(self.notifier, self.spooling, actor, clock, deadlines)
        self.reconciler = Reconciler(
            backend=self._backend,
            journal=self.spooling,
            leases=self.leases,
            actor=actor,
            reader=self.reader,
            clock=clock,
            deadlines=deadlines,
            notices=self.notices,
            is_gone=stage.is_gone,
        )

    @property
    def phases(self) -> list[Phase]:
        """Return the phases that were told, waiting left out."""
        return [progress.phase for progress in self.told if progress.phase is not Phase.WAITING]

    async def run(self, plan: Plan, wait_for_go: Callable[[], Awaitable[Consent | None]] | None = None) -> Report:
        """Execute a plan whose operator says GO at once, unless told otherwise."""

        async def at_once() -> Consent | None:
            return consent_to(plan)

        return await self.executor.run(plan, wait_for_go or at_once, self._listen)

    def _listen(self, progress: Progress) -> None:
        if not self.life.is_dead:
            self.told.append(progress)

    async def _read_rules(self) -> None:
        self.permission = self.written or self.permission

    async def _decisions(self, _: PlanHash) -> tuple[GivenApproval, ...]:
        await self.life.turn("decisions")
        return self.given

    def _backend(self, _: TargetKey, __: SourceName | Unknown) -> ReadAt | None:
        return ReadAt(self.writes_to, self.writer)


@dataclass
class Stage:
    """What outlives every process."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(autojump=True))

    def __post_init__(self) -> None:
        self.world = FakeWorld(self.clock)
        self.disk = Disk(self.world.ledger)
        self.spool_disk = Disk(self.world.ledger)
        self.spool_disk.name = "spool"
        self.bringing_over = OneAtATime()
        self.leases = LeaseStore()
        self.outbox: list[Notice] = []
        self.knows_processes = False
        """Whether whoever comes later can see that the process is gone."""

    def is_gone(self, _: str) -> bool | None:
        """Tell whether the process that acted is gone, where that can be seen."""
        return True if self.knows_processes else None

    def process(self, actor: Actor = ALICE, dies_at: int | None = None, deadlines: Deadlines = SHORT) -> Process:
        """Start a process."""
        return Process(self, actor, dies_at, deadlines)

    def ends(self) -> list[Report]:
        """Return every outcome in the journal, oldest first."""
        found = self.disk.of(RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED)
        return [report_from_record(record) for record in found]

    def intents(self) -> list[Record]:
        """Return every intent, wherever it was made durable."""
        return [*self.disk.of(RecordKind.ACTION_INTENT), *self.spool_disk.of(RecordKind.ACTION_INTENT)]


async def survive(work: Awaitable[object]) -> bool:
    """Run what one process does; return whether it lived to the end."""
    try:
        await work
    except (Killed, BaseExceptionGroup):
        return False
    return True


def check_invariants(stage: Stage) -> None:
    """Fail when the world has seen what must never be."""
    ledger = stage.world.ledger
    for place, line in enumerate(ledger):
        if line.startswith("write "):
            plan = line.removeprefix("write ").partition("/")[0]
            assert f"action.intent {plan}" in ledger[:place], "a write without an intent before it"
    keys = [write.key for write in stage.world.writes]
    assert len(keys) == len(set(keys)), "one step took effect twice"
    sent = [write.key for write in stage.world.attempts]
    assert len(sent) == len(set(sent)), "one step was sent twice"


def check_truth(stage: Stage, report: Report) -> None:
    """Fail when an outcome says what is not so."""
    took = [write for write in stage.world.writes if str(write.key).startswith(str(report.plan_id))]
    if report.outcome is Outcome.REFUSED:
        assert not took
    if report.outcome is Outcome.VERIFIED:
        assert took
        assert stage.world.serving() == dict(took[-1].desired.weights)


def run(work: Awaitable[object]) -> None:
    """Run to the end in a loop of its own, for tests that Hypothesis draws."""

    async def whole() -> None:
        await work

    asyncio.run(whole())
