"""What changed between two versions, for machines: `modeltui.compare/1`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modeltui.domain.comparison.difference import (
    CodeLog,
    Commit,
    Comparison,
    ComponentChange,
    Detail,
    Difference,
    LinesChange,
    Nature,
    NumberChange,
    RankChange,
    ReleaseChange,
    ShapeChange,
    Side,
    State,
    Value,
)
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import NO_DATA, Instant, Missing, NoData, TargetKey
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.suspects.unknowns import unknowns_that_matter
from modeltui.domain.text import SafeText
from modeltui.present import format as form
from modeltui.present.answer_head import answer_head


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, and what it means here."""

    a: str
    """As it was written: `last-known-good`; the version itself where that was written."""
    b: str
    because: tuple[str, ...] = ()
    """What the words became, one sentence each."""
    target: TargetKey | NoData = NO_DATA
    """Whose symptom the suspects are ranked by."""
    doubts: tuple[SafeText, ...] = ()
    """What speaks against any change as the cause."""


def compare_object(
    comparison: Comparison,
    suspects: Sequence[Suspect],
    symptom: Symptom,
    asked: Asked,
    fleet: Fleet,
    *,
    everything: bool,
) -> dict[str, Any]:
    """Return the comparison as one object; `everything`: facts that are equal too."""
    answer: dict[str, Any] = {
        **answer_head("modeltui.compare/1", fleet),
        "model": comparison.model,
        "a": comparison.a,
        "b": comparison.b,
    }
    if (asked.a, asked.b) != (comparison.a, comparison.b):
        answer["asked"] = {"a": asked.a, "b": asked.b, "because": list(asked.because)}
    if not isinstance(asked.target, Missing):
        answer["target"] = {"model": asked.target.model, "environment": asked.target.environment}
        answer["symptom"] = _symptom(symptom)
    if asked.doubts:
        answer["doubts"] = list(asked.doubts)
    answer["suspects"] = [_suspect(one) for one in suspects]
    answer["counts"] = {state.value: sum(fact.state is state for fact in comparison.facts) for state in State}
    answer["differences"] = _differences(comparison, everything=everything)
    answer["unknowns"] = [fact.field for fact in comparison.facts if fact.state is State.UNKNOWN]
    answer["may_have_changed"] = list(unknowns_that_matter(comparison))
    if comparison.components:
        answer["components"] = [_component(one, everything=everything) for one in comparison.components]
    if isinstance(comparison.code_log, CodeLog):
        answer["code_log"] = _code_log(comparison.code_log)
    if comparison.awaited:
        answer["awaited"] = list(comparison.awaited)
    if comparison.troubles:
        answer["troubles"] = list(comparison.troubles)
    return answer


def _differences(comparison: Comparison, *, everything: bool) -> list[dict[str, Any]]:
    facts: Iterable[Difference] = comparison.facts if everything else comparison.differences
    return [_difference(fact) for fact in facts]


def _symptom(symptom: Symptom) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "signals": sorted(symptom.signals),
        "segments": sorted(symptom.segments),
        "drifted_features": sorted(symptom.drifted),
    }
    return answer if symptom.version is None else {"version": symptom.version, **answer}


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "rank": suspect.rank,
        "field": suspect.field,
        "group": suspect.group.value,
        "title": suspect.title,
        "because": suspect.because,
        "closeness": suspect.closeness.value,
        "fields": list(suspect.fields),
    }


def _difference(fact: Difference) -> dict[str, Any]:
    answer: dict[str, Any] = {"field": fact.field, "group": fact.group.value, "title": fact.title}
    for name, side in (("a", fact.a), ("b", fact.b)):
        if not isinstance(side.value, Missing):
            answer[name] = _value(side.value, fact.nature)
    answer["state"] = fact.state.value
    if fact.why:
        answer["why"] = fact.why
    if not isinstance(fact.detail, Missing):
        answer["detail"] = _detail(fact.detail)
    answer["sources"] = {"a": _sources(fact.a), "b": _sources(fact.b)}
    for name, side in (("a", fact.a), ("b", fact.b)):
        if side.is_contradicted:
            answer[f"{name}_claims"] = [
                {"value": _value(claim.value, fact.nature), "sources": list(claim.sources)} for claim in side.claims
            ]
        elif not side.claims:
            answer[f"{name}_state"] = {"state": "awaited" if side.is_awaited else "none", "because": side.why_none}
    return answer


def _sources(side: Side) -> list[str]:
    return list(dict.fromkeys(source for claim in side.claims for source in claim.sources))


def _value(value: Value, nature: Nature) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str):
        return value
    if nature is Nature.MOMENT and form.is_moment(Instant(value)):
        return form.rfc3339(Instant(value))
    return number(value)


def number(value: float) -> float | int | str:
    """Return a number as JSON has it: whole ones without a point; what is no number for JSON as a word."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _detail(detail: Detail) -> Mapping[str, Any]:
    match detail:
        case NumberChange(delta=delta, fraction=fraction, effect=effect, unit=unit):
            answer: dict[str, Any] = {"kind": "number", "delta": number(delta), "effect": effect.value}
            if not isinstance(fraction, Missing):
                answer["fraction"] = number(fraction)
            return answer | ({"unit": unit} if unit else {})
        case ReleaseChange(bump=bump, is_upgrade=is_upgrade):
            return {"kind": "release", "bump": bump.value, "direction": "up" if is_upgrade else "down"}
        case LinesChange(added=added, removed=removed, lines=lines, is_cut=is_cut):
            rows = [[mark.value, text] for mark, text in lines]
            answer = {"kind": "lines", "added": added, "removed": removed, "lines": rows}
            return answer | ({"cut": True} if is_cut else {})
        case RankChange(rank_a=rank_a, rank_b=rank_b):
            ranks = {"rank_a": rank_a, "rank_b": rank_b}
            return {"kind": "rank", **{key: rank for key, rank in ranks.items() if not isinstance(rank, Missing)}}
        case ShapeChange():
            return {
                "kind": "shape",
                "added": list(detail.added),
                "removed": list(detail.removed),
                "retyped": list(detail.retyped),
                "order_only": detail.is_order_only,
            }


def _component(change: ComponentChange, *, everything: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"model": change.model, "a": change.a, "b": change.b}
    if isinstance(change.comparison, Comparison):
        return answer | {"differences": _differences(change.comparison, everything=everything)}
    return answer | {"state": "unread"}


def _code_log(log: CodeLog) -> dict[str, Any]:
    answer: dict[str, Any] = {"repository": log.repository}
    if log.trouble:
        return answer | {"state": "unreadable", "because": log.trouble}
    answer["only_b"] = [_commit(one) for one in log.only_b]
    answer["only_a"] = [_commit(one) for one in log.only_a]
    answer["files"] = list(log.files)
    return answer | ({"cut": True} if log.is_cut else {})


def _commit(commit: Commit) -> dict[str, Any]:
    answer = {"id": commit.id, "author": commit.author, "subject": commit.subject}
    return answer | ({"at": form.rfc3339(Instant(commit.at))} if form.is_moment(Instant(commit.at)) else {})
