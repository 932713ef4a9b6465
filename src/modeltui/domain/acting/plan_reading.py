"""A plan read back from its document, strictly: what is not exactly a plan with its own hash is refused, with where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any, NoReturn, TypeVar

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
    Step,
    Weights,
    WritingPromise,
)
from modeltui.domain.errors import ConfigError
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import (
    UNKNOWN,
    Environment,
    Instant,
    ModelName,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.text import SafeText, safe_text

LONGEST_TEXT = 2_000
"""Of one value; longer ones are nothing that planning writes."""
MOST_ITEMS = 500
REMEDY = "make the plan again: modeltui plan … --out FILE; a plan is executed as it was made or not at all"

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class InvalidPlan(ConfigError):  # noqa: N818 - as its family
    """An object is no plan; `title` says where."""


def wrong(where: str, says: str) -> InvalidPlan:
    """Return the error for one place of a document."""
    return InvalidPlan(str(safe_text(f"plan: {f'{where}: ' if where else ''}{says}", 400)), REMEDY)


class _Object:
    """One JSON object that must be read to the last key."""

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, Mapping):
            raise wrong(where, "must be an object")
        self._left: dict[str, Any] = dict(raw)
        self._where = where

    def place(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def take(self, key: str, read: Callable[[object, str], T]) -> T:
        if key not in self._left:
            raise wrong(self.place(key), "is missing")
        return read(self._left.pop(key), self.place(key))

    def maybe(self, key: str, read: Callable[[object, str], T]) -> T | Unknown:
        return self.take(key, read) if key in self._left else UNKNOWN

    def close(self) -> None:
        if self._left:
            raise wrong(self.place(min(map(str, self._left))), "is no key of a plan")


def read_plan(raw: object, schema: str) -> Plan:
    """Return the plan in a document, with the hash that it says of itself; raise `InvalidPlan`."""
    top = _Object(raw, "")
    if top.take("schema", _text) != schema:
        raise wrong("schema", f"must be {schema}")
    promise = top.take("writes_through", _promise)
    if top.take("guarantee", _one_of(Guarantee)) is not promise.guarantee:
        raise wrong("guarantee", "is not the one of writes_through")
    writes_to = top.maybe("writes_to", _text)
    if isinstance(writes_to, Unknown) or not writes_to:  # plans of earlier programs do not say it
        raise wrong("writes_to", "is missing: nothing says where this plan would write")
    to = top.take("desired", _desired)
    if top.take("to", _pairs) != to.weights:
        raise wrong("to", "is not what desired.weights says")
    authors = top.maybe("authors", _list_of(_text))
    plan = Plan(
        id=PlanId(top.take("id", _text)),
        kind=top.take("action", _one_of(ActionKind)),
        context=top.take("context", _text),
        target=top.take("target", _target),
        made_at=top.take("made_at", _time),
        expires_at=top.take("expires_at", _time),
        actor=top.take("actor", _actor),
        writes_through=promise,
        writes_to=writes_to,
        leaving=top.take("from", _pairs),
        to=to,
        because=top.take("because", _text),
        premise=top.take("premise", _premise),
        checks=top.take("checks", _list_of(_check)),
        steps=top.take("steps", _list_of(_step)),
        blast=top.take("blast", _blast),
        jobs=top.take("jobs", _list_of(_job)),
        not_changed=top.take("not_changed", _list_of(_text)),
        expected=top.take("expected", _expectation),
        inverse=top.maybe("inverse", _desired),
        guard=top.take("guard", _guard),
        hash=PlanHash(top.take("hash", _text)),
        authors=() if isinstance(authors, Unknown) else authors,
    )
    top.close()
    _coherent(plan)
    return plan


def _coherent(plan: Plan) -> None:
    """Raise when the parts do not make one plan: nothing like it could come from planning."""
    if not plan.steps or plan.steps[-1].desired != plan.to:
        raise wrong("steps", "must end in what desired says")
    for place, step in enumerate(plan.steps):
        if not step.desired.weights:
            raise wrong(f"steps[{place}].weights", "must give all traffic to somebody")
    if plan.expires_at <= plan.made_at:
        raise wrong("expires_at", "must be after made_at")


def _text(raw: object, where: str) -> SafeText:
    if not isinstance(raw, str):
        raise wrong(where, "must be text")
    if len(raw) > LONGEST_TEXT or safe_text(raw, LONGEST_TEXT) != raw:
        raise wrong(where, "holds characters that no plan holds, or too many")
    return SafeText(raw)


def _version(raw: object, where: str) -> VersionId:
    name = _text(raw, where)
    if not name:
        raise wrong(where, "must name a version")
    return VersionId(name)


def _number(raw: object, where: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or abs(raw) > 1e15 or not isfinite(raw):
        raise wrong(where, "must be a number")
    return float(raw)


def _seconds(raw: object, where: str) -> float:
    number = _number(raw, where)
    if number < 0:
        raise wrong(where, "must not be negative")
    return number


def _share(raw: object, where: str) -> float:
    number = _number(raw, where)
    if not 0.0 <= number <= 1.0:
        raise wrong(where, "must be from 0 to 1")
    return number


def _bool(raw: object, where: str) -> bool:
    if not isinstance(raw, bool):
        raise wrong(where, "must be true or false")
    return raw


def _time(raw: object, where: str) -> Instant:
    text = _text(raw, where)
    try:
        # Exactly as it is written: `…T02:13:00.123Z`; anything else has two spellings.
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        _not_a_time(where)
    if not text.endswith("Z") or len(text) != len("2026-01-14T02:13:00.123Z"):
        _not_a_time(where)
    return Instant(round(moment.timestamp() * 1000) / 1000)


def _not_a_time(where: str) -> NoReturn:
    raise wrong(where, "must be a time like 2026-01-14T02:13:00.123Z")


def _one_of(words: type[E]) -> Callable[[object, str], E]:
    def read(raw: object, where: str) -> E:
        for word in words:
            if isinstance(raw, str) and word.value == raw:
                return word
        raise wrong(where, f"must be one of {', '.join(str(word.value) for word in words)}")

    return read


def _list_of(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read_all(raw: object, where: str) -> tuple[T, ...]:
        if not isinstance(raw, list | tuple) or len(raw) > MOST_ITEMS:
            raise wrong(where, f"must be a list of at most {MOST_ITEMS}")
        return tuple(read(one, f"{where}[{place}]") for place, one in enumerate(raw))

    return read_all


def _ordered(weights: Weights, where: str) -> Weights:
    """Return weights in their order; those of nobody are allowed, everything else adds up to 1."""
    if weights and abs(sum(share for _, share in weights) - 1.0) > 1e-6:
        raise wrong(where, "must add up to 1")
    if len({version for version, _ in weights}) < len(weights):
        raise wrong(where, "names a version twice")
    return tuple(sorted(weights, key=lambda pair: (-pair[1], pair[0])))


def _pairs(raw: object, where: str) -> Weights:
    def pair(raw: object, where: str) -> tuple[VersionId, float]:
        if not isinstance(raw, list | tuple) or len(raw) != 2:
            raise wrong(where, "must be a version and its share")
        return _version(raw[0], where), _share(raw[1], where)

    return _ordered(_list_of(pair)(raw, where), where)


def _weights(raw: object, where: str) -> Weights:
    if not isinstance(raw, Mapping) or len(raw) > MOST_ITEMS:
        raise wrong(where, "must be an object of shares by version")
    return _ordered(tuple((_version(name, where), _share(share, where)) for name, share in raw.items()), where)


def _target(raw: object, where: str) -> TargetKey:
    part = _Object(raw, where)
    key = TargetKey(ModelName(part.take("model", _text)), Environment(part.take("environment", _text)))
    part.close()
    return key


def _desired(raw: object, where: str) -> Desired:
    part = _Object(raw, where)
    desired = _desired_in(part)
    part.close()
    return desired


def _desired_in(part: _Object) -> Desired:
    return Desired(part.take("weights", _weights), part.take("stable", _version), part.maybe("candidate", _version))


def _step(raw: object, where: str) -> Step:
    part = _Object(raw, where)
    step = Step(_desired_in(part), part.take("after_seconds", _seconds), part.take("call", _text))
    part.close()
    return step


def _check(raw: object, where: str) -> Check:
    part = _Object(raw, where)
    check = Check(part.take("name", _text), part.take("result", _one_of(CheckResult)), part.take("says", _text))
    part.close()
    return check


def _actor(raw: object, where: str) -> Actor:
    part = _Object(raw, where)
    actor = Actor(
        principal=part.take("principal", _text),
        assurance=part.take("assurance", _one_of(Assurance)),
        os_user=part.maybe("os_user", _text),
        host=part.maybe("host", _text),
        ssh_key=part.maybe("ssh_key", _text),
        client=part.maybe("client", _text),
    )
    part.close()
    return actor


def _promise(raw: object, where: str) -> WritingPromise:
    part = _Object(raw, where)
    promise = WritingPromise(
        source=SourceName(part.take("source", _text)),
        backend=part.take("backend", _text),
        guarantee=part.take("guarantee", _one_of(Guarantee)),
        says=part.take("says", _text),
        splits_traffic=part.take("splits_traffic", _bool),
        finds_own_writes=part.take("finds_own_writes", _bool),
    )
    part.close()
    return promise


def _premise(raw: object, where: str) -> Premise:
    part = _Object(raw, where)
    premise = Premise(
        desired=part.maybe("desired", _desired),
        revision=part.maybe("revision", _text),
        stage=part.maybe("stage", _text),
        serving=part.maybe("serving", _version),
        known_good=part.maybe("known_good", _version),
        digest=part.maybe("digest", _text),
        observed_at=part.take("observed_at", _time),
    )
    part.close()
    return premise


def _blast(raw: object, where: str) -> Blast:
    part = _Object(raw, where)
    blast = Blast(
        share=part.maybe("share", _share),
        requests_per_second=part.maybe("requests_per_second", _seconds),
        segments=part.take("segments", _list_of(_text)),
    )
    part.close()
    return blast


def _job(raw: object, where: str) -> JobInFlight:
    part = _Object(raw, where)
    job = JobInFlight(
        part.take("name", _text),
        part.take("version", _version),
        part.take("started_at", _time),
        part.maybe("progress", _share),
    )
    part.close()
    return job


def _expectation(raw: object, where: str) -> Expectation:
    part = _Object(raw, where)
    expected = Expectation(
        part.take("accepted_seconds", _seconds),
        part.take("serving_seconds", _seconds),
        part.take("healthy_seconds", _seconds),
    )
    part.close()
    return expected


def _guard(raw: object, where: str) -> GuardLevel:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw not in list(GuardLevel):
        raise wrong(where, f"must be one of {', '.join(str(int(level)) for level in GuardLevel)}")
    return GuardLevel(raw)
