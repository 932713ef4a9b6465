"""Changed lines with their changed words marked, `[-gone-]` and `{+new+}`: legible without colour and in ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from modeltui.domain.comparison.difference import Difference, LineMark, Nature, State
from modeltui.domain.comparison.word_change import Piece, paired
from modeltui.present.cells import cell_width, elide_end
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

_LONG_TEXT: Final = 24
"""Characters of a text in which somebody has to look for what changed."""
_LONG_LINE: Final = 160
"""Characters of a line that is shown whole, however little of it changed."""
_LONG_RUN: Final = 90
"""Equal characters that are worth leaving out of a longer line."""
_AROUND: Final = 40
"""Equal characters left on each side of a change."""
_LONG_CHANGE: Final = 2_000
"""Characters of a change, or of a whole line, that are shown: more is read in a file."""
_AT_ITS_END: Final = 300
TONES: Final = {LineMark.REMOVED: Tone.PLAIN, LineMark.ADDED: Tone.STRONG, LineMark.SAME: Tone.MUTED}
"""What came is looked at first. No tone of a verdict: nobody has judged a text, and what came is not better for it."""
_OTHER: Final = {LineMark.REMOVED: LineMark.ADDED, LineMark.ADDED: LineMark.REMOVED}


class Signs(NamedTuple):
    """What stands around words that went and words that came."""

    gone: tuple[str, str]
    come: tuple[str, str]

    def around(self, mark: LineMark) -> tuple[str, str]:
        """Return what stands before and behind a changed piece."""
        return self.gone if mark is LineMark.REMOVED else self.come


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """One line of a diff."""

    mark: LineMark
    pieces: tuple[Piece, ...]
    """All of the line; of one that became another both what went and what came."""
    is_paired: bool = False
    """It stands beside the line that it became, or that it was."""

    @property
    def own(self) -> tuple[Piece, ...]:
        """Return the pieces of this line alone."""
        other = _OTHER.get(self.mark)
        return tuple(piece for piece in self.pieces if piece[0] is not other)


@lru_cache(16)
def marked_lines(lines: tuple[tuple[LineMark, str], ...]) -> tuple[MarkedLine, ...]:
    """Return the lines of a diff in their order, those that became another with the words in which they differ."""
    found: list[MarkedLine] = []
    start = 0
    while start < len(lines):
        middle = _end_of(lines, start, LineMark.REMOVED)
        end = _end_of(lines, middle, LineMark.ADDED)
        if end == start:
            found.append(MarkedLine(lines[start][0], (lines[start],)))
            start += 1
            continue
        found += _changed(lines[start:middle], lines[middle:end])
        start = end
    return tuple(found)


def _end_of(lines: Sequence[Piece], start: int, mark: LineMark) -> int:
    return next((place for place in range(start, len(lines)) if lines[place][0] is not mark), len(lines))


def _changed(removed: Sequence[Piece], added: Sequence[Piece]) -> Iterator[MarkedLine]:
    pairs = paired([text for _, text in removed], [text for _, text in added])
    came = dict(pairs.values())
    for place, line in enumerate(removed):
        yield MarkedLine(LineMark.REMOVED, pairs[place][1] if place in pairs else (line,), place in pairs)
    for place, line in enumerate(added):
        yield MarkedLine(LineMark.ADDED, came.get(place, (line,)), place in came)


def signs_for(texts: Iterable[str]) -> Signs:
    """Return signs that do not occur in the texts, so that nobody takes text for a sign."""
    gone, come = ("[-", "-]"), ("{+", "+}")
    told = list(texts)
    while any(sign in text for text in told for sign in (*gone, *come)):
        gone, come = (f"[{gone[0]}", f"{gone[1]}]"), (f"{{{come[0]}", f"{come[1]}}}")
    return Signs(gone, come)


def marked_values(fact: Difference, ellipsis: str) -> tuple[Line, Line]:
    """Return both values of a text with the words in which they differ; nothing where they are short, or not alike."""
    pair = _text_pair(fact)
    return (line_spans(pair[0], ellipsis), line_spans(pair[1], ellipsis)) if pair else ((), ())


def marked_value(fact: Difference, ellipsis: str) -> Line:
    """Return both values of a text in one, with the words that went and came; nothing where they are not alike."""
    pair = _text_pair(fact)
    return piece_spans(pair[0].pieces, signs_for(text for _, text in pair[0].pieces), ellipsis) if pair else ()


def _text_pair(fact: Difference) -> tuple[MarkedLine, MarkedLine] | None:
    one, other = fact.a.value, fact.b.value
    if not isinstance(one, str) or not isinstance(other, str) or fact.nature is not Nature.TEXT:
        return None
    is_prose = " " in one.strip() and max(len(one), len(other)) >= _LONG_TEXT
    if fact.state is not State.CHANGED or not is_prose:
        return None
    a, b = marked_lines(((LineMark.REMOVED, one), (LineMark.ADDED, other)))
    return (a, b) if a.is_paired else None


def line_spans(line: MarkedLine, ellipsis: str) -> Line:
    """Return a line of a diff without its sign: changed words marked, what is equal between them shortened."""
    if not line.is_paired:
        return tuple(Span(cut_long(text, ellipsis), TONES[line.mark]) for _, text in line.pieces)
    return piece_spans(line.own, signs_for(text for _, text in line.pieces), ellipsis)


def piece_spans(pieces: Sequence[Piece], signs: Signs, ellipsis: str, around: int = _AROUND) -> Line:
    """Return pieces of one line: changed ones between their signs, long equal ones shortened."""
    is_long = around < _AROUND or sum(len(text) for _, text in pieces) > _LONG_LINE
    spans: list[Span] = []
    for place, (mark, text) in enumerate(pieces):
        if mark is not LineMark.SAME:
            before, behind = signs.around(mark)
            spans.append(Span(f"{before}{cut_long(text, ellipsis)}{behind}", TONES[mark]))
            continue
        least = _LONG_RUN if around == _AROUND else 3 * around
        if is_long and len(text) > least:
            text = _shortened_run(text, ellipsis, around, is_first=place == 0, is_last=place == len(pieces) - 1)
        spans.append(Span(text, TONES[mark]))
    return tuple(spans)


def cut_long(text: str, ellipsis: str) -> str:
    """Return a text of which nobody reads all with its beginning, its end, and how much stands between them."""
    left = len(text) - _LONG_CHANGE
    if left <= _AT_ITS_END:
        return text
    head = text[: _LONG_CHANGE - _AT_ITS_END]
    return f"{head} {ellipsis} {left} characters more {ellipsis} {text[-_AT_ITS_END:]}"


def merged_text(line: MarkedLine, room: int, ellipsis: str) -> Line:
    """Return both lines of a pair in one, in at most `room` cells: as much around the first change as there is room."""
    signs = signs_for(text for _, text in line.pieces)
    spans = piece_spans(line.pieces, signs, ellipsis)
    for around in (12, 6):
        if sum(cell_width(span.text) for span in spans) <= room:
            break
        spans = piece_spans(line.pieces, signs, ellipsis, around)
    return _cut(spans, room, ellipsis)


def _cut(spans: Line, room: int, ellipsis: str) -> Line:
    kept: list[Span] = []
    for span in spans:
        kept.append(span._replace(text=elide_end(span.text, room, ellipsis)))
        room -= cell_width(span.text)
        if room <= 0:
            break
    return tuple(kept)


def _shortened_run(text: str, ellipsis: str, around: int, *, is_first: bool, is_last: bool) -> str:
    """Return what is equal beside a change, with how much of it is left out; on a page of few words only a mark."""
    head = "" if is_first else text[:around].rpartition(" ")[0] or text[:around]
    tail = "" if is_last else text[-around:].partition(" ")[2] or text[-around:]
    if around < _AROUND:
        return f"{head}{ellipsis}{tail}"
    left = f"{ellipsis} {len(text) - len(head) - len(tail)} equal characters {ellipsis}"
    return " ".join(part for part in (head, left, tail) if part)
