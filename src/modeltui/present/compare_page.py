"""A comparison as rows, each with a key that stays while parts arrive: suspects first, then groups in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import Comparison, Difference, Group, State
from modeltui.domain.suspects.suspect import Suspect
from modeltui.present.compare_fact import fact_line, fact_text, group_heading, unfolded_lines
from modeltui.present.compare_metrics import metric_of, without_metric
from modeltui.present.compare_packed import GROUP_WORDS, Item, Names, packed_lines, packed_rows, worst_first
from modeltui.present.compare_summary import (
    aside_lines,
    drawable_suspect,
    missing_lines,
    nothing_lines,
    short_suspect_line,
    suspect_lines,
    without_suspects_lines,
)
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

RowKey: TypeAlias = tuple[str, str, int]
"""What a row is, of what, and which row of that: `("fact", "query", 0)`."""

SUSPECTS: Final = "suspects"
UNKNOWNS: Final = "not known"
FIRST_SUSPECTS: Final = 3
"""What somebody just woken up can hold; the others are one key away."""
_HOW_TO_OPEN: Final = ": enter shows all, with their reasons"
_LEAST_TABLE: Final = 2
"""A group of no more facts says as much in one row."""
PAGE_ROWS: Final = 21
"""Rows of a terminal of 24 without the first, the last and the one that names the versions."""


@dataclass(frozen=True, slots=True)
class View:
    """How much of a comparison is shown, and where."""

    width: int
    rows: int = PAGE_ROWS
    """What there is room for at once: a comparison that fits is not folded."""
    everything: bool = False
    """Equal facts too."""
    folded: bool = True
    """Groups in few rows; otherwise one row for each fact."""
    opened: frozenset[str] = frozenset()
    """Groups (by their value), fields, `suspects`: shown whole."""
    has_keys: bool = True
    """Somebody can press what a row names."""
    text: str = ""
    """Only facts that hold all of its words."""


@dataclass(slots=True)
class ComparePage:
    """The rows of one comparison; a row is drawn when it is asked for, so that thousands cost little."""

    comparison: Comparison
    suspects: Sequence[Suspect]
    view: View
    glyphs: Glyphs
    asides: Sequence[Span] = ()
    """What to hold beside the suspects, a sentence each."""
    keys: list[RowKey] = field(default_factory=list)
    shown: tuple[Difference, ...] = ()
    """The facts that belong to the view."""
    _metric: str = ""
    """What all segments are segments of."""
    _ready: dict[RowKey, Line] = field(default_factory=dict)
    _facts: dict[str, Difference] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.suspects = [drawable_suspect(suspect, self.glyphs) for suspect in self.suspects]
        self._metric = metric_of(self.comparison)
        self.comparison = without_metric(self.comparison)
        self.shown = _wanted(self.comparison, self.view)
        self._facts = {fact.field: fact for fact in self.comparison.facts}
        groups = _by_group(self.shown, self.suspects)
        missing = aside_lines(self.asides, self.view.width, self.glyphs)
        missing += missing_lines(self.comparison, self.view.width, self.glyphs)
        room = self.view.rows - len(missing)
        least = len(self.shown) + len(groups) + len(self.suspects)
        as_rows = least <= room and least - len(self.suspects) + self._suspect_rows() <= room
        is_packed = self.view.folded and not (self.view.everything or self.view.text or as_rows)
        is_unknown = any(fact.state is State.UNKNOWN for fact in self.shown)
        known = sum(any(fact.state is not State.UNKNOWN for fact in facts) for facts in groups.values())
        if not self.view.text:
            if self._is_doubted:
                self._add("missing", "", missing)
            self._add_suspects(room - known - is_unknown if is_packed else None)
            if not self._is_doubted:
                self._add("missing", "", missing)
        if is_packed:
            self._add_packed(groups)
        else:
            for group, facts in groups.items():
                self._add_whole(group, facts)
        if not self.shown:
            lines = nothing_lines(self.comparison, self.view.text, self.view.width, self.glyphs)
            self._add("nothing", "", lines)

    @property
    def names(self) -> Names:
        """Return what the two versions are called."""
        return Names(self.comparison.a, self.comparison.b)

    def line(self, key: RowKey) -> Line:
        """Return one row."""
        ready = self._ready.get(key)
        if ready is not None:
            return ready
        fact = self._facts.get(key[1])
        if fact is None:
            return ()
        line = fact_line(fact, self.names, self.view.width, self.glyphs)
        self._ready[key] = line
        return line

    def copied(self, key: RowKey) -> str:
        """Return what copying a row means: all of a fact, however little of it the row shows."""
        fact = self._facts.get(key[1]) if key[0] == "fact" else None
        if fact is not None:
            return fact_text(fact, self.names)
        return "".join(span.text for span in self.line(key)).strip()

    def opens(self, key: RowKey) -> str:
        """Return what enter on a row unfolds or folds; empty for a row that is whole."""
        kind, name, _ = key
        if kind == "suspect":
            return name
        return name if kind in {"group", "heading", "fact", "part", "more"} else ""

    def key_of(self, name: str) -> RowKey | None:
        """Return the row of a field, or of the group that it is packed in."""
        fact = self._facts.get(name)
        group = fact.group.value if fact else name
        wanted = [("fact", name, 0), ("group", group, 0), ("heading", group, 0)]
        have = set(self.keys)
        return next((key for key in wanted if key in have), None)

    def _add(self, kind: str, name: str, lines: Iterable[Line]) -> None:
        for place, line in enumerate(lines):
            key = (kind, name, place)
            self.keys.append(key)
            self._ready[key] = line

    @property
    def _is_doubted(self) -> bool:
        """Tell whether something speaks against any suspect: that is read first."""
        return any(span.tone is Tone.WARN for span in self.asides)

    def _suspect_rows(self) -> int:
        return sum(len(self._suspect_lines(suspect)) for suspect in self.suspects)

    def _suspect_lines(self, suspect: Suspect) -> list[Line]:
        return suspect_lines(suspect, self.view.width, is_doubted=self._is_doubted)

    def _add_suspects(self, room: int | None) -> None:
        """Add the first suspects, as many with their sentence as there is room for; without `room` all of them."""
        if not self.suspects:
            self._add("first", "", without_suspects_lines(self.comparison, self.view.width))
            return
        is_open = SUSPECTS in self.view.opened
        shown = self.suspects if is_open else self.suspects[:FIRST_SUSPECTS]
        left = len(self.suspects) - len(shown)
        spare = None if room is None or is_open else room - len(shown) - bool(left)
        for place, suspect in enumerate(shown):
            lines: Sequence[Line] = self._suspect_lines(suspect)
            if spare is not None and place and len(lines) - 1 > spare:
                lines = [short_suspect_line(suspect, self.view.width, self.glyphs)]
            spare = None if spare is None else spare - len(lines) + 1
            self._add("suspect", suspect.field, lines)
        if left:
            words = f"   and {left} more suspect{'s' if left > 1 else ''}"
            if self.view.has_keys and len(words) + len(_HOW_TO_OPEN) <= self.view.width:
                words += _HOW_TO_OPEN
            self._add("more", SUSPECTS, [(Span(words, Tone.MUTED),)])

    def _add_whole(self, group: Group, facts: Sequence[Difference]) -> None:
        heading = group_heading(self._words(group), self.names, self.view.width, self.glyphs)
        self._add("heading", group.value, [heading])
        for fact in facts:
            self._add_fact(fact)

    def _words(self, group: Group) -> str:
        words = GROUP_WORDS[group]
        return f"{words}, {self._metric}" if group is Group.SEGMENTS and self._metric else words

    def _add_fact(self, fact: Difference) -> None:
        self.keys.append(("fact", fact.field, 0))
        if fact.field in self.view.opened:
            lines = unfolded_lines(fact, self.comparison, self.view.width, self.glyphs)
            self._add("part", fact.field, lines)

    def _add_packed(self, groups: dict[Group, list[Difference]]) -> None:
        """Give every group a row, and what is left of the page to those that have more to say, suspected ones first."""
        unknown = [fact for facts in groups.values() for fact in facts if fact.state is State.UNKNOWN]
        known = {group: [fact for fact in facts if fact.state is not State.UNKNOWN] for group, facts in groups.items()}
        parts = {group.value: (GROUP_WORDS[group], facts) for group, facts in known.items() if facts}
        if unknown:
            parts[UNKNOWNS] = (UNKNOWNS, unknown)
        width, glyphs = self.view.width, self.glyphs
        heads = {Group.SEGMENTS.value: self._metric}
        rows = {
            name: packed_rows(facts, self.names, width, glyphs, heads.get(name, ""))
            for name, (_, facts) in parts.items()
        }
        order = [*dict.fromkeys(suspect.group.value for suspect in self.suspects), *rows]
        given, left = _shared(rows, order, self.view.rows - len(self.keys))
        for name in order:
            # On a tall screen a group that fits is a table: each fact on a row of its own is easier to read.
            cost = 1 + len(parts[name][1]) - given[name] if name in parts else 0
            if name in parts and len(parts[name][1]) > _LEAST_TABLE and cost <= left:
                given[name] = 0
                left -= cost
        for name, (words, facts) in parts.items():
            if name in self.view.opened or not given[name]:
                words = self._words(Group(name)) if name != UNKNOWNS else words
                self._add("heading", name, [group_heading(words, self.names, width, glyphs)])
                for fact in facts:
                    self._add_fact(fact)
            else:
                self._add(
                    "group", name, packed_lines(words.upper(), rows[name], given[name], len(facts), width, glyphs)
                )


def _shared(rows: dict[str, list[list[Item]]], order: Sequence[str], room: int) -> tuple[dict[str, int], int]:
    """Return how many rows each group gets, and how many are left.

    Each has one, and one more in turn while there is room and it has more to say.
    """
    given = dict.fromkeys(rows, 1)
    left = room - len(rows)
    while left > 0:
        hungry = [name for name in dict.fromkeys(order) if name in rows and given[name] < len(rows[name])]
        if not hungry:
            break
        for name in hungry[:left]:
            given[name] += 1
        left -= len(hungry[:left])
    return given, left


def _wanted(comparison: Comparison, view: View) -> tuple[Difference, ...]:
    facts = comparison.facts if view.everything else comparison.differences
    words = view.text.lower().split()
    if not words:
        return facts
    names = Names(comparison.a, comparison.b)
    return tuple(fact for fact in facts if all(word in fact_text(fact, names).lower() for word in words))


def _by_group(facts: Sequence[Difference], suspects: Sequence[Suspect]) -> dict[Group, list[Difference]]:
    """Return the facts of each group in the order of groups, those that are suspected first."""
    place = {name: suspect.rank for suspect in reversed(suspects) for name in (*suspect.fields, suspect.field)}
    found: dict[Group, list[Difference]] = {group: [] for group in Group}
    for fact in facts:
        found[fact.group].append(fact)
    last = len(suspects) + 1
    return {
        group: sorted(
            of_group, key=lambda fact: (not fact.is_different, place.get(fact.field, last), worst_first(fact))
        )
        for group, of_group in found.items()
        if of_group
    }
