"""Facts that differ become things that changed: digest, rows and address of one snapshot are one thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from modeltui.domain.comparison.difference import Comparison, Difference, Group, ShapeChange, State
from modeltui.domain.suspects.kinds import PACKAGES, Kind, key_of, kind_of
from modeltui.domain.suspects.reading import days_of, number_of, text_of

DATA_PARTS: Final = (
    "origin",
    "rows",
    "span",
    "digest",
    "taken",
    "used_for",
    "uri",
)
"""Of a field `data.<name>.<part>`; which of them stands for the snapshot is decided in this order."""
_INHERENT: Final = frozenset(
    {
        Kind.QUERY,
        Kind.SIGNATURE,
        Kind.ARCHITECTURE,
        Kind.PIPELINE,
        Kind.BASE_IMAGE,
        Kind.HARDWARE,
        Kind.PYTHON,
        Kind.SIZE,
        Kind.BYTES,
        Kind.CODE,
    }
)
"""What every version has: where only one side tells it, it was not recorded on the other."""
_TABLES: Final = frozenset(
    {
        Group.DATA,
        Group.PROMPTS,
        Group.SYSTEM,
        Group.COMPONENTS,
        Group.PARAMETERS,
        Group.ENVIRONMENT,
        Group.SERVING,
        Group.FEATURES,
        Group.METRICS,
        Group.SEGMENTS,
        Group.CASES,
        Group.IMPORTANCES,
    }
)
"""Groups of many facts: a side that tells none of them recorded none, and did not remove them all."""
_FREE: Final = frozenset({Kind.VARIABLE, Kind.CIRCUMSTANCE})
"""Rows of a table that may well have none."""
_ASKED: Final = frozenset({"asked", "extras", "marker", "hashes"})
_DATA_SETS: Final = frozenset({Kind.DATA_SET, Kind.EVALUATION_DATA, Kind.RETRIEVED_DATA})
_DIGEST_TOLD: Final = re.compile(r"(?:^|, )[a-z0-9]+:[0-9a-f]{16,}$")
_USE_IN_NAME: Final = re.compile(r" \(([^()]+)\)(?: \d+)?$")
_STANDING: Final = (
    ("code.repository", "uncommitted", "uncommitted_changes", "dirty"),
    ("commit", "snapshot", "base_image", "environment.image", "base model", "base_model", "artifact.digest"),
)
"""How fields end that stand for their thing, before all others."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that changed, with all facts that tell so."""

    kind: Kind
    name: str
    """What it is called: `card_transactions`, `num_leaves`; may be empty where the kind says it."""
    facts: tuple[Difference, ...]
    """At least one; the first stands for all."""
    has_same_rows: bool = False
    """A data set of which both sides tell that it has as many rows."""
    span_lengths: tuple[float, float] | None = None
    """Days that the rows of a data set cover, where both sides tell both ends."""

    @property
    def main(self) -> Difference:
        """Return the fact that stands for it."""
        return self.facts[0]

    @property
    def is_only_elsewhere(self) -> bool:
        """Whether nothing but the address of a data set is known to differ: it may hold the same, or not."""
        return self.kind is not Kind.MOVED and all(_is_address(fact) for fact in self.facts)

    def part(self, name: str) -> Difference | None:
        """Return the fact of one part of a data set."""
        return next((fact for fact in self.facts if fact.field.endswith(f".{name}")), None)


class Reading:
    """A comparison read once: the kind of every fact, what both sides tell of, and the facts of each data set."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.kinds: dict[str, Kind] = {}
        self.data: dict[str, dict[str, Difference]] = {}
        telling: dict[Group, list[bool]] = {}
        anything: dict[Group, list[bool]] = {}
        for fact in comparison.facts:
            kind = self.kinds[fact.field] = kind_of(fact)
            for told in (anything,) if kind in _INHERENT else (anything, telling):
                sides = told.setdefault(fact.group, [False, False])
                sides[0] |= bool(fact.a.claims)
                sides[1] |= bool(fact.b.claims)
            if fact.group is Group.DATA:
                self.data.setdefault(data_name(fact), {})[key_of(fact).rpartition(".")[2]] = fact
        self._told_by_both = frozenset(group for group, sides in telling.items() if all(sides))
        """Groups in which both sides say something: a row that one lacks is not there."""
        self._known_of_both = frozenset(group for group, sides in anything.items() if all(sides))
        """The same, counting what every version has: whoever tells its Python alone may have no variables."""

    def changed(self) -> Iterator[Difference]:
        """Yield every fact that is known to differ."""
        return (fact for fact in self.comparison.facts if self.is_changed(fact))

    def is_changed(self, fact: Difference) -> bool:
        """Tell whether a fact is known to differ: both sides say it, or one says that it has none."""
        if fact.state is State.CHANGED:
            return not self._is_taken_again(fact)
        if fact.state not in (State.ONLY_A, State.ONLY_B) or self.kinds[fact.field] in _INHERENT:
            return False
        if fact.group is Group.DATA and self._is_set_of_both(data_name(fact)):
            return False
        if fact.group not in _TABLES:
            return True
        told = self._known_of_both if self.kinds[fact.field] in _FREE else self._told_by_both
        return fact.group in told

    def _is_taken_again(self, fact: Difference) -> bool:
        """Tell whether a fact says only that the same bytes were written down at another time."""
        if fact.group is not Group.DATA or not fact.field.endswith(".taken"):
            return False
        digest = self.data[data_name(fact)].get("digest")
        return digest is not None and digest.state is State.EQUAL

    def _is_set_of_both(self, name: str) -> bool:
        parts = self.data[name].values()
        return any(part.a.claims for part in parts) and any(part.b.claims for part in parts)


def things_of(reading: Reading) -> tuple[Thing, ...]:
    """Return all that is known to have changed, in the order of groups and fields."""
    bundles: dict[tuple[str, str], list[Difference]] = {}
    for fact in reading.changed():
        bundles.setdefault(_bundle(fact, reading.kinds[fact.field]), []).append(fact)
    things = [_thing(facts, reading) for facts in bundles.values()]
    return tuple(_with_features(_with_renamed(things)))


def data_name(fact: Difference) -> str:
    """Return the data set that a fact is about."""
    name, _, part = key_of(fact).rpartition(".")
    return name if part in DATA_PARTS and name else key_of(fact)


def _is_address(fact: Difference) -> bool:
    return fact.group is Group.DATA and fact.state is State.CHANGED and fact.field.endswith(".uri")


def package_of(fact: Difference) -> str:
    """Return the package that a fact is about: what is asked of it besides its release stands behind its name."""
    key = key_of(fact)
    name, _, part = key.rpartition(".")
    return name if name and part in _ASKED else key


def _bundle(fact: Difference, kind: Kind) -> tuple[str, str]:
    """Return what facts of one thing have in common."""
    match kind:
        case Kind.DATA:
            return kind.name, data_name(fact)
        case _ if fact.group is Group.ENVIRONMENT and kind in PACKAGES:
            return Kind.PACKAGE_OTHER.name, package_of(fact)
        case Kind.CODE | Kind.BASE_IMAGE | Kind.QUERY | Kind.BYTES | Kind.RECORD | Kind.AGENT_STATE:
            return kind.name, fact.group.value if kind is Kind.AGENT_STATE else ""
        case Kind.BASE_MODEL if fact.group is Group.SYSTEM:
            return kind.name, ""
        case Kind.SIGNATURE | Kind.FEATURES:
            return Kind.FEATURES.name, ""
        case _:
            return kind.name, fact.field


def _thing(facts: list[Difference], reading: Reading) -> Thing:
    facts = sorted(facts, key=_standing)
    kind = reading.kinds[facts[0].field]
    if kind is Kind.DATA:
        return _data_set(facts, reading)
    if facts[0].group is Group.ENVIRONMENT and kind in PACKAGES:
        return Thing(kind, package_of(facts[0]), tuple(facts))
    if kind in (Kind.SIGNATURE, Kind.FEATURES):
        return Thing(_kind_of_inputs(facts), "", tuple(facts))
    name = "" if kind in (Kind.CODE, Kind.QUERY, Kind.BYTES, Kind.RECORD, Kind.BASE_IMAGE) else key_of(facts[0])
    return Thing(kind, name.removeprefix("variable."), tuple(facts))


def _standing(fact: Difference) -> int:
    """Return which fact of a thing stands for it: another repository before a commit, a name before its digest."""
    for place, words in enumerate(_STANDING):
        if fact.field.endswith(words):
            return place
    return len(_STANDING) + (fact.field.rpartition(".")[2] in _ASKED)


def _kind_of_inputs(facts: Iterable[Difference]) -> Kind:
    for fact in facts:
        shape = fact.detail
        if not isinstance(shape, ShapeChange) or shape.added or shape.removed or shape.retyped:
            return Kind.FEATURES if fact.group is Group.FEATURES or isinstance(shape, ShapeChange) else Kind.SIGNATURE
    return Kind.SIGNATURE


def _data_set(facts: list[Difference], reading: Reading) -> Thing:
    name = data_name(facts[0])
    order = {part: place for place, part in enumerate(DATA_PARTS)}
    changed = {key_of(fact).rpartition(".")[2] for fact in facts}
    parts = reading.data[name]
    if any(fact.state in (State.ONLY_A, State.ONLY_B) for fact in facts):
        kind = Kind.DATA_SET
    elif changed == {"used_for"} or "origin" in changed:
        kind = Kind.DATA_ORIGIN if "origin" in changed else Kind.DATA_SET
    elif changed & {"digest", "rows", "span"}:
        kind = Kind.DATA
    else:
        digest = parts.get("digest")
        kind = Kind.MOVED if digest is not None and digest.state is State.EQUAL else Kind.DATA
    use = _use(parts, name)
    if kind is not Kind.MOVED and changed != {"used_for"} and use:
        kind = Kind.EVALUATION_DATA if use == "evaluation" else Kind.RETRIEVED_DATA
    rows = parts.get("rows")
    return Thing(
        kind,
        name,
        tuple(sorted(facts, key=lambda fact: order.get(key_of(fact).rpartition(".")[2], len(order)))),
        has_same_rows=rows is not None and rows.state is State.EQUAL,
        span_lengths=_span_lengths(parts),
    )


def _span_lengths(parts: Mapping[str, Difference]) -> tuple[float, float] | None:
    span = parts.get("span")
    if span is None:
        return None
    a, b = days_of(text_of(span.a)), days_of(text_of(span.b))
    return None if a is None or b is None else (a, b)


def _use(parts: Mapping[str, Difference], name: str) -> str:
    """Return `evaluation` or `retrieval` for a data set that neither version is trained on, by what it is used for."""
    use = parts.get("used_for")
    words = f"{text_of(use.a)} {text_of(use.b)}".lower().strip() if use is not None else ""
    if not words and (in_name := _USE_IN_NAME.search(name)):
        # Where a version has one data set for two uses, they are told apart by that.
        words = in_name[1].lower()
    if any(word in words for word in ("train", "label", "join", "fine")):
        return ""
    if "retriev" in words or "knowledge" in words or set(words.split()) == {"context"}:
        return "retrieval"
    return "evaluation" if any(word in words for word in ("test", "valid", "eval", "holdout", "golden")) else ""


def _with_renamed(things: list[Thing]) -> list[Thing]:
    """Return the things; a data set that is gone and one that came with the same bytes are one under another name."""
    gone = {_bytes_of(one): one for one in things if one.kind in _DATA_SETS and one.main.state is State.ONLY_A}
    come = {_bytes_of(one): one for one in things if one.kind in _DATA_SETS and one.main.state is State.ONLY_B}
    renamed = {told: (gone[told], come[told]) for told in gone.keys() & come.keys() if told}
    paired = [one for pair in renamed.values() for one in pair]
    kept = [one for one in things if one not in paired]
    for pair in renamed.values():
        # Whichever version came first, the same one of the two stands for both.
        facts = sorted((fact for one in pair for fact in one.facts), key=lambda fact: fact.field)
        kept.append(Thing(Kind.MOVED, data_name(facts[0]), tuple(facts)))
    return kept


def _bytes_of(thing: Thing) -> str:
    """Return rows and digest of a data set that only one side has; empty without a digest."""
    side = thing.main.a if thing.main.state is State.ONLY_A else thing.main.b
    return text_of(side) if _DIGEST_TOLD.search(text_of(side)) else ""


def _with_features(things: Sequence[Thing]) -> Iterator[Thing]:
    """Yield the things; a pipeline that brought other features is one thing with them."""
    inputs = next((thing for thing in things if thing.kind is Kind.FEATURES), None)
    pipelines = [thing for thing in things if thing.kind is Kind.PIPELINE]
    for thing in things:
        if inputs is None or thing.kind not in (Kind.FEATURES, Kind.PIPELINE):
            yield thing
        elif thing is inputs:
            yield Thing(Kind.FEATURES, "", (*thing.facts, *(fact for one in pipelines for fact in one.facts)))


def rows_of(thing: Thing) -> tuple[float, float] | None:
    """Return the rows of both sides, where both tell them and they differ."""
    fact = thing.part("rows")
    if fact is None:
        return None
    a, b = number_of(fact.a), number_of(fact.b)
    return None if a is None or b is None else (a, b)
