"""What stands in the `details` of each kind of record: made here, and read here, so that both always agree.

Shares are text (`0.05`), moments RFC 3339 UTC with milliseconds; a missing moment is `None`. Reading is strict: what
does not fit raises `ValueError` with the place, for a record that was not made here must not be guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from modeltui.domain.acting.action import ActionKind, Consent, Desired, Plan, Refusal, Weights
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.journal.record import Detail, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, Missing, SourceName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text

Details = Mapping[str, Detail]
_LONGEST_TEXT = 500
"""A record is a line, not a document."""


class StepResult(StrEnum):
    """What became of one write."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The backend said no: nothing was written."""
    CONFLICT = "conflict"
    """It had moved: nothing was written."""
    UNKNOWN = "unknown"
    """Sent, and the answer is lost."""
    NOT_SENT = "not-sent"
    """It never got there: nothing was written."""
    NOT_THERE = "not-there"
    """Sent, and the target reads as before: it never got there, or was set back since."""
    DONE_BEFORE = "done-before"
    """The backend had it already."""

    @property
    def took(self) -> bool:
        """Tell whether the write is known to have happened."""
        return self in (StepResult.ACCEPTED, StepResult.DONE_BEFORE)


class Evidence(StrEnum):
    """Who says which version served."""

    REGISTRY = "registry"
    CONTROLLER = "controller"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class IntentRead:
    """An intent as whoever comes later needs it: what was to be written, onto what."""

    kind: ActionKind
    states: tuple[Desired, ...]
    """What each step makes of the target."""
    before: Rollout | Unknown
    """The target as it was read just before; unknown where the record does not say."""
    is_to_known_good: bool
    process: SafeText
    """The process that acts, as it calls itself; empty where it does not."""
    has_lease: bool
    gone_after: Instant | Unknown
    """Whoever has not written an outcome by then will never do it."""
    writes_to: SafeText | Unknown
    """Where it was written, as the plan says it; unknown in records of earlier programs."""


@dataclass(frozen=True, slots=True)
class StepRead:
    """One step's record."""

    step: int
    result: StepResult
    says: SafeText
    revision: SafeText | Unknown


def share_text(share: float) -> str:
    """Return a share as records have it: `1`, `0.05`."""
    return f"{share:.6f}".rstrip("0").rstrip(".") or "0"


def weights_detail(weights: Iterable[tuple[VersionId, float]]) -> Detail:
    """Return shares per version as records have them."""
    return tuple((str(version), share_text(share)) for version, share in weights)


def moment_text(at: Instant | Unknown) -> str | None:
    """Return a moment as records have it: `2026-01-15T02:07:00.000Z`."""
    if isinstance(at, Missing):
        return None
    return datetime.fromtimestamp(round(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def plan_made_details(document: str) -> Details:
    """Return the details of `plan.made`: the canonical text of the plan."""
    return {"document": document}


def plan_refused_details(kind: ActionKind, refusal: Refusal) -> Details:
    """Return the details of `plan.refused`."""
    checks = tuple(
        {"name": str(check.name), "result": check.result.value, "says": _short(check.says)} for check in refusal.checks
    )
    return {
        "kind": kind.value,
        "reason": _short(refusal.reason),
        "remedy": _short(refusal.remedy),
        "checks": checks,
    }


def plan_moved_details(kind: ActionKind, moved: Iterable[SafeText]) -> Details:
    """Return the details of `plan.moved`: what is no longer as the plan assumed it."""
    return {"kind": kind.value, "moved": tuple(_short(one) for one in moved)}


def plan_ended_details(kind: ActionKind, says: str) -> Details:
    """Return the details of `plan.expired` and `plan.abandoned`."""
    return {"kind": kind.value, "says": _short(says)}


def intent_details(
    plan: Plan,
    consent: Consent,
    approvals: Iterable[GivenApproval],
    *,
    before: Rollout | Unknown = UNKNOWN,
    lease: Lease | None = None,
    process: str = "",
    gone_after: Instant | Unknown = UNKNOWN,
    overruled: str = "",
) -> Details:
    """Return the details of `action.intent`: enough to find out later, from here alone, what became of it."""
    return {
        "kind": plan.kind.value,
        "from": weights_detail(plan.leaving),
        "to": weights_detail(plan.to.weights),
        "steps": len(plan.steps),
        "calls": tuple(_short(step.call) for step in plan.steps),
        "writes_to": str(plan.writes_to),
        "guard": int(consent.guard),
        "through": str(consent.through),
        "acknowledged": tuple(str(name) for name in consent.acknowledged),
        "approvals": tuple(
            {"by": str(one.by), "at": moment_text(one.at), "decision": one.decision.value} for one in approvals
        ),
        "break_glass": consent.break_glass,
        "known_good": is_to_known_good(plan),
        "states": tuple(_state_detail(step.desired) for step in plan.steps),
        "before": None if isinstance(before, Missing) else _rollout_detail(before),
        "fence": None if lease is None else lease.fence,
        "process": process,
        "gone_after": moment_text(gone_after),
        "overruled": _short(overruled),
    }


def read_intent(record: Record) -> IntentRead:
    """Return what an `action.intent` says; raise `ValueError` when it is not one."""
    details = _details_of(record, RecordKind.ACTION_INTENT)
    target = record.entry.target
    before = details.get("before")
    if before is not None and isinstance(target, Missing):
        raise ValueError("an intent without a target")
    return IntentRead(
        ActionKind(_text(details, "kind")),
        tuple(_state(one) for one in _sequence(details, "states")),
        UNKNOWN if before is None or isinstance(target, Missing) else _rollout(before, target),
        details.get("known_good") is True,
        safe_text(details.get("process") or ""),
        details.get("fence") is not None,
        _moment(details, "gone_after"),
        _optional_text(details, "writes_to"),
    )


def step_details(step: int, result: StepResult, says: str = "", revision: SafeText | Unknown = UNKNOWN) -> Details:
    """Return the details of `action.step`."""
    token = None if isinstance(revision, Missing) else str(revision)
    return {"step": step, "result": result.value, "says": _short(says), "revision": token}


def read_step(record: Record) -> StepRead:
    """Return what an `action.step` says; raise `ValueError` when it is not one."""
    details = _details_of(record, RecordKind.ACTION_STEP)
    step, revision = details.get("step"), details.get("revision")
    if not isinstance(step, int) or isinstance(step, bool):
        raise ValueError("details.step is not a number")
    token: SafeText | Unknown = UNKNOWN if revision is None else safe_text(revision)
    return StepRead(step, StepResult(_text(details, "result")), safe_text(details.get("says") or ""), token)


def outcome_details(report: Report) -> Details:
    """Return the details of `action.outcome` and `action.reconciled`."""
    return {
        "outcome": report.outcome.value,
        "because": _short(report.because),
        "remedy": _short(report.remedy),
        "requested_at": moment_text(report.requested_at),
        "sent_at": moment_text(report.sent_at),
        "accepted_at": moment_text(report.accepted_at),
        "serving_at": moment_text(report.serving_at),
        "healthy_at": moment_text(report.healthy_at),
        "serving": weights_detail(report.serving),
    }


def report_from_record(record: Record) -> Report:
    """Return the report that an `action.outcome` or `action.reconciled` holds; raise `ValueError` for any other."""
    entry, details = record.entry, record.entry.details
    if entry.kind not in (RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED):
        raise ValueError(f"{entry.kind.value} holds no outcome")
    if isinstance(entry.plan_id, Missing) or isinstance(entry.plan_hash, Missing) or isinstance(entry.target, Missing):
        raise ValueError("an outcome without plan or target")
    return Report(
        entry.plan_id,
        entry.plan_hash,
        entry.target,
        Outcome(_text(details, "outcome")),
        safe_text(_text(details, "because"), _LONGEST_TEXT),
        safe_text(_text(details, "remedy"), _LONGEST_TEXT),
        _moment(details, "requested_at"),
        _moment(details, "sent_at"),
        _moment(details, "accepted_at"),
        _moment(details, "serving_at"),
        _moment(details, "healthy_at"),
        read_weights(details.get("serving")),
        record.seq,
        reason=entry.reason,
    )


def snapped_back_details(found: Rollout, says: str, after_seconds: float) -> Details:
    """Return the details of `action.snapped-back`: how the target reads now."""
    return {"found": _rollout_detail(found), "says": _short(says), "after_seconds": round(after_seconds)}


def serving_details(
    serving: Weights, stable: VersionId | Unknown, candidate: VersionId | Unknown, evidence: Evidence
) -> Details:
    """Return the details of `serving.observed`."""
    return {
        "serving": weights_detail(serving),
        "stable": _optional(stable),
        "candidate": _optional(candidate),
        "evidence": evidence.value,
    }


def lease_details(lease: Lease, says: str) -> Details:
    """Return the details of `lease.broken` and `lease.lost`: whose it was."""
    return {
        "holder": str(lease.holder),
        "plan": str(lease.plan_id),
        "kind": lease.kind.value,
        "fence": lease.fence,
        "says": _short(says),
    }


def break_glass_details(consent: Consent, overruled: str) -> Details:
    """Return the details of `break-glass.used`: what was overruled, for which incident."""
    return {"incident": str(consent.reason.incident), "overruled": _short(overruled)}


def notice_details(notice_id: str, occasion: str) -> Details:
    """Return the details of `notice.queued`: which notice is on its way."""
    return {"notice": notice_id, "occasion": occasion}


def spooled_details(hashes: Iterable[str], first_at: Instant, last_at: Instant) -> Details:
    """Return the details of `log.spooled`: which records were written elsewhere, and over which time."""
    return {"hashes": tuple(hashes), "from": moment_text(first_at), "until": moment_text(last_at)}


def is_to_known_good(plan: Plan) -> bool:
    """Tell whether a plan goes back to the last known good version."""
    return plan.kind is ActionKind.ROLLBACK and plan.premise.known_good == plan.version


def is_rescue(plan: Plan) -> bool:
    """Tell whether a plan is the safe direction: it may go ahead where everything else has to wait."""
    return plan.kind is ActionKind.ABORT or is_to_known_good(plan)


def may_be_spooled(entry: Entry) -> bool:
    """Tell whether a record may be kept elsewhere while the journal cannot be written.

    An intent only of the safe direction; whatever follows one, always.
    """
    if entry.kind is not RecordKind.ACTION_INTENT:
        return True
    return entry.details.get("kind") == ActionKind.ABORT.value or entry.details.get("known_good") is True


def read_weights(detail: Detail) -> Weights:
    """Return the shares that a record holds; raise `ValueError` when they are none."""
    if not isinstance(detail, tuple | list):
        raise ValueError("shares are not a list")
    weights: list[tuple[VersionId, float]] = []
    for pair in detail:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
            raise ValueError("a share is not a pair of texts")
        share = float(str(pair[1]))
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share of {share_text(share)}")
        weights.append((VersionId(safe_text(pair[0])), share))
    return tuple(weights)


def _short(text: str) -> str:
    return str(safe_text(text, _LONGEST_TEXT))


def _optional(version: VersionId | Unknown) -> str | None:
    return None if isinstance(version, Missing) else str(version)


def _optional_text(details: Details, name: str) -> SafeText | Unknown:
    value = details.get(name)
    return safe_text(value, 2_000) if isinstance(value, str) and value else UNKNOWN


def _state_detail(desired: Desired) -> Detail:
    return {
        "weights": weights_detail(desired.weights),
        "stable": str(desired.stable),
        "candidate": _optional(desired.candidate),
    }


def _rollout_detail(rollout: Rollout) -> Detail:
    return {
        "source": str(rollout.source),
        "weights": weights_detail(rollout.weights.items()),
        "stable": _optional(rollout.stable),
        "candidate": _optional(rollout.candidate),
        "shadow": _optional(rollout.shadow),
        "revision": None if isinstance(rollout.revision, Missing) else str(rollout.revision),
    }


def _state(detail: Detail) -> Desired:
    state = _mapping(detail, "states")
    return Desired(
        read_weights(state.get("weights")), VersionId(safe_text(_text(state, "stable"))), _version(state, "candidate")
    )


def _rollout(detail: Detail, target: TargetKey) -> Rollout:
    state = _mapping(detail, "before")
    revision = state.get("revision")
    return Rollout(
        target,
        SourceName(safe_text(_text(state, "source"))),
        dict(read_weights(state.get("weights"))),
        _version(state, "stable"),
        _version(state, "candidate"),
        _version(state, "shadow"),
        revision=UNKNOWN if revision is None else safe_text(revision),
    )


def _details_of(record: Record, kind: RecordKind) -> Details:
    if record.entry.kind is not kind:
        raise ValueError(f"{record.entry.kind.value} is not {kind.value}")
    return record.entry.details


def _text(details: Details, key: str) -> str:
    value = details.get(key)
    if not isinstance(value, str):
        raise ValueError(f"details.{key} is not text")
    return value


def _sequence(details: Details, key: str) -> tuple[Detail, ...]:
    value = details.get(key)
    if not isinstance(value, tuple | list):
        raise ValueError(f"details.{key} is not a list")
    return tuple(value)


def _mapping(detail: Detail, where: str) -> Details:
    if not isinstance(detail, Mapping):
        raise ValueError(f"details.{where} is not an object")
    return detail


def _version(details: Details, key: str) -> VersionId | Unknown:
    value = details.get(key)
    return UNKNOWN if value is None else VersionId(safe_text(_text(details, key)))


def _moment(details: Details, key: str) -> Instant | Unknown:
    value = details.get(key)
    if value is None:
        return UNKNOWN
    moment = datetime.fromisoformat(_text(details, key))
    if moment.tzinfo is None:
        raise ValueError(f"details.{key} has no time zone")
    return Instant(moment.timestamp())
