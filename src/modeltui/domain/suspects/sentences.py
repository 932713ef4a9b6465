"""Why something is a suspect: one sentence, and never more than is known."""

from __future__ import annotations

import re
from typing import Final

from modeltui.domain.comparison.difference import Comparison, Difference, Group, State
from modeltui.domain.suspects.amounts import is_hardly_moved, is_only_wording
from modeltui.domain.suspects.connecting import Connection, harmed_metric, is_metric_of
from modeltui.domain.suspects.kinds import Aspect, Kind, aspects_of, key_of
from modeltui.domain.suspects.suspect import Closeness, Symptom
from modeltui.domain.suspects.things import Thing
from modeltui.domain.suspects.titles import LONGEST_LINE
from modeltui.domain.suspects.wording import arrow, named, short

_SHOWS_AS: Final = {
    Aspect.ERRORS: "errors",
    Aspect.LATENCY: "slow answers",
    Aspect.THROUGHPUT: "missing traffic",
    Aspect.CONFIDENCE: "shifted confidence",
    Aspect.DRIFT: "drift",
    Aspect.BUSINESS: "changed business",
}
_FILTERS: Final = re.compile(r"\s*(?:where|and|or|having|qualify)\b", re.IGNORECASE)
"""How a line of SQL begins that leaves rows out; a join or a list of columns may not."""
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


def because_of(thing: Thing, found: Connection, symptom: Symptom, comparison: Comparison) -> str:
    """Return one sentence: what speaks for it, and what against."""
    parts = [_reason(thing, found, symptom), _evidence(found, comparison), _against(thing)]
    return "; ".join(part for part in parts if part)


def unexplained(thing: Thing) -> str:
    """Return the sentence of an effect while nothing that could cause it is known to differ."""
    match thing.kind:
        case Kind.SEGMENT_METRIC:
            return f"the figure of {short(thing.name)} differs and nothing recorded explains it"
        case Kind.BYTES:
            return "the artifact differs and nothing that is recorded says why"
        case Kind.SIZE:
            return "the artifact has another size and nothing that is recorded says why"
        case _:
            return "it differs and nothing recorded explains it"


def _reason(thing: Thing, found: Connection, symptom: Symptom) -> str:
    match found.closeness:
        case Closeness.FEEDS:
            return _names(thing, found, symptom)
        case Closeness.USUAL:
            noun = _NOUNS.get(thing.kind, "such a change")
            if thing.kind is Kind.PROMPT and found.aspects == {Aspect.LATENCY}:
                noun = "a prompt of another length"
            shows = named(_shown_as(found, symptom))
            return f"{noun} can show as {shows}"
        case Closeness.UNRELATED:
            why = thing.kind.traits.why
            return f"{why}, though nothing connects it with what is wrong" if symptom else why


def _shown_as(found: Connection, symptom: Symptom) -> list[str]:
    """Return what is wrong and may come of it, in words; a signal of the team's own by its name."""
    read = {signal: aspects_of(signal) for signal in symptom.signals}
    own = sorted(signal for signal, aspects in read.items() if len(aspects) > 1 and aspects & found.aspects)
    plain = {aspect for aspects in read.values() if len(aspects) == 1 for aspect in aspects}
    plain |= {Aspect.DRIFT} if symptom.drifted else set()
    return [
        *(_SHOWS_AS[aspect] for aspect in Aspect if aspect in found.aspects & plain),
        *(f"changed {short(signal)}" for signal in own),
    ]


def _names(thing: Thing, found: Connection, symptom: Symptom) -> str:
    kind = "the harmed segment" if found.to in symptom.segments else "the drifted feature"
    what = f"{kind} {found.to}"
    if thing.kind is Kind.QUERY and found.table:
        verb = "filters" if _FILTERS.match(found.by) else "reads"
        return f"it {verb} {found.table}, and {what} is about them"
    if thing.kind is Kind.CODE:
        return f"“{short(found.by, LONGEST_LINE)}” in its log names {what}"
    if thing.kind is Kind.MEMBER and found.by:
        return f"its own first suspect feeds {what}"
    if thing.main.group is Group.DATA:
        return f"it feeds {what}" if found.table else f"by its name it is about {what}"
    if thing.kind is Kind.MEMBER:
        return f"by its name it is about {what}"
    return f"it says “{found.word}”, and {kind} is {found.to}" if found.word else f"it names {what}"


def _evidence(found: Connection, comparison: Comparison) -> str:
    """Return what the evaluations say of the segment that a thing feeds."""
    fact = harmed_metric(found.to, comparison) if found.to else None
    if fact is None:
        return ""
    match fact.state:
        case State.ONLY_A:
            return f"{comparison.b} has no {_figure(found.to, fact, comparison)} for it"
        case State.ONLY_B:
            return f"{comparison.a} has no {_figure(found.to, fact, comparison)} for it"
        case State.CHANGED:
            return f"evaluated, it went {arrow(fact)}"
        case _:
            return ""


def _figure(segment: str, lacking: Difference, comparison: Comparison) -> str:
    """Return what a version lacks of a segment: the metric by its name where it has another."""
    metrics = [fact for fact in comparison.of(Group.SEGMENTS) if is_metric_of(segment, fact)]
    has_other = any((one.b if lacking.state is State.ONLY_A else one.a).claims for one in metrics)
    metric = key_of(lacking).removesuffix(segment).removesuffix("/")
    return (short(metric) or "such figure") if has_other else "figure"


def _against(thing: Thing) -> str:
    if thing.kind in (Kind.QUERY, Kind.PROMPT) and is_only_wording(thing):
        what = "white space, case or comments differ" if thing.kind is Kind.QUERY else "white space differs"
        return f"but only {what}"
    if thing.is_only_elsewhere:
        rows = "it has as many rows, and " if thing.has_same_rows else ""
        return f"but {rows}whether it holds other data is not known"
    if thing.kind is Kind.DATA and thing.has_same_rows:
        return "but it has as many rows"
    if thing.kind is Kind.CODE and len(thing.facts) == 1 and thing.main.field.endswith("commit"):
        return "but a commit differs almost always"
    if is_hardly_moved(thing):
        return "but by less than a millionth of it"
    return ""
