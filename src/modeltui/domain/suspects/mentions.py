"""What a thing that changed says, in words: where the name of a segment or a feature may stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from modeltui.domain.comparison.difference import CodeLog, Comparison, Group, ShapeChange
from modeltui.domain.names import NoData
from modeltui.domain.suspects.kinds import Kind, key_of
from modeltui.domain.suspects.reading import changed_lines, changed_words, text_of, words
from modeltui.domain.suspects.things import Reading, Thing

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
_LONGEST_VALUE: Final = 500


def mentions(thing: Thing, reading: Reading, aliases: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
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
            yield from (("", origin, words(origin)) for origin in origins_of(thing, reading))
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
            named = tuple(word for word in words(bare) if word not in _KEYWORDS)
            # What is quoted stands apart, so that no name is made of the end of one and the beginning of the other.
            yield line.strip(), "", (*named, "", *words(quoted))
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


def origins_of(thing: Thing, reading: Reading) -> list[str]:
    """Return where a data set is taken from, as both sides say."""
    fact = reading.data[thing.name].get("origin")
    return [] if fact is None else [text for side in (fact.a, fact.b) if (text := text_of(side))]


def last_words(name: str, origins: Iterable[str]) -> set[str]:
    """Return what a data set is called as a table of a query: `merchants` of `lake.payments.merchants`."""
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
