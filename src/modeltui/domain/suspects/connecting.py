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
from dataclasses import dataclass
from typing import Final

from modeltui.domain.comparison.difference import Comparison, Difference, Group
from modeltui.domain.suspects.kinds import Aspect, Kind, aspects_of, key_of
from modeltui.domain.suspects.mentions import aliases_of, last_words, mentions, origins_of, tables_of
from modeltui.domain.suspects.naming import WHOLLY, Wanted, meant_by, wanted_feature, wanted_segment
from modeltui.domain.suspects.reading import distance, number_of, text_of, words
from modeltui.domain.suspects.suspect import Closeness, Symptom
from modeltui.domain.suspects.things import Reading, Thing

_LARGER: Final = re.compile(
    r"estimators|trees|iterations|leaves|depth|layers|hidden|width|channels|units|backbone|input|resolution|batch|rank"
    r"|dim|tokens|members|beams|size",
    re.IGNORECASE,
)
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
    word: str = ""
    """What is said of the name of what it feeds; empty where all of it is, or a table is what connects them."""
    aspects: frozenset[Aspect] = frozenset()
    """What it is a usual cause of, and is wrong."""


UNRELATED: Final = Connection(Closeness.UNRELATED)


class Lookout:
    """What is wrong, and what the two versions say by which things are found to be near it."""

    def __init__(self, symptom: Symptom, reading: Reading) -> None:
        self.symptom = symptom
        self._reading = reading
        self._wanted: list[Wanted] = []
        self._wrong: frozenset[Aspect] = frozenset()
        if symptom:
            self._wanted = [wanted_segment(name) for name in sorted(symptom.segments)]
            self._wanted += [wanted_feature(name) for name in sorted(symptom.drifted)]
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
            Connection(Closeness.FEEDS, meant.surety, one.name, by, table, word=meant.word)
            for by, table, told in mentions(thing, self._reading, self._aliases)
            for one in self._wanted
            if (meant := meant_by(one, told)).surety
        ]
        if thing.main.group is Group.DATA:
            names = last_words(thing.name, origins_of(thing, self._reading))
            found += [
                Connection(Closeness.FEEDS, WHOLLY, feature, "", thing.name)
                for feature, tables in sorted(self._tables.items())
                if names & tables
            ]
        # What says `amount_usd` is about that, though `amount` drifted too.
        wholly = {one.to for one in found if one.surety == WHOLLY and not one.word}
        found = [one for one in found if not any(_is_part(one.to, other) for other in wholly)]
        # Of equals the first: a whole name before a word, and segments and features in the order of their names.
        order = {one.name: place for place, one in enumerate(self._wanted)}
        return min(found, key=lambda one: (-one.surety, order[one.to], bool(one.word), not one.by), default=None)


def _is_part(name: str, other: str) -> bool:
    """Tell whether one name stands within another: `amount` in `amount_usd`."""
    part, whole = (f" {' '.join(words(one))} " for one in (name, other))
    return part != whole and part in whole


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


def harmed_metric(segment: str, comparison: Comparison) -> Difference | None:
    """Return the metric of a segment that differs, if any."""
    return next(
        (fact for fact in comparison.of(Group.SEGMENTS) if fact.is_different and is_metric_of(segment, fact)),
        None,
    )


def is_metric_of(segment: str, fact: Difference) -> bool:
    """Tell whether a fact is a metric of one segment: `region=hk`, `auc/region=hk`."""
    return key_of(fact) == segment or key_of(fact).endswith(f"/{segment}")
