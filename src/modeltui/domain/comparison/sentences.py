"""What a suspect is called, and why it is one: short, and never more than is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from modeltui.domain.comparison.amounts import CLAUSE, is_only_wording
from modeltui.domain.comparison.connecting import BY_A_WORD, Connection, harmed_metric
from modeltui.domain.comparison.difference import (
    CodeLog,
    Comparison,
    Difference,
    Group,
    LineMark,
    Nature,
    ReleaseChange,
    ShapeChange,
    Side,
    State,
)
from modeltui.domain.comparison.kinds import Aspect, Kind, key_of
from modeltui.domain.comparison.reading import changed_lines, text_of
from modeltui.domain.comparison.suspect import Closeness, Symptom
from modeltui.domain.comparison.things import Thing, rows_of

_LONGEST_VALUE: Final = 36
_LONGEST_LINE: Final = 60
_MOST_BEFORE: Final = 3
_ENOUGH: Final = 12
"""So many words are shown before those that differ, until there are as many characters."""
_SHOWN_SHARE: Final = 0.005
"""A smaller change of rows would be shown as none."""
_HEX: Final = re.compile(r"((?:[a-z0-9]{2,9}:)?[0-9a-f]{8})[0-9a-f]{8,}$")
_SHOWS_AS: Final = {
    Aspect.ERRORS: "errors",
    Aspect.LATENCY: "slow answers",
    Aspect.THROUGHPUT: "missing traffic",
    Aspect.CONFIDENCE: "shifted confidence",
    Aspect.DRIFT: "drift",
    Aspect.BUSINESS: "changed business",
}
_NOUNS: Final = {
    Kind.THRESHOLD: "a moved threshold",
    Kind.BASE_MODEL: "another base model",
    Kind.PROMPT: "another prompt",
    Kind.MEMBER: "another member",
    Kind.FEATURES: "other features",
    Kind.QUERY: "another query",
    Kind.DATA_ORIGIN: "another source of the data",
    Kind.DATA_SET: "other data sets",
    Kind.SIGNATURE: "another signature",
    Kind.ARCHITECTURE: "another architecture",
    Kind.PIPELINE: "another feature pipeline",
    Kind.CALIBRATION: "another calibration",
    Kind.DATA: "other training data",
    Kind.AGENT_STATE: "another memory",
    Kind.RETRIEVAL: "another retrieval",
    Kind.RETRIEVED_DATA: "other texts behind the answers",
    Kind.GUARDRAILS: "other guardrails",
    Kind.PACKAGE_MAJOR: "a major release of a library",
    Kind.AGENT_TOOLS: "another tool",
    Kind.PARAMETER: "another parameter",
    Kind.TOOLS: "other tools",
    Kind.ORCHESTRATION: "another orchestration",
    Kind.SYSTEM: "another setting",
    Kind.AGENT_OTHER: "another permission or setting",
    Kind.BASE_IMAGE: "another base image",
    Kind.HARDWARE: "other hardware",
    Kind.VARIABLE: "another environment variable",
    Kind.SERVING: "another serving configuration",
    Kind.PYTHON: "another Python",
    Kind.PACKAGE_OTHER: "another library",
    Kind.PACKAGE_MINOR: "a minor release of a library",
    Kind.CODE: "other code",
    Kind.EFFECTS: "what an agent has done since",
    Kind.CIRCUMSTANCE: "another circumstance",
    Kind.SIZE: "a model of another size",
}


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
            return f"feature pipeline {_arrow(thing.main)}"
        case Kind.SEGMENT_METRIC | Kind.CASE | Kind.METRIC | Kind.IMPORTANCE:
            return f"{_effect_name(thing)} {_arrow(thing.main)}"
        case Kind.BYTES | Kind.RECORD:
            return (
                f"{thing.main.title} {_arrow(thing.main)}" if _is_short(thing.main) else f"{thing.main.title} differs"
            )
        case _ if thing.main.group is Group.DATA:
            return _data_title(thing)
        case _:
            colon = ":" if thing.main.state in (State.ONLY_A, State.ONLY_B) else ""
            return f"{_subject(thing)}{colon} {_arrow(thing.main)}{_bump(thing.main)}"


def because_of(thing: Thing, found: Connection, symptom: Symptom, comparison: Comparison) -> str:
    """Return one sentence: what speaks for it, and what against."""
    parts = [_reason(thing, found, symptom), _evidence(found, comparison), _against(thing)]
    return "; ".join(part for part in parts if part)


def unexplained(thing: Thing) -> str:
    """Return the sentence of an effect while nothing that could cause it is known to differ."""
    match thing.kind:
        case Kind.SEGMENT_METRIC:
            return f"the figure of {_effect_name(thing)} differs and nothing recorded explains it"
        case Kind.BYTES:
            return "the artifact differs and nothing that is recorded says why"
        case Kind.RECORD:
            return "only the record differs, which causes nothing"
        case Kind.SIZE:
            return "the artifact has another size and nothing that is recorded says why"
        case _:
            return "it differs and nothing recorded explains it"


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
            return f"{len(things)} data sets newer: {shown}{rows}"


def named(signals: Sequence[str]) -> str:
    """Return names as people list them: `a, b and c`."""
    return signals[0] if len(signals) == 1 else f"{', '.join(signals[:-1])} and {signals[-1]}" if signals else ""


def short(text: str, limit: int = _LONGEST_VALUE) -> str:
    """Return a value in few characters: digests by their beginning, long texts cut."""
    text = " ".join(text.split())
    head, at, tail = text.partition("@")
    text = head + at + _HEX.sub(r"\1", tail) if at else _HEX.sub(r"\1", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quantity(number: float) -> str:
    """Return a count in few characters: `48.2M`, `310k`, `812`."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + suffix
    return f"{number:g}"


def _reason(thing: Thing, found: Connection, symptom: Symptom) -> str:
    match found.closeness:
        case Closeness.FEEDS:
            return _names(thing, found, symptom)
        case Closeness.USUAL:
            noun = _NOUNS.get(thing.kind, "such a change")
            if thing.kind is Kind.PROMPT and found.aspects == {Aspect.LATENCY}:
                noun = "a prompt of another length"
            shows = named([_SHOWS_AS[aspect] for aspect in Aspect if aspect in found.aspects])
            return f"{noun} is a usual cause of {shows}"
        case Closeness.UNRELATED:
            why = thing.kind.traits.why
            return f"{why}, though nothing connects it with what is wrong" if symptom else why


def _names(thing: Thing, found: Connection, symptom: Symptom) -> str:
    what = f"the harmed segment {found.to}" if found.to in symptom.segments else f"the drifted feature {found.to}"
    if thing.kind is Kind.QUERY and found.table:
        verb = "filters" if CLAUSE.search(found.by) else "reads"
        return f"it {verb} {found.table}, and {what} is about them"
    if thing.kind is Kind.CODE:
        return f"“{short(found.by, _LONGEST_LINE)}” in its log names {what}"
    if thing.kind is Kind.MEMBER and found.by:
        return f"its own first suspect feeds {what}"
    if thing.main.group is Group.DATA:
        return f"it feeds {what}" if found.table or found.to in symptom.drifted else f"it is about {what}"
    return f"it names {what}" if found.surety > BY_A_WORD else f"by its name it is about {what}"


def _evidence(found: Connection, comparison: Comparison) -> str:
    """Return what the evaluations say of the segment that a thing feeds."""
    fact = harmed_metric(found.to, comparison) if found.to else None
    if fact is None:
        return ""
    match fact.state:
        case State.ONLY_A:
            return f"{comparison.b} has no figure for it"
        case State.ONLY_B:
            return f"{comparison.a} has no figure for it"
        case State.CHANGED:
            return f"evaluated, it went {_arrow(fact)}"
        case _:
            return ""


def _against(thing: Thing) -> str:
    if thing.kind in (Kind.QUERY, Kind.PROMPT) and is_only_wording(thing):
        return "but only white space, case or comments differ"
    if thing.kind is Kind.DATA and thing.has_same_rows:
        return "but it has as many rows"
    if thing.kind is Kind.CODE and len(thing.facts) == 1 and thing.main.field.endswith("commit"):
        return "but a commit differs almost always"
    return ""


def _lines_title(subject: str, thing: Thing, named_line: str) -> str:
    lines = [(mark, text.strip()) for fact in thing.facts for mark, text in changed_lines(fact) if text.strip()]
    if not (thing.main.a.claims and thing.main.b.claims):
        return f"{subject} {_arrow(thing.main)}"
    chosen = next(((mark, text) for mark, text in lines if text == named_line), None)
    if chosen is None and len(lines) == 1:
        chosen = lines[0]
    added = sum(mark is LineMark.ADDED for mark, _ in lines)
    removed = len(lines) - added
    if chosen is not None:
        more = f", {len(lines) - 1} more lines" if len(lines) > 2 else ", 1 more line" if len(lines) == 2 else ""
        verb = "added" if chosen[0] is LineMark.ADDED else "removed"
        return f"{subject}: “{short(chosen[1], _LONGEST_LINE)}” {verb}{more}"
    if added == removed == 1:
        old, new = (next(text for mark, text in lines if mark is one) for one in (LineMark.REMOVED, LineMark.ADDED))
        return f"{subject}: {_within(old, new)}"
    counts = [
        f"{count} {'line' if count == 1 else 'lines'} {verb}"
        for count, verb in ((added, "added"), (removed, "removed"))
        if count
    ]
    return f"{subject}: {', '.join(counts) or 'differs'}"


def _code_title(thing: Thing, comparison: Comparison) -> str:
    if not thing.main.field.endswith("commit"):
        return f"{thing.main.title} {_arrow(thing.main)}"
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
        f"{short(name.replace(' -> ', ' → '))}{verb}"
        for shape in shapes
        for names, verb in ((shape.added, " added"), (shape.removed, " removed"), (shape.retyped, ""))
        for name in names
    ]
    told += [f"{short(key_of(fact))} {_arrow(fact)}" for fact in thing.facts if _is_feature_row(fact)]
    if not told:
        order = shapes and all(shape.is_order_only for shape in shapes)
        return "signature: another order of the columns" if order else f"signature {_arrow(thing.main)}"
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    pipeline = next((fact for fact in thing.facts if "pipeline" in fact.field), None)
    return f"features: {', '.join(told[:3])}{more}" + (f", by {_arrow(pipeline)}" if pipeline else "")


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
            return f"{name} used for {_arrow(thing.main)}"
        case Kind.DATA_ORIGIN:
            return f"{name} from {_arrow(thing.main)}"
    if rows is not None and quantity(rows[0]) != quantity(rows[1]):
        a, b = rows
        moved = f" ({(b - a) / a:+.0%})" if a and abs(b - a) / abs(a) >= _SHOWN_SHARE else ""
        return f"{name}: rows {quantity(a)} → {quantity(b)}{moved}"
    if thing.span_lengths is not None and thing.part("digest") is None:
        return f"{name}: another span of time"
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


def _arrow(fact: Difference | None) -> str:
    if fact is None:
        return ""
    match fact.state:
        case State.ONLY_A:
            return f"{_value(fact.a, fact)} left out"
        case State.ONLY_B:
            return f"{_value(fact.b, fact)} added"
    a, b = _value(fact.a, fact), _value(fact.b, fact)
    return f"{a} → {_shortened(b, a)}" if a != b else "differs"


def _shortened(b: str, a: str) -> str:
    """Return a value without the name that it shares with the value before it: `6.0.0` after `features 5.8.2`."""
    for mark in (" ", "@"):
        name, found, rest = b.rpartition(mark)
        if found and rest and a.rpartition(mark)[0] == name and " " not in name:
            return rest
    return b


def _value(side: Side, fact: Difference) -> str:
    number = side.value
    if isinstance(number, float | int) and fact.field.endswith(("artifact.size", "rows")):
        return quantity(float(number)) + ("B" if fact.field.endswith("size") else "")
    if side.is_contradicted:
        return " or ".join(short(str(claim.value), 20) for claim in side.claims)
    text = text_of(side)
    is_place = fact.field.endswith("base_image") and "/" in text
    return short(text.rpartition("/")[2] if is_place else text) or "nothing"


def _is_short(fact: Difference) -> bool:
    return all(0 < len(short(text_of(side))) < _LONGEST_VALUE for side in (fact.a, fact.b))
