"""What a suspect is called: what changed, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modeltui.domain.comparison.difference import (
    CodeLog,
    Comparison,
    Difference,
    Group,
    LineMark,
    LinesChange,
    Nature,
    ReleaseChange,
    ShapeChange,
    State,
)
from modeltui.domain.suspects.amounts import is_only_wording
from modeltui.domain.suspects.connecting import Connection
from modeltui.domain.suspects.kinds import Kind, key_of
from modeltui.domain.suspects.reading import changed_lines, text_of
from modeltui.domain.suspects.things import Thing, rows_of
from modeltui.domain.suspects.wording import LONGEST_VALUE, arrow, quantity, short

LONGEST_LINE: Final = 60
_MOST_BEFORE: Final = 3
_BOTH: Final = (LineMark.REMOVED, LineMark.ADDED)
_ENOUGH: Final = 12
"""So many words are shown before those that differ, until there are as many characters."""
_SHOWN_SHARE: Final = 0.005
"""A smaller change of rows would be shown as none."""


def title_of(thing: Thing, found: Connection, comparison: Comparison) -> str:
    """Return what changed, in few words."""
    match thing.kind:
        case Kind.QUERY:
            return _lines_title("query", thing, found.by)
        case Kind.PROMPT:
            return _lines_title(f"prompt {thing.name}".rstrip(), thing, "")
        case Kind.CODE:
            return _code_title(thing, comparison)
        case Kind.FEATURES | Kind.SIGNATURE:
            return _inputs_title(thing)
        case Kind.EFFECTS:
            return _effects_title(thing)
        case Kind.PIPELINE:
            return f"feature pipeline {arrow(thing.main)}"
        case Kind.SEGMENT_METRIC | Kind.CASE | Kind.METRIC | Kind.IMPORTANCE:
            return f"{_effect_name(thing)} {arrow(thing.main)}"
        case Kind.BYTES | Kind.RECORD:
            return f"{thing.main.title} {arrow(thing.main)}" if _is_short(thing.main) else f"{thing.main.title} differs"
        case _ if thing.main.group is Group.DATA:
            return _data_title(thing)
        case _:
            colon = ":" if thing.main.state in (State.ONLY_A, State.ONLY_B) else ""
            return f"{_subject(thing)}{colon} {arrow(thing.main)}{_bump(thing.main)}"


def lump_title(kind: Kind, things: Sequence[Thing]) -> str:
    """Return what several small changes of one kind are called together."""
    names = sorted(thing.name for thing in things)
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    match kind:
        case Kind.PACKAGE_PATCH:
            return f"{len(things)} packages by a patch release: {shown}"
        case Kind.PACKAGE_MINOR:
            return f"{len(things)} packages by a minor release: {shown}"
        case Kind.PACKAGE_OTHER:
            verb = "left out" if things[0].main.state is State.ONLY_A else "added"
            return f"{len(things)} packages {verb}: {shown}"
        case _:
            moved = [(b - a) / a for a, b in filter(None, map(rows_of, things)) if a]
            most = max(moved, key=abs, default=0.0)
            rows = f" (rows {most:+.0%}{' at most' if len(things) > 1 else ''})" if abs(most) >= _SHOWN_SHARE else ""
            what = "addresses" if things[0].is_only_elsewhere else "snapshots"
            return f"other {what} of {len(things)} data sets: {shown}{rows}"


def _lines_title(subject: str, thing: Thing, named_line: str) -> str:
    lines = [(mark, text.strip()) for fact in thing.facts for mark, text in changed_lines(fact) if text.strip()]
    if not (thing.main.a.claims and thing.main.b.claims):
        return f"{subject} {arrow(thing.main)}"
    if moved := _moved(thing, lines):
        return f"{subject}: {moved}"
    chosen = next(((mark, text) for mark, text in lines if text == named_line), None)
    if chosen is None and len(lines) == 1:
        chosen = lines[0]
    added = sum(mark is LineMark.ADDED for mark, _ in lines)
    removed = len(lines) - added
    if chosen is not None:
        more = f", {len(lines) - 1} more lines" if len(lines) > 2 else ", 1 more line" if len(lines) == 2 else ""
        verb = "added" if chosen[0] is LineMark.ADDED else "removed"
        return f"{subject}: “{short(chosen[1], LONGEST_LINE)}” {verb}{more}"
    if added == removed == 1:
        old, new = (next(text for mark, text in lines if mark is one) for one in (LineMark.REMOVED, LineMark.ADDED))
        return f"{subject}: {_within(old, new)}"
    counts = [
        f"{count} {'line' if count == 1 else 'lines'} {verb}"
        for count, verb in ((added, "added"), (removed, "removed"))
        if count
    ]
    return f"{subject}: {', '.join(counts) or 'differs'}"


def _moved(thing: Thing, lines: Sequence[tuple[LineMark, str]]) -> str:
    """Return what became of lines that are the same on both sides; empty where some are not."""
    if any(isinstance(fact.detail, LinesChange) and fact.detail.is_cut for fact in thing.facts):
        return ""
    removed, added = ([" ".join(text.split()) for mark, text in lines if mark is one] for one in _BOTH)
    if not lines or sorted(removed) != sorted(added):
        return ""
    if is_only_wording(thing):
        return "other white space"
    return f"“{short(removed[0], LONGEST_LINE)}” stands elsewhere" if len(removed) == 1 else "lines in another order"


def _within(old: str, new: str) -> str:
    """Return what became of one line: only the words that differ, and a few before them."""
    a, b = old.split(), new.split()
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    tail = 0
    while tail < min(len(a), len(b)) - same and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    start = same
    while start and same - start < _MOST_BEFORE and len(" ".join(a[start : len(a) - tail])) < _ENOUGH:
        start -= 1
    gone, come = " ".join(a[start : len(a) - tail]), " ".join(b[start : len(b) - tail])
    return f"“{short(gone)}” → “{short(come)}”"


def _code_title(thing: Thing, comparison: Comparison) -> str:
    if not thing.main.field.endswith("commit"):
        return f"{thing.main.title} {arrow(thing.main)}"
    log = comparison.code_log
    count = len(log.only_b) + len(log.only_a) if isinstance(log, CodeLog) and not log.trouble else 0
    commits = (
        f" ({count}{'+' if isinstance(log, CodeLog) and log.is_cut else ''} {'commit' if count == 1 else 'commits'})"
    )
    a, b = text_of(thing.main.a)[:8], text_of(thing.main.b)[:8]
    return f"code {a} → {b}{commits if count else ''}"


def _inputs_title(thing: Thing) -> str:
    shapes = [fact.detail for fact in thing.facts if isinstance(fact.detail, ShapeChange)]
    told = [
        f"{short(name)}{verb}" if verb else _retyped(name)
        for shape in shapes
        for names, verb in ((shape.added, " added"), (shape.removed, " removed"), (shape.retyped, ""))
        for name in names
    ]
    told += [f"{short(key_of(fact))} {arrow(fact)}" for fact in thing.facts if _is_feature_row(fact)]
    if not told:
        order = shapes and all(shape.is_order_only for shape in shapes)
        return "signature: another order of the columns" if order else f"signature {arrow(thing.main)}"
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    pipeline = next((fact for fact in thing.facts if "pipeline" in fact.field), None)
    return f"features: {', '.join(told[:3])}{more}" + (f", with {arrow(pipeline)}" if pipeline else "")


def _retyped(column: str) -> str:
    """Return a column with both of its types; with neither where they do not fit, for half of them shows no change."""
    whole = short(column.replace(" -> ", " → "), LONGEST_LINE)
    return whole if not whole.endswith("…") else f"{short(column.partition(': ')[0])} of another type"


def _is_feature_row(fact: Difference) -> bool:
    return fact.group is Group.FEATURES and not isinstance(fact.detail, ShapeChange) and "pipeline" not in fact.field


def _effects_title(thing: Thing) -> str:
    lines = [text for fact in thing.facts for _, text in changed_lines(fact)]
    if not lines:
        return "effects on other systems differ"
    return f"{len(lines)} {'effect' if len(lines) == 1 else 'effects'} on other systems: {short(lines[-1])}"


def _data_title(thing: Thing) -> str:
    name = short(thing.name)
    rows = rows_of(thing)
    match thing.kind:
        case Kind.DATA_SET if thing.main.state is State.ONLY_A:
            return f"data set {name} left out"
        case Kind.DATA_SET if thing.main.state is State.ONLY_B:
            return f"data set {name} added"
        case Kind.DATA_SET:
            return f"{name} used for {arrow(thing.main)}"
        case Kind.DATA_ORIGIN:
            return f"{name} from {arrow(thing.main)}"
    if rows is not None and quantity(rows[0]) != quantity(rows[1]):
        a, b = rows
        moved = f" ({(b - a) / a:+.0%})" if a and abs(b - a) / abs(a) >= _SHOWN_SHARE else ""
        return f"{name}: rows {quantity(a)} → {quantity(b)}{moved}"
    if thing.kind is Kind.MOVED and thing.main.state is not State.CHANGED:
        sides = {fact.state: short(fact.title) for fact in thing.facts}
        return f"{sides[State.ONLY_A]} is called {sides[State.ONLY_B]}: the same bytes"
    if thing.span_lengths is not None and thing.part("digest") is None:
        return f"{name}: another span of time"
    if thing.is_only_elsewhere:
        return f"{name}: another address"
    return f"{name}: another snapshot" if thing.kind is not Kind.MOVED else f"{name}: elsewhere, the same bytes"


def _effect_name(thing: Thing) -> str:
    return short(thing.name)


def _subject(thing: Thing) -> str:
    match thing.kind:
        case Kind.MEMBER:
            return f"member {thing.name}"
        case Kind.BASE_IMAGE:
            return thing.main.title if thing.main.nature is Nature.DIGEST else "base image"
        case Kind.ARCHITECTURE:
            return "architecture"
        case Kind.SIZE:
            return "artifact size"
        case Kind.AGENT_STATE | Kind.AGENT_OTHER:
            return f"agent {thing.name}"
        case Kind.BASE_MODEL:
            return thing.name.replace("_", " ")
        case _ if thing.main.group is Group.ENVIRONMENT and thing.name.lower() == "python":
            return "Python"
        case _:
            return short(thing.name) or thing.kind.name.lower().replace("_", " ")


def _bump(fact: Difference) -> str:
    detail = fact.detail
    if fact.group is not Group.ENVIRONMENT or not isinstance(detail, ReleaseChange) or detail.bump.value == "other":
        return ""
    return f" ({detail.bump.value}{'' if detail.is_upgrade else ', back'})"


def _is_short(fact: Difference) -> bool:
    return all(0 < len(short(text_of(side))) < LONGEST_VALUE for side in (fact.a, fact.b))
