"""Plans, progress and records as they come in one night; for every face that shows them."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.acting.action import (
    ActionKind,
    Blast,
    Check,
    CheckResult,
    Desired,
    Expectation,
    Guarantee,
    GuardLevel,
    JobInFlight,
    Plan,
    PlanHash,
    PlanId,
    Premise,
    Reason,
    ReasonCode,
    Step,
    WritingPromise,
)
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.text import SafeText

NOW = Instant(1_768_442_851.0)
"""2026-01-15 02:07:31 UTC."""
TARGET = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))
STABLE, CANDIDATE = VersionId(SafeText("2.3.1")), VersionId(SafeText("3.0.0"))
BOB = Actor(SafeText("bob"), Assurance.OS_USER, SafeText("bob"), SafeText("ops1"))
_HASH = PlanHash(SafeText("sha256:" + "9f130e83c3aa" * 5 + "b7d1"))
_PROMISE = WritingPromise(
    SourceName(SafeText("mlflow")),
    SafeText("mlflow"),
    Guarantee.EMULATED,
    SafeText("MLflow compares nothing: we look before and after; a write in the same 200 ms is seen, not prevented"),
    splits_traffic=False,
    finds_own_writes=True,
)


def check(name: str, result: CheckResult = CheckResult.PASS, says: str = "as it should be") -> Check:
    """Return one check."""
    return Check(SafeText(name), result, SafeText(says))


PASSED = tuple(check(name) for name in ("exists", "artifact", "known-good", "environment", "approved", "schema"))
FLAGS = (
    check("approved", CheckResult.WARN, "nobody has approved 2.1.0 since its schema changed"),
    check("artifact", CheckResult.UNKNOWN, "the artifact store did not answer within 2 s"),
)


def rollback(target: TargetKey = TARGET, stable: VersionId = STABLE, candidate: VersionId = CANDIDATE) -> Plan:
    """Return a rollback to the last known good version."""
    desired = Desired(((stable, 1.0),), stable)
    before = Desired(((stable, 0.95), (candidate, 0.05)), stable, candidate)
    return Plan(
        id=PlanId(SafeText("1d9f8c2e-8a43-4f5e-9d0a-000000000001")),
        kind=ActionKind.ROLLBACK,
        context=SafeText("prod"),
        target=target,
        made_at=NOW,
        expires_at=Instant(NOW + 900),
        actor=BOB,
        writes_through=_PROMISE,
        writes_to=SafeText("http://127.0.0.1:5000, alias champion"),
        leaving=((stable, 0.95), (candidate, 0.05)),
        to=desired,
        because=SafeText(f"{stable} served 9d within all limits as seen here, until 3h ago"),
        premise=Premise(before, SafeText("rev-41"), SafeText("canary-5"), stable, stable, UNKNOWN, NOW),
        checks=PASSED,
        steps=(Step(desired, 0.0, SafeText(f"set alias champion of fraud-detector to {stable}")),),
        blast=Blast(0.05, 100.0, (SafeText("region=hk"), SafeText("merchant_size=micro"))),
        jobs=(JobInFlight(SafeText("chargeback-backfill"), candidate, Instant(NOW - 5000), 0.54),),
        not_changed=(SafeText("prod-cn serves what it serves"),),
        expected=Expectation(2.0, 40.0, 300.0),
        inverse=before,
        guard=GuardLevel.VERSION,
        hash=_HASH,
    )


def abort(target: TargetKey = TARGET) -> Plan:
    """Return the abort of a rollout."""
    plan = rollback(target)
    step = Step(plan.to, 0.0, SafeText("PUT weights of fraud-detector@prod-hk: 2.3.1 100 %, if still revision 41"))
    return replace(
        plan,
        kind=ActionKind.ABORT,
        guard=GuardLevel.LETTER,
        because=SafeText("2.3.1 is stable and serves 95 % now"),
        steps=(step,),
        checks=(check("rollout"),),
        not_changed=(SafeText("the controller's wish is still 3.0.0: it stays aborted until somebody changes it"),),
    )


def to_any_version() -> Plan:
    """Return a rollback to a version of somebody's choice, with two flags."""
    return replace(rollback(stable=VersionId(SafeText("2.1.0"))), guard=GuardLevel.IDENTITY, checks=(*PASSED, *FLAGS))


def promotion() -> Plan:
    """Return a promotion, which wants a second person."""
    to = Desired(((CANDIDATE, 1.0),), CANDIDATE)
    return replace(
        rollback(), kind=ActionKind.PROMOTE, guard=GuardLevel.SECOND_PERSON, to=to, checks=(*PASSED, FLAGS[0])
    )


def said(phase: Phase, after: float, says: str = "") -> Progress:
    """Return one message of a runner."""
    return Progress(phase, Instant(NOW + after), SafeText(says))


def report(
    outcome: Outcome = Outcome.VERIFIED, because: str = "2.3.1 answers all requests, errors are back at 1.0%"
) -> Report:
    """Return how it ended."""
    plan = rollback()
    reached = outcome in (Outcome.VERIFIED, Outcome.PARTIAL)
    return Report(
        plan.id,
        plan.hash,
        plan.target,
        outcome,
        SafeText(because),
        requested_at=Instant(NOW + 12),
        sent_at=Instant(NOW + 12.2),
        accepted_at=Instant(NOW + 14) if reached else UNKNOWN,
        serving_at=Instant(NOW + 40) if reached else UNKNOWN,
        healthy_at=Instant(NOW + 290) if outcome is Outcome.VERIFIED else UNKNOWN,
        serving=((STABLE, 1.0),) if reached else (),
        seq=42,
    )


UNDER_WAY = (
    said(Phase.PREPARED, 1),
    said(Phase.INTENT, 12),
    said(Phase.SENDING, 12.2),
    said(Phase.ACCEPTED, 14),
    said(Phase.WAITING, 20, "2.3.1 answers 62% of requests; waits for 99%"),
)


def ended(outcome: Outcome = Outcome.VERIFIED) -> tuple[Progress, ...]:
    """Return all messages of an action that ended so."""
    return (*UNDER_WAY, Progress(Phase.DONE, Instant(NOW + 290), report=report(outcome)))


def recorded(what: RecordKind, seq: int, after: float = 0.0, /, **details: object) -> Record:
    """Return one record."""
    entry = Entry(
        what,
        Instant(NOW + after),
        BOB,
        SafeText("prod"),
        TARGET,
        rollback().id,
        _HASH,
        Reason(ReasonCode.ERROR, SafeText("errors in hk")),
        details,  # type: ignore[arg-type]  # what a record may hold
    )
    return Record(entry, seq, SafeText("0" * 64), SafeText(f"{seq:064x}"))


NIGHT = (
    recorded(RecordKind.WRITES_UNLOCKED, 1, -60, says="for 15 minutes"),
    recorded(RecordKind.PLAN_MADE, 2, 0, kind="rollback"),
    recorded(
        RecordKind.ACTION_INTENT,
        3,
        12,
        kind="rollback",
        **{"from": (("2.3.1", "0.95"), ("3.0.0", "0.05")), "to": (("2.3.1", "1"),)},
    ),
    recorded(RecordKind.ACTION_STEP, 4, 13, step=0, result="accepted", says="revision 42"),
    recorded(RecordKind.ACTION_OUTCOME, 5, 290, outcome="verified", because="2.3.1 answers all requests"),
    recorded(RecordKind.SERVING_OBSERVED, 6, 300, serving=(("2.3.1", "1"),)),
)
