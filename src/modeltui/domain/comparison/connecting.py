"""How near a thing that changed is to what is wrong: whether it names or feeds it, or is a usual cause of it.

A thing FEEDS the symptom when its words name the harmed segment (`region=hk`: the word `hk`, or the dimension
`region`), the drifted feature, or a table that either is about: `merchant_size` is about `merchants`, and a line of SQL
about `m.monthly_volume` is about merchants where the query says `merchants m`. Words that name half of everything
(`id`, `count`, `size`) connect nothing by themselves. It is USUAL when the table in `kinds` says that such a change
shows as one of the signals that are wrong; of numbers some more is known: a larger model, a longer prompt and more
passages take longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modeltui.domain.comparison.difference import CodeLog, Comparison, Difference, Group, ShapeChange
from modeltui.domain.comparison.kinds import Aspect, Kind, aspects_of, key_of
from modeltui.domain.comparison.reading import changed_lines, changed_words, distance, number_of, text_of, words
from modeltui.domain.comparison.suspect import Closeness, Symptom
from modeltui.domain.comparison.things import Reading, Thing
from modeltui.domain.names import NoData

WHOLLY: Final = 1.0
BY_A_WORD: Final = 0.85
"""How surely a name is meant: as it is, or one telling word of it."""
_GENERIC: Final = frozenset(
    {
        *(
            "id",
            "ids",
            "name",
            "type",
            "size",
            "value",
            "count",
            "feature",
            "score",
            "number",
            "level",
            "group",
            "class",
        ),
        *("day", "days", "month", "months", "hour", "hours", "date", "time", "rate", "share", "ratio", "index", "kind"),
        *("max", "min", "avg", "mean", "sum", "total", "model", "data", "table", "train", "training", "test", "flag"),
        *(
            "code",
            "class",
            "prod",
            "main",
            "new",
            "old",
            "raw",
            "all",
            "entity",
            "zscore",
            "per",
            "the",
            "and",
            "not",
            "for",
        ),
    }
)
"""Words that name half of everything."""
_ALIASED: Final = re.compile(r"\b(?:from|join)\s+([\w.\"`]+)(?:\s+(?:as\s+)?([A-Za-z_]\w*))?", re.IGNORECASE)
_COLUMN: Final = re.compile(r"\b([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?:\s+as\s+([A-Za-z_]\w*))?", re.IGNORECASE)
_KEYWORDS: Final = frozenset(
    {
        *(
            "on",
            "using",
            "where",
            "join",
            "left",
            "right",
            "inner",
            "outer",
            "cross",
            "full",
            "group",
            "order",
            "limit",
        ),
        *("having", "union", "natural", "as", "set", "and", "or", "not", "in", "is", "by", "to", "no", "all", "any"),
        *(
            "end",
            "asc",
            "tablesample",
            "qualify",
            "window",
            "lateral",
            "select",
            "from",
            "case",
            "when",
            "then",
            "else",
        ),
    }
)
"""Of SQL: neither a table's other name nor, outside of quotes, the name of a segment (`region=in`)."""
_SMALL_WORDS: Final = frozenset(
    {
        *("us", "it", "in", "is", "at", "be", "to", "no", "me", "or", "and", "as", "by", "on", "an", "we", "do", "so"),
        *("my", "of", "if", "the", "for", "not", "all", "any", "can", "are", "you", "new", "use", "add"),
    }
)
"""Of sentences: in a prompt or a commit's subject they name no segment (`region=us`)."""
_QUOTED: Final = re.compile(r"'([^']{1,80})'|\"([^\"]{1,80})\"")
_LARGER: Final = re.compile(
    r"estimators|trees|iterations|leaves|depth|layers|hidden|width|channels|units|backbone|input|resolution|batch|rank"
    r"|dim|tokens|members|beams|size",
    re.IGNORECASE,
)
_LONGEST_VALUE: Final = 500
_TAKES_LONGER: Final = frozenset({Kind.PARAMETER, Kind.SYSTEM})


@dataclass(frozen=True, slots=True)
class Connection:
    """What joins a thing and the symptom."""

    closeness: Closeness
    surety: float = 1.0
    to: str = ""
    """The segment or feature that it feeds."""
    by: str = ""
    """What names it there: a line of SQL, a parameter, a commit's subject; empty where the thing itself does."""
    table: str = ""
    """The table over which it is about it."""
    aspects: frozenset[Aspect] = frozenset()
    """What it is a usual cause of, and is wrong."""


UNRELATED: Final = Connection(Closeness.UNRELATED)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One name to look for."""

    name: str
    wholes: tuple[tuple[str, ...], ...]
    """Words in a row that mean it."""
    telling: frozenset[str]
    """Single words that mean it in all likelihood."""


class Lookout:
    """What is wrong, and what the two versions say by which things are found to be near it."""

    def __init__(self, symptom: Symptom, reading: Reading) -> None:
        self.symptom = symptom
        self._reading = reading
        self._wanted: list[_Wanted] = []
        self._wrong: frozenset[Aspect] = frozenset()
        if symptom:
            self._wanted = [*map(_segment, sorted(symptom.segments)), *map(_feature, sorted(symptom.drifted))]
            self._wrong = frozenset(aspect for signal in symptom.signals for aspect in aspects_of(signal))
            self._wrong |= {Aspect.DRIFT} if symptom.drifted else frozenset()
        self._aliases = aliases_of(reading.comparison) if self._wanted else {}
        self._tables = {
            name: tables_of(name, self._aliases, reading.comparison) for name in (symptom.drifted if symptom else ())
        }

    def connection(self, thing: Thing) -> Connection:
        """Return how near a thing is to what is wrong; unrelated where nothing is."""
        if not self.symptom or not (thing.kind.traits.is_cause or thing.kind is Kind.SEGMENT_METRIC):
            return UNRELATED
        fed = self._fed(thing)
        if fed is not None:
            return fed
        aspects = self._wrong & _usual(thing)
        return Connection(Closeness.USUAL, aspects=aspects) if aspects else UNRELATED

    def _fed(self, thing: Thing) -> Connection | None:
        if not self._wanted or thing.kind is Kind.SIZE:
            return None
        found = [
            Connection(Closeness.FEEDS, surety, one.name, by, table)
            for by, table, told in _texts(thing, self._reading, self._aliases)
            for one in self._wanted
            if (surety := _surety(one, told))
        ]
        if thing.main.group is Group.DATA:
            names = _last_words(thing.name, _origins(thing, self._reading))
            found += [
                Connection(Closeness.FEEDS, WHOLLY, feature, "", thing.name)
                for feature, tables in sorted(self._tables.items())
                if names & tables
            ]
        # Of equals the first: a whole name before a word, and segments and features in the order of their names.
        order = {one.name: place for place, one in enumerate(self._wanted)}
        return min(found, key=lambda one: (-one.surety, order[one.to], not one.by), default=None)


def _usual(thing: Thing) -> frozenset[Aspect]:
    usual = thing.kind.traits.usual
    fact = thing.main
    if thing.kind is Kind.PROMPT:
        a, b = len(text_of(fact.a)), len(text_of(fact.b))
        return usual | {Aspect.LATENCY} if distance(a, b) >= 0.2 else usual
    if thing.kind in _TAKES_LONGER and _LARGER.search(key_of(fact)):
        a_number, b_number = number_of(fact.a), number_of(fact.b)
        is_known = a_number is not None and b_number is not None
        if not is_known or distance(a_number or 0.0, b_number or 0.0) >= 0.2:
            return usual | {Aspect.LATENCY}
    return usual


def _segment(name: str) -> _Wanted:
    wholes: list[tuple[str, ...]] = []
    telling: set[str] = set()
    for part in re.split(r"[,&;]", name):
        dimension, _, value = part.partition("=")
        wholes += [one for one in (words(dimension), words(value)) if any(map(_is_name, one))]
        telling |= {_singular(word) for word in words(dimension) if _is_telling(word)}
    return _Wanted(name, tuple(one for one in wholes if len(one) > 1 or one[0] not in _GENERIC), frozenset(telling))


def _feature(name: str) -> _Wanted:
    told = words(name)
    return _Wanted(name, (told,) if told else (), frozenset(_singular(word) for word in told if _is_telling(word)))


def _is_name(word: str) -> bool:
    return len(word) > 1 and not word.isdecimal()


def _is_telling(word: str) -> bool:
    return len(word) > 2 and not word.isdecimal() and word not in _GENERIC


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _surety(wanted: _Wanted, told: tuple[str, ...]) -> float:
    single = tuple(map(_singular, told))
    for whole in wanted.wholes:
        folded = tuple(map(_singular, whole))
        if any(single[at : at + len(folded)] == folded for at in range(len(single) - len(folded) + 1)):
            return WHOLLY
    return BY_A_WORD if wanted.telling & set(single) else 0.0


def _texts(thing: Thing, reading: Reading, aliases: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield what a thing says: as it is to be shown, the table that it is about, and the words."""
    group = thing.main.group
    match thing.kind:
        case Kind.QUERY:
            yield from _lines_of_query(thing, aliases)
        case Kind.PROMPT:
            yield "", "", words(thing.name)
            yield from (("", "", _prose(changed_words(fact))) for fact in thing.facts)
        case Kind.FEATURES | Kind.SIGNATURE:
            yield from _inputs(thing)
        case Kind.CODE:
            yield from _log(reading.comparison.code_log)
        case Kind.MEMBER | Kind.SEGMENT_METRIC:
            yield "", "", words(thing.name)
        case _ if group is Group.DATA:
            yield "", "", words(thing.name)
            yield from (("", origin, words(origin)) for origin in _origins(thing, reading))
        case _ if group is not Group.ENVIRONMENT or thing.kind is Kind.VARIABLE:
            yield "", "", words(thing.name)
            for fact in thing.facts:
                yield from (("", "", words(text_of(side)[:_LONGEST_VALUE])) for side in (fact.a, fact.b))
        case _:
            return


def _lines_of_query(thing: Thing, aliases: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for fact in thing.facts:
        for _, line in changed_lines(fact):
            quoted = " ".join(one or other for one, other in _QUOTED.findall(line))
            bare = _QUOTED.sub(" ", line)
            yield line.strip(), "", tuple(word for word in words(bare) if word not in _KEYWORDS)
            yield line.strip(), "", words(quoted)
            for column in _COLUMN.finditer(line):
                table = aliases.get(column[1].lower(), "")
                if table:
                    yield line.strip(), table, (*words(table), *words(column[2]))


def _prose(told: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in told if word not in _SMALL_WORDS)


def _inputs(thing: Thing) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for fact in thing.facts:
        if isinstance(fact.detail, ShapeChange):
            for name in (*fact.detail.added, *fact.detail.removed, *fact.detail.retyped):
                yield name, "", words(name)
        else:
            yield "", "", changed_words(fact)
            yield "", "", words(key_of(fact))


def _log(log: CodeLog | NoData) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if isinstance(log, CodeLog):
        yield from ((one.subject, "", _prose(words(one.subject))) for one in (*log.only_b, *log.only_a))
        yield from ((path, "", words(path)) for path in log.files)


def _origins(thing: Thing, reading: Reading) -> list[str]:
    fact = reading.data[thing.name].get("origin")
    return [] if fact is None else [text for side in (fact.a, fact.b) if (text := text_of(side))]


def _last_words(name: str, origins: Iterable[str]) -> set[str]:
    return {one.lower().rpartition(".")[2] for one in (name, *origins)}


def aliases_of(comparison: Comparison) -> Mapping[str, str]:
    """Return the tables of both queries by what they are called in them, in small letters."""
    found: dict[str, str] = {}
    for text in _queries(comparison):
        for match in _ALIASED.finditer(text):
            table = match[1].strip('"`').rpartition(".")[2].lower()
            alias = (match[2] or "").lower()
            found[table] = table
            if alias and alias not in _KEYWORDS:
                found[alias] = table
    return found


def tables_of(feature: str, aliases: Mapping[str, str], comparison: Comparison) -> set[str]:
    """Return the tables from which the queries take a feature, by the column's name or the one it is given."""
    return {
        aliases[column[1].lower()]
        for text in _queries(comparison)
        for column in _COLUMN.finditer(text)
        if feature.lower() in (column[2].lower(), (column[3] or "").lower()) and column[1].lower() in aliases
    }


def _queries(comparison: Comparison) -> Iterator[str]:
    for fact in comparison.of(Group.QUERY):
        yield from (text_of(side) for side in (fact.a, fact.b))


def harmed_metric(segment: str, comparison: Comparison) -> Difference | None:
    """Return the metric of a segment that differs, if any."""
    return next(
        (
            fact
            for fact in comparison.of(Group.SEGMENTS)
            if fact.is_different and (key_of(fact) == segment or key_of(fact).endswith(f"/{segment}"))
        ),
        None,
    )
