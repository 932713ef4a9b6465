"""How much a thing changed, 0 to 1: the same whichever of the two versions came first.

rows of data        a fifth or more 1 · a twentieth .65 · less, or not known .42 · the same rows .4
span of data        a fifth longer or shorter 1, otherwise as the rows
a number            by half or more 1 · by a fifth .95 · less .85 · less than a millionth .1
a text              .9 · a flag or word that is there or not .9
SQL                 filters, joins, sources or limits 1 · other lines .8 · only white space or comments .1
a prompt            a fifth of its words or more 1 · less .9 · only white space .1
feature pipeline    major 1 · minor .85 · patch .6 · otherwise .8
features            added, removed or of another type 1 · another order .5
code                uncommitted changes 1.6 · another repository 1.6 · a log that names nothing but documents or
                    tests .4 · otherwise 1
size of the artifact by half or more 1 · by a fifth .9 · less .1
everything else     1
"""

from __future__ import annotations

import re
from typing import Final

from modeltui.domain.comparison.difference import Bump, CodeLog, NumberChange, ReleaseChange, ShapeChange
from modeltui.domain.names import NoData
from modeltui.domain.suspects.kinds import Kind, key_of
from modeltui.domain.suspects.reading import (
    changed_lines,
    changed_words,
    distance,
    is_cosmetic,
    number_of,
    text_of,
    words,
)
from modeltui.domain.suspects.things import Thing, rows_of

_LARGE: Final = 0.2
_MIDDLING: Final = 0.05
_HARDLY: Final = 1e-6
"""What 32 bits make of a number: 0.1 comes back as 0.10000000149."""
CLAUSE: Final = re.compile(
    r"\b(?:where|and|or|not|join|from|having|limit|qualify|distinct|union|except|sample|tablesample|between|in|like)\b"
    r"|[<>=]",
    re.IGNORECASE,
)
_PIPELINE: Final = {Bump.MAJOR: 1.0, Bump.MINOR: 0.85, Bump.PATCH: 0.6, Bump.OTHER: 0.8}
_HARMLESS_FILE: Final = re.compile(
    r"(?:^|/)(?:docs?|tests?)/|\.(?:md|rst|txt|png|svg)$|(?:^|/)(?:test_[^/]*|LICENSE|\.gitignore)$", re.IGNORECASE
)
_SETTINGS: Final = frozenset(
    {
        Kind.THRESHOLD,
        Kind.CALIBRATION,
        Kind.RETRIEVAL,
        Kind.SYSTEM,
        Kind.SERVING,
        Kind.PARAMETER,
        Kind.VARIABLE,
        Kind.GUARDRAILS,
        Kind.TOOLS,
        Kind.ORCHESTRATION,
        Kind.AGENT_OTHER,
        Kind.AGENT_TOOLS,
    }
)


def amount_of(thing: Thing, log: CodeLog | NoData) -> float:
    """Return how much a thing changed."""
    match thing.kind:
        case Kind.DATA | Kind.RETRIEVED_DATA | Kind.EVALUATION_DATA:
            return _data(thing)
        case Kind.QUERY:
            return _query(thing)
        case Kind.PROMPT:
            return _prompt(thing)
        case Kind.PIPELINE:
            detail = thing.main.detail
            return _PIPELINE[detail.bump] if isinstance(detail, ReleaseChange) else _PIPELINE[Bump.OTHER]
        case Kind.FEATURES | Kind.SIGNATURE:
            shapes = [fact.detail for fact in thing.facts if isinstance(fact.detail, ShapeChange)]
            return 0.5 if shapes and all(shape.is_order_only for shape in shapes) else 1.0
        case Kind.CODE:
            return _code(thing, log)
        case Kind.SIZE:
            moved = _moved(thing)
            return 1.0 if moved >= 0.5 else 0.9 if moved >= _LARGE else 0.1
        case Kind.SEGMENT_METRIC | Kind.METRIC:
            moved = _moved(thing)
            return 0.5 + moved / 2 if moved >= _MIDDLING else 0.1
        case kind if kind in _SETTINGS:
            return _setting(thing)
        case _:
            return 1.0


def is_refreshed_only(thing: Thing) -> bool:
    """Tell whether a data set is only another snapshot: about as many rows of the same source, over as long a time."""
    return thing.kind is Kind.DATA and _data(thing) < 1.0


def is_much(thing: Thing) -> bool:
    """Tell whether a number became another by a fifth or more."""
    return _moved(thing) >= _LARGE


def is_hardly_moved(thing: Thing) -> bool:
    """Tell whether a number is another only as it is when fewer bits hold it."""
    a, b = number_of(thing.main.a), number_of(thing.main.b)
    return thing.kind in _SETTINGS and a is not None and b is not None and distance(a, b) < _HARDLY


def is_only_wording(thing: Thing) -> bool:
    """Tell whether lines changed and say the same."""
    return all(is_cosmetic(fact, is_sql=thing.kind is Kind.QUERY) for fact in thing.facts)


def _data(thing: Thing) -> float:
    rows = rows_of(thing)
    if rows is not None:
        moved = distance(*rows)
        amount = 1.0 if moved >= _LARGE else 0.65 if moved >= _MIDDLING else 0.42
    else:
        amount = 0.4 if thing.has_same_rows else 0.42
    return max(amount, _span(thing))


def _span(thing: Thing) -> float:
    """Return 1 where the time that the rows cover became much longer or shorter; a moved window is a fresh one."""
    lengths = thing.span_lengths
    if lengths is None:
        return 0.0
    return 1.0 if distance(*lengths) >= _LARGE else 0.0


def _query(thing: Thing) -> float:
    if is_only_wording(thing):
        return 0.1
    lines = [text for fact in thing.facts for _, text in changed_lines(fact)]
    return 1.0 if not lines or any(CLAUSE.search(line) for line in lines) else 0.8


def _prompt(thing: Thing) -> float:
    fact = thing.main
    if is_only_wording(thing):
        return 0.1
    if not (fact.a.claims and fact.b.claims):
        return 1.0
    told = {*words(text_of(fact.a)), *words(text_of(fact.b))}
    return 1.0 if len(changed_words(fact)) >= _LARGE * max(len(told), 1) else 0.9


def _setting(thing: Thing) -> float:
    a, b = number_of(thing.main.a), number_of(thing.main.b)
    if a is None or b is None:
        return 0.9
    moved = distance(a, b)
    if moved < _HARDLY:
        return 0.1
    return 1.0 if moved >= 0.5 else 0.95 if moved >= _LARGE else 0.85


def _moved(thing: Thing) -> float:
    fact = thing.main
    a, b = number_of(fact.a), number_of(fact.b)
    if a is None or b is None or not isinstance(fact.detail, NumberChange):
        return 1.0
    return distance(a, b)


def _code(thing: Thing, log: CodeLog | NoData) -> float:
    keys = {key_of(fact) for fact in thing.facts}
    if any("uncommitted" in key or "dirty" in key or key.startswith("repository") for key in keys):
        return 1.6
    if isinstance(log, CodeLog) and log.files and not log.is_cut and all(map(_HARMLESS_FILE.search, log.files)):
        return 0.4
    return 1.0
