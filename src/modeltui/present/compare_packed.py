"""The differences of one group on one row, or as few as there is room for: whole items, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from modeltui.domain.comparison.difference import (
    Bump,
    Difference,
    Effect,
    Group,
    LineMark,
    LinesChange,
    Nature,
    NumberChange,
    RankChange,
    ReleaseChange,
    ShapeChange,
    State,
)
from modeltui.present.cells import cell_width, elide_end, elide_middle, fit
from modeltui.present.compare_values import (
    arrow,
    counts_words,
    detail_spans,
    is_text_change,
    pair_words,
    shape_words,
    shortened,
    state_mark,
    value_words,
)
from modeltui.present.compare_words import MarkedLine, marked_lines, merged_text
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

LABEL_CELLS: Final = 13
MOST_ROWS: Final = 8
"""Beyond it a group is worth opening."""
_APART: Final = 2
_LEAST_VALUE, _MOST_VALUE = 12, 44
_WHOLE_ARTIFACT: Final = "whole artifact"
_MOST_MARKED: Final = 20_000
"""Characters of a diff whose changed words are marked on a row of its group."""

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


def packed_rows(
    facts: Sequence[Difference], names: Names, width: int, glyphs: Glyphs, head: str = ""
) -> list[list[Item]]:
    """Return items in rows, as many rows as are worth showing; what does not fit into them is left out.

    `head`: what is true of all of them, said before the first.
    """
    room = room_beside_label(width)
    rows: list[list[Item]] = [[]]
    used = 0
    head = f"{_cut(head, room // 3, glyphs)}: " if head else ""
    for item in _items(facts, names, room - cell_width(head), glyphs):
        if head and not used:
            item = Item(item.stands_for, (Span(head, Tone.MUTED), *item.spans))
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
    over = _row_length(kept[-1]) + _APART + len(_more(left)) - room if left > 0 and kept[-1] else 0
    if over > 0:
        kept[-1][-1] = _shorter(kept[-1][-1], over, glyphs)
    lines: list[Line] = []
    for place, row in enumerate(kept):
        spans = [Span(f" {fit(label if place == 0 else '', LABEL_CELLS - 1, glyphs.ellipsis)}", Tone.TITLE)]
        for number, item in enumerate(row):
            spans += [Span(" " * _APART), *item.spans] if number else item.spans
        lines.append(tuple(spans))
    if left > 0:
        lines[-1] = (*lines[-1], Span(f"{' ' * _APART}{_more(left)}", Tone.MUTED))
    return lines


def _shorter(item: Item, by: int, glyphs: Glyphs) -> Item:
    """Return an item whose last words are cut by so many cells."""
    *spans, last = item.spans
    text = elide_end(last.text, max(cell_width(last.text) - by, 4), glyphs.ellipsis)
    return Item(item.stands_for, (*spans, last._replace(text=text)))


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
    """Yield what to pack, each at most `room` wide; facts of which the same can be said are one item."""
    unknown = [fact for fact in facts if fact.state is State.UNKNOWN]
    digests = [fact for fact in facts if _is_other_digest(fact)]
    digests = digests if len(digests) > 1 else []
    merged = {fact.field for fact in (*unknown, *digests)}
    if digests:
        titles = [_WHOLE_ARTIFACT if fact.field == "artifact.digest" else fact.title for fact in digests]
        titles = [title.removesuffix(" digest") for title in titles]
        yield from _listed("other digest: ", titles, room, glyphs, Tone.STRONG)
    effect = ""
    for fact in sorted((fact for fact in facts if fact.field not in merged), key=worst_first):
        if isinstance(fact.detail, LinesChange) and fact.state is State.CHANGED and is_text_change(fact):
            yield from _changed_lines(fact, fact.detail, room, glyphs)
            continue
        said, effect = effect, _effect_words(fact)
        heads = () if effect in ("", said) else (Span(f"{effect}: ", _EFFECT_TONES[effect]),)
        used = len(effect) + 2 if heads else 0
        yield Item(1, (*heads, *_fact_spans(fact, names, room - used, glyphs)))
    for why in dict.fromkeys(fact.why for fact in unknown):
        titles = [str(fact.title) for fact in unknown if fact.why == why]
        words = elide_end(f"{why.rstrip('. ')}: " if why else "", room * 2 // 3, glyphs.ellipsis)
        yield from _listed(f"{glyphs.unknown} {words}", titles, room, glyphs, Tone.UNKNOWN)


def _is_other_digest(fact: Difference) -> bool:
    # What lies between two commits is told one by one; that bytes differ is told once for all.
    return fact.nature is Nature.DIGEST and fact.state is State.CHANGED and fact.group is not Group.CODE


def worst_first(fact: Difference) -> int:
    """Return the place of a fact among those of one group: what got worse or went away before what got better."""
    order = {Effect.WORSE: 0, Effect.UNKNOWN: 2, Effect.NEITHER: 3, Effect.BETTER: 4}
    if fact.group in (Group.METRICS, Group.SEGMENTS, Group.CASES) and fact.state is not State.CHANGED:
        return 1
    return order[fact.detail.effect] if isinstance(fact.detail, NumberChange) else 2


_NOT_JUDGED: Final = "not judged"
_EFFECT_TONES: Final = {"worse": Tone.WARN, "better": Tone.OK, _NOT_JUDGED: Tone.UNKNOWN}


def _effect_words(fact: Difference) -> str:
    """Return what stands before the first of those that changed in the same way, so that none is taken for another."""
    if not isinstance(fact.detail, NumberChange):
        return ""
    if fact.detail.effect is Effect.UNKNOWN:
        return _NOT_JUDGED if fact.group in (Group.METRICS, Group.SEGMENTS) else ""
    return fact.detail.effect.value if fact.detail.effect is not Effect.NEITHER else ""


def _listed(head: str, titles: Sequence[str], room: int, glyphs: Glyphs, tone: Tone) -> Iterator[Item]:
    """Yield one item that says the same of several facts, by their titles as far as there is room."""
    shown: list[str] = []
    for title in titles:
        if shown and len(head) + len(", ".join([*shown, title])) > room:
            break
        shown.append(title)
    text = _cut(", ".join(shown), room - cell_width(head), glyphs)
    yield Item(len(shown), (Span(head, tone if tone is Tone.UNKNOWN else Tone.MUTED), Span(text, tone)))


def _changed_lines(fact: Difference, change: LinesChange, room: int, glyphs: Glyphs) -> Iterator[Item]:
    head = counts_words(change)
    yield Item(1, (Span(head if _is_alone(fact) else f"{fact.title} {head}", Tone.MUTED),))
    # What came is more telling than what went, and what narrows a query stands at its end.
    told = (
        marked_lines(change.lines) if _are_short(change) else tuple(MarkedLine(one[0], (one,)) for one in change.lines)
    )
    wanted = [line for line in reversed(told) if line.mark is LineMark.ADDED]
    wanted += [line for line in told if line.mark is LineMark.REMOVED and not line.is_paired]
    for line in [line for line in wanted if any(text.strip() for _, text in line.pieces)][:MOST_ROWS]:
        if line.is_paired:
            yield Item(0, merged_text(line, room, glyphs.ellipsis))
            continue
        tone = Tone.STRONG if line.mark is LineMark.ADDED else Tone.MUTED
        text = line.pieces[0][1].strip()
        yield Item(0, (Span(elide_end(f"{line.mark.value} {text}", room, glyphs.ellipsis), tone),))


def _are_short(change: LinesChange) -> bool:
    """Tell whether looking for the changed words costs nothing that anybody notices; else one unfolds the text."""
    return sum(len(text) for _, text in change.lines) <= _MOST_MARKED


def _is_alone(fact: Difference) -> bool:
    """Tell whether the label of the group says what the fact is."""
    return fact.title in (fact.group.value, GROUP_WORDS[fact.group])


def _fact_spans(fact: Difference, names: Names, room: int, glyphs: Glyphs) -> list[Span]:
    title = "" if _is_alone(fact) else f"{_cut(fact.title, max(room // 2, 10), glyphs)} "
    head = Span(title, Tone.MUTED)
    if fact.state is State.NOT_COMPARABLE:
        return [Span(f"{state_mark(fact.state, glyphs)} {title}cannot be compared", Tone.WARN)]
    if fact.state in (State.ONLY_A, State.ONLY_B):
        return _one_sided(fact, head, names, room, glyphs)
    if isinstance(fact.detail, ShapeChange):
        return [head, Span(_cut(shape_words(fact.detail), room - cell_width(title), glyphs), Tone.STRONG)]
    if fact.group is Group.APPROVALS and not fact.b.is_contradicted:
        # Other versions are approved at other times: who let this one pass is what counts.
        words = value_words(fact.b, fact.nature)
        return [Span(f"{names.b}: ", Tone.MUTED), Span(elide_end(words, room - len(names.b) - 2, glyphs.ellipsis))]
    return _changed(fact, head, room, glyphs)


def _changed(fact: Difference, head: Span, room: int, glyphs: Glyphs) -> list[Span]:
    tail = _tail(fact, glyphs)
    one, other = pair_words(fact)
    each = (room - cell_width(head.text) - cell_width(tail.text) - cell_width(arrow(glyphs))) // 2
    each = max(min(each, _MOST_VALUE), _LEAST_VALUE)
    common = one[: len(one) - len(one.rpartition(" ")[2])]
    if common and other.startswith(common) and max(cell_width(one), cell_width(other)) <= each:
        other = other[len(common) :]  # `risk-features 5.8.2→6.0.0`
    if fact.group is Group.CASES and max(cell_width(one), cell_width(other)) > each:
        one, other = _answers(one, other, room - cell_width(head.text) - cell_width(arrow(glyphs)), glyphs)
    else:
        one, other = shortened(one, other, each, glyphs)
    values = (Span(one), Span(arrow(glyphs), Tone.MUTED), Span(other, Tone.STRONG))
    return [head, *values, *([tail] if tail.text else [])]


def _answers(one: str, other: str, room: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return two answers in `room` cells together, what is answered now as whole as can be."""
    theirs = max(room - min(cell_width(one), _LEAST_VALUE // 2), _LEAST_VALUE)
    other = elide_end(other, theirs, glyphs.ellipsis)
    return elide_end(one, max(room - cell_width(other), 4), glyphs.ellipsis), other


def _tail(fact: Difference, glyphs: Glyphs) -> Span:
    """Return what the values alone do not say."""
    match fact.detail:
        case ReleaseChange(bump=bump, is_upgrade=is_upgrade):
            words = " major" if bump is Bump.MAJOR else ""
            return Span(words if is_upgrade else f"{words} down", Tone.WARN)
        case NumberChange() if fact.group is Group.DATA:
            return Span("".join(f" {span.text.strip()}" for span in detail_spans(fact, glyphs)), Tone.MUTED)
        case RankChange():
            return Span("".join(f" {span.text}" for span in detail_spans(fact, glyphs)), Tone.PLAIN)
    return Span("")


def _one_sided(fact: Difference, head: Span, names: Names, room: int, glyphs: Glyphs) -> list[Span]:
    side, name = (fact.a, names.a) if fact.state is State.ONLY_A else (fact.b, names.b)
    most = max(_MOST_VALUE, room // 2)
    left = max(min(room - cell_width(head.text) - cell_width(name) - 8, most), _LEAST_VALUE)
    mark = Span(f"{state_mark(fact.state, glyphs)} ", Tone.STRONG)
    words = value_words(side, fact.nature)
    value = [] if words == head.text.strip() else [Span(f"{_cut(words, left, glyphs)} ")]
    return [mark, head, *value, Span(f"only {name}", Tone.STRONG)]


def _cut(text: str, width: int, glyphs: Glyphs) -> str:
    return elide_middle(text, max(width, 4), glyphs.ellipsis)
