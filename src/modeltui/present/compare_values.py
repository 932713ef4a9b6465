"""Facts of two versions in words: values, states and how far apart they are; the same on screens, pages and in JSON."""

from __future__ import annotations

import math
import re
from typing import Final

from modeltui.domain.comparison.difference import (
    Bump,
    Claim,
    Difference,
    Effect,
    Group,
    LinesChange,
    Nature,
    NumberChange,
    RankChange,
    ReleaseChange,
    ShapeChange,
    Side,
    State,
    Value,
)
from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form
from modeltui.present.cells import cell_width, elide_apart
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Span
from modeltui.present.tone import Tone

_DIGEST_CELLS: Final = 8
"""Of a digest: enough to tell two apart by eye, and what people read to each other."""
_LEAST_DIGITS, _MOST_DIGITS = 3, 17
_SEPARATORS: Final = " /@=,"
_WORTH_CUTTING: Final = 3
_SHORT_LINE: Final = 30
_LONGEST: Final = 2_000
"""Characters of a value that are put into words for a row; no row shows as many."""
_LONG_HEX: Final = re.compile(r"^(?:[A-Za-z0-9-]{2,12}:)?([0-9a-fA-F]{12,})$")

STATE_TONES: Final = {
    State.EQUAL: Tone.MUTED,
    State.CHANGED: Tone.STRONG,
    State.ONLY_A: Tone.STRONG,
    State.ONLY_B: Tone.STRONG,
    State.UNKNOWN: Tone.UNKNOWN,
    State.NOT_COMPARABLE: Tone.WARN,
}
_BUMPS: Final = {Bump.MAJOR: "major ", Bump.MINOR: "minor ", Bump.PATCH: "patch ", Bump.OTHER: ""}
_EFFECTS: Final = {Effect.BETTER: "better", Effect.WORSE: "worse", Effect.NEITHER: "", Effect.UNKNOWN: ""}


def arrow(glyphs: Glyphs) -> str:
    """Return what stands between the two values; never `>`, which beside numbers would say which is larger."""
    return glyphs.right if glyphs.braille else "->"


def state_mark(state: State, glyphs: Glyphs) -> str:
    """Return the one-cell mark of a state; each differs from the others without colour."""
    return {
        State.EQUAL: "=",
        State.CHANGED: glyphs.skew,
        State.ONLY_A: "-",
        State.ONLY_B: "+",
        State.UNKNOWN: glyphs.unknown,
        State.NOT_COMPARABLE: glyphs.times,
    }[state]


def state_words(fact: Difference, a: str, b: str) -> str:
    """Return what comparing found, where `a` and `b` are what the two versions are called."""
    match fact.state:
        case State.EQUAL:
            return "same"
        case State.CHANGED:
            return "changed"
        case State.ONLY_A:
            return f"only {a}"
        case State.ONLY_B:
            return f"only {b}"
        case State.UNKNOWN:
            return f"not known: {fact.why}" if fact.why else "not known"
        case State.NOT_COMPARABLE:
            return f"cannot be compared: {fact.why}" if fact.why else "cannot be compared"


def value_words(side: Side, nature: Nature) -> str:
    """Return what one version has, in one line: its value, what each source says, or why there is none."""
    if side.is_contradicted:
        return " or ".join(f"{claim_words(claim, nature)} ({', '.join(claim.sources)})" for claim in side.claims)
    if side.claims:
        return claim_words(side.claims[0], nature)
    if side.is_awaited:
        return "waiting"
    return str(side.why_none) or "none"


def claim_words(claim: Claim, nature: Nature) -> str:
    """Return one value in one line."""
    return _one_line(claim.value, nature)


def pair_words(fact: Difference, *, whole: bool = False) -> tuple[str, str]:
    """Return both values in one line each; two that differ never look alike.

    Of texts longer than any page only what is around the first difference, unless they are wanted whole.
    """
    one, other = _pair_words(fact)
    if whole or max(len(one), len(other)) <= _LONGEST:
        return one, other
    start = max(_common(one, other) - _LONGEST // 4, 0)
    return _part(one, start), _part(other, start)


def _part(text: str, start: int) -> str:
    before = "…" if start else ""
    return f"{before}{text[start : start + _LONGEST]}{'…' if len(text) > start + _LONGEST else ''}"


def _pair_words(fact: Difference) -> tuple[str, str]:
    one, other = fact.a.value, fact.b.value
    if isinstance(one, float | int) and isinstance(other, float | int) and fact.nature is not Nature.MOMENT:
        return _numbers(float(one), float(other), fact)
    words = value_words(fact.a, fact.nature), value_words(fact.b, fact.nature)
    if words[0] == words[1] and fact.state is State.CHANGED and not isinstance(one, Missing | tuple):
        return _whole(one), _whole(other) if not isinstance(other, Missing | tuple) else words[1]
    return words


def detail_spans(fact: Difference, glyphs: Glyphs) -> tuple[Span, ...]:
    """Return how far the two are apart, in few words; nothing where the values alone say it."""
    detail = fact.detail
    match detail:
        case NumberChange():
            return _number_spans(detail)
        case ReleaseChange():
            return (Span(f"{_BUMPS[detail.bump]}{'up' if detail.is_upgrade else 'down'}", Tone.MUTED),)
        case LinesChange():
            return (Span(lines_words(detail), Tone.PLAIN),) if is_text_change(fact) else ()
        case RankChange() if detail.rank_a != detail.rank_b:
            return (Span(f"rank {_rank(detail.rank_a)}{arrow(glyphs)}{_rank(detail.rank_b)}", Tone.PLAIN),)
        case ShapeChange():
            return (Span(shape_words(detail), Tone.PLAIN),)
    return ()


def lines_words(change: LinesChange) -> str:
    """Return how many lines came and went: `2 lines added, 1 removed`."""
    counts = ((change.added, "added"), (change.removed, "removed"))
    said = [f"{count} {verb}" for count, verb in counts if count]
    if not said:
        return "order or spaces only"
    first, *rest = said
    number, _, verb = first.partition(" ")
    return ", ".join([f"{number} line{'' if number == '1' else 's'} {verb}", *rest])


def counts_words(change: LinesChange) -> str:
    """Return the same in few cells: `+2 -1 lines`."""
    head = " ".join(f"{sign}{count}" for sign, count in (("+", change.added), ("-", change.removed)) if count)
    return f"{head} line{'' if change.added + change.removed == 1 else 's'}" if head else "order or spaces"


def shortened(one: str, other: str, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return both texts in at most `width` cells each; what both begin or end with is cut first."""
    longest = max(cell_width(one), cell_width(other))
    if longest > width:
        cuts = [place + 1 for place in range(_common(one, other)) if one[place] in _SEPARATORS]
        # As little as it takes: what stands before the difference says what differs.
        cut = next((place for place in cuts if longest - place + 1 <= width), cuts[-1] if cuts else 0)
        if cut > _WORTH_CUTTING:
            one, other = f"{glyphs.ellipsis}{one[cut:]}", f"{glyphs.ellipsis}{other[cut:]}"
        tail = _common(one[::-1], other[::-1])
        if max(cell_width(one), cell_width(other)) > width and tail > _WORTH_CUTTING:
            one, other = f"{one[:-tail]}{glyphs.ellipsis}", f"{other[:-tail]}{glyphs.ellipsis}"
    pair = elide_apart((one, other), width, glyphs.ellipsis)
    return pair[0], pair[1]


def _common(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def is_text_change(fact: Difference) -> bool:
    """Tell whether lines became others: several, or one too long to stand beside the other."""
    if not isinstance(fact.detail, LinesChange):
        return False
    texts = [one for one in (fact.a.value, fact.b.value) if isinstance(one, tuple)]
    if any(len(lines) > 1 for lines in texts):
        return True
    is_prose = fact.group in (Group.PROMPTS, Group.QUERY, Group.CARD)
    return is_prose and any(len(line) > _SHORT_LINE for lines in texts for line in lines)


def shape_words(change: ShapeChange) -> str:
    """Return which columns came, went or became another type."""
    parts = (("added", change.added), ("removed", change.removed), ("retyped", change.retyped))
    said = [f"{word}: {', '.join(names)}" for word, names in parts if names]
    return "; ".join(said) or ("another order" if change.is_order_only else "")


def short_digest(text: str) -> str:
    """Return the beginning of a long digest or commit, with the mark for a cut; other texts as they are."""
    found = _LONG_HEX.match(text)
    return f"{found.group(1)[:_DIGEST_CELLS]}…" if found else text


def _one_line(value: Value, nature: Nature) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} lines" if len(value) != 1 else str(value[0])
    if isinstance(value, float | int):
        return f"{form.date_time(Instant(value))}Z" if nature is Nature.MOMENT else number_words(float(value))
    return short_digest(value)


def number_words(number: float, digits: int = _LEAST_DIGITS) -> str:
    """Return a number with so many digits that count: `0.947`, `48.2M`, `1200`."""
    if not math.isfinite(number):
        return repr(number)
    if number == int(number) and abs(number) < 10_000:
        return str(int(number))
    for divisor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= divisor:
            return f"{number / divisor:.{digits}g}{suffix}" if abs(number) < 1e15 else f"{number:.{digits}g}"
    return f"{number:.{digits}g}"


def _numbers(one: float, other: float, fact: Difference) -> tuple[str, str]:
    unit = fact.detail.unit if isinstance(fact.detail, NumberChange) else ""
    for digits in range(_LEAST_DIGITS, _MOST_DIGITS + 1):
        words = _with_unit(one, digits, unit), _with_unit(other, digits, unit)
        if words[0] != words[1] or one == other:
            return words
    return repr(one), repr(other)


def _with_unit(number: float, digits: int, unit: str) -> str:
    if unit == "seconds":
        scaled, suffix = (number * 1000, "ms") if abs(number) < 1 else (number, "s")
        return f"{number_words(scaled, digits)}{suffix}"
    if unit == "bytes":
        return f"{number_words(number, digits)}B"
    return number_words(number, digits)


def _number_spans(change: NumberChange) -> tuple[Span, ...]:
    word = _EFFECTS[change.effect]
    tone = {Effect.BETTER: Tone.OK, Effect.WORSE: Tone.WARN}.get(change.effect, Tone.MUTED)
    spans = [Span(_fraction_words(change.fraction), Tone.MUTED)] if not isinstance(change.fraction, Missing) else []
    if word:
        spans.append(Span(f" {word}" if spans else word, tone))
    return tuple(span for span in spans if span.text.strip())


def _fraction_words(fraction: float) -> str:
    if abs(fraction) >= 9.995:
        return f"{'x' if fraction > 0 else '-x'}{number_words(abs(fraction) + (1 if fraction > 0 else -1), 2)}"
    percents = abs(fraction) * 100
    size = "<0.1" if percents < 0.095 else f"{percents:.1f}" if percents < 9.95 else f"{percents:.0f}"
    return f"{'+' if fraction > 0 else '-'}{size}%"


def _rank(rank: int | Missing) -> str:
    return "none" if isinstance(rank, Missing) else str(rank)


def _whole(value: Value | Missing) -> str:
    return str(value)
