"""The differences of one group on one row, or as few as there is room for: whole items, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from modeltui.domain.comparison.difference import Difference, Group, LineMark, LinesChange, Nature, State
from modeltui.present.cells import cell_width, elide_middle, fit
from modeltui.present.compare_values import (
    arrow,
    detail_spans,
    lines_words,
    pair_words,
    state_mark,
    value_words,
)
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

LABEL_CELLS: Final = 13
MOST_ROWS: Final = 8
"""Beyond it a group is worth opening."""
_APART: Final = 2
_LEAST_VALUE, _MOST_VALUE = 12, 44

GROUP_WORDS: Final = {
    Group.ARTIFACT: "artifact",
    Group.DATA: "data",
    Group.QUERY: "query",
    Group.FEATURES: "features",
    Group.CODE: "code",
    Group.PROMPTS: "prompts",
    Group.SYSTEM: "LLM system",
    Group.COMPONENTS: "members",
    Group.AGENT: "agent",
    Group.PARAMETERS: "parameters",
    Group.ENVIRONMENT: "environment",
    Group.SERVING: "serving",
    Group.METRICS: "metrics",
    Group.SEGMENTS: "segments",
    Group.CASES: "saved cases",
    Group.IMPORTANCES: "importances",
    Group.APPROVALS: "approvals",
    Group.CARD: "model card",
    Group.RECORD: "record",
}
"""What each group is called, in at most twelve letters."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the two versions are called."""

    a: str
    b: str


class Item(NamedTuple):
    """What is packed: never broken over two rows."""

    stands_for: int
    """How many facts are told by it."""
    spans: Line


def packed_rows(facts: Sequence[Difference], names: Names, width: int, glyphs: Glyphs) -> list[list[Item]]:
    """Return items in rows, as many rows as are worth showing; what does not fit into them is left out."""
    room = room_beside_label(width)
    rows: list[list[Item]] = [[]]
    used = 0
    for item in _items(facts, names, room, glyphs):
        needed = _length(item.spans)
        if used and used + _APART + needed > room:
            if len(rows) == MOST_ROWS:
                break
            rows.append([])
            used = 0
        rows[-1].append(item)
        used += needed + (_APART if used else 0)
    return rows


def packed_lines(
    label: str, rows: Sequence[Sequence[Item]], most: int, total: int, width: int, glyphs: Glyphs
) -> list[Line]:
    """Return at most so many of these rows with their label; the last says how many of `total` facts are not shown."""
    room = room_beside_label(width)
    kept = [list(row) for row in rows[: max(most, 1)]]
    left = total - sum(item.stands_for for row in kept for item in row)
    while left > 0 and len(kept[-1]) > 1 and _row_length(kept[-1]) + _APART + len(_more(left)) > room:
        left += kept[-1].pop().stands_for  # it makes room, and is counted with the others
    lines: list[Line] = []
    for place, row in enumerate(kept):
        spans = [Span(f" {fit(label if place == 0 else '', LABEL_CELLS - 1, glyphs.ellipsis)}", Tone.TITLE)]
        for number, item in enumerate(row):
            spans += [Span(" " * _APART), *item.spans] if number else item.spans
        lines.append(tuple(spans))
    if left > 0:
        lines[-1] = (*lines[-1], Span(f"{' ' * _APART}{_more(left)}", Tone.MUTED))
    return lines


def room_beside_label(width: int) -> int:
    """Return the cells that items have."""
    return max(width - LABEL_CELLS - 1, 12)


def _more(left: int) -> str:
    return f"+{left} more"


def _row_length(row: Sequence[Item]) -> int:
    return sum(_length(item.spans) for item in row) + _APART * (len(row) - 1)


def _length(spans: Line) -> int:
    return sum(cell_width(span.text) for span in spans)


def _items(facts: Sequence[Difference], names: Names, room: int, glyphs: Glyphs) -> Iterator[Item]:
    """Yield what to pack, each at most `room` wide."""
    for fact in facts:
        if fact.nature is Nature.LINES and isinstance(fact.detail, LinesChange) and fact.state is State.CHANGED:
            yield from _changed_lines(fact, fact.detail, len(facts) == 1, room, glyphs)
        else:
            yield Item(1, tuple(_fact_item(fact, names, room, glyphs)))


def _changed_lines(fact: Difference, change: LinesChange, is_alone: bool, room: int, glyphs: Glyphs) -> Iterator[Item]:
    head = lines_words(change)
    yield Item(1, (Span(head if is_alone else f"{fact.title} {head}"),))
    # What came is more telling than what went, and what somebody is looking for stands at the end of a query.
    wanted = [line for line in change.lines if line[0] is LineMark.ADDED and line[1].strip()]
    wanted += [line for line in change.lines if line[0] is LineMark.REMOVED and line[1].strip()]
    for mark, text in wanted[:MOST_ROWS]:
        tone = Tone.STRONG if mark is LineMark.ADDED else Tone.MUTED
        yield Item(0, (Span(_cut(f"{mark.value} {text.strip()}", room, glyphs), tone),))


def _fact_item(fact: Difference, names: Names, room: int, glyphs: Glyphs) -> list[Span]:
    title = _cut(fact.title, max(room // 2, 10), glyphs)
    if fact.state is State.UNKNOWN:
        return [Span(f"{glyphs.unknown} {title}", Tone.UNKNOWN)]
    if fact.state is State.NOT_COMPARABLE:
        return [Span(f"{state_mark(fact.state, glyphs)} {title}", Tone.WARN), Span(" not comparable", Tone.WARN)]
    if fact.state in (State.ONLY_A, State.ONLY_B):
        return _one_sided(fact, title, names, room, glyphs)
    detail = detail_spans(fact, glyphs)
    tail = sum(cell_width(span.text) + 1 for span in detail)
    one, other = pair_words(fact)
    if fact.nature is Nature.SHAPE and detail:
        return [Span(f"{title} ", Tone.MUTED), Span(_cut(detail[0].text, room - cell_width(title) - 1, glyphs))]
    each = (room - cell_width(title) - tail - 1 - cell_width(arrow(glyphs))) // 2
    each = max(min(each, _MOST_VALUE), _LEAST_VALUE)
    spans = [
        Span(f"{title} ", Tone.MUTED),
        Span(_cut(one, each, glyphs)),
        Span(arrow(glyphs), Tone.MUTED),
        Span(_cut(other, each, glyphs), Tone.STRONG),
    ]
    return spans + [Span(f" {span.text.strip()}", span.tone) for span in detail]


def _one_sided(fact: Difference, title: str, names: Names, room: int, glyphs: Glyphs) -> list[Span]:
    side, name = (fact.a, names.a) if fact.state is State.ONLY_A else (fact.b, names.b)
    words = value_words(side, fact.nature)
    left = max(min(room - cell_width(title) - cell_width(name) - 8, _MOST_VALUE), _LEAST_VALUE)
    mark = state_mark(fact.state, glyphs)
    value = "" if words == title else f" {_cut(words, left, glyphs)}"
    return [Span(f"{mark} ", Tone.STRONG), Span(title, Tone.MUTED), Span(value), Span(f" only {name}", Tone.STRONG)]


def _cut(text: str, width: int, glyphs: Glyphs) -> str:
    return elide_middle(text, max(width, 4), glyphs.ellipsis)
