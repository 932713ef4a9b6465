"""Builds comparisons by hand: one fact a line, as the comparison of two versions would give them."""

from __future__ import annotations

from typing import Any

from modeltui.domain.comparison.difference import (
    Bump,
    Claim,
    CodeLog,
    Commit,
    Comparison,
    ComponentChange,
    Detail,
    Difference,
    Group,
    LineMark,
    LinesChange,
    Nature,
    NumberChange,
    ReleaseChange,
    ShapeChange,
    Side,
    State,
)
from modeltui.domain.names import NO_DATA, ModelName, NoData, SegmentName, SignalName, SourceName, VersionId
from modeltui.domain.suspects.suspect import Symptom
from modeltui.domain.text import SafeText

REGISTRY = SourceName(SafeText("registry"))
A = VersionId(SafeText("1.0.0"))
B = VersionId(SafeText("1.1.0"))
MODEL = ModelName(SafeText("fraud-detector"))


def text(raw: str) -> SafeText:
    return SafeText(raw)


def side(value: Any, why: str = "not recorded") -> Side:
    """Return a side that says a value; None: it says nothing; a list of two: sources contradict each other."""
    if value is None:
        return Side(why_none=text(why))
    if isinstance(value, list):
        return Side(tuple(Claim(one, (REGISTRY,)) for one in value))
    return Side((Claim(value, (REGISTRY,)),))


def fact(
    field: str,
    a: Any,
    b: Any,
    nature: Nature = Nature.TEXT,
    *,
    detail: Detail | NoData = NO_DATA,
    state: State | None = None,
) -> Difference:
    """Return a fact with the state that its two values make."""
    group = Group(field.partition(".")[0])
    if state is None:
        state = State.EQUAL if a == b else State.CHANGED
        if a is None or b is None:
            state = State.ONLY_B if a is None else State.ONLY_A
    return Difference(
        field=text(field),
        group=group,
        nature=nature,
        state=state,
        a=side(a),
        b=side(b),
        title=text(field.partition(".")[2] or field),
        detail=detail,
    )


def number(field: str, a: float | None, b: float | None) -> Difference:
    detail: Detail | NoData = NO_DATA
    if a is not None and b is not None:
        detail = NumberChange(b - a, (b - a) / a if a else NO_DATA)
    return fact(field, a, b, Nature.NUMBER, detail=detail)


_PLACES = (Bump.MAJOR, Bump.MINOR, Bump.PATCH)


def release(field: str, a: str, b: str) -> Difference:
    old, new = a.rpartition(" ")[2].split("."), b.rpartition(" ")[2].split(".")
    place = next((place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 3)
    bump = _PLACES[place] if place < 3 else Bump.OTHER
    return fact(field, text(a), text(b), Nature.RELEASE, detail=ReleaseChange(bump, new > old))


def lines(field: str, a: str, b: str) -> Difference:
    old, new = tuple(map(text, a.splitlines())), tuple(map(text, b.splitlines()))
    marked = [(LineMark.REMOVED, line) for line in old if line not in new]
    marked += [(LineMark.ADDED, line) for line in new if line not in old]
    removed = sum(mark is LineMark.REMOVED for mark, _ in marked)
    detail = LinesChange(len(marked) - removed, removed, tuple(marked))
    return fact(field, old or None, new or None, Nature.LINES, detail=detail)


def shape(*, added: tuple[str, ...] = (), removed: tuple[str, ...] = (), retyped: tuple[str, ...] = ()) -> Difference:
    only_order = not (added or removed or retyped)
    detail = ShapeChange(tuple(map(text, added)), tuple(map(text, removed)), tuple(map(text, retyped)), only_order)
    return fact("artifact.signature", text("inputs of a"), text("inputs of b"), Nature.SHAPE, detail=detail)


def digest(field: str, a: str | None = "sha256:" + "1a" * 32, b: str | None = "sha256:" + "2b" * 32) -> Difference:
    return fact(field, a, b, Nature.DIGEST)


def comparison(
    *facts: Difference,
    components: tuple[ComponentChange, ...] = (),
    log: CodeLog | NoData = NO_DATA,
    a: VersionId = A,
    b: VersionId = B,
) -> Comparison:
    order = list(Group)
    ordered = sorted(facts, key=lambda one: (order.index(one.group), not one.is_different))
    return Comparison(MODEL, a, b, tuple(ordered), components, log)


def log(*subjects: str, files: tuple[str, ...] = ()) -> CodeLog:
    commits = tuple(Commit(text(f"{at:07x}"), float(at), text("m.chan"), text(one)) for at, one in enumerate(subjects))
    return CodeLog(text("git.example/risk"), commits, files=tuple(map(text, files)))


def symptom(*signals: str, segments: tuple[str, ...] = (), drifted: tuple[str, ...] = ()) -> Symptom:
    return Symptom(
        frozenset(SignalName(text(one)) for one in signals),
        frozenset(SegmentName(text(one)) for one in segments),
        frozenset(map(text, drifted)),
        B,
    )


_MIRRORED = {State.ONLY_A: State.ONLY_B, State.ONLY_B: State.ONLY_A}
_MARKS = {LineMark.ADDED: LineMark.REMOVED, LineMark.REMOVED: LineMark.ADDED}


def mirrored(one: Comparison) -> Comparison:
    """Return the comparison of the same two versions the other way round."""
    facts = tuple(_mirrored_fact(fact) for fact in one.facts)
    components = tuple(
        ComponentChange(
            part.model,
            part.b,
            part.a,
            mirrored(part.comparison) if isinstance(part.comparison, Comparison) else NO_DATA,
        )
        for part in one.components
    )
    found = one.code_log
    turned = (
        CodeLog(found.repository, found.only_a, found.only_b, found.files, found.is_cut, found.trouble)
        if isinstance(found, CodeLog)
        else NO_DATA
    )
    return Comparison(one.model, one.b, one.a, facts, components, turned)


def _mirrored_member(own: Comparison | NoData) -> Comparison | NoData:
    return mirrored(own) if isinstance(own, Comparison) else NO_DATA


def _mirrored_fact(one: Difference) -> Difference:
    state = _MIRRORED.get(one.state, one.state)
    return Difference(
        one.field, one.group, one.nature, state, one.b, one.a, one.title, _mirrored_detail(one.detail), one.why
    )


def _mirrored_detail(detail: Detail | NoData) -> Detail | NoData:
    match detail:
        case NumberChange():
            return NumberChange(-detail.delta, NO_DATA, detail.effect, detail.unit)
        case ReleaseChange():
            return ReleaseChange(detail.bump, not detail.is_upgrade)
        case LinesChange():
            turned = tuple((_MARKS.get(mark, mark), line) for mark, line in detail.lines)
            return LinesChange(detail.removed, detail.added, turned, detail.is_cut)
        case ShapeChange():
            return ShapeChange(detail.removed, detail.added, detail.retyped, detail.is_order_only)
        case _:
            return detail
