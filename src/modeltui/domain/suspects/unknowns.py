"""What nobody knows of one or both versions and might be the cause: said beside the suspects, never among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import Comparison, Difference, Group, State
from modeltui.domain.suspects.kinds import Kind
from modeltui.domain.suspects.things import Reading
from modeltui.domain.text import SafeText, safe_text

MOST_UNKNOWNS: Final = 6
_NOWHERE: Final = frozenset({"not recorded", "no source tells this", "not named"})
"""Why a side says nothing, where nobody failed to say it."""


_NAMED: Final = frozenset({"environment.base_image", "environment.image", "system.base_model", "system.model"})
_ASKED_FOR: Final = ".asked"
_MOST_NAMED: Final = 3
_PINS: Final = (".digest", "_pin", "_digest", "_revision", "_version")
_MOVES: Final = re.compile(
    r"(?:^|[:@/_.-])(?:latest|stable|current|edge|nightly|main|master|head|default)$", re.IGNORECASE
)
"""Tags and aliases that are there to be moved."""


_Matches: TypeAlias = Callable[[Difference, Kind], bool]


def _in(*groups: Group) -> _Matches:
    return lambda fact, kind: fact.group in groups


def _of(*kinds: Kind) -> _Matches:
    return lambda fact, kind: kind in kinds


_WATCHED: Final = (
    ("thresholds and serving configuration", _in(Group.SERVING), False),
    ("prompts", _in(Group.PROMPTS), False),
    ("base model, retrieval and guardrails", _in(Group.SYSTEM), False),
    ("members", _in(Group.COMPONENTS), False),
    ("state of the agent", lambda fact, kind: fact.group is Group.AGENT and kind is not Kind.EFFECTS, False),
    ("query", _in(Group.QUERY), False),
    ("data", _in(Group.DATA), True),
    ("features", _of(Kind.SIGNATURE, Kind.FEATURES, Kind.PIPELINE), False),
    ("architecture", _of(Kind.ARCHITECTURE), False),
    ("parameters", _in(Group.PARAMETERS), False),
    ("base image", _of(Kind.BASE_IMAGE), False),
    ("libraries", _of(Kind.PACKAGE_MAJOR, Kind.PACKAGE_MINOR, Kind.PACKAGE_PATCH, Kind.PACKAGE_OTHER), True),
    ("code", _in(Group.CODE), True),
)
"""What might be the cause, the heaviest first; whether every version has it, whatever it is."""


def unknowns_that_matter(comparison: Comparison) -> tuple[SafeText, ...]:
    """Return a sentence for each thing that may have changed without anybody knowing, the weightiest first."""
    if comparison.a == comparison.b:
        return ()
    reading = Reading(comparison)
    found = [_sentence(name, matches, reading, everywhere) for name, matches, everywhere in _WATCHED]
    found += _moving(comparison)
    return tuple(safe_text(one, 200) for one in found if one)[:MOST_UNKNOWNS]


def _moving(comparison: Comparison) -> list[str]:
    """Return what both versions call the same, by a name that may mean another thing each day."""
    by_field = {str(fact.field): fact for fact in comparison.facts if fact.group in (Group.ENVIRONMENT, Group.SYSTEM)}
    found = []
    for field, fact in by_field.items():
        pinned = [by_field.get(f"{field}{end}") for end in _PINS]
        is_pinned = any(pin is not None and (pin.a.claims or pin.b.claims) for pin in pinned)
        name = str(fact.a.value)
        if fact.state is State.EQUAL and field in _NAMED and not is_pinned and _MOVES.search(name):
            found.append(f"{fact.title} of both is {name}: what that means may have changed")
    return [*found, _unpinned(by_field)]


def _unpinned(by_field: Mapping[str, Difference]) -> str:
    """Return which packages both versions ask for alike, without naming the release that was installed."""
    names = [
        name
        for field, fact in by_field.items()
        if fact.state is State.EQUAL and field.endswith(_ASKED_FOR)
        if not _is_told(by_field.get(name := field.removesuffix(_ASKED_FOR)))
    ]
    if not names:
        return ""
    shown = ", ".join(name.removeprefix("environment.") for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    verb = "names" if len(names) == 1 else "name"
    return f"{shown}{more} {verb} no release in either: what was installed may differ"


def _is_told(fact: Difference | None) -> bool:
    return fact is not None and bool(fact.a.claims) and bool(fact.b.claims)


def _sentence(name: str, matches: _Matches, reading: Reading, everywhere: bool) -> str:
    comparison = reading.comparison
    facts = [fact for fact in comparison.facts if matches(fact, reading.kinds[fact.field])]
    if any(fact.state is State.EQUAL or reading.is_changed(fact) for fact in facts):
        return _contradiction(name, facts, comparison) or _uncommitted(facts, comparison)
    if any(side.is_awaited for fact in facts for side in (fact.a, fact.b)):
        return ""
    a, b = (
        (any(side.claims for side in sides) for sides in zip(*((f.a, f.b) for f in facts), strict=True))
        if facts
        else (False, False)
    )
    is_plural = name.endswith("s") or " and " in name
    verb, it = ("are", "they") if is_plural else ("is", "it")
    if a and b:
        return _contradiction(name, facts, comparison) or f"{name} of both cannot be compared: {it} may have changed"
    if a or b:
        lacking, sides = (comparison.b, [fact.b for fact in facts]) if a else (comparison.a, [fact.a for fact in facts])
        is_unread = any(side.why_none and side.why_none not in _NOWHERE for side in sides)
        told = "could not be read" if is_unread else f"{verb} not recorded"
        return f"{name} of {lacking} {told}: {it} may have changed"
    return f"{name} of neither version {verb} recorded: {it} may have changed" if everywhere else ""


def _uncommitted(facts: list[Difference], comparison: Comparison) -> str:
    """Return that a commit does not say which code it was, where more was there than was committed."""
    saved = next((fact for fact in facts if fact.field == "code.uncommitted" and fact.state is State.UNKNOWN), None)
    if saved is None:
        return ""
    sides = ((comparison.a, saved.a), (comparison.b, saved.b))
    unsaved = [str(version) for version, side in sides if side.value == "yes"]
    made = f"{' and '.join(unsaved)} {'were' if len(unsaved) > 1 else 'was'} made with uncommitted changes"
    return f"{made}: the code may differ beyond its commits" if unsaved else ""


def _contradiction(name: str, facts: list[Difference], comparison: Comparison) -> str:
    for version, sides in ((comparison.a, [fact.a for fact in facts]), (comparison.b, [fact.b for fact in facts])):
        if any(side.is_contradicted for side in sides):
            return f"sources contradict each other on the {name} of {version}"
    return ""
