"""What a face and the actor process tell each other, one JSON object a line.

The first line to the actor process is the plan's document; after it come orders: GO with the consent, and reasons.
From it come phases. Reading is strict: a line with a key too many, a key too few or a wrong type raises `ValueError`,
so that nothing half-understood is ever taken for GO.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from modeltui.domain.acting.action import (
    Check,
    CheckResult,
    Consent,
    GuardLevel,
    PlanHash,
    PlanId,
    Reason,
    ReasonCode,
    Weights,
)
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text

MOST_BYTES = 1 << 20
"""A line is never longer: a plan with a thousand segments has 100 KB."""
_MOST_CHARACTERS = 4_000

Order: TypeAlias = Consent | Reason
"""What a face may say after the plan: GO, or why."""


def order_line(order: Order) -> str:
    """Return an order as one line, with its end."""
    if isinstance(order, Consent):
        return _line({"go": _consent(order)})
    return _line({"reason": _reason(order)})


def read_order(line: str) -> Order:
    """Return the order that a line holds; raise `ValueError` for anything that is not exactly one."""
    fields = _Fields(_object(line))
    if "go" in fields:
        consent = fields.below("go")
        fields.end()
        return _read_consent(consent)
    reason = fields.below("reason")
    fields.end()
    return _read_reason(reason)


def progress_line(progress: Progress) -> str:
    """Return a phase as one line, with its end."""
    line: dict[str, Any] = {"phase": progress.phase.value, "at": progress.at, "says": progress.says}
    if not isinstance(progress.report, Missing):
        line["report"] = _report(progress.report)
    if progress.checks:
        line["checks"] = [_check(check) for check in progress.checks]
    return _line(line)


def read_progress(line: str) -> Progress:
    """Return the phase that a line holds; raise `ValueError` for anything that is not exactly one."""
    fields = _Fields(_object(line))
    progress = Progress(
        Phase(fields.text("phase")),
        fields.instant("at"),
        fields.text("says"),
        _read_report(fields.below("report")) if "report" in fields else UNKNOWN,
        _read_checks(fields),
    )
    fields.end()
    return progress


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("expected an object")
    return value


class _Fields:
    """The fields of one object, each of which has to be asked for."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError("expected an object")
        self._left = dict(value)

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str, kind: type | tuple[type, ...]) -> Any:
        if name not in self._left:
            raise ValueError(f"{name} is missing")
        value = self._left.pop(name)
        is_flag = isinstance(value, bool)  # which Python takes for a number
        if not isinstance(value, kind) or (is_flag and kind is not bool):
            raise ValueError(f"{name} is of another type")
        return value

    def below(self, name: str) -> _Fields:
        return _Fields(self.take(name, dict))

    def text(self, name: str) -> SafeText:
        return safe_text(self.take(name, str), _MOST_CHARACTERS)

    def texts(self, name: str) -> tuple[SafeText, ...]:
        values = self.take(name, list)
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name} is of another type")
        return tuple(safe_text(value, _MOST_CHARACTERS) for value in values)

    def instant(self, name: str) -> Instant:
        return Instant(float(self.take(name, (int, float))))

    def instant_or_unknown(self, name: str) -> Instant | Unknown:
        return self.instant(name) if name in self else UNKNOWN

    def end(self) -> None:
        if self._left:
            raise ValueError(f"unknown: {', '.join(sorted(self._left))}")


def _consent(consent: Consent) -> dict[str, Any]:
    return {
        "plan_hash": consent.plan_hash,
        "reason": _reason(consent.reason),
        "acknowledged": list(consent.acknowledged),
        "guard": int(consent.guard),
        "through": consent.through,
        "break_glass": consent.break_glass,
    }


def _read_consent(fields: _Fields) -> Consent:
    consent = Consent(
        PlanHash(fields.text("plan_hash")),
        _read_reason(fields.below("reason")),
        fields.texts("acknowledged"),
        GuardLevel(fields.take("guard", int)),
        fields.text("through"),
        fields.take("break_glass", bool),
    )
    fields.end()
    return consent


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code.value, "text": reason.text, "incident": reason.incident}


def _read_reason(fields: _Fields) -> Reason:
    reason = Reason(ReasonCode(fields.text("code")), fields.text("text"), fields.text("incident"))
    fields.end()
    return reason


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "result": check.result.value, "says": check.says}


def _read_checks(fields: _Fields) -> tuple[Check, ...]:
    checks = []
    for value in fields.take("checks", list) if "checks" in fields else ():
        one = _Fields(value)
        checks.append(Check(one.text("name"), CheckResult(one.text("result")), one.text("says")))
        one.end()
    return tuple(checks)


_MOMENTS = ("requested_at", "sent_at", "accepted_at", "serving_at", "healthy_at")


def _report(report: Report) -> dict[str, Any]:
    known: dict[str, Any] = {name: getattr(report, name) for name in (*_MOMENTS, "seq")}
    return {
        "plan": report.plan_id,
        "hash": report.plan_hash,
        "model": report.target.model,
        "environment": report.target.environment,
        "outcome": report.outcome.value,
        "because": report.because,
        "remedy": report.remedy,
        **{name: value for name, value in known.items() if not isinstance(value, Missing)},
        "serving": [[version, share] for version, share in report.serving],
        "checks": [_check(check) for check in report.checks],
        "reason": _reason(report.reason),
    }


def _read_report(fields: _Fields) -> Report:
    moments = {name: fields.instant_or_unknown(name) for name in _MOMENTS}
    report = Report(
        PlanId(fields.text("plan")),
        PlanHash(fields.text("hash")),
        TargetKey(ModelName(fields.text("model")), Environment(fields.text("environment"))),
        Outcome(fields.text("outcome")),
        fields.text("because"),
        fields.text("remedy"),
        serving=_weights(fields.take("serving", list)),
        seq=fields.take("seq", int) if "seq" in fields else UNKNOWN,
        checks=_read_checks(fields),
        reason=_read_reason(fields.below("reason")),
        **moments,
    )
    fields.end()
    return report


def _weights(pairs: list[Any]) -> Weights:
    weights = []
    for pair in pairs:
        match pair:
            case [str(version), (int() | float()) as share] if not isinstance(share, bool):
                weights.append((VersionId(safe_text(version, _MOST_CHARACTERS)), float(share)))
            case _:
                raise ValueError("serving is of another type")
    return tuple(weights)
