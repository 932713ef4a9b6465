"""The ranking of differences as suspects: a rule that a reader can check by hand.

1. Facts of one thing are one suspect (`things`): digest, rows and address of a snapshot; a base image and its digest;
   a base model and its pin; a signature with other columns and the feature pipeline that brought them; parameters that
   came or went with another architecture. Several packages by a patch release are one, those by a minor release too,
   and so are data sets of which only another snapshot was taken. A data set that is gone and one that came with its
   bytes are one that has another name.
2. Its weight is `weight of its kind` (the table in `kinds`) x `amount` (the table in `amounts`) x `closeness`.
   With nothing wrong closeness counts as 1 for all, and nothing is said of it. Otherwise it is 1 for a thing that
   feeds what is wrong (0.85 where a single telling word says so), 0.5 for a usual cause of it, 0.1 for the rest
   (`connecting`). Data that a changed query extracts follow from the query: their amount is 0.6 at most. A commit
   whose log names what is wrong says more than any other: its amount is 2.
3. Heaviest first; of equals the one whose group comes first, then by name of the field.

What is not known on one side is no suspect: `unknowns_that_matter` names it. Effects (metrics, segments, cases,
importances, bytes) are suspects only when nothing that could cause them is known to differ, and then say that nothing
explains them; the record of a version never is one. A commit whose whole log names no code, only files of which both
versions tell what they say, is no suspect beside others: where models live in git every version is another commit. A
comparison and its mirror have the same ranking. What is wrong with a third version is no symptom of these two.

Example: errors in `merchant_size=micro`; the query has one more filter on merchants, numpy is a major release newer,
the commit differs. Query 0.77 x 1 x 0.85 = 0.65 (a filter; it is about merchants); numpy 0.59 x 1 x 0.5 = 0.30;
code 0.20 x 1 x 0.5 = 0.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from modeltui.domain.comparison.difference import Comparison, Group, State
from modeltui.domain.names import Missing
from modeltui.domain.suspects.amounts import amount_of, is_much, is_only_wording, is_refreshed_only
from modeltui.domain.suspects.code_files import is_all_told_elsewhere, is_only_results
from modeltui.domain.suspects.connecting import Connection, Lookout
from modeltui.domain.suspects.kinds import Kind
from modeltui.domain.suspects.sentences import because_of, unexplained
from modeltui.domain.suspects.suspect import Closeness, Suspect, Symptom
from modeltui.domain.suspects.things import Reading, Thing, things_of
from modeltui.domain.suspects.titles import lump_title, title_of
from modeltui.domain.suspects.unknowns import unknowns_that_matter
from modeltui.domain.text import SafeText, safe_text

__all__ = ["CLOSENESS", "NOTHING_WRONG", "suspects", "unknowns_that_matter"]

NOTHING_WRONG: Final = Symptom()
CLOSENESS: Final = {Closeness.FEEDS: 1.0, Closeness.USUAL: 0.5, Closeness.UNRELATED: 0.1}
"""By how much what is wrong makes a thing heavier or lighter."""
FOLLOWS_FROM_QUERY: Final = 0.6
CODE_THAT_NAMES: Final = 2.0
_MOST_TITLE: Final = 120
_MOST_BECAUSE: Final = 240
_COMMIT: Final = frozenset({"code.commit", "code.branch"})
_DEEPEST: Final = 2
"""Members of members of an ensemble are looked into, and no further."""
_LUMPED: Final = frozenset({Kind.PACKAGE_PATCH, Kind.PACKAGE_MINOR})
_GROUPS: Final = {group: place for place, group in enumerate(Group)}


@dataclass(frozen=True, slots=True)
class _Weighed:
    thing: Thing
    found: Connection
    weight: float
    drawn: Suspect | None = None
    """Of a member: its own first suspect."""


def suspects(comparison: Comparison, symptom: Symptom = NOTHING_WRONG) -> tuple[Suspect, ...]:
    """Return what may be the cause, the likeliest first; empty when nothing is known to differ."""
    return _suspects(comparison, symptom, _DEEPEST)


def _suspects(comparison: Comparison, symptom: Symptom, deeper: int) -> tuple[Suspect, ...]:
    reading = Reading(comparison)
    lookout = Lookout(symptom, reading)
    things = tuple(_with_architecture(_without_told_elsewhere(things_of(reading), comparison)))
    has_other_query = any(one.kind is Kind.QUERY and not is_only_wording(one) for one in things)
    weighed = [_weigh(thing, lookout, comparison, deeper, has_other_query=has_other_query) for thing in things]
    causes = [one for one in weighed if _can_cause(one)]
    found = [
        _one(lump[0], symptom, comparison) if len(lump) == 1 else _several(lump, symptom, comparison)
        for lump in _lumps(causes)
    ] or [_effect(one, comparison) for one in weighed if one.thing.kind is not Kind.RECORD]
    ranked = sorted(found, key=lambda one: (-one.weight, _GROUPS[one.group], one.field))
    return tuple(replace(one, rank=rank) for rank, one in enumerate(ranked, 1))


def _without_told_elsewhere(things: tuple[Thing, ...], comparison: Comparison) -> tuple[Thing, ...]:
    """Return the things without a commit that changed nothing but what others tell, unless it may be all there is."""
    log = comparison.code_log
    others = tuple(thing for thing in things if not all(fact.field in _COMMIT for fact in thing.facts))
    has_cause = any(thing.kind.traits.is_cause for thing in others)
    is_told = is_only_results(log) or (has_cause and is_all_told_elsewhere(comparison))
    return others if others and is_told else things


def _weigh(thing: Thing, lookout: Lookout, comparison: Comparison, deeper: int, *, has_other_query: bool) -> _Weighed:
    symptom, found = lookout.symptom, lookout.connection(thing)
    drawn = _drawn(thing, symptom, comparison, deeper)
    if drawn is not None and drawn.closeness is Closeness.FEEDS and found.closeness is not Closeness.FEEDS:
        found = Connection(Closeness.FEEDS, to=drawn.feeds, by=drawn.title)
    amount = amount_of(thing, comparison.code_log)
    if thing.kind is Kind.CODE and found.closeness is Closeness.FEEDS:
        amount = CODE_THAT_NAMES
    if thing.kind is Kind.DATA and has_other_query:
        amount = min(amount, FOLLOWS_FROM_QUERY)
    nearness = CLOSENESS[found.closeness] * found.surety if symptom else 1.0
    return _Weighed(thing, found, round(thing.kind.traits.weight * amount * nearness, 6), drawn)


def _can_cause(one: _Weighed) -> bool:
    if one.thing.kind is Kind.SIZE:
        return one.found.closeness is Closeness.USUAL and is_much(one.thing)
    return one.thing.kind.traits.is_cause


def _drawn(thing: Thing, symptom: Symptom, comparison: Comparison, deeper: int) -> Suspect | None:
    """Return the first suspect of a member, where both of its versions are known."""
    if thing.kind is not Kind.MEMBER or deeper <= 0:
        return None
    own = next((one.comparison for one in comparison.components if one.model == thing.name), None)
    if own is None or isinstance(own, Missing):
        return None
    found = _suspects(own, symptom, deeper - 1)
    return found[0] if found else None


def _one(one: _Weighed, symptom: Symptom, comparison: Comparison) -> Suspect:
    because = because_of(one.thing, one.found, symptom, comparison)
    if one.drawn is not None:
        because = f"its own first suspect is {one.drawn.title}; {because}"
    return _suspect(one, title_of(one.thing, one.found, comparison), because)


def _several(lump: list[_Weighed], symptom: Symptom, comparison: Comparison) -> Suspect:
    first = lump[0]
    fields = tuple(fact.field for one in lump for fact in one.thing.facts)
    are_all_same = all(one.thing.has_same_rows for one in lump)
    thing = replace(first.thing, has_same_rows=are_all_same)
    because = because_of(thing, first.found, symptom, comparison)
    title = lump_title(first.thing.kind, [one.thing for one in lump])
    return replace(_suspect(first, title, because), fields=fields)


def _effect(one: _Weighed, comparison: Comparison) -> Suspect:
    return _suspect(one, title_of(one.thing, one.found, comparison), unexplained(one.thing))


def _suspect(one: _Weighed, title: str, because: str) -> Suspect:
    return Suspect(
        rank=0,
        field=one.thing.main.field,
        group=one.thing.main.group,
        title=safe_text(title, _MOST_TITLE),
        because=safe_text(because, _MOST_BECAUSE),
        closeness=one.found.closeness,
        weight=one.weight,
        fields=tuple(fact.field for fact in one.thing.facts),
        feeds=SafeText(one.found.to),
    )


def _lumps(weighed: Iterable[_Weighed]) -> Iterator[list[_Weighed]]:
    """Yield small changes of one kind together, the heaviest of them first; everything else alone."""
    lumps: dict[tuple[Kind, State, bool], list[_Weighed]] = {}
    for one in weighed:
        if _is_small(one.thing) and one.found.closeness is not Closeness.FEEDS:
            thing = one.thing
            lumps.setdefault((thing.kind, thing.main.state, thing.is_only_elsewhere), []).append(one)
        else:
            yield [one]
    yield from (sorted(lump, key=lambda one: (-one.weight, one.thing.main.field)) for lump in lumps.values())


def _is_small(thing: Thing) -> bool:
    """Tell whether a thing is one of many of its kind that differ in most new versions."""
    match thing.kind:
        case Kind.DATA:
            return is_refreshed_only(thing)
        case Kind.PACKAGE_OTHER:
            return thing.main.state in (State.ONLY_A, State.ONLY_B)
        case _:
            return thing.kind in _LUMPED


def _with_architecture(things: Iterable[Thing]) -> Iterator[Thing]:
    """Yield the things; parameters that only one architecture has belong to it."""
    things = tuple(things)
    other = next((thing for thing in things if thing.kind is Kind.ARCHITECTURE), None)
    gone = [
        thing for thing in things if other and thing.kind is Kind.PARAMETER and thing.main.state is not State.CHANGED
    ]
    for thing in things:
        if thing is other:
            yield replace(thing, facts=(*thing.facts, *(fact for one in gone for fact in one.facts)))
        elif thing not in gone:
            yield thing
